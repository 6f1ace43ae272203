"""``onebit leaderboard``."""

from __future__ import annotations

import dataclasses
import json
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from click.testing import Result

import onebit
from onebit.leaderboard import exchange
from onebit.leaderboard.certificates import About, Certificate

Invoke = Callable[..., Result]


class Coins:
    def __init__(self, chance: float) -> None:
        self.chance = chance

    def log_prob(self, x: np.ndarray) -> np.ndarray:
        ones = x.reshape(len(x), -1).sum(axis=1, dtype=np.float64)
        return ones * np.log(self.chance) + (784 - ones) * np.log1p(-self.chance)


@pytest.fixture
def certificates(tmp_path: Path) -> list[Path]:
    """Two certificates on calibrated_digits."""
    found = []
    for chance in (0.13, 0.4):
        report = onebit.evaluate(Coins(chance), "calibrated_digits", split="test", name=f"coins {chance}")
        about = About(title=f"Coins of {chance}", authors=("A",), command="c", date="2026-11-25")
        found.append(Certificate(report, about).save(tmp_path / "certificates" / f"coins-{100 * chance:.0f}.json"))
    return found


@pytest.fixture
def added(certificates: list[Path], invoke: Invoke) -> None:
    for path in certificates:
        result = invoke("leaderboard", "add", path)
        assert result.exit_code == 0, result.output
        assert f"Level 1, consistent: calibrated_digits/{path.stem}" in result.stderr


def test_the_table(invoke: Invoke) -> None:
    result = invoke("leaderboard")
    assert result.exit_code == 0, result.output
    titles = [line for line in result.stdout.splitlines() if line.startswith("binarized_mnist test")]
    assert titles[0] == "binarized_mnist test, fixed binarization. Exact negative log-likelihoods"
    assert "Upper bounds" in titles[1]
    lines = " ".join(result.stdout.split())
    assert "<= 79.03 0.1454" in lines
    assert "~ 86.34" in lines
    assert "79.20 0.1457" in lines
    assert "77.56" not in lines  # dynamic binarization
    assert "more results on other binarizations: --binarization all" in result.stderr


def test_filters(invoke: Invoke) -> None:
    everything = json.loads(invoke("leaderboard", "--binarization", "all", "--json").stdout)
    dynamic = json.loads(invoke("leaderboard", "--binarization", "dynamic", "--kind", "exact", "--json").stdout)
    assert dynamic == [one for one in everything if (one["binarization"], one["kind"]) == ("dynamic", "exact")]
    assert dynamic[0]["nats"] == 77.56
    top = json.loads(invoke("leaderboard", "--top", "2", "--kind", "upper bound", "--json").stdout)
    assert [one["rank"] for one in top] == [1, 2]
    certified = json.loads(invoke("leaderboard", "--binarization", "all", "--level", "1", "--json").stdout)
    assert all(one["level"] >= 1 and one["stderr"] is not None for one in certified)
    nothing = invoke("leaderboard", "--kind", "lower bound").stderr
    assert "No result on binarized_mnist is of that kind and level" in nothing


def test_certified_results(invoke: Invoke, added: None) -> None:
    result = invoke("leaderboard", "--dataset", "calibrated_digits")
    lines = " ".join(result.stdout.split())
    assert "Coins of 0.13" in lines
    assert "(yours)" in lines
    assert "±" in lines
    assert "1 consistent" in lines
    assert "from the source" in lines


@pytest.mark.parametrize("columns", ["80", "100", "200"])
def test_no_word_is_cut(invoke: Invoke, monkeypatch: pytest.MonkeyPatch, columns: str) -> None:
    monkeypatch.setenv("COLUMNS", columns)
    text = invoke("leaderboard", "--top", "2").stdout
    assert "second-hand" in text
    assert max(len(line) for line in text.splitlines()) <= int(columns)


def test_a_model_that_was_trained_on_the_test_images_is_in_doubt(
    invoke: Invoke, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Also where the author took the warning out of the report."""
    report = onebit.evaluate(Coins(0.13), "calibrated_digits", split="test", trained_on="train+test")
    about = About(title="Cheat", authors=("A",), command="c", date="2026-11-25")
    path = Certificate(dataclasses.replace(report, flags=()), about).save(tmp_path / "cheat.json")
    assert invoke("leaderboard", "add", path).exit_code == 0
    monkeypatch.setenv("COLUMNS", "200")
    text = " ".join(invoke("leaderboard", "--dataset", "calibrated_digits", "--level", "1").stdout.split())
    assert text.count("in doubt") == 1 and "1 consistent, in doubt" in text
    shown = invoke("leaderboard", "show", "cheat").stdout
    assert "flags: The model was trained on test, on which it was measured: this is no test." in shown


def test_a_data_set_without_results(invoke: Invoke) -> None:
    result = invoke("leaderboard", "--dataset", "mnist")
    assert result.exit_code == 2
    assert "There are no results on 'mnist', but on" in " ".join(result.stderr.split())


def test_show(invoke: Invoke) -> None:
    result = invoke("leaderboard", "show", "iaf-vae-2016")
    assert "nats: 79.88" in result.stdout
    assert "sources: Chen et al., ICLR 2017, arXiv:1611.02731 (VLAE), Table 1" in result.stdout
    near = invoke("leaderboard", "show", "pixelrnn")
    assert "binarized_mnist/pixelrnn-1-layer-2016" in near.stdout
    missing = invoke("leaderboard", "show", "nothing-of-that-name")
    assert missing.exit_code == 1
    assert "No result has the name" in missing.stderr
    assert json.loads(invoke("leaderboard", "show", "iaf-vae-2016", "--json").stdout)["binarization"] == "fixed"


def test_show_a_certificate(invoke: Invoke, added: None) -> None:
    result = invoke("leaderboard", "show", "coins-13")
    assert "certificate title: Coins of 0.13" in result.stdout
    assert "gap nats: " in result.stdout


def test_compare(invoke: Invoke, added: None, certificates: list[Path]) -> None:
    result = invoke("leaderboard", "compare", "coins-13", "coins-40", "--images", "2")
    assert result.exit_code == 0, result.output
    assert result.stdout.startswith("Coins of 0.13 - Coins of 0.4 = -")
    assert "n = 10,000: Coins of 0.13 is better" in result.stdout
    assert "Images on which Coins of 0.13 is better, most first (nats): " in result.stdout
    found = json.loads(invoke("leaderboard", "compare", *certificates, "--images", "3", "--json").stdout)
    ones = onebit.load("calibrated_digits", split="test", batch_size=-1)["image"].reshape(10_000, -1).sum(axis=1)
    assert ones[found["first_is_best_on"]].max() <= np.sort(ones)[2]  # the thinnest digits
    assert found["mean"] < 0 and found["interval"][0] < found["mean"] < found["interval"][1]


def test_a_name_that_two_data_sets_have(invoke: Invoke) -> None:
    """It is that of the data set that is asked about: the commands of the help work as they stand there."""
    result = invoke("leaderboard", "compare", "nade", "made")
    assert result.exit_code == 0, result.output
    assert result.stdout.endswith("NADE, 500 hidden units is better\n")
    assert "id: binarized_mnist/made" in invoke("leaderboard", "show", "made").stdout
    of_digits = invoke("leaderboard", "show", "made", "--dataset", "calibrated_digits")
    assert "id: calibrated_digits/made" in of_digits.stdout
    other = invoke("leaderboard", "compare", "fvsbn", "bernoulli", "--dataset", "calibrated_digits", "--json")
    assert json.loads(other.stdout)["mean"] < -90


def test_compare_what_has_no_numbers(invoke: Invoke, added: None) -> None:
    result = invoke("leaderboard", "compare", "coins-13", "iaf-vae-2016")
    assert result.exit_code == 1
    assert "IAF VAE is known by its mean alone (reported)" in " ".join(result.stderr.split())


def test_add_refuses(invoke: Invoke, certificates: list[Path], tmp_path: Path) -> None:
    certificates[0].with_name("coins-13.npy").unlink()
    result = invoke("leaderboard", "add", certificates[0], "--dir", tmp_path / "mine")
    assert result.exit_code == 1
    assert "was not added: coins-13.npy is not beside coins-13.json" in " ".join(result.stderr.split())
    assert not (tmp_path / "mine").exists()


@pytest.mark.parametrize("format_", ["csv", "pwc"])
def test_export_and_import(invoke: Invoke, tmp_path: Path, format_: str) -> None:
    file = tmp_path / f"results.{'csv' if format_ == 'csv' else 'json'}"
    exported = invoke("leaderboard", "export", "--format", format_, "--dataset", "binarized_mnist", "--out", file)
    assert exported.stdout == f"{file}\n"
    home = tmp_path / "mine"
    result = invoke("leaderboard", "import", file, "--dir", home)
    assert result.exit_code == 0, result.output
    assert "results, level 0, in" in result.stderr
    assert "more are certified here, and were left out" in result.stderr
    mine = json.loads(invoke("leaderboard", "--dir", home, "--binarization", "all", "--json").stdout)
    assert len(mine) >= 83
    assert next(one["level"] for one in mine if one["id"] == "binarized_mnist/nade") == 3
    again = invoke("leaderboard", "import", file, "--dir", home)
    assert again.exit_code == 1
    assert "nothing was added. Type: --replace" in again.stderr


def test_export_to_standard_output(invoke: Invoke) -> None:
    assert json.loads(invoke("leaderboard", "export", "--format", "json").stdout)["onebit_leaderboard"] == 1
    assert invoke("leaderboard", "export", "--format", "csv").stdout.startswith(",".join(exchange.COLUMNS))


@pytest.mark.parametrize(
    ("name", "text", "code", "message"),
    [
        ("x.txt", "", 2, "ends neither in .json nor in .csv"),
        ("x.json", "[]", 1, "has no results on binarized_mnist in nats"),
        ("x.csv", "a,b\n", 1, "The CSV has no column 'dataset'"),
    ],
)
def test_imports_that_are_refused(  # noqa: PLR0917
    invoke: Invoke, tmp_path: Path, name: str, text: str, code: int, message: str
) -> None:
    file = tmp_path / name
    file.write_text(text)
    result = invoke("leaderboard", "import", file)
    assert result.exit_code == code
    assert message in " ".join(result.stderr.split())
