"""Markdown of the project's own files as HTML: records, guides, docstrings."""

from __future__ import annotations

import re
from collections.abc import Callable
from functools import cache
from typing import TYPE_CHECKING, Any

from onebit.errors import import_optional

if TYPE_CHECKING:
    from collections.abc import Sequence

    from markdown_it import MarkdownIt
    from markdown_it.token import Token

INSTALL = "onebit[site]"
Link = Callable[[str], str | None]
"""What becomes of the address of a link or a picture: another one, or None where it leads to nothing published."""


def slug(text: str) -> str:
    """A heading as the name of a place in the page."""
    return re.sub(r"[^a-z0-9]+", "-", text.lower()).strip("-") or "section"


class Prose:
    """A Markdown text, read.

    Args:
        text: Markdown with tables. HTML in it is shown as text; comments are dropped.
        link: what becomes of each link; without an address only its text stays.
        picture: what becomes of the address of each picture; without one its words stay.
        deeper: levels by which headings are moved down.
    """

    def __init__(self, text: str, *, link: Link = str, picture: Link = str, deeper: int = 0) -> None:
        self._tokens: Sequence[Token] = _parser().parse(text)
        self.headings: list[tuple[int, str, str]] = []  # level, anchor, text
        self._anchors: set[str] = set()
        for number, token in enumerate(self._tokens):
            if token.type == "heading_open":
                self._place_anchor(token, self._tokens[number + 1], deeper)
            elif token.type == "heading_close":
                token.tag = f"h{int(token.tag[1]) + deeper}"
            elif token.type in ("th_open", "td_open"):
                _plain_cell(token, self._tokens[number + 1 : number + 3])
            elif token.type == "inline":
                token.children = list(_linked(token.children or [], link, picture))

    def _place_anchor(self, token: Token, content: Token, deeper: int) -> None:
        level = int(token.tag[1]) + deeper
        text = "".join(part.content for part in content.children or ())
        anchor, number = slug(text), 2
        while anchor in self._anchors:
            anchor, number = f"{slug(text)}-{number}", number + 1
        self._anchors.add(anchor)
        token.tag = f"h{level}"
        token.attrSet("id", anchor)
        self.headings.append((level, anchor, text))

    @property
    def title(self) -> str:
        """The text of the first heading."""
        return self.headings[0][2] if self.headings else ""

    @property
    def html(self) -> str:
        """The text as HTML."""
        return str(_parser().renderer.render(self._tokens, _parser().options, {}))


def html_of(text: str, *, deeper: int = 0) -> str:
    """Markdown as HTML, links as they are."""
    return Prose(text, deeper=deeper).html


def sections(text: str) -> list[tuple[str, str]]:
    """The ``##`` sections of a text: title and Markdown of each."""
    parts = re.split(r"^## +(.+)$", text, flags=re.MULTILINE)
    return [(title.strip(), body.strip()) for title, body in zip(parts[1::2], parts[2::2], strict=True)]


@cache
def _parser() -> MarkdownIt:
    purpose = "A page of the catalog"
    markdown_it = import_optional("markdown_it", purpose=purpose, install=INSTALL)
    parser: MarkdownIt = markdown_it.MarkdownIt("commonmark").enable("table")
    parser.add_render_rule("html_block", _shown_html)
    parser.add_render_rule("html_inline", _shown_html)
    parser.add_render_rule("fence", _code_block)
    parser.add_render_rule("code_block", _code_block)
    parser.add_render_rule("table_open", _opened_table)
    parser.add_render_rule("table_close", _closed_table)
    return parser


def _linked(tokens: Sequence[Token], link: Link, picture: Link) -> Any:
    """The tokens with their links and pictures changed; of those that lead to nothing, the words stay."""
    kept: list[bool] = []
    for token in tokens:
        if token.type == "link_open":
            address = link(str(token.attrGet("href")))
            kept.append(address is not None)
            if address is None:
                continue
            token.attrSet("href", address)
        elif token.type == "link_close" and not kept.pop():
            continue
        elif token.type == "image":
            source = picture(str(token.attrGet("src")))
            if source is None:
                yield from token.children or []
                continue
            token.attrSet("src", source)
        yield token


def _plain_cell(token: Token, rest: Sequence[Token]) -> None:
    """Alignment by class, as the page's policy allows no styles of elements; a heading without words is no heading."""
    if token.attrs.pop("style", "") == "text-align:right":
        token.attrSet("class", "number")
    if token.tag == "th" and not rest[0].content:
        token.tag = rest[1].tag = "td"
    elif token.tag == "th":
        token.attrSet("scope", "col")


def _shown_html(self: Any, tokens: Sequence[Token], number: int, options: Any, env: Any) -> str:
    import html

    content = re.sub(r"<!--.*?-->", "", tokens[number].content, flags=re.DOTALL).strip()
    return html.escape(content)


def _code_block(self: Any, tokens: Sequence[Token], number: int, options: Any, env: Any) -> str:
    return code_html(tokens[number].content, tokens[number].info.partition(" ")[0])  # further words are for the tests


def code_html(code: str, language: str) -> str:
    """A block of code, Python with its words told apart."""
    body = _highlighted(code) if language in ("python", "py") else _escaped(code)
    return f'<pre tabindex="0"><code>{body}</code></pre>\n'


def _highlighted(code: str) -> str:
    pygments = import_optional("pygments", purpose="A page of the catalog", install=INSTALL)
    lexer = import_optional("pygments.lexers.python", purpose="A page of the catalog", install=INSTALL).PythonLexer()
    # Only what helps reading: keywords, texts, comments, numbers.
    classes = (("Keyword", "k"), ("Operator.Word", "k"), ("String", "s"), ("Comment", "c"), ("Number", "n"))
    parts: list[tuple[str, str]] = []
    for kind, text in pygments.lex(code, lexer):
        name = str(kind).removeprefix("Token.").replace("Literal.", "")
        found = next((short for start, short in classes if name.startswith(start)), "")
        if parts and parts[-1][0] == found:
            parts[-1] = found, parts[-1][1] + text
        else:
            parts.append((found, text))
    return "".join(f'<span class="{kind}">{_escaped(text)}</span>' if kind else _escaped(text) for kind, text in parts)


def _escaped(text: str) -> str:
    import html

    return html.escape(text, quote=False)


def _opened_table(self: Any, tokens: Sequence[Token], number: int, options: Any, env: Any) -> str:
    return '<div class="wide" tabindex="0" role="group" aria-label="Table"><table>\n'


def _closed_table(self: Any, tokens: Sequence[Token], number: int, options: Any, env: Any) -> str:
    return "</table></div>\n"
