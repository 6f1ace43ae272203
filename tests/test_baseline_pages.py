"""The pages of the baselines are what their reports make of them, and a run's evidence finds its place."""

from __future__ import annotations

import importlib
import json
import re
import sys
import xml.etree.ElementTree as ET
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType

import numpy as np
import pytest

from onebit.evaluation.report import Report

ROOT = Path(__file__).parent.parent
SCRIPTS = ROOT / "docs" / "baselines"
MODULES = ("evidence", "keep", "complete", "pages", "drawings")


@pytest.fixture
def modules(monkeypatch: pytest.MonkeyPatch) -> Iterator[dict[str, ModuleType]]:
    """The scripts, which are a folder of files and not a package; keep needs JAX, drawings matplotlib."""
    monkeypatch.syspath_prepend(SCRIPTS)
    yield {name: importlib.import_module(name) for name in MODULES}
    for name in MODULES:
        sys.modules.pop(name, None)


def test_the_pages_are_up_to_date(modules: dict[str, ModuleType]) -> None:
    for path, text in modules["pages"].texts().items():
        assert path.read_text(encoding="utf-8") == text, f"{path.name}: type python docs/baselines/pages.py"


def test_there_is_a_page_with_samples_for_every_report(modules: dict[str, ModuleType]) -> None:
    found = modules["evidence"].Collection("binarized_mnist").all
    assert {"bernoulli", "rbm", "vae"} <= {one.name for one in found}
    study = (ROOT / "docs" / "baselines.md").read_text(encoding="utf-8")
    for one in found:
        assert (SCRIPTS / f"{one.name}.md").is_file() and f"(baselines/{one.name}.md)" in study
        assert one.name in modules["evidence"].TITLES
        assert one.report.dataset["split"] == "test" and one.report.trained_on == "train"


def test_kinds_are_never_mixed(modules: dict[str, ModuleType]) -> None:
    """Exact numbers, bounds and estimates each under their own heading, with their signs."""
    table = modules["pages"].numbers_table(modules["evidence"].Collection("binarized_mnist").all).splitlines()
    headings = [row for row in table if row.startswith("| **")]
    assert headings == [f"| **{words}** | | | | | |" for words in ("Exact", "Upper bounds", "Estimates that err low")]
    sign = ""
    for row in table[2:]:
        if row in headings:
            sign = ["", "≤ ", "≈ "][headings.index(row)]
        else:
            assert re.search(rf"\| {sign}\d+\.\d\d ± ", row), row


def test_a_pair_is_the_difference_of_its_vectors(modules: dict[str, ModuleType]) -> None:
    evidence = modules["evidence"]
    one, other = (Report.load(evidence.CERTIFIED / "binarized_mnist" / f"{name}.json") for name in ("vae", "bernoulli"))
    differences = one.nll - other.nll
    half = 1.96 * differences.std(ddof=1) / np.sqrt(len(differences))
    table = modules["pages"].pairs_table(evidence.Collection("binarized_mnist").all).splitlines()
    titles = [cell.strip(" ≤≈") for cell in table[0].split("|")]
    [row] = [row for row in table if row.startswith("| ≤ VAE |")]
    assert row.split("|")[titles.index("Independent pixels")].strip() == f"{differences.mean():+.2f} ± {half:.2f}"


def test_drawings_have_every_number_and_both_themes(modules: dict[str, ModuleType], tmp_path: Path) -> None:
    found = modules["evidence"].Collection("binarized_mnist").all
    modules["drawings"].numbers(found, tmp_path / "numbers.svg")
    texts = []
    for path in (tmp_path / "numbers.svg", SCRIPTS / "numbers.svg"):
        text = path.read_text(encoding="utf-8")
        ET.fromstring(text)
        assert "prefers-color-scheme:dark" in text and "currentColor" in text
        texts.append(set(re.findall(r">([^<>]*\d\.\d\d)<", text)))
    assert texts[0] == texts[1] == {f"{one.report.mean:.2f}" for one in found}
    for path in SCRIPTS.rglob("*.svg"):
        ET.fromstring(path.read_text(encoding="utf-8"))
        assert path.stat().st_size < 60_000
    for path in SCRIPTS.rglob("samples.png"):
        assert path.stat().st_size < 60_000


def test_what_is_missing_is_trained_and_kept(
    modules: dict[str, ModuleType], tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    evidence, complete = modules["evidence"], modules["complete"]
    monkeypatch.setattr(evidence, "CERTIFIED", tmp_path / "certified")
    monkeypatch.setattr(evidence, "HERE", tmp_path / "docs")
    monkeypatch.setattr(modules["keep"], "PACKAGE", tmp_path / "weights")
    monkeypatch.setattr(complete, "RUNS", tmp_path / "runs")
    monkeypatch.setattr(evidence, "DATASET", "calibrated_digits")  # the one that needs no files
    monkeypatch.setattr(complete, "BASELINES", {"bernoulli": None})
    monkeypatch.setattr(evidence, "DATASETS", ("calibrated_digits",))
    monkeypatch.setattr(sys, "argv", ["complete.py", "--dry-run"])
    complete.main()
    wanted = f"onebit train bernoulli --dataset calibrated_digits --out {tmp_path / 'runs/bernoulli'}"
    assert capsys.readouterr().out == wanted + "\n"
    assert not list(tmp_path.iterdir())

    monkeypatch.setattr(sys, "argv", ["complete.py"])
    complete.main()
    report = Report.load(tmp_path / "certified/calibrated_digits/bernoulli.json")
    assert report.mean == pytest.approx(198.25, abs=0.01)
    folder = tmp_path / "docs/bernoulli"
    assert {path.name for path in folder.iterdir()} == {"log.jsonl", "settings.json", "weights.json", "samples.png"}
    assert json.loads((folder / "weights.json").read_bytes()) == {"log_odds": [784]}
    assert {path.name for path in (tmp_path / "weights").iterdir()} == {"bernoulli.json", "bernoulli.npz"}
    assert complete.missing() == []
    capsys.readouterr()
    complete.main()  # nothing is left to do
    assert capsys.readouterr().out == ""
