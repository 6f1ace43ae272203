"""``ds.explore()``: the rows that are chosen, the frame in a notebook, where the browser is."""

from __future__ import annotations

import html
import itertools
import json
import re
import urllib.request
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from onebit.builders import DatasetBuilder
from onebit.explorer import notebook
from onebit.explorer.bundle import BundleMissingError
from onebit.explorer.notebook import Exploration, chosen_rows

HOSTED = ("JUPYTERHUB_SERVICE_PREFIX", "COLAB_RELEASE_TAG", "KAGGLE_KERNEL_RUN_TYPE", "SSH_CONNECTION", "CODESPACES")


@pytest.fixture(autouse=True)
def at_home(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in HOSTED:
        monkeypatch.delenv(name, raising=False)


@pytest.fixture
def dataset(prepared: DatasetBuilder, small_bundle: dict[str, bytes]) -> Any:
    return prepared.as_dataset("test")


@pytest.fixture
def explored(dataset: Any) -> Iterator[Exploration]:
    made = dataset[10:20].explore()
    yield made
    made.close()


def told(page: str) -> Any:
    found = re.search(r'id="onebit-config">(.*?)</script>', page)
    assert found is not None
    return json.loads(found[1])


@given(st.lists(st.integers(0, 49), max_size=30))
def test_rows_are_runs(numbers: list[int]) -> None:
    dataset = SAVED["dataset"]
    runs = chosen_rows(dataset[numbers])
    assert [row for start, stop in runs for row in range(start, stop)] == sorted({370 + number for number in numbers})
    assert all(start < stop for start, stop in runs)
    assert all(a[1] < b[0] for a, b in itertools.pairwise(runs))  # none that could be one


SAVED: dict[str, Any] = {}


@pytest.fixture(autouse=True)
def saved(prepared: DatasetBuilder) -> None:
    SAVED["dataset"] = prepared.as_dataset("test")  # hypothesis and fixtures of one call do not go together


def test_any_plan_of_rows(dataset: Any, prepared: DatasetBuilder) -> None:
    assert chosen_rows(dataset) == [[370, 420]]
    assert chosen_rows(prepared.as_dataset("validation[:5]+test[:5]")) == [[300, 305], [370, 375]]
    assert chosen_rows(dataset.shuffle(seed=1).take(50)) == [[370, 420]]
    assert chosen_rows(dataset.shard(25, 3)) == [[373, 374], [398, 399]]
    assert chosen_rows(dataset.take(0)) == []
    assert chosen_rows(dataset.take(2).repeat(3)) == [[370, 372]]


@pytest.mark.parametrize("step", [lambda ds: ds.batch(2), lambda ds: ds.map(abs), lambda ds: ds.repeat()])
def test_what_are_no_rows(dataset: Any, step: Any) -> None:
    with pytest.raises(TypeError, match=r"explore\(\) shows rows: call it before batch\(\), map\(\)"):
        step(dataset).explore()


def test_a_frame_of_the_local_server(explored: Exploration) -> None:
    frame = explored._repr_html_()
    assert f'<iframe src="{explored.address}"' in frame and explored.address in frame.split("</iframe>")[1]
    with urllib.request.urlopen(explored.address, timeout=5) as answer:
        assert told(answer.read().decode())["rows"] == [[380, 390]]
        assert "http://localhost:*" in answer.headers["Content-Security-Policy"]
    assert explored._repr_html_() == frame  # one server, shown twice


def test_a_page_with_everything_inside(dataset: Any) -> None:
    explored = dataset.explore(inline=True, height=300)
    frame = explored._repr_html_()
    found = re.fullmatch(r'<iframe srcdoc="([^"]*)" style="width:100%;height:300px[^>]*></iframe>', frame)
    assert found is not None
    page = html.unescape(found[1])
    assert told(page) == {
        "datasets": [{"name": "small_digits", "version": "1.2.3", "inline": True}],
        "current": "small_digits",
        "leaderboard": None,
        "rows": [[370, 420]],
    }
    assert explored._server is None


@pytest.mark.parametrize("variable", HOSTED)
def test_where_the_browser_is_elsewhere(dataset: Any, variable: str, monkeypatch: pytest.MonkeyPatch) -> None:
    assert not dataset.explore().inline
    monkeypatch.setenv(variable, "x")
    assert dataset.explore().inline and not dataset.explore(inline=False).inline


def test_in_a_browser(explored: Exploration, monkeypatch: pytest.MonkeyPatch) -> None:
    opened: list[str] = []
    monkeypatch.setattr(notebook.webbrowser, "open", opened.append)
    assert explored.open() is explored and opened == [explored.address]
    assert repr(explored) == (
        f"<onebit.Exploration of small_digits, 10 images chosen, {explored.address}; .open() shows it>"
    )
    explored.close()
    explored.close()
    assert "127.0.0.1" not in repr(explored)
    with urllib.request.urlopen(explored.address, timeout=5) as answer:  # a new server
        assert answer.status == 200


def test_saved(explored: Exploration, tmp_path: Path) -> None:
    out = explored.save(tmp_path / "one.html")
    assert told(out.read_text(encoding="utf-8"))["rows"] == [[380, 390]]
    folder = explored.save(tmp_path / "folder")
    assert told((folder / "index.html").read_text(encoding="utf-8"))["rows"] == [[380, 390]]


def test_everything_is_no_choice(prepared: DatasetBuilder, small_bundle: dict[str, bytes], tmp_path: Path) -> None:
    explored = prepared.as_dataset("train+validation+test").explore()
    assert explored.rows == [[0, 420]]
    assert "rows" not in told(explored.save(tmp_path / "one.html").read_text(encoding="utf-8"))


def test_without_a_front_end(prepared: DatasetBuilder, no_bundle: None) -> None:
    with pytest.raises(BundleMissingError, match="front end is not built"):
        prepared.as_dataset("test").explore()


def test_rows_are_numbers_of_json(dataset: Any) -> None:
    assert all(type(number) is int for run in chosen_rows(dataset[np.array([3, 9])]) for number in run)
