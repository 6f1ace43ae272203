"""Round trips through the formats of others, and files that others wrote."""

from __future__ import annotations

import csv
import io
import json
from pathlib import Path
from typing import Any

import pytest

from onebit.errors import FormatError
from onebit.leaderboard import additions, entries, exchange
from onebit.leaderboard.entries import Entry

PUBLISHED = [entries.read_published(path) for path in sorted((entries.PACKAGE / "published").glob("*.json"))]


def facts(entry: Entry) -> dict[str, Any]:
    return {name: value for name, value in entry.to_json().items() if name != "id"}


@pytest.mark.parametrize(
    ("write", "read"),
    [
        (exchange.to_evaluation_tables, exchange.from_evaluation_tables),
        (exchange.to_csv, exchange.from_csv),
    ],
    ids=["Papers With Code", "CSV"],
)
def test_every_fact_comes_back(write: Any, read: Any, tmp_path: Path) -> None:
    results = read(write(PUBLISHED).encode(), "a file")
    additions.add_reported(results, folder=tmp_path)
    again = {entry.name: entry for entry in entries.read_folder(tmp_path)}
    assert again.keys() == {entry.name for entry in PUBLISHED}
    for entry in PUBLISHED:
        assert facts(again[entry.name]) == facts(entry)


def test_a_table_of_papers_with_code_has_its_shape() -> None:
    [task] = json.loads(exchange.to_evaluation_tables(PUBLISHED))
    assert task.keys() == {"task", "description", "categories", "datasets", "subtasks", "synonyms", "source_link"}
    names = [table["dataset"] for table in task["datasets"]]
    assert names == [
        "Binarized MNIST",
        "Binarized MNIST (dynamic binarization)",
        "Binarized MNIST (not stated binarization)",
    ]
    sota = task["datasets"][0]["sota"]
    assert sota["metrics"] == ["nats", "nats (upper bound)", "nats (estimate)"]
    row = sota["rows"][0]
    assert row["model_name"] == "PixelRNN (Diagonal BiLSTM, 7 layers)"
    assert row["metrics"] == {"nats": "79.20"}
    assert (row["paper_url"], row["paper_date"]) == ("https://arxiv.org/abs/1601.06759", "2016-01-01")
    assert {"paper_title", "code_links", "model_links", "uses_additional_data"} <= row.keys()


def foreign(**changes: Any) -> bytes:
    row = {
        "model_name": "Good model",
        "paper_title": "A paper",
        "paper_url": "https://example.org/1",
        "paper_date": "2019-05-06",
        "code_links": [{"title": "a/b", "url": "https://example.org/code"}],
        "model_links": [],
        "metrics": {"nats": "79.2"},
        "uses_additional_data": False,
    } | changes
    table = {"dataset": "Binarized MNIST", "sota": {"metrics": ["nats"], "rows": [row]}}
    other = {"dataset": "CIFAR-10", "sota": {"rows": [row]}}
    task = {"task": "Image Generation", "datasets": [other], "subtasks": [{"task": "x", "datasets": [table]}]}
    return json.dumps([task]).encode()


def test_a_row_of_others() -> None:
    """A board mixed binarizations, and a bound looks there like an exact value: nobody stated which."""
    [(name, result)] = exchange.from_evaluation_tables(foreign(), "pwc-archive").items()
    assert name == "good-model-not-stated-2019"
    assert (result["nats"], result["kind"], result["binarization"]) == (79.2, "not stated", "not stated")
    assert (result["paper"], result["year"], result["sources"]) == ("A paper", 2019, ["pwc-archive"])
    assert (result["code_url"], result["second_hand"], result["confidence"]) == (
        "https://example.org/code",
        True,
        "low",
    )


@pytest.mark.parametrize(
    ("metrics", "nats", "kind"),
    [
        ({"NLL": "≤ 81.9"}, 81.9, "upper bound"),
        ({"nats": "<80.97"}, 80.97, "upper bound"),
        ({"nats": "~84.55"}, 84.55, "estimate"),
        ({"Negative Log-Likelihood": "-79.5 nats"}, 79.5, "not stated"),
    ],
)
def test_signs_in_metrics(metrics: dict[str, str], nats: float, kind: str) -> None:
    [result] = exchange.from_evaluation_tables(foreign(metrics=metrics), "x").values()
    assert (result["nats"], result["kind"]) == (nats, kind)


@pytest.mark.parametrize("metrics", [{"FID": "3.1"}, {"nats": "see paper"}, {}, None, "79"])
def test_rows_without_nats_are_passed_over(metrics: Any) -> None:
    assert exchange.from_evaluation_tables(foreign(metrics=metrics), "x") == {}


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"model_name": None}, "model is 'None'"),
        ({"paper_url": "javascript:alert(1)"}, "paper_url is 'javascript"),
        ({"model_name": "a\u202eb"}, r"U\+202E"),
        ({"onebit": {"nats": 1}}, "dataset is 'None'"),
        ({"onebit": {"dataset": "d", "split": "test", "nats": 1, "kind": "best"}}, "binarization is 'None'|note is"),
    ],
)
def test_rows_that_are_refused(changes: dict[str, Any], message: str) -> None:
    with pytest.raises(FormatError, match=message):
        exchange.from_evaluation_tables(foreign(**changes), "x")


@pytest.mark.parametrize("data", [b"{}", b"[1]", b"[", b'"x"'])
def test_files_that_are_no_tables(data: bytes) -> None:
    with pytest.raises(FormatError):
        exchange.from_evaluation_tables(data, "x")


@pytest.mark.parametrize("name", ["../../x", "a/b", "", None, 5, "x" * 300, "\u6f22" * 100, "con"])
def test_names_from_elsewhere_stay_in_the_folder(name: Any, tmp_path: Path) -> None:
    known = {"name": name, "dataset": "d", "split": "test", "nats": 1.0, "kind": "exact", "binarization": "fixed"}
    results = exchange.from_evaluation_tables(foreign(onebit=known | {"note": "", "second_hand": True}), "x")
    [path] = additions.add_reported(results, folder=tmp_path)
    assert path.parent == tmp_path / "published"
    assert path.name == "good-model-2019.json"


@pytest.mark.parametrize(("model", "name"), [("\u6f22" * 300, "\u6f22" * 43), ("con", "result-con"), ("...", "result")])
def test_names_that_are_made_of_models_are_those_of_files(model: str, name: str) -> None:
    lines = f"dataset,model,nats,kind,binarization\nd,{model},80,exact,fixed\n"
    assert list(exchange.from_csv(lines.encode(), "x")) == [name]


def test_two_of_one_name_stay_two() -> None:
    lines = "dataset,model,nats,kind,binarization\nd,M,80,exact,fixed\nd,M,81,exact,fixed\n"
    assert list(exchange.from_csv(lines.encode(), "x")) == ["m", "m-2"]


# CSV ------------------------------------------------------------------------------------------------------------------


def test_columns() -> None:
    rows = list(csv.DictReader(io.StringIO(exchange.to_csv(PUBLISHED))))
    assert list(rows[0]) == list(exchange.COLUMNS)
    assert rows[0]["model"] == "PixelRNN (Diagonal BiLSTM, 7 layers)"
    assert rows[0]["second_hand"] == "yes"
    assert " | " in rows[0]["sources"]


def test_no_cell_is_a_formula() -> None:
    text = '=HYPERLINK("http://example.org")'
    one = Entry(name="a", dataset="d", split="t", model=text, nats=1.0, kind="exact", binarization="fixed")
    cell = next(csv.DictReader(io.StringIO(exchange.to_csv([one]))))["model"]
    assert cell == f"'{text}"
    [result] = exchange.from_csv(exchange.to_csv([one]).encode(), "x").values()
    assert result["model"] == text


@pytest.mark.parametrize(
    ("data", "message"),
    [
        (b"", "no column 'dataset'"),
        (b"dataset,model\na,b\n", "no column 'nats'. Needed are dataset, model, nats, kind, binarization"),
        (b"dataset,model,nats,kind,binarization\nd,m,x,exact,fixed\n", "Line 2 of the CSV: could not convert"),
        (b"dataset,model,nats,kind,binarization\nd,m,nan,exact,fixed\n", "Line 2 .*a finite number of nats"),
        (b"dataset,model,nats,kind,binarization\nd,m,1,best,fixed\n", "Line 2 of the CSV: .*kind is 'best'"),
        (b"\xff", "no CSV file in UTF-8"),
    ],
)
def test_csv_files_that_are_refused(data: bytes, message: str) -> None:
    with pytest.raises(FormatError, match=message):
        exchange.from_csv(data, "x")


def test_a_file_cannot_claim_evidence(tmp_path: Path) -> None:
    lines = b"dataset,model,nats,kind,binarization,level,stderr\nd,M,10,exact,fixed,3,0.1\n"
    additions.add_reported(exchange.from_csv(lines, "x"), folder=tmp_path)
    [entry] = entries.read_folder(tmp_path)
    assert (entry.level, entry.stderr) == (0, None)


def test_json_has_everything() -> None:
    content = json.loads(exchange.to_json(PUBLISHED))
    assert len(content["results"]) == len(PUBLISHED)
    assert content["results"][0]["rank"] == 1
