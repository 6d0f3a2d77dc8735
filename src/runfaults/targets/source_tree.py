"""Finds classes and functions in source code by name; runs none of it."""

from __future__ import annotations

import ast
import os
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

_SKIPPED = frozenset(
    {"build", "dist", "docs", "node_modules", "site-packages", "test", "tests", "venv"}
)


@dataclass(frozen=True, slots=True)
class Definition:
    """A class or a function at the top level of a module.

    Attributes:
        name: Its name.
        file: The file of its module.
        node: Its syntax tree.
    """

    name: str
    file: Path
    node: ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef

    @property
    def methods(self) -> frozenset[str]:
        """Names of a class's own methods."""
        return frozenset(n.name for n in self.node.body if isinstance(n, ast.FunctionDef))

    @property
    def root(self) -> Path:
        """The folder that must be on the import path: the nearest one that is no package."""
        folder = self.file.parent
        while (folder / "__init__.py").exists():
            folder = folder.parent
        return folder

    @property
    def module(self) -> str:
        """The module's name, seen from `root`."""
        parts = self.file.relative_to(self.root).with_suffix("").parts
        return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


class SourceTree:
    """The Python files below a folder, without tests, environments and hidden folders.

    Args:
        folder: Where to look.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._definitions: list[Definition] | None = None

    def definitions(self) -> list[Definition]:
        """Every class and function at the top level of a module that can be parsed."""
        if self._definitions is None:
            self._definitions = [found for file in self._files() for found in _definitions(file)]
        return self._definitions

    def definitions_with(self, word: str) -> list[Definition]:
        """Those in files that have a word: to look through all syntax trees takes far longer."""
        files = {found.file for found in self.definitions()}
        having = {file for file in files if word.encode() in file.read_bytes()}
        return [found for found in self.definitions() if found.file in having]

    def classes(self, name: str) -> list[Definition]:
        """The classes of that name."""
        return [
            found
            for found in self.definitions()
            if found.name == name and isinstance(found.node, ast.ClassDef)
        ]

    def functions(self, name: str) -> list[Definition]:
        """The functions of that name."""
        return [
            found
            for found in self.definitions()
            if found.name == name and isinstance(found.node, ast.FunctionDef)
        ]

    def functions_with_decorators(self) -> list[Definition]:
        """The functions, `async` ones too, that are decorated."""
        return [
            found
            for found in self.definitions()
            if not isinstance(found.node, ast.ClassDef) and found.node.decorator_list
        ]

    def _files(self) -> Iterator[Path]:
        for folder, inner, files in os.walk(self.folder):
            inner[:] = sorted(
                name for name in inner if name not in _SKIPPED and not name.startswith(".")
            )
            for name in sorted(files):
                if name.endswith(".py"):
                    yield Path(folder, name)


def calls(node: ast.AST, name: str = "") -> list[ast.Call]:
    """The calls below a node; with a name those of a function or method of that name."""
    found = [each for each in ast.walk(node) if isinstance(each, ast.Call)]
    return [each for each in found if not name or _last_name(each.func) == name]


def _last_name(called: ast.expr) -> str:
    match called:
        case ast.Attribute(attr=name) | ast.Name(id=name):
            return name
        case _:
            return ""


def _definitions(file: Path) -> Iterator[Definition]:
    try:
        tree = ast.parse(file.read_bytes())
    except (SyntaxError, ValueError, OSError):
        return
    for node in tree.body:
        if isinstance(node, ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef):
            yield Definition(node.name, file, node)
