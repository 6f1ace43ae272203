"""The leaderboard in the site: without a script, as files, with titles of strangers."""

from __future__ import annotations

import csv
import io
import json
import re
from pathlib import Path

import html5lib
import markup
import numpy as np
import pytest
from certified_coins import write_results

from onebit.evaluation import Comparison, Report
from onebit.leaderboard import certificates, exchange
from onebit.site import building, leaderboard_page
from onebit.site.entries import Entry
from onebit.site.links import foreign_requests, html_problems


@pytest.fixture(scope="module")
def results(digits: Entry, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A user's folder of results on calibrated_digits."""
    folder = tmp_path_factory.mktemp("results")
    write_results(folder, digits.builder.data_dir_root)
    return folder


@pytest.fixture
def files(digits: Entry, bare: Entry, results: Path, monkeypatch: pytest.MonkeyPatch) -> dict[str, bytes]:
    monkeypatch.setenv("ONEBIT_LEADERBOARD_DIR", str(results))
    return leaderboard_page.files([bare.builder, digits.builder])


@pytest.fixture
def tree(files: dict[str, bytes]) -> markup.Node:
    return markup.read(files["index.html"].decode())


def board(tree: markup.Node, dataset: str, binarization: str) -> markup.Node:
    section = tree.one("section", **{"data-dataset": dataset, "class": f"dataset dataset-{1 + (dataset[0] == 'c')}"})
    return section.one("section", **{"data-binarization": binarization})


def test_the_html_is_sound(files: dict[str, bytes]) -> None:
    text = files["index.html"].decode()
    assert html_problems(text) == []
    html5lib.HTMLParser(strict=False).parse(text)
    assert list(foreign_requests(text)) == []
    assert "alert(1)" in text and "<img src=x" not in text and "</script><img" not in text


def test_each_binarization_and_kind_has_a_table_of_its_own(tree: markup.Node) -> None:
    fixed = board(tree, "binarized_mnist", "fixed")
    kinds = [one.attributes["data-kind"] for one in fixed.all("div") if "data-kind" in one.attributes]
    assert kinds == ["exact", "upper-bound", "estimate"]
    exact = markup.rows(fixed.one("div", **{"data-kind": "exact"}).one("table"))
    assert exact[0][0] == "1" and exact[0][1].startswith("PixelRNN (Diagonal BiLSTM, 7 layers)")
    assert exact[0][2:4] == ["79.20", "0.1457"] and exact[0][5] == "0 reportedsecond-hand"
    bounds = markup.rows(fixed.one("div", **{"data-kind": "upper-bound"}).one("table"))
    assert bounds[0][2] == "≤ 78.30"
    assert [row[2] for row in bounds] == sorted((row[2] for row in bounds), key=lambda cell: float(cell.split()[1]))
    dynamic = board(tree, "binarized_mnist", "dynamic")
    assert markup.rows(dynamic.one("div", **{"data-kind": "exact"}).one("table"))[0][2] == "77.56"


def test_certified_results(tree: markup.Node, results: Path) -> None:
    report = certificates.read(results / "certified" / "calibrated_digits" / "coins.json").report
    row = tree.one("tr", id="calibrated_digits.coins")
    cells = [cell.words for cell in row.inside if isinstance(cell, markup.Node)]
    assert cells[2] == f"{report.mean:.2f} ± {report.stderr:.2f}"
    assert report.gap is not None
    assert cells[3] == f"{report.gap[0]:.2f} ± {report.gap[1]:.2f}"
    assert cells[5] == "1 consistent"
    assert row.attributes["data-level"] == "1"
    assert "Certified byA. Author, 2026-11-25" in cells[1]
    truth = -report.arrays["reference"].mean()
    assert f"The source of these images is known: it takes {truth:.2f} ±" in tree.one("main").words


def test_doubts_are_shown(tree: markup.Node) -> None:
    words = tree.one("tr", id="calibrated_digits.bound").words
    assert words.count("in doubt") == 1 and "in doubt" not in tree.one("tr", id="calibrated_digits.coins").words
    assert "DoubtSomething makes these numbers doubtful." in words and "ELBO-201.00" in words


def test_sources_are_named(tree: markup.Node) -> None:
    words = tree.one("tr", id="binarized_mnist.iaf-vae-2016").words
    assert "Chen et al., ICLR 2017, arXiv:1611.02731 (VLAE), Table 1" in words
    assert "the paper headline 79.10 is DYNAMIC" in words


def test_permalinks(tree: markup.Node) -> None:
    rows = [row for row in tree.all("tr") if "data-level" in row.attributes]
    assert len(rows) >= 86
    for row in rows:
        [link] = row.all("a", **{"class": "permalink"})
        assert link.attributes["href"] == f"#{row.attributes['id']}"


def test_the_chart(tree: markup.Node) -> None:
    drawing = board(tree, "binarized_mnist", "fixed").one("svg", role="img")
    assert "results from 2008 to" in drawing.attributes["aria-label"]
    anchors = {row.attributes["id"] for row in tree.all("tr") if "id" in row.attributes}
    marks = [mark for mark in drawing.all("g") if "data-row" in mark.attributes]
    assert len(marks) > 35 and {mark.attributes["data-row"] for mark in marks} <= anchors
    assert board(tree, "calibrated_digits", "fixed").all("svg", role="img") == []  # of one year


def test_two_models_are_compared(tree: markup.Node, results: Path) -> None:
    home = results / "certified" / "calibrated_digits"
    first, second = (Report.load(home / f"{name}.json") for name in ("coins", "smooth-coins"))
    comparison = Comparison(first, second)
    content = json.loads(tree.one("script", id="comparisons").text)["calibrated_digits"]
    names = content["models"]
    low, high = names.index("Independent coins"), names.index("Smooth coins")
    mean, error, images, _ = content["pairs"][high * (high - 1) // 2 + low]
    assert (mean, error) == (pytest.approx(comparison.mean, abs=1e-4), pytest.approx(comparison.stderr, abs=1e-5))
    assert [row for row, _ in images[:6]] == np.argsort(comparison.differences, kind="stable")[:6].tolist()
    assert set(content["images"]) >= {str(row) for row, _ in images}
    pairs = tree.all("table", **{"class": "pairs"})[-1]
    assert f"{comparison.mean:+.2f} ± {comparison.stderr:.2f}" in pairs.words


def test_downloads(files: dict[str, bytes], results: Path) -> None:
    everything = json.loads(files["leaderboard.json"])["results"]
    assert len(list(csv.DictReader(io.StringIO(files["leaderboard.csv"].decode())))) == len(everything)
    for dataset, name in (("binarized_mnist", "iaf-vae-2016"), ("calibrated_digits", "coins")):
        assert name in exchange.from_evaluation_tables(files["evaluation-tables.json"], "x", dataset)
    home = results / "certified"
    for path in home.rglob("*.np*"):
        assert files[f"certified/{path.relative_to(home).as_posix()}"] == path.read_bytes()


def test_downloaded_certificates_can_be_checked(files: dict[str, bytes], tmp_path: Path) -> None:
    for path, content in files.items():
        if path.startswith("certified/calibrated_digits/coins"):
            (tmp_path / Path(path).name).write_bytes(content)
    assert certificates.read(tmp_path / "coins.json").about.title == "Independent coins"


def test_it_is_a_part_of_the_site(digits: Entry, results: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ONEBIT_LEADERBOARD_DIR", str(results))
    files = building.site_files([digits])  # raises for links that lead nowhere
    page = markup.read(files["calibrated_digits/index.html"].decode())
    address = "../leaderboard/index.html#dataset=calibrated_digits"
    facts = page.one("dl", **{"class": "facts"}).all("a")
    assert address in [link.attributes["href"] for link in facts]
    assert address in [link.attributes["href"] for link in page.one("p", **{"class": "buttons"}).all("a")]
    board = files["leaderboard/index.html"].decode()
    assert "binarized_mnist" not in board  # it is not in this site
    policy = re.search(r'Content-Security-Policy" content="([^"]+)"', board)
    assert policy is not None and "'unsafe" not in policy[1]


def test_the_same_again(files: dict[str, bytes], digits: Entry, bare: Entry) -> None:
    assert leaderboard_page.files([bare.builder, digits.builder]) == files


def test_links_into_the_explorer(
    digits: Entry, results: Path, monkeypatch: pytest.MonkeyPatch, files: dict[str, bytes]
) -> None:
    """They are there where the site has an explorer, and name columns that it has."""
    from onebit.explorer import nats
    from onebit.explorer.contents import opened
    from onebit.site import places

    monkeypatch.setattr(places, "shows", lambda place, entry=None: True)
    tree = markup.read(leaderboard_page.files([digits.builder])["index.html"].decode())
    column = "nats_smooth_coins"
    assert column in [f"nats_{vector.name}" for vector in nats.vectors(opened(digits.builder), "image")]
    row = tree.one("tr", id="calibrated_digits.smooth-coins")
    assert f"../explorer/index.html#tab=STATS&dataset=calibrated_digits&filter=split:test&sort=-{column}" in [
        link.attributes["href"] for link in row.all("a")
    ]
    content = json.loads(tree.one("script", id="comparisons").text)["calibrated_digits"]
    assert content["explorer"] == "../explorer/index.html" and column in content["columns"]
    home = results / "certified" / "calibrated_digits"
    first, second = (Report.load(home / f"{name}.json") for name in ("coins", "smooth-coins"))
    low, high = content["columns"].index("nats_coins"), content["columns"].index(column)
    assert low < high
    listed = content["pairs"][high * (high - 1) // 2 + low][3]
    assert (first.nll[listed[0]] < second.nll[listed[0]]).all() and (second.nll[listed[1]] < first.nll[listed[1]]).all()
