"""Reports: what is derived, what is printed, what is saved, what is refused."""

from __future__ import annotations

import dataclasses
import hashlib
import json
import math
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from onebit.errors import FormatError
from onebit.evaluation import Comparison, Report
from onebit.formats import numpy_files

NLL = np.random.default_rng(0).normal(88.33, 31, 10_000)
NLL += 88.33 - NLL.mean()


def report(**changes: Any) -> Report:
    dataset = {
        "name": "binarized_mnist",
        "version": "1.0.0",
        "split": "test",
        "order": "tfds",
        "num_examples": len(changes.get("nll", NLL)),
        "image_shape": [28, 28, 1],
        "columns": [{"split": "test", "start": 0, "stop": 10_000, "sha256": "ba561a12925179" + 50 * "0"}],
        "images_sha256": "ea" * 32,
    }
    content: dict[str, Any] = {
        "nll": NLL, "model": "nade", "trained_on": "train", "dataset": dataset, "protocol": "exact", "kind": "exact",
        "errs": None, "note": "", "settings": {"chunk_size": 500}, "details": {}, "flags": (), "seed": 0,
        "seconds": 1.5, "versions": {"numpy": "2"}, "hardware": {"cores": 2},
    }  # fmt: skip
    return Report(**(content | changes))


IW = {"protocol": "iw", "kind": "upper bound", "errs": "high", "note": "importance-weighted, k = 5,000"}
AIS = {"protocol": "ais", "kind": "estimate", "errs": "low", "note": "AIS, 14,501 temperatures, 100 chains"}


def test_what_is_derived() -> None:
    one = report()
    assert one.mean == pytest.approx(88.33)
    assert one.stderr == pytest.approx(NLL.std(ddof=1) / 100)
    assert one.bits_per_pixel == pytest.approx(88.33 / (784 * math.log(2)))
    coins = report(nll=np.full(10_000, 784 * math.log(2)))
    assert coins.bits_per_pixel == pytest.approx(1)  # and not 1 + 8, as with log 256
    assert one.gap is None


def test_it_prints_as_it_is_quoted() -> None:
    assert str(report()) == (
        "88.33 ± 0.31 nats/image (exact), 0.1625 bits/pixel, n = 10,000, binarized_mnist:1.0.0 test sha256:ba561a129251"
    )
    assert "(upper bound, importance-weighted, k = 5,000)" in str(report(**IW))
    assert "(estimate, AIS, 14,501 temperatures, 100 chains; errs low)" in str(report(**AIS))
    assert str(report(flags=("Beware.",))).endswith("\nWarning: Beware.")
    assert "log Z: 451" in str(report(**AIS, details={"lines": {"log Z": "451"}}))
    assert repr(report()).startswith("<onebit report nade: 88.33 ± 0.31 nats/image (exact)")


def test_a_split_of_several_columns_shows_the_digest_of_its_images() -> None:
    dataset = {**report().dataset, "columns": [*report().dataset["columns"]] * 2}
    assert "sha256:eaeaeaeaeaea" in str(report(dataset=dataset))


def test_gap_to_a_known_source() -> None:
    reference = -NLL + np.random.default_rng(1).normal(1.5, 0.3, len(NLL))
    one = report(arrays={"reference": reference})
    differences = reference + NLL
    assert one.gap == (pytest.approx(differences.mean()), pytest.approx(differences.std(ddof=1) / 100))
    assert "KL(source || model) = 1.497 ±" in str(one)
    assert "KL(source || model) <= 1.497 ±" in str(report(**IW, arrays={"reference": reference}))
    assert "KL(source || model) ~ 1.497 ±" in str(report(**AIS, arrays={"reference": reference}))


# What a report cannot be ---------------------------------------------------------------------------------------------


def test_an_estimate_cannot_be_reported_as_exact() -> None:
    with pytest.raises(FormatError, match="By that protocol they are 'estimate', erring 'low', and nothing else"):
        report(**AIS | {"kind": "exact", "errs": None})
    with pytest.raises(FormatError, match="are 'upper bound', erring 'high'"):
        report(**IW | {"kind": "lower bound"})
    with pytest.raises(FormatError, match="protocol 'guess'; allowed are exact, iw"):
        report(protocol="guess")


@pytest.mark.parametrize("nll", [NLL[:9], NLL.astype(np.float32), NLL[:, np.newaxis]])
def test_numbers_are_one_float64_for_each_image(nll: np.ndarray) -> None:
    with pytest.raises(FormatError, match="one float64 for each image"):
        report(nll=nll, dataset=report().dataset)


def test_numbers_are_finite() -> None:
    spoiled = NLL.copy()
    spoiled[77] = np.nan
    with pytest.raises(FormatError, match="number of image 77 is not finite"):
        report(nll=spoiled)


# Files ---------------------------------------------------------------------------------------------------------------


def test_saved_and_loaded(tmp_path: Path) -> None:
    one = report(**AIS, arrays={"reference": NLL[::-1].copy(), "chains": np.arange(3.0)}, flags=("Beware.",))
    path = one.save(tmp_path / "new" / "rbm.json")
    assert sorted(file.name for file in path.parent.iterdir()) == [
        "rbm.chains.npy",
        "rbm.json",
        "rbm.npy",
        "rbm.reference.npy",
    ]
    np.testing.assert_array_equal(np.load(path.with_suffix(".npy"), allow_pickle=False), NLL)
    assert path.with_suffix(".npy").stat().st_size < 80_200
    again = Report.load(path)
    for field in dataclasses.fields(Report):
        if field.name not in ("nll", "arrays"):
            assert getattr(again, field.name) == getattr(one, field.name), field.name
    assert np.array_equal(again.nll, NLL)
    assert set(again.arrays) == {"reference", "chains"}
    assert str(again) == str(one)
    summary = json.loads(path.read_text())["summary"]
    assert summary["mean_nats"] == one.mean
    assert summary["gap_nats"] == one.gap[0]


def test_the_name_ends_in_json(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match=r"'nade'. Give a name that ends in \.json"):
        report().save(tmp_path / "nade")


def edited(path: Path, change: Callable[[dict[str, Any]], Any]) -> None:
    content = json.loads(path.read_text())
    change(content)
    path.write_text(json.dumps(content))


@pytest.mark.parametrize(
    ("change", "text"),
    [
        (lambda c: c["summary"].update(mean_nats=80.0), r"summary.mean_nats is 80.0, but the numbers of the images"),
        (lambda c: c["summary"].update(bits_per_pixel=0.1625 + 8), r"one-bit images are nats .* without log 256"),
        (lambda c: c["summary"].pop("stderr_nats"), "summary.stderr_nats is None"),
        (lambda c: c.pop("summary"), "summary.mean_nats is None"),
        (lambda c: c.update(onebit_report=2), "onebit_report is 2; this version of onebit reads 1"),
        (lambda c: c.pop("protocol"), "protocol is missing"),
        (lambda c: c.update(seed="0"), "seed is '0'; expected int"),
        (lambda c: c.update(seed=True), "seed is True; expected int"),
        (lambda c: c["dataset"].pop("images_sha256"), "dataset.images_sha256 is missing"),
        (lambda c: c.update(kind="estimate"), "numbers are 'estimate'"),
        (lambda c: c["dataset"].update(num_examples=9_999), "9,999 images has numbers of shape"),
        (lambda c: c["arrays"].pop("nll"), "expected the files of nll"),
        (lambda c: c["arrays"]["nll"].update(file="../nade.npy"), "expected one beside the report"),
        (lambda c: c["arrays"].update(nll="nade.npy"), "expected one beside the report"),
        (lambda c: c["arrays"]["nll"].update(sha256="0" * 64), "does not have the SHA-256 that nade.json names"),
    ],
)
def test_files_that_were_changed(tmp_path: Path, change: Any, text: str) -> None:
    path = report().save(tmp_path / "nade.json")
    edited(path, change)
    with pytest.raises(FormatError, match=text):
        Report.load(path)


def test_numbers_that_were_changed(tmp_path: Path) -> None:
    path = report().save(tmp_path / "nade.json")
    content = numpy_files.write_npy(NLL - 1)
    path.with_suffix(".npy").write_bytes(content)
    with pytest.raises(FormatError, match="it was changed, or is another"):
        Report.load(path)
    edited(path, lambda c: c["arrays"]["nll"].update(sha256=hashlib.sha256(content).hexdigest()))
    with pytest.raises(FormatError, match=r"summary.mean_nats is 88.3\d+, but"):
        Report.load(path)


def test_objects_are_not_unpickled(tmp_path: Path) -> None:
    path = report().save(tmp_path / "nade.json")
    np.save(path.with_suffix(".npy"), np.array([object()]), allow_pickle=True)
    digest = hashlib.sha256(path.with_suffix(".npy").read_bytes()).hexdigest()
    edited(path, lambda c: c["arrays"]["nll"].update(sha256=digest))
    with pytest.raises(FormatError):
        Report.load(path)


@pytest.mark.parametrize("content", ["", "{", "[]", "{}"])
def test_files_that_are_no_reports(tmp_path: Path, content: str) -> None:
    path = tmp_path / "nade.json"
    path.write_text(content)
    with pytest.raises(FormatError, match=r"nade\.json"):
        Report.load(path)


# Comparisons ---------------------------------------------------------------------------------------------------------


def test_paired_comparison_sees_what_the_errors_of_the_means_hide() -> None:
    better = report(nll=NLL - np.random.default_rng(2).normal(0.1, 0.5, len(NLL)), model="made")
    difference = report() - better
    assert isinstance(difference, Comparison)
    assert difference.mean == pytest.approx(0.1, abs=0.02)
    assert difference.stderr == pytest.approx(0.005, rel=0.05)  # the reports' own are 0.31
    low, high = difference.interval
    assert high - low == pytest.approx(2 * 1.96 * difference.stderr, rel=1e-3)
    assert str(difference).startswith("nade - made = +0.1")
    assert str(difference).endswith("n = 10,000: made is better")
    assert difference.caveats == []


def test_interval_covers_the_truth_19_times_in_20() -> None:
    rng = np.random.default_rng(3)
    inside = 0
    for _ in range(400):
        nll = rng.normal(90, 30, 300)
        pair = report(nll=nll) - report(nll=nll + rng.exponential(1.0, 300) - 1.0)
        inside += pair.interval[0] < 0 < pair.interval[1]
    assert 0.91 < inside / 400 < 0.98


def test_equal_models_cannot_be_told_apart() -> None:
    noise = np.random.default_rng(4).normal(0, 1, len(NLL))
    assert str(report() - report(nll=NLL + noise - noise.mean())).endswith("they cannot be told apart")


def test_what_an_interval_leaves_out_is_said() -> None:
    text = str(report(**IW, model="vae") - report(**AIS, model="rbm"))
    assert (
        "Note: vae is an upper bound (importance-weighted, k = 5,000): its true number is lower, or the same." in text
    )
    assert "Note: rbm is an estimate that errs low" in text


def test_a_lower_bound_or_estimate_is_not_said_to_be_better() -> None:
    for other in (report(**IW, nll=NLL - 1, model="vae"), report(**AIS, nll=NLL - 1, model="rbm")):
        verdict = str(report() - other).splitlines()[0]
        assert verdict.endswith(f": {other.model} has the lower number")


def test_other_images_cannot_be_compared() -> None:
    other = report(dataset=report().dataset | {"split": "validation", "images_sha256": "11" * 32})
    with pytest.raises(ValueError, match=r"1.0.0 test .*:1.0.0 validation .*: these are not the same"):
        report() - other
    with pytest.raises(TypeError):
        report() - 3  # type: ignore[operator]
