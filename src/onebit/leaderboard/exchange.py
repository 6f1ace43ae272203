"""Results in the formats of others: the ``evaluation-tables`` of Papers With Code, and CSV.

Papers With Code closed in July 2025; its tables live on as an archive. There a task has data sets, a data set a table
of rows, and a row a model, a paper and metrics as texts. Neither binarization nor kind has a place in it: here each
binarization becomes a data set of its own, the kind stands in the name of the metric, and what else is known in an
object ``onebit`` of the row, which readers of that format pass over. Rows from elsewhere come in with "not stated"
where they do not say it.
"""

from __future__ import annotations

import csv
import io
import json
import re
from collections.abc import Iterable, Mapping
from typing import Any

from onebit.errors import FormatError
from onebit.formats.strict_json import read_json
from onebit.leaderboard.entries import BINARIZATIONS, NOT_STATED, PUBLISHED, SCHEMA, Entry, check_published
from onebit.leaderboard.ranks import rankings
from onebit.leaderboard.untrusted_files import is_plain

LARGEST = 64 << 20  # bytes of a file that is imported
_LONGEST_NAME = 150  # bytes of the name of a result; file systems allow 255

TASK = "Image Generation"
_NAMES = {"binarized_mnist": "Binarized MNIST"}  # of data sets at Papers With Code
_METRICS = {
    "exact": "nats",
    "upper bound": "nats (upper bound)",
    "estimate": "nats (estimate)",
    "lower bound": "nats (lower bound)",
    NOT_STATED: "NLL",
}
# What tables of Papers With Code call the negative log-likelihood in nats. There nobody says whether it is a bound.
_FOREIGN_METRICS = ("nats", "nll", "nll (nats)", "negative log-likelihood", "-log-likelihood", "test nll")
_NUMBER = re.compile(r"\s*(?P<sign><=|≤|<|~|≈|=)?\s*(?P<number>-?\d+(?:\.\d+)?)\s*(?:nats)?\s*", re.ASCII)
_SIGNS = {"<=": "upper bound", "≤": "upper bound", "<": "upper bound", "~": "estimate", "≈": "estimate"}

COLUMNS = (
    "name", "dataset", "split", "model", "nats", "stderr", "bits_per_pixel", "kind", "binarization", "level", "note",
    "year", "paper", "paper_url", "code_url", "sources", "second_hand", "confidence",
)  # fmt: skip


# Writing --------------------------------------------------------------------------------------------------------------


def to_json(entries: Iterable[Entry]) -> str:
    """All that is known of each result, best first within its ranking."""
    listed = [row.entry.to_json() | {"rank": row.rank} for ranking in rankings(entries) for row in ranking.rows]
    return json.dumps({"onebit_leaderboard": 1, "results": listed}, indent=1, ensure_ascii=False) + "\n"


def to_csv(entries: Iterable[Entry]) -> str:
    """A row for each result, best first within its ranking; several sources are separated by ``" | "``."""
    out = io.StringIO()
    writer = csv.DictWriter(out, COLUMNS, lineterminator="\n")
    writer.writeheader()
    for ranking in rankings(entries):
        for row in ranking.rows:
            known = row.entry.to_json() | {"name": row.entry.name, "sources": " | ".join(row.entry.sources)}
            writer.writerow({name: _cell(known[name]) for name in COLUMNS})
    return out.getvalue()


def _cell(value: Any) -> str:
    """A value as a cell. A text that a spreadsheet would take for a formula gets an apostrophe in front."""
    if value is None:
        return ""
    if isinstance(value, bool):
        return "yes" if value else "no"
    text = str(value) if not isinstance(value, float) else repr(value)
    return f"'{text}" if isinstance(value, str) and text[:1] in ("=", "+", "-", "@", "'") else text


def to_evaluation_tables(entries: Iterable[Entry]) -> str:
    """The JSON of Papers With Code's ``evaluation-tables``."""
    datasets: dict[str, dict[str, Any]] = {}
    for ranking in rankings(entries):
        name = _foreign_name(ranking.dataset, ranking.binarization)
        table = datasets.setdefault(name, _empty_table(name))
        metric = _METRICS[ranking.kind]
        if metric not in table["sota"]["metrics"]:
            table["sota"]["metrics"].append(metric)
        table["sota"]["rows"] += [_foreign_row(row.entry, metric) for row in ranking.rows]
    task: dict[str, Any] = {
        "task": TASK,
        "description": "",
        "categories": ["Computer Vision"],
        "datasets": list(datasets.values()),
        "subtasks": [],
        "synonyms": [],
        "source_link": None,
    }
    return json.dumps([task], indent=1, ensure_ascii=False) + "\n"


def _foreign_name(dataset: str, binarization: str) -> str:
    name = _NAMES.get(dataset, dataset)
    return name if binarization == "fixed" else f"{name} ({binarization} binarization)"


def _empty_table(name: str) -> dict[str, Any]:
    return {
        "dataset": name,
        "description": "",
        "dataset_links": [],
        "dataset_citations": [],
        "subdatasets": [],
        "sota": {"metrics": [], "rows": []},
    }


def _foreign_row(entry: Entry, metric: str) -> dict[str, Any]:
    known = {"name": entry.name, "dataset": entry.dataset, "split": entry.split, "nats": entry.nats, "note": entry.note}
    known |= {"kind": entry.kind, "binarization": entry.binarization, "level": entry.level, "stderr": entry.stderr}
    known |= {"sources": list(entry.sources), "second_hand": entry.second_hand, "confidence": entry.confidence}
    return {
        "model_name": entry.model,
        "paper_title": entry.paper,
        "paper_url": entry.paper_url,
        "paper_date": f"{entry.year}-01-01" if entry.year else None,
        "code_links": [{"title": "code", "url": entry.code_url}] if entry.code_url else [],
        "model_links": [],
        "metrics": {metric: f"{entry.nats:.2f}"},
        "uses_additional_data": False,
        "onebit": known,
    }


# Reading --------------------------------------------------------------------------------------------------------------


def from_evaluation_tables(data: bytes, source: str, dataset: str = "binarized_mnist") -> dict[str, dict[str, Any]]:
    """Reported results by name, as ``published/NAME.json`` has them.

    Tables whose data set is not the one that is asked for are passed over, as are metrics that are not nats.

    Args:
        data: the file.
        source: where it comes from, for the results that name no source of their own.
        dataset: the data set whose tables are wanted.

    Raises:
        FormatError: it is no such file, or a row is not as it has to be.
    """
    content = read_json(data, max_bytes=LARGEST)
    if not isinstance(content, list) or not all(isinstance(task, dict) for task in content):
        raise FormatError("The evaluation-tables of Papers With Code are a list of tasks; this is something else.")
    found: dict[str, dict[str, Any]] = {}
    for task in _tasks(content):
        for table in _list(task.get("datasets")):
            binarization = _binarization(table.get("dataset"), dataset)
            sota = table.get("sota")
            if binarization is None or not isinstance(sota, dict):
                continue
            for row in _list(sota.get("rows")):
                _add(found, _from_row(row, dataset, binarization, source))
    return found


def _tasks(content: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """All tasks, those inside of others among them."""
    found = []
    waiting = list(content)
    while waiting:
        task = waiting.pop()
        found.append(task)
        waiting += _list(task.get("subtasks"))
    return found


def _list(value: Any) -> list[dict[str, Any]]:
    return [one for one in value if isinstance(one, dict)] if isinstance(value, list) else []


def _binarization(name: Any, dataset: str) -> str | None:
    """The binarization of a table by the name of its data set; None where it is of another data set."""
    if not isinstance(name, str):
        return None
    for binarization in BINARIZATIONS:
        if name == _foreign_name(dataset, binarization) and binarization != "fixed":
            return binarization
    plain = re.sub(r"[\s_-]+", " ", name).strip().lower()
    return "fixed" if plain == re.sub(r"[\s_-]+", " ", _NAMES.get(dataset, dataset)).lower() else None


def _from_row(row: Mapping[str, Any], dataset: str, binarization: str, source: str) -> dict[str, Any] | None:
    """A reported result; None for a row without nats."""
    ours = row.get("onebit")
    if isinstance(ours, dict):
        return _ours(row, ours, source)
    for name, value in (row.get("metrics") or {}).items() if isinstance(row.get("metrics"), dict) else ():
        match = _NUMBER.fullmatch(str(value))
        kinds = {metric: kind for kind, metric in _METRICS.items()}
        if match is None or name.lower() not in (*_FOREIGN_METRICS, *kinds):
            continue
        stated = _SIGNS.get(match["sign"] or "", NOT_STATED)
        date = str(row.get("paper_date") or "")
        return _reported(
            row,
            dataset=dataset,
            nats=abs(float(match["number"])),
            kind=kinds[name] if name in kinds and name not in ("nats", "NLL") else stated,
            # A board of that name mixed them: nobody stated which one it was.
            binarization=NOT_STATED if binarization == "fixed" else binarization,
            year=int(date[:4]) if re.match(r"\d{4}", date) else None,
            sources=[source],
        )
    return None


def _ours(row: Mapping[str, Any], known: Mapping[str, Any], source: str) -> dict[str, Any]:
    date = str(row.get("paper_date") or "")
    found = _reported(
        row,
        **{name: known.get(name) for name in ("dataset", "split", "nats", "kind", "binarization", "note")},
        year=int(date[:4]) if re.match(r"\d{4}", date) else None,
        sources=known.get("sources") or [source],
        second_hand=known.get("second_hand"),
        confidence=known.get("confidence") or "low",
    )
    return found | {"name": known.get("name")}


def _reported(row: Mapping[str, Any], **values: Any) -> dict[str, Any]:
    links = _list(row.get("code_links"))
    common = {
        "onebit_result": SCHEMA,
        "split": "test",
        "model": row.get("model_name"),
        "note": "",
        "paper": row.get("paper_title") or None,
        "paper_url": row.get("paper_url") or None,
        "code_url": (links[0].get("url") or None) if links else None,
        "second_hand": True,
        "confidence": "low",
    }
    return common | values


def from_csv(data: bytes, source: str) -> dict[str, dict[str, Any]]:
    """Reported results by name from a CSV file with the columns that `to_csv` writes; more columns are passed over.

    Needed are dataset, model, nats, kind and binarization.

    Raises:
        FormatError: it is no CSV file in UTF-8, a column is missing, or a row is not as it has to be.
    """
    if len(data) > LARGEST:
        raise FormatError(f"The CSV has {len(data):,} bytes; at most {LARGEST:,} are allowed.")
    try:
        reader = csv.DictReader(io.StringIO(data.decode("utf-8-sig"), newline=""), strict=True)
        rows = list(reader)
    except (UnicodeDecodeError, csv.Error) as error:
        raise FormatError(f"This is no CSV file in UTF-8: {error}.") from error
    needed = ("dataset", "model", "nats", "kind", "binarization")
    missing = [name for name in needed if name not in (reader.fieldnames or [])]
    if missing:
        raise FormatError(f"The CSV has no column {missing[0]!r}. Needed are {', '.join(needed)}.")
    found: dict[str, dict[str, Any]] = {}
    for number, row in enumerate(rows, start=2):
        try:
            _add(found, _from_cells({name: _text(row.get(name)) for name in COLUMNS}, source))
        except ValueError as error:
            raise FormatError(f"Line {number} of the CSV: {error}") from error
    return found


def _text(cell: Any) -> str:
    text = cell if isinstance(cell, str) else ""
    return text[1:] if text.startswith("'") else text


def _from_cells(cells: Mapping[str, str], source: str) -> dict[str, Any]:
    return {
        "name": cells["name"] or None,
        "onebit_result": SCHEMA,
        "dataset": cells["dataset"],
        "split": cells["split"] or "test",
        "model": cells["model"],
        "nats": float(cells["nats"]),
        "kind": cells["kind"],
        "binarization": cells["binarization"],
        "note": cells["note"],
        "year": int(cells["year"]) if cells["year"] else None,
        "paper": cells["paper"] or None,
        "paper_url": cells["paper_url"] or None,
        "code_url": cells["code_url"] or None,
        "sources": cells["sources"].split(" | ") if cells["sources"] else [source],
        "second_hand": cells["second_hand"] != "no",
        "confidence": cells["confidence"] or "low",
    }


def _add(found: dict[str, dict[str, Any]], result: dict[str, Any] | None) -> None:
    """Puts a result under a name of its own, once it is known to be one."""
    if result is None:
        return
    name = result.pop("name", None)
    check_published(result, f"{PUBLISHED} result {str(result.get('model'))[:60]!r}")
    stem = name if isinstance(name, str) and _is_name(name) else slug(result)
    unique, number = stem, 1
    while unique in found:
        number += 1
        unique = f"{stem}-{number}"
    found[unique] = result


def _is_name(text: str) -> bool:
    """Whether a file can be called so, on every system, with a number and an ending after it."""
    return len(text.encode()) <= _LONGEST_NAME and "." not in text and is_plain(f"{text}.json")


def slug(result: Mapping[str, Any]) -> str:
    """A name for a result: ``pixelrnn-1-layer-2016``."""
    words = [result["model"], *([] if result["binarization"] == "fixed" else [result["binarization"]])]
    text = re.sub(r"[^\w]+", "-", " ".join(words).lower()).encode()[: _LONGEST_NAME - 20].decode(errors="ignore")
    text = text.strip("-") or "result"
    name = f"{text}-{result['year']}" if result["year"] else text
    return name if _is_name(name) else f"result-{name}"
