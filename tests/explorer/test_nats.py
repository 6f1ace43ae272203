"""Vectors of nats: in the rows that were measured, and nowhere else."""

from __future__ import annotations

import dataclasses
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest
import small_digits

import onebit
from onebit import leaderboard
from onebit.evaluation.report import Report
from onebit.explorer import nats
from onebit.explorer.contents import contents
from onebit.tables import Table


class Coins:
    def log_prob(self, images: np.ndarray) -> np.ndarray:
        return -images.reshape(len(images), -1).sum(axis=1).astype(float)


@pytest.fixture
def measure(registered: str, table: Table) -> object:
    def measured(split: str) -> Report:
        data_dir = table.store.folder.parents[1]
        return onebit.evaluate(Coins(), dataset=registered, split=split, data_dir=data_dir, name="Fair coins (a<b)")

    return measured


@pytest.mark.parametrize("split", ["test", "validation[10:20]", "train[:7]+test[5:]"])
def test_a_report_fills_its_rows(measure, table: Table, split: str, tmp_path: Path) -> None:  # type: ignore[no-untyped-def]
    report = Report.load(measure(split).save(tmp_path / "coins.json"))
    (vector,) = nats.vectors(table, "image", [report])
    assert (vector.name, vector.title, vector.kind) == ("fair_coins_a_b", "Fair coins (a<b)", "exact")
    rows = {"test": [*range(370, 420)], "validation[10:20]": [*range(310, 320)]}
    expected_rows = rows.get(split, [*range(7), *range(375, 420)])
    assert np.flatnonzero(~np.isnan(vector.nats)).tolist() == expected_rows
    stored = [label for name in small_digits.SIZES for label in small_digits.stored_labels(name)]
    ink = small_digits.IMAGES[stored].sum(axis=(1, 2, 3))
    np.testing.assert_array_equal(vector.nats[expected_rows], ink[expected_rows])


def test_it_becomes_a_column(measure, table: Table) -> None:  # type: ignore[no-untyped-def]
    report = measure("test")
    entries = contents(table, [report, report]).manifest["columns"][-2:]
    assert [entry["name"] for entry in entries] == ["nats_fair_coins_a_b", "nats_fair_coins_a_b_2"]
    assert entries[0]["title"] == "Nats: Fair coins (a<b)" and entries[0]["reference"] == "Fair coins (a<b)"
    assert entries[0]["doc"] == "Exact negative log-likelihood of the image under Fair coins (a<b)."


def test_a_report_of_something_else(measure, table: Table) -> None:  # type: ignore[no-untyped-def]
    report = measure("test")
    other = dataclasses.replace(report, dataset=dict(report.dataset) | {"name": "binarized_mnist"})
    with pytest.raises(
        ValueError, match=r"on binarized_mnist:1.2.3 test, not on small_digits. Explore that data set: one"
    ):
        list(nats.vectors(table, "image", [other]))
    changed = dataclasses.replace(report, dataset=dict(report.dataset) | {"images_sha256": "0" * 64})
    with pytest.raises(ValueError, match=r"on other images than small_digits:1.2.3 has there \(their SHA-256 is 0000"):
        list(nats.vectors(table, "image", [changed]))


def test_certified_vectors(table: Table, monkeypatch: pytest.MonkeyPatch) -> None:
    numbers = np.arange(50.0)
    certified = SimpleNamespace(name="nade-1", title="NADE", split="test", nll=numbers, kind="exact")
    of_another_version = SimpleNamespace(name="x", title="X", split="test", nll=np.arange(49.0), kind="exact")
    of_another_split = SimpleNamespace(name="y", title="Y", split="holdout", nll=numbers, kind="exact")
    found = {"small_digits": [certified, of_another_version, of_another_split]}
    monkeypatch.setattr(leaderboard, "vectors", lambda name: found[name], raising=False)
    (vector,) = nats.vectors(table, "image")
    assert vector.name == "nade_1" and np.isnan(vector.nats[:370]).all()
    np.testing.assert_array_equal(vector.nats[370:], numbers)


@pytest.mark.parametrize(
    ("title", "expected"),
    [("NADE (500)", "nade_500"), ("</script>", "script"), ("模型", "model"), ("a" * 99, "a" * 40)],
)
def test_names(title: str, expected: str) -> None:
    assert nats.slug(title) == expected
