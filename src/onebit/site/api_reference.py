"""The reference of the public names, from their signatures and docstrings."""

from __future__ import annotations

import inspect
import re
from collections.abc import Iterator
from types import ModuleType
from typing import Any, ForwardRef, NamedTuple

from onebit.site import prose
from onebit.site.pages import code, framed, safe

_SECTION = re.compile(r"^(Args|Arguments|Attributes|Returns|Raises|Yields|Example|Examples):[ ]*$", re.MULTILINE)
_NAMED = re.compile(r"^(?P<name>[\w*][\w*.,\[\] ]*):[ ]+(?P<text>.*)$")


_STARS: dict[Any, str] = {inspect.Parameter.VAR_POSITIONAL: "*", inspect.Parameter.VAR_KEYWORD: "**"}
_ORDER = ("function", "class", "module", "error", "constant")
_LONGEST_SIGNATURE = 90  # characters; longer ones have a line for each parameter


class Argument(NamedTuple):
    """One line of a section: a name and what is said of it."""

    name: str
    html: Any


class Section(NamedTuple):
    """A section of a docstring: named lines, or prose."""

    title: str
    arguments: list[Argument]
    html: Any


class Member(NamedTuple):
    """A public name, or a public method of a class.

    Attributes:
        members: of a class its methods and properties; of a module its classes and functions.
    """

    name: str
    anchor: str
    kind: str
    signature: Any
    text: Any
    sections: list[Section]
    members: list[Member]


def reference_page(root: str) -> str:
    """The page with every name of ``onebit.__all__``."""
    import onebit

    members = [described(name, getattr(onebit, name), f"onebit.{name}", name) for name in _names(onebit)]
    members.sort(key=lambda member: (_ORDER.index(member.kind), member.name))
    return framed(
        "reference.html.j2",
        title="Reference · onebit",
        summary="The public names of onebit: what they take, what they give, what they raise.",
        root=root,
        here="reference",
        contents=[(member.anchor, member.name) for member in members],
        members=members,
    )


def _names(module: ModuleType) -> list[str]:
    return [name for name in module.__all__ if not name.startswith("__")]


def described(name: str, thing: Any, path: str, anchor: str) -> Member:
    """A name of Python as the reference shows it.

    Args:
        name: the name.
        thing: what it stands for.
        path: how it is written after ``import onebit``.
        anchor: its place in the page.
    """
    text, sections = _docstring(thing)
    kind, members, signature = "constant", [], f"{path} = {thing!r}"
    if inspect.ismodule(thing):
        kind, signature = "module", f"import {thing.__name__}"
        members = [
            described(key, value, f"{path}.{key}", f"{anchor}.{key}")
            for key, value in sorted(vars(thing).items())
            if not key.startswith("_") and _is_own(thing, key, value) and callable(value)
        ]
    elif inspect.isclass(thing):
        kind = "error" if issubclass(thing, BaseException) else "class"
        signature = f"class {path}{_signature(thing)}"
        members = [
            described(key, value, key, f"{anchor}.{key}")
            for key, value in _public_members(thing)
            if inspect.getdoc(value)
        ]
    elif callable(thing):
        kind, signature = "function", f"{path}{_signature(thing)}"
    elif isinstance(thing, property):
        kind, signature = "property", name
    elif isinstance(thing, (int, str)):
        text, sections = "", []  # their docstrings are those of int and str
    return Member(name, anchor, kind, code(signature, "python"), text, sections, members)


def _is_own(module: ModuleType, name: str, value: Any) -> bool:
    """Whether something is a module's own: it says so, or it was defined there."""
    listed = getattr(module, "__all__", None)
    return name in listed if listed is not None else getattr(value, "__module__", "") == module.__name__


def _public_members(kind: type) -> Iterator[tuple[str, Any]]:
    """Methods and properties that a class or a class of onebit below it defines, by name."""
    found: dict[str, Any] = {}
    for ancestor in reversed(kind.__mro__):
        if ancestor.__module__.split(".")[0] == "onebit":
            found |= {key: value for key, value in vars(ancestor).items() if not key.startswith("_")}
    for key, value in sorted(found.items()):
        if isinstance(value, (classmethod, staticmethod)):
            yield key, value.__func__
        elif inspect.isfunction(value) or isinstance(value, property):
            yield key, value
        elif type(value).__name__ == "cached_property":
            yield key, property(value.func)


def _signature(thing: Any) -> str:
    """The parameters and the result of a function, or of a class, as a stub file has them; empty for exceptions."""
    try:
        signature = inspect.signature(thing)
    except (TypeError, ValueError):  # a class of C, for one
        return ""
    if inspect.isclass(thing) and issubclass(thing, BaseException):
        return ""
    result = "" if inspect.isclass(thing) else _annotation(signature.return_annotation)
    arrow = f" -> {result}" if result else ""
    parts = _parameters([value for name, value in signature.parameters.items() if name not in ("self", "cls")])
    line = f"({', '.join(parts)}){arrow}"
    if len(line) < _LONGEST_SIGNATURE:
        return line
    return "(\n" + "".join(f"    {part},\n" for part in parts) + f"){arrow}"


def _parameters(parameters: list[inspect.Parameter]) -> list[str]:
    parts, starred = [], False
    for parameter in parameters:
        if parameter.kind is parameter.KEYWORD_ONLY and not starred:
            parts.append("*")
        starred = starred or parameter.kind in (parameter.VAR_POSITIONAL, parameter.KEYWORD_ONLY)
        stars = _STARS.get(parameter.kind, "")
        annotation, default = _annotation(parameter.annotation), ""
        if parameter.default is not parameter.empty:
            value = re.sub(r" at 0x[0-9a-f]+", "", repr(parameter.default))
            default = f" = {value}" if annotation else f"={value}"
        parts.append(stars + parameter.name + (f": {annotation}" if annotation else "") + default)
    return parts


def _annotation(annotation: Any) -> str:
    if annotation is inspect.Signature.empty:
        return ""
    if isinstance(annotation, ForwardRef):  # a NamedTuple's
        return annotation.__forward_arg__
    return annotation if isinstance(annotation, str) else getattr(annotation, "__name__", str(annotation))


def _docstring(thing: Any) -> tuple[Any, list[Section]]:
    text = inspect.getdoc(thing) or ""
    parts = _SECTION.split(text)
    sections = [
        _section(title, inspect.cleandoc("\n" + body)) for title, body in zip(parts[1::2], parts[2::2], strict=True)
    ]
    return _prose(parts[0]), sections


def _section(title: str, body: str) -> Section:
    arguments: list[list[str]] = []
    if title not in ("Returns", "Yields", "Example", "Examples"):
        for line in body.splitlines():
            named = _NAMED.match(line)
            if named:
                arguments.append([named["name"], named["text"]])
            elif arguments:
                arguments[-1][1] += "\n" + line.strip()
    if arguments:
        return Section(title, [Argument(name, _prose(text)) for name, text in arguments], "")
    return Section(title, [], _prose(body))


def _prose(text: str) -> Any:
    """The text of a docstring as HTML: Markdown, with examples of the interpreter as code."""
    lines: list[str] = []
    inside = False
    for line in text.splitlines():
        starts = line.lstrip().startswith(">>>")
        if starts and not inside:
            lines += ["", "```python"]
            inside = True
        elif inside and not line.strip():
            lines += ["```", ""]
            inside = False
        lines.append(re.sub(r"\s*# doctest:.*$", "", line.strip()) if inside else line)
    return safe(prose.html_of("\n".join([*lines, "```"] if inside else lines)))
