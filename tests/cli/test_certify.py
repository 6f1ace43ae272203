"""``onebit certify``."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest
from click.testing import Result

from onebit.evaluation import Report
from onebit.leaderboard import certificates

Invoke = Callable[..., Result]

MODEL = """
import numpy as np


class Coins:
    name = "fair coins"

    def log_prob(self, x):
        return self.log_conditionals(x).sum(axis=1)

    def log_conditionals(self, x):
        return np.full((len(x), x[0].size), -np.log(2))


class Biased(Coins):
    def log_conditionals(self, x):
        chance = np.where(np.arange(784) % 28 < 8, 0.05, 0.2)
        return np.where(x.reshape(len(x), -1) == 1, np.log(chance), np.log1p(-chance))
"""


@pytest.fixture
def model_file(tmp_path: Path) -> Path:
    file = tmp_path / "models_to_certify.py"
    file.write_text(MODEL)
    return file


@pytest.fixture
def report_file(tmp_path: Path, invoke: Invoke, model_file: Path) -> Path:
    """A report on calibrated_digits, made on the command line."""
    out = tmp_path / "coins.json"
    result = invoke("evaluate", f"{model_file}:Biased", "--dataset", "calibrated_digits", "--out", out)
    assert result.exit_code == 0, result.output
    return out


WHO = ("--title", "Biased coins", "--author", "A. Author", "--author", "B. Author", "--command", "onebit evaluate")


def test_from_a_report_to_level_three(invoke: Invoke, report_file: Path, model_file: Path) -> None:
    made = invoke("certify", "make", report_file, *WHO, "--parameters", "1", "--code", "https://example.org/c")
    assert made.exit_code == 0, made.output
    path = report_file.with_name("coins.certificate.json")
    assert made.stdout == f"{path}\n"
    about = certificates.read(path).about
    assert (about.title, about.authors, about.parameters) == ("Biased coins", ("A. Author", "B. Author"), 1)
    assert about.date == certificates.today()
    plain = invoke("certify", "check", path)
    assert plain.exit_code == 0, plain.output
    assert plain.stdout.startswith(
        "Level 1, consistent: coins.certificate.json\nBiased coins, by A. Author, B. Author\n"
    )
    assert "  ok           level 1  numbers: The 10,000 numbers give mean " in plain.stdout
    assert plain.stdout.endswith("Levels 2 and 3 need the model: --model mymodel.py:model\n")
    probed = invoke("certify", "check", path, "--model", f"{model_file}:Biased", "--record")
    assert probed.exit_code == 0, probed.output
    assert probed.stdout.startswith("Level 3, probed")
    record = json.loads(path.with_name("coins.certificate.check.json").read_bytes())
    assert record["level"] == 3


def test_json(invoke: Invoke, report_file: Path) -> None:
    result = invoke("certify", "check", report_file, "--json")
    found = json.loads(result.stdout)
    assert (result.exit_code, found["level"], found["word"]) == (0, 1, "consistent")
    assert {"level", "name", "outcome", "text"} == found["findings"][0].keys()


def test_another_model(invoke: Invoke, report_file: Path, model_file: Path) -> None:
    result = invoke("certify", "check", report_file, "--model", f"{model_file}:Coins")
    assert result.exit_code == 1
    assert "  FAILED       level 2  replay: The model gives image" in result.stdout


def test_lies(invoke: Invoke, report_file: Path) -> None:
    report_file.write_text(report_file.read_text().replace('"mean_nats": ', '"mean_nats": 1'))
    result = invoke("certify", "check", report_file)
    assert result.exit_code == 1
    assert result.stdout.startswith("Level 0, reported")
    assert "FAILED       level 1  numbers: coins.json: summary.mean_nats is" in result.stdout
    recorded = invoke("certify", "check", report_file, "--record")
    assert recorded.exit_code == 1
    assert "Nothing was recorded" in recorded.stderr


def test_what_is_no_certificate(invoke: Invoke, tmp_path: Path) -> None:
    file = tmp_path / "x.json"
    file.write_text("[" * 100_000)
    result = invoke("certify", "check", file)
    assert result.exit_code == 1
    assert "arrays and objects inside of one another" in " ".join(result.stderr.split())


def test_about_from_a_file_and_in_place(invoke: Invoke, report_file: Path, tmp_path: Path) -> None:
    about = tmp_path / "about.json"
    about.write_text(json.dumps({"title": "From a file", "authors": ["X"], "command": "c", "date": "2026-01-02"}))
    result = invoke("certify", "make", report_file, "--about", about, "--title", "Wins", "--out", report_file)
    assert result.exit_code == 0, result.output
    found = certificates.read(report_file).about
    assert (found.title, found.authors, found.date) == ("Wins", ("X",), "2026-01-02")
    assert Report.load(report_file).model == "fair coins"


@pytest.mark.parametrize(
    ("text", "said"),
    [
        (
            '{"title": "t", "authors": "Ann", "command": "c"}',
            "certificate.authors is 'Ann'; a list of names",
        ),
        ("{", "about.json: This is no JSON"),
        ("[]", "about.json is no JSON object"),
    ],
)
def test_about_that_says_nothing(invoke: Invoke, report_file: Path, tmp_path: Path, text: str, said: str) -> None:
    about = tmp_path / "about.json"
    about.write_text(text)
    result = invoke("certify", "make", report_file, "--about", about)
    assert result.exit_code != 0
    assert said in " ".join(result.stderr.split())


@pytest.mark.parametrize(
    ("arguments", "code", "text"),
    [
        ((), 2, "Give --title TEXT"),
        (("--title", "t"), 2, "Give --author NAME"),
        (("--title", "t", "--author", "a"), 1, "--command TEXT or --code URL"),
        ((*WHO, "--code", "ftp://x"), 1, "begins with https://"),
        ((*WHO, "--date", "yesterday"), 1, "write it as 2026-11-25"),
        ((*WHO, "--out", "taken.json"), 2, "taken.json is there. Type: --replace"),
        ((*WHO, "--out", "x.txt"), 1, "Give a name that ends in .json"),
    ],
)
def test_what_cannot_be_certified(  # noqa: PLR0917
    invoke: Invoke, report_file: Path, monkeypatch: pytest.MonkeyPatch, arguments: tuple[str, ...], code: int, text: str
) -> None:
    monkeypatch.chdir(report_file.parent)
    Path("taken.json").write_text("{}")
    result = invoke("certify", "make", report_file, *arguments)
    assert result.exit_code == code
    assert text in " ".join(result.stderr.split())
    assert Path("taken.json").read_text() == "{}"


def test_the_group_explains_itself(invoke: Invoke) -> None:
    assert "onebit certify check nade.certificate.json" in invoke("certify").stdout


def test_a_model_that_is_not_there(invoke: Invoke, report_file: Path) -> None:
    result = invoke("certify", "check", report_file, "--model", "nowhere.py:model")
    assert result.exit_code == 2
    assert "There is no file nowhere.py" in " ".join(result.stderr.split())
