"""Certificates: what they say, what they cannot say, and that they stay reports."""

from __future__ import annotations

import dataclasses
import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from certified_coins import ABOUT, Edit

from onebit.errors import FormatError
from onebit.evaluation import Report
from onebit.leaderboard import certificates
from onebit.leaderboard.certificates import About, Certificate


def test_a_certificate_is_a_report_with_one_more_section(certified: Path, report: Report) -> None:
    assert sorted(file.name for file in certified.parent.iterdir()) == [
        "coins.json",
        "coins.npy",
        "coins.reference.npy",
    ]
    np.testing.assert_array_equal(Report.load(certified).nll, report.nll)
    again = certificates.read(certified)
    assert again.about == ABOUT
    np.testing.assert_array_equal(again.report.nll, report.nll)
    content = json.loads(certified.read_bytes())
    assert content["certificate"]["seal"] == certificates.seal(content)
    assert "level" not in content["certificate"]  # a certificate cannot say what it is worth


def test_a_plain_report_is_none(report: Report, tmp_path: Path) -> None:
    path = report.save(tmp_path / "plain.json")
    with pytest.raises(FormatError, match=r"a report and no certificate.*Type: onebit certify make plain\.json"):
        certificates.read(path)


def test_what_is_empty_is_left_out() -> None:
    short = About(title="t", authors=("a",), command="c")
    assert short.to_json() == {"title": "t", "authors": ["a"], "command": "c"}
    assert About.from_json(short.to_json()) == short
    assert About.from_json(ABOUT.to_json()) == ABOUT


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"title": " "}, "certificate.title is empty"),
        ({"title": "x" * 2001}, "a text of at most 2,000 characters"),
        ({"title": 5}, "certificate.title is '5'"),
        ({"authors": ()}, "certificate.authors has no names"),
        ({"authors": ("a", "")}, "certificate.authors has no names"),
        ({"command": "", "code_url": ""}, "does not say how the number came about"),
        ({"parameters": -1}, "certificate.parameters is -1"),
        ({"parameters": True}, "certificate.parameters is True"),
        ({"parameters": 1 << 63}, "certificate.parameters is"),
        ({"paper_url": "javascript:alert(1)"}, "certificate.paper_url is 'javascript:alert"),
        ({"code_url": "https://x.y/ <b>"}, "certificate.code_url is"),
        ({"code_url": "file:///etc/passwd"}, "certificate.code_url is"),
        ({"date": "25.11.2026"}, "write it as 2026-11-25"),
        ({"date": "2026-13-01"}, "write it as 2026-11-25"),
        ({"date": "9999-12-31"}, "write it as 2026-11-25"),
    ],
)
def test_what_a_certificate_cannot_say(change: dict[str, Any], message: str) -> None:
    with pytest.raises(FormatError, match=message):
        dataclasses.replace(ABOUT, **change)


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ([], "certificate is list; an object is expected"),
        ({"title": "t"}, "certificate.authors is missing"),
        ({"title": "t", "authors": "me", "command": "c"}, "certificate.authors is 'me'; a list of names"),
        ({"title": "t", "authors": ["a"], "command": "c", "level": 3}, "certificate.level is not known"),
    ],
)
def test_sections_that_are_refused(content: Any, message: str) -> None:
    with pytest.raises(FormatError, match=message):
        About.from_json(content)


@pytest.mark.parametrize("text", ["a\nb", "\x1b[2J", "\u202egnp.exe", "\ud800", "\x00", "a\u200bb", "\x9b"])
def test_texts_that_would_do_something_to_a_terminal(text: str, report: Report, edited: Edit, tmp_path: Path) -> None:
    with pytest.raises(FormatError, match=r"has the character U\+[0-9A-F]{4,}, which is not printed"):
        Certificate(report, dataclasses.replace(ABOUT, title=f"x{text}")).save(tmp_path / "x.json")
    assert not (tmp_path / "x.json").exists()
    path = edited(lambda content: content.update(note=text))
    with pytest.raises(FormatError, match="which is not printed"):
        certificates.read_content(path)


def test_names_of_other_alphabets(report: Report, tmp_path: Path) -> None:
    about = dataclasses.replace(ABOUT, title="Modèle à variables latentes — 模型", authors=("Ægir Ø",))
    path = Certificate(report, about).save(tmp_path / "modèle.json")
    assert certificates.read(path).about == about


@pytest.mark.parametrize("name", ["a b.json", ".json", "x:y.json"])
def test_names_of_certificates_are_plain(name: str, report: Report, tmp_path: Path) -> None:
    with pytest.raises(FormatError, match="made of letters, digits"):
        Certificate(report, ABOUT).save(tmp_path / name)


def test_sections_of_another_schema(edited: Edit) -> None:
    path = edited(lambda content: content["certificate"].update(schema=2))
    with pytest.raises(FormatError, match="is not of schema 1"):
        certificates.read(path)


def test_too_large(tmp_path: Path) -> None:
    path = tmp_path / "x.json"
    path.write_bytes(b" " * (certificates.MAX_JSON + 1))
    with pytest.raises(FormatError, match="at most 1,048,576 are allowed"):
        certificates.read(path)


@pytest.mark.parametrize("count", [0, -5, 10**9])
def test_how_many_images_there_can_be(count: int, edited: Edit) -> None:
    path = edited(lambda content: content["dataset"].update(num_examples=count))
    with pytest.raises(FormatError, match="images; from 1 to 1,000,000 are expected"):
        certificates.read(path)
