"""Results from their files: those of the package, each held to the schema, and those of users."""

from __future__ import annotations

import dataclasses
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from certified_coins import ABOUT

from onebit.errors import FormatError
from onebit.evaluation import Report
from onebit.leaderboard import checks, consistency, entries
from onebit.leaderboard.certificates import Certificate
from onebit.leaderboard.entries import Entry

PUBLISHED = sorted((entries.PACKAGE / "published").glob("*.json"))
CERTIFIED = entries.certified_files(entries.PACKAGE)


@pytest.mark.parametrize("path", PUBLISHED, ids=lambda path: path.stem)
def test_published_results(path: Path) -> None:
    """Each file is as the schema says, and names its source."""
    entry = entries.read_published(path)
    assert (entry.dataset, entry.split, entry.level, entry.report) == ("binarized_mnist", "test", 0, None)
    assert 70 < entry.nats < 250
    assert all(len(source) > 8 for source in entry.sources)
    assert entry.year is not None
    assert path.stem.endswith(str(entry.year))
    assert entry.pixels == 784


def test_certified_results() -> None:
    """Each report of the package is consistent with its vector, and lies in the folder of its data set."""
    for path in CERTIFIED:
        checked = consistency.of_files(path)
        assert checked.failed == [], path
        assert checked.level == 1
        entry = entries.read_certified(path)
        assert (entry.dataset, entry.split) == (path.parent.name, "test")
        assert entry.level >= 1


def test_facts_that_are_easily_mixed_up() -> None:
    """One and the same model on two binarizations; a reported bound is no exact value."""
    everything = {entry.name: entry for entry in map(entries.read_published, PUBLISHED)}
    fixed, dynamic = everything["iaf-vae-2016"], everything["iaf-vae-dynamic-2016"]
    assert (fixed.nats, fixed.binarization, dynamic.nats, dynamic.binarization) == (79.88, "fixed", 79.10, "dynamic")
    rnn = everything["pixelrnn-diagonal-bilstm-7-layers-2016"]
    assert (rnn.nats, rnn.kind, rnn.sign, rnn.second_hand) == (79.2, "exact", "", True)
    assert (everything["vlae-2016"].sign, everything["rbm-cd25-500-2008"].sign) == ("<=", "~")
    assert everything["sere-vae-2020"].binarization == "not stated"
    assert rnn.bits_per_pixel == pytest.approx(0.14574, abs=1e-5)


def test_no_id_is_there_twice() -> None:
    found = entries.read_folder(entries.PACKAGE)
    assert len({entry.id for entry in found}) == len(found) == len(PUBLISHED) + len(CERTIFIED)
    assert len(PUBLISHED) == 83


Change = Callable[..., Path]


@pytest.fixture
def published(tmp_path: Path) -> Change:
    """A reported result in a folder of the user's, with changes."""

    def write(remove: str = "", **changes: Any) -> Path:
        content = json.loads(PUBLISHED[0].read_bytes()) | changes
        content.pop(remove, None)
        path = tmp_path / "published" / "mine.json"
        path.parent.mkdir(exist_ok=True)
        path.write_text(json.dumps(content))
        return path

    return write


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"onebit_result": 2}, "onebit_result is not 1"),
        ({"remove": "sources"}, "sources is 'None'"),
        ({"sources": []}, "A number without a source stays out"),
        ({"sources": [" "]}, "A number without a source stays out"),
        ({"nats": "79"}, "nats is '79'"),
        ({"nats": True}, "nats is 'True'"),
        ({"year": True}, "year is 'True'"),
        ({"kind": "lower_bound"}, "kind is 'lower_bound'; allowed are exact, upper bound, estimate"),
        ({"binarization": "static"}, "allowed are fixed, dynamic, threshold, not stated"),
        ({"confidence": "sure"}, "allowed are high, medium, low"),
        ({"second_hand": 1}, "second_hand is '1'"),
        ({"level": 3}, "'level' is not known"),
        ({"model": " "}, "has the name of a model"),
        ({"nats": -80.97}, "nats is -80.97. A negative log-likelihood .* is from 0 to 1,000,000 nats; .* sign away"),
        ({"nats": 1e300}, "nats is 1e\\+300"),
        ({"year": 10**18}, "year is 1000000000000000000; from 1900 to 2099, or none"),
        ({"year": -5}, "year is -5"),
        ({"dataset": "../x"}, "dataset is '../x'; the name of a data set"),
        ({"dataset": ""}, "dataset is ''"),
        ({"paper_url": "javascript:alert(1)"}, "paper_url is 'javascript:alert"),
        ({"note": "a\u202eb"}, "U\\+202E"),
    ],
)
def test_what_is_no_reported_result(published: Change, changes: dict[str, Any], message: str) -> None:
    path = published(**changes)
    with pytest.raises(FormatError, match=message) as caught:
        entries.read_published(path)
    assert str(path) in str(caught.value)


def test_the_folder_of_a_user(published: Change, certified: Path, tmp_path: Path) -> None:
    published(model="Mine", dataset="mine")
    home = tmp_path / "certified" / "calibrated_digits"
    home.parent.mkdir()
    certified.parent.rename(home)
    found = {entry.id: entry for entry in entries.all_entries(tmp_path)}
    assert len(found) >= len(PUBLISHED) + 2
    mine, coins = found["mine/mine"], found["calibrated_digits/coins"]
    assert (mine.model, mine.own, mine.pixels, mine.bits_per_pixel) == ("Mine", True, None, None)
    assert (coins.model, coins.own, coins.level, coins.year) == ("Independent coins", True, 1, 2026)
    assert coins.stderr == pytest.approx(coins.report.stderr)  # type: ignore[union-attr]
    assert coins.gap is not None
    assert json.loads(json.dumps(coins.to_json()))["certificate"]["authors"] == ["A. Author"]
    assert json.loads(json.dumps(mine.to_json()))["sources"]


def test_a_damaged_certificate_is_named(certified: Path) -> None:
    certified.with_name("coins.npy").write_bytes(b"")
    with pytest.raises(FormatError, match=r"is not consistent: .* Type: onebit certify check .*coins.json"):
        entries.read_certified(certified)


@pytest.mark.parametrize(("level", "seal", "found"), [(3, True, 3), (2, True, 2), (3, False, 1)])
def test_a_recorded_check_counts_for_the_certificate_that_was_checked(
    certified: Path, level: int, seal: bool, found: int
) -> None:
    text = json.loads(certified.read_bytes())["certificate"]["seal"] if seal else "0" * 64
    record = certified.with_name("coins.check.json")
    record.write_text(json.dumps({"level": level, "seal": text}))
    assert entries.read_certified(certified).level == found
    record.write_text(json.dumps({"level": 9, "seal": text}))
    with pytest.raises(FormatError, match="level is 9; 1, 2 or 3 is expected"):
        entries.read_certified(certified)


def test_plain_reports_have_no_author(report: Report, tmp_path: Path) -> None:
    entry = entries.read_certified(report.save(tmp_path / "plain.json"))
    assert (entry.model, entry.about, entry.year, entry.level) == ("coins", None, None, 1)


def test_find() -> None:
    some = [
        Entry(name=name, dataset=dataset, split="test", model="m", nats=1.0, kind="exact", binarization="fixed")
        for dataset, name in [("a", "nade"), ("b", "nade"), ("a", "made-16")]
    ]
    assert entries.find(some, "a/nade") is some[0]
    assert entries.find(some, "made-16") is some[2]
    assert entries.find(some, "nade", "b") is some[1]
    assert entries.find(some, "a/nade", "b") is some[0]
    with pytest.raises(ValueError, match=r"have the name 'nade'\. Did you mean a/nade or b/nade\?"):
        entries.find(some, "nade")
    with pytest.raises(ValueError, match=r"No result has the name 'made16'\. Did you mean made-16"):
        entries.find(some, "made16")
    with pytest.raises(ValueError, match=r"No result has the name 'x'\.$"):
        entries.find(some, "x")


def test_the_later_of_two_of_one_name_counts(report: Report, tmp_path: Path) -> None:
    """A user's own certificate stands in for one of the package."""
    about = dataclasses.replace(ABOUT, title="Mine")
    for folder in ("one", "two"):
        Certificate(report, about).save(tmp_path / folder / "certified" / "calibrated_digits" / "coins.json")
    found = [entry for entry in entries.all_entries(tmp_path / "two") if entry.model == "Mine"]
    assert len(found) == 1


@pytest.mark.real_data
def test_certified_results_are_on_the_real_images(real_prepared: Path) -> None:
    """With the images at hand nothing is left unchecked at level 1."""
    for path in CERTIFIED:
        folder = real_prepared if path.parent.name == "binarized_mnist" else None
        checked = checks.check(path, data_dir=folder)
        assert checked.level == 1, path
        assert {finding.outcome for finding in checked.findings} == {"passed"}, path
