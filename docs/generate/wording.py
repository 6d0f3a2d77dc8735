"""Small pieces of Markdown, and docstrings as Markdown."""

from __future__ import annotations

import ast
import inspect
import re
from collections.abc import Iterable, Iterator
from enum import Enum

_SECTIONS = frozenset({"Args:", "Attributes:", "Raises:", "Returns:"})
_ENTRY = re.compile(r" {4}(?P<name>[\w.]+): (?P<text>.*)")

HEAD = "<!-- Generated from the code: uv run python docs/generate -->\n"


def table(headings: Iterable[str], rows: Iterable[Iterable[str]]) -> str:
    """A table; its cells may hold anything but newlines."""
    lines = [list(headings)]
    lines += [["---"] * len(lines[0]), *(list(row) for row in rows)]
    return "".join(f"| {' | '.join(_cell(cell) for cell in line)} |\n" for line in lines)


def _cell(text: str) -> str:
    return text.replace("|", "\\|")


def code(text: object) -> str:
    """Set as code."""
    return f"`{text}`"


def docstring(thing: object) -> str:
    """Its docstring, with its sections as lists."""
    return "\n".join(_converted((inspect.getdoc(thing) or "").splitlines()))


def summary(thing: object) -> str:
    """The first paragraph of its docstring, in one line."""
    return " ".join((inspect.getdoc(thing) or "").partition("\n\n")[0].split())


def attributes(thing: object) -> dict[str, str]:
    """What the docstring's section `Attributes` says of each."""
    found: dict[str, str] = {}
    name = ""
    _, _, section = (inspect.getdoc(thing) or "").partition("Attributes:\n")
    for line in section.splitlines():
        if match := _ENTRY.fullmatch(line):
            name = match["name"]
            found[name] = match["text"]
        elif line.startswith("     ") and name:
            found[name] += " " + line.strip()
        else:
            break
    return found


def members(enumeration: type[Enum]) -> dict[str, str]:
    """The docstring below each member, in one line; empty where there is none."""
    (body,) = ast.parse(inspect.getsource(enumeration)).body
    assert isinstance(body, ast.ClassDef)
    found: dict[str, str] = {}
    name = ""
    for node in body.body:
        match node:
            case ast.Assign(targets=[ast.Name(id=name)]):
                found[name] = ""
            case ast.Expr(value=ast.Constant(value=str(text))) if name:
                found[name] = " ".join(text.split())
            case _:
                pass
    return found


def _converted(lines: list[str]) -> Iterator[str]:
    inside = False
    for line in lines:
        if line in _SECTIONS:
            inside = True
            yield f"*{line.removesuffix(':')}*\n"
        elif inside and (match := _ENTRY.fullmatch(line)):
            yield f"- `{match['name']}`: {match['text']}"
        elif inside and line.startswith("    "):
            yield f"  {line.strip()}"
        else:
            inside = inside and not line
            yield line
