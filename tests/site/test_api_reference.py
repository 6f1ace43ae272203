"""The reference: every public name, with its signature and all of its docstring."""

from __future__ import annotations

import inspect
import re

import markup
import pytest

import onebit
from onebit.site.api_reference import described, reference_page
from onebit.site.links import html_problems


@pytest.fixture(scope="module")
def reference() -> markup.Node:
    html = reference_page("../")
    assert html_problems(html) == []
    return markup.read(html)


def test_every_public_name(reference: markup.Node) -> None:
    names = {name for name in onebit.__all__ if not name.startswith("__")}
    assert {heading.attributes["id"] for heading in reference.all("h2")} == names
    links = [link.attributes["href"] for link in reference.one("nav", **{"class": "contents"}).all("a")]
    assert links[0][1:] == "as_dataframe" and {link[1:] for link in links} == names


@pytest.mark.parametrize("name", ["load", "builder", "Dataset", "even_splits", "show_examples"])
def test_all_of_the_docstring(reference: markup.Node, name: str) -> None:
    [entry] = [one for one in reference.all("section") if one.all("h2", id=name)]
    shown = "".join(entry.words.split())
    for word in re.sub(
        r"# doctest:.*|`|^(Args|Returns|Raises):|:(?= )", "", inspect.getdoc(getattr(onebit, name))
    ).split():
        assert word.strip(":*") in shown, word


def test_signatures(reference: markup.Node) -> None:
    blocks = {block.text.strip() for block in reference.all("pre")}
    assert "onebit.list_builders() -> list[str]" in blocks
    [load] = [block for block in blocks if block.startswith("onebit.load(")]
    assert load.startswith("onebit.load(\n    name: str | os.PathLike[str],\n    *,\n    split: Any = None,\n")
    assert "take(count: int) -> Dataset" in blocks
    assert "class onebit.FormatError" in blocks
    assert "onebit.INFINITE_CARDINALITY = -1" in blocks
    assert not any(" at 0x" in block or "ForwardRef" in block for block in blocks)


def test_sections_of_a_docstring() -> None:
    def thing(a: int, *rest: str, b: float = 1.5, **more: object) -> str:
        """What it does.

        >>> thing(1)   # doctest: +SKIP
        'x'

        Args:
            a: the first
                of them.
            b: in ``nats``.

        Returns:
            A text: always.

        Raises:
            ValueError, KeyError: never.
        """
        return f"{a}{rest}{b}{more}"

    found = described("thing", thing, "m.thing", "thing")
    assert markup.read(found.signature).words == "m.thing(a: int, *rest: str, b: float = 1.5, **more: object) -> str"
    arguments, returns, raises = found.sections
    assert [(one.name, markup.read(one.html).words) for one in arguments.arguments] == [
        ("a", "the first of them."),
        ("b", "in nats."),
    ]
    assert (returns.arguments, markup.read(returns.html).words) == ([], "A text: always.")
    assert raises.arguments[0].name == "ValueError, KeyError"
    assert markup.read(found.text).one("pre").text == ">>> thing(1)\n'x'\n"


def test_the_same_again() -> None:
    assert reference_page("../") == reference_page("../")
