"""The audit finds what was planted, nothing else, and is kept for exactly its images."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import onebit
from onebit.auditing import report
from onebit.auditing.findings import findings
from onebit.auditing.report import Images
from onebit.auditing.splits import Rows

SIZES = {"train": 3000, "validation": 500, "test": 500}
UNSTABLE = ("seconds", "onebit", "numpy")


def strokes(rng: np.random.Generator, n: int, shift: float = 0) -> np.ndarray:
    """Images of 12x12 pixels around a few prototypes, so that some are close by nature."""
    prototypes = np.random.default_rng(1).random((6, 144)) < 0.3
    chances = np.where(prototypes[rng.integers(6, size=n)], 0.9 - shift, 0.05 + shift)
    return (rng.random((n, 144)) < chances).astype(np.uint8)


def images(change: Any = None, shift: float = 0) -> Images:
    rng = np.random.default_rng(7)
    parts = {name: strokes(rng, size, shift if name == "test" else 0) for name, size in SIZES.items()}
    if change is not None:
        change(parts)
    start, splits = 0, []
    for name, part in parts.items():
        splits.append(Rows(name, start, start + len(part), name[0] * 64))
        start += len(part)
    packed = np.packbits(np.concatenate(list(parts.values())), axis=1)
    return Images("planted", "1.0.0", packed, 12, 12, tuple(splits))


def titles(made: dict[str, Any], good: bool) -> list[str]:
    return [each["title"] for each in made["findings"] if each["good"] is good]


def test_an_innocent_data_set_has_nothing_to_be_found() -> None:
    made = report.made_of(images())
    assert titles(made, good=False) == []
    assert titles(made, good=True) == [
        "No image is in two splits",
        "No sign that images of validation are in train",
        "No sign that images of test are in train",
        "Train and validation look like draws from one distribution",
        "Train and test look like draws from one distribution",
    ]
    assert made["nearest"][-1]["left_out"]
    assert made["nearest"][-1]["images"] == SIZES["test"]
    for each in made["nearest"]:
        assert sum(each["histogram"]) == each["images"]
        assert each["quantiles"]["0"] == each["closest"][0][2]


def test_copies_of_train_in_test_are_found() -> None:
    def plant(parts: dict[str, np.ndarray]) -> None:
        parts["test"][3] = parts["train"][17]

    made = report.made_of(images(plant))
    assert "1 image in more than one split" in titles(made, good=False)
    assert made["duplicates"]["listed"] == [["train/17", "test/3"]]
    assert made["nearest"][1]["closest"][0] == [3, 17, 0]


def test_train_images_with_a_few_pixels_changed_are_found_by_their_distances() -> None:
    def plant(parts: dict[str, np.ndarray]) -> None:
        parts["test"][:40] = parts["train"][:40]
        parts["test"][:40, :2] ^= 1

    made = report.made_of(images(plant))
    assert made["duplicates"]["across_splits"] == 0
    assert titles(made, good=False) == ["Images of test are suspiciously close to train"]
    assert made["threshold"]["images_at_or_below"]["test"] >= 40


def test_drift_is_found() -> None:
    made = report.made_of(images(shift=0.06))
    assert titles(made, good=False) == ["Train and test are not draws from one distribution"]
    (validation, test) = made["drift"]
    assert validation["whole"]["p"] > 0.01 > test["whole"]["p"]
    assert test["pixels"]["different"] > 5
    assert len(test["pixels"]["z"]) == 144


def test_names_of_splits_are_written_as_they_are() -> None:
    made = report.made_of(images(shift=0.06))
    made["drift"] = [each | {"to": "Test_B"} for each in made["drift"]]
    said = [each["title"] for each in findings(made) if each["kind"] == "drift"]
    assert said[1] == "Train and Test_B are not draws from one distribution"


def test_blank_and_repeated_images_are_named() -> None:
    def plant(parts: dict[str, np.ndarray]) -> None:
        parts["train"][:2] = 0

    made = report.made_of(images(plant))
    assert {"Images are there more than once", "Some images are blank"} <= set(titles(made, good=False))
    assert made["duplicates"]["blank"] == {"train": 2, "validation": 0, "test": 0}


def test_one_split_alone_is_compared_with_itself() -> None:
    rng = np.random.default_rng(0)
    packed = np.packbits(strokes(rng, 50), axis=1)
    made = report.made_of(Images("alone", "1.0.0", packed, 12, 12, (Rows("everything", 0, 50, "e" * 64),)))
    assert made["reference"] == "everything"
    assert [each["query"] for each in made["nearest"]] == ["everything"]
    assert made["drift"] == made["findings"] == []


# Kept audits ---------------------------------------------------------------------------------------------------------


@pytest.fixture
def place(registered: str, small_sources: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("ONEBIT_SOURCE_DIR", str(small_sources))
    monkeypatch.setenv("ONEBIT_DATA_DIR", str(tmp_path / "data"))
    return tmp_path / "data"


def test_an_audit_is_kept_for_its_images(registered: str, place: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    first = onebit.audit(registered)
    (file,) = (place / "audits").iterdir()
    assert json.loads(file.read_bytes()) == first
    monkeypatch.setattr(report, "made_of", lambda images: pytest.fail("it was done again"))
    assert onebit.audit(registered) == first
    file.write_text(file.read_text().replace(first["splits"][0]["sha256"], "0" * 64))
    with pytest.raises(pytest.fail.Exception, match="done again"):
        onebit.audit(registered)


@pytest.mark.parametrize("content", [b"", b"[]", b'{"onebit_audit": 1}', b"\xff", b'{"onebit_audit": 1, "splits": 3}'])
def test_a_kept_audit_that_cannot_be_read_is_made_again(registered: str, place: Path, content: bytes) -> None:
    first = onebit.audit(registered)
    (file,) = (place / "audits").iterdir()
    file.write_bytes(content)
    again = onebit.audit(registered)
    assert {name: value for name, value in again.items() if name not in UNSTABLE} == {
        name: value for name, value in first.items() if name not in UNSTABLE
    }


def test_a_kept_audit_that_lost_its_findings_is_made_again(registered: str, place: Path) -> None:
    made = onebit.audit(registered, data_dir=place)
    [kept] = (place / "audits").iterdir()
    damaged = {name: value for name, value in made.items() if name != "findings"}
    for content in (json.dumps(damaged), "[" * 100_000):
        kept.write_text(content)
        assert onebit.audit(registered, data_dir=place)["findings"] == made["findings"]


def test_an_audit_is_not_lost_when_it_cannot_be_kept(
    registered: str, place: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    onebit.load(registered)
    (place / "audits").write_text("a file is in the way")
    assert onebit.audit(registered)["dataset"] == registered
    assert "The audit could not be kept" in capsys.readouterr().err


@pytest.mark.parametrize("name", ["binarized_mnist", "calibrated_digits"])
def test_the_packages_audits_are_of_the_recorded_images(name: str) -> None:
    builder = onebit.builder(name)
    made = json.loads((builder.folder / report.FILE).read_bytes())
    recorded = json.loads((builder.folder / "record.json").read_bytes())["splits"]
    assert {each["name"]: each["sha256"] for each in made["splits"]} == {
        split: about["sha256"]["image"] for split, about in recorded.items()
    }
    assert made["findings"] == report.findings(made)


@pytest.mark.long
@pytest.mark.real_data
def test_the_audit_of_the_real_images_is_the_packages(real_data: Path, tmp_path: Path) -> None:
    source = real_data / "binarized_mnist" / "upstream"
    made = onebit.audit("binarized_mnist", data_dir=tmp_path, source_dir=source, again=True)
    kept = onebit.audit("binarized_mnist", data_dir=tmp_path, source_dir=source)
    assert {k: v for k, v in made.items() if k not in UNSTABLE} == {k: v for k, v in kept.items() if k not in UNSTABLE}
