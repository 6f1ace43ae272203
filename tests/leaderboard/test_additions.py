"""What comes into a user's folder, and what does not."""

from __future__ import annotations

import dataclasses
import json
from pathlib import Path

import pytest
from certified_coins import ABOUT, Edit, Pixels

from onebit.errors import FormatError
from onebit.evaluation import Report
from onebit.leaderboard import additions, certificates, entries, exchange
from onebit.leaderboard.additions import NotAddedError
from onebit.leaderboard.certificates import Certificate


def files(folder: Path) -> list[str]:
    return sorted(path.relative_to(folder).as_posix() for path in folder.rglob("*") if path.is_file())


def test_a_certificate_that_holds(certified: Path, tmp_path: Path, digits_dir: Path) -> None:
    home = tmp_path / "mine"
    entry = additions.add(certified, folder=home, data_dir=digits_dir)
    assert (entry.id, entry.level, entry.own) == ("calibrated_digits/coins", 1, True)
    assert files(home) == [
        "certified/calibrated_digits/coins.check.json",
        "certified/calibrated_digits/coins.json",
        "certified/calibrated_digits/coins.npy",
        "certified/calibrated_digits/coins.reference.npy",
    ]
    assert certificates.read(entry.path or "").about == ABOUT


def test_with_the_model_its_level_is_kept(certified: Path, coins: Pixels, tmp_path: Path, digits_dir: Path) -> None:
    entry = additions.add(certified, coins, folder=tmp_path, name="other-name", data_dir=digits_dir)
    assert (entry.name, entry.level, entry.word) == ("other-name", 3, "probed")
    [again] = entries.read_folder(tmp_path)
    assert again.level == 3
    record = json.loads((tmp_path / "certified/calibrated_digits/other-name.check.json").read_bytes())
    assert record["level"] == 3
    assert {finding["outcome"] for finding in record["findings"]} == {"passed"}


def test_one_that_does_not_hold_stays_out(edited: Edit, tmp_path: Path) -> None:
    path = edited(lambda content: content["summary"].update(mean_nats=70.0))
    with pytest.raises(NotAddedError, match=r"coins.json was not added: .*summary.mean_nats is 70.0"):
        additions.add(path, folder=tmp_path / "mine")
    assert not (tmp_path / "mine").exists()


def test_another_model_keeps_it_out(certified: Path, coins: Pixels, tmp_path: Path, digits_dir: Path) -> None:
    other = Pixels([0.5] * 784)
    with pytest.raises(NotAddedError, match="was not added: The model gives image"):
        additions.add(certified, other, folder=tmp_path / "mine", data_dir=digits_dir)
    assert not (tmp_path / "mine").exists()


def test_a_plain_report_has_to_be_certified_first(report: Report, tmp_path: Path) -> None:
    with pytest.raises(FormatError, match=r"Type: onebit certify make plain\.json"):
        additions.add(report.save(tmp_path / "plain.json"), folder=tmp_path / "mine")


def test_nothing_is_replaced_unasked(certified: Path, report: Report, tmp_path: Path) -> None:
    home = tmp_path / "mine"
    additions.add(certified, folder=home)
    other = Certificate(report, dataclasses.replace(ABOUT, title="Other")).save(tmp_path / "other" / "coins.json")
    with pytest.raises(NotAddedError, match=r"name coins in .* Type: --replace, or --name OTHER"):
        additions.add(other, folder=home)
    assert entries.read_folder(home)[0].model == "Independent coins"
    stale, neighbour = (home / "certified/calibrated_digits" / name for name in ("coins.elbo.npy", "coins-2.elbo.npy"))
    stale.touch()
    neighbour.touch()
    additions.add(other, folder=home, replace=True)
    assert entries.read_folder(home)[0].model == "Other"
    assert neighbour.exists() and not stale.exists()


def test_nothing_is_there_twice(certified: Path, tmp_path: Path) -> None:
    home = tmp_path / "mine"
    additions.add(certified, folder=home)
    with pytest.raises(NotAddedError, match=r"is there already: .*coins\.json\. Type: --replace"):
        additions.add(certified, folder=home, name="other")
    assert additions.add(certified, folder=home, name="other", replace=True).name == "other"


def test_a_name_that_would_hide_another_result(certified: Path, tmp_path: Path) -> None:
    """One of the package, or one that was reported."""
    home = tmp_path / "mine"
    lines = b"dataset,model,nats,kind,binarization\ncalibrated_digits,M,80,exact,fixed\nother,N,81,exact,fixed\n"
    additions.add_reported(exchange.from_csv(lines, "x"), folder=home)
    for name in ("bernoulli", "m"):
        message = rf"There is a result of the name {name} on calibrated_digits, which this one would hide"
        with pytest.raises(NotAddedError, match=message):
            additions.add(certified, folder=home, name=name)
    assert additions.add(certified, folder=home, name="n").id == "calibrated_digits/n"


def test_the_name_of_a_certificate_becomes_that_of_a_result(report: Report, tmp_path: Path) -> None:
    """With a dot in it, its files could be the arrays of another: x.elbo.npy."""
    path = Certificate(report, ABOUT).save(tmp_path / "my.coins.certificate.json")
    assert additions.add(path, folder=tmp_path / "mine").name == "my-coins"


def test_a_bound_without_its_arrays_stays_out(edited: Edit, tmp_path: Path) -> None:
    path = edited(lambda content: content.update(protocol="iw", kind="upper bound", errs="high"))
    with pytest.raises(NotAddedError, match="from which the bound follows"):
        additions.add(path, folder=tmp_path / "mine")


@pytest.mark.parametrize("name", ["../out", "a/b", "", ".x", "x.check", "a.b"])
def test_names_stay_in_the_folder(certified: Path, tmp_path: Path, name: str) -> None:
    with pytest.raises(NotAddedError, match="Use letters, digits"):
        additions.add(certified, folder=tmp_path / "mine", name=name)
    assert not (tmp_path / "mine").exists()


@pytest.mark.parametrize("name", ["../../out", "a.b", "A", "x" * 99, ""])
def test_names_of_arrays_stay_in_the_folder(edited: Edit, tmp_path: Path, name: str) -> None:
    """They become parts of file names."""

    def change(content: dict) -> None:
        content["arrays"][name] = content["arrays"].pop("reference")

    with pytest.raises(NotAddedError, match="small letters, digits and _ are expected"):
        additions.add(edited(change), folder=tmp_path / "mine")


def test_reported_results_come_in_all_or_none(tmp_path: Path) -> None:
    lines = b"dataset,model,nats,kind,binarization\nd,M,80,exact,fixed\nd,N,81,exact,fixed\n"
    results = exchange.from_csv(lines, "x")
    additions.add_reported({"n": results["n"]}, folder=tmp_path)
    with pytest.raises(NotAddedError, match=r"There is a result of the name n .*; nothing was added. Type: --replace"):
        additions.add_reported(results, folder=tmp_path)
    assert files(tmp_path) == ["published/n.json"]
    additions.add_reported(results, folder=tmp_path, replace=True)
    assert files(tmp_path) == ["published/m.json", "published/n.json"]


def test_a_certified_result_is_not_replaced_by_a_reported_one(certified: Path, tmp_path: Path) -> None:
    additions.add(certified, folder=tmp_path, name="mine")
    rows = "calibrated_digits,{},80,exact,fixed\n"
    lines = "dataset,model,nats,kind,binarization\n" + "".join(
        rows.format(name) for name in ("mine", "bernoulli", "new")
    )
    assert additions.add_reported(exchange.from_csv(lines.encode(), "x"), folder=tmp_path) == [
        tmp_path / "published/new.json"
    ]
    alone = lines.replace(rows.format("new"), "").encode()
    with pytest.raises(NotAddedError, match="All of these results are certified here; nothing was added"):
        additions.add_reported(exchange.from_csv(alone, "x"), folder=tmp_path)


def test_a_certified_result_of_another_name_is_left_out_too(tmp_path: Path) -> None:
    """Two data sets have a result of that name: in one file the second is numbered."""
    packaged = [entry for entry in entries.all_entries(tmp_path) if entry.name in ("bernoulli", "nade-2016")]
    assert len(packaged) == 3
    results = exchange.from_csv(exchange.to_csv(packaged).encode(), "x")
    assert "bernoulli-2" in results
    assert additions.add_reported(results, folder=tmp_path) == [tmp_path / "published/nade-2016.json"]


def test_a_reported_result_of_the_package_is_not_hidden_unasked(tmp_path: Path) -> None:
    lines = b"name,dataset,model,nats,kind,binarization\nnade-2016,binarized_mnist,NADE,10,exact,fixed\n"
    results = exchange.from_csv(lines, "x")
    with pytest.raises(NotAddedError, match="nade-2016 on binarized_mnist, which this one would hide; nothing was add"):
        additions.add_reported(results, folder=tmp_path)
    assert files(tmp_path) == []
    additions.add_reported(results, folder=tmp_path, replace=True)
    assert [entry.nats for entry in entries.all_entries(tmp_path) if entry.name == "nade-2016"] == [10]
