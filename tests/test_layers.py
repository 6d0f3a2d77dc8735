"""Imports point downwards and never in a circle: reads the syntax trees of src.

An import that only the type checker sees counts too, and one inside a function: each is a
dependency between rooms and between files.
"""

from __future__ import annotations

import ast
import sys
from collections import Counter
from collections.abc import Container, Iterable, Iterator, Mapping
from graphlib import CycleError, TopologicalSorter
from pathlib import Path
from typing import NamedTuple

import pytest

SRC = Path(__file__).parents[1] / "src"

LAYERS = (
    {""},  # the package's own __init__: imports no room
    {"user_code", "temporary", "reading"},
    {"model", "loading", "process_end"},
    {"sqlite", "targets", "oracle", "report"},
    {"sim"},
    {"explore", "scenario", "anomaly"},
    {"crash", "native", "chaos"},
    {"campaign"},
    {"testing"},
    {"cli", "pytest_plugin", "pytest_every_fault", "strategies", "every_fault"},
    {"__main__"},
)
HEIGHT = {room: height for height, layer in enumerate(LAYERS) for room in layer}
ONLY_IN = {
    "hypothesis": {
        "runfaults.testing.programs",
        "runfaults.testing.strategies",
        "runfaults.pytest_plugin",
    },
    "pytest": {
        "runfaults.pytest_plugin",
        "runfaults.pytest_every_fault.options",
        "runfaults.pytest_every_fault.plugin",
    },
    "genglossary": {"runfaults.targets.genglossary"},
}


class Import(NamedTuple):
    """One imported name, dotted in full.

    Lazy: importing the module does not import it; a function does, or only the type checker.
    """

    line: int
    name: str
    lazy: bool

    @property
    def package(self) -> str:
        return self.name.split(".")[0]


def imports(module: str, source: str, *, is_package: bool = False) -> Iterator[Import]:
    """Every import of a module, relative and dynamic ones (of a literal name) too."""
    tree = ast.parse(source, filename=module)
    yield from _walk(tree, module.split(".") + [""] * is_package, lazy=False)


def _walk(node: ast.AST, module: list[str], *, lazy: bool) -> Iterator[Import]:
    match node:
        case ast.Import(names=names):
            yield from (Import(node.lineno, alias.name, lazy) for alias in names)
        case ast.ImportFrom(module=origin, names=names, level=level):
            parts = [*(module[:-level] if level else []), *([origin] if origin else [])]
            yield from (
                Import(node.lineno, ".".join([*parts, alias.name]), lazy) for alias in names
            )
        case ast.Call(
            func=ast.Name(id=called) | ast.Attribute(attr=called),
            args=[ast.Constant(value=str(name)), *_],
        ) if called in {"import_module", "__import__"}:
            yield Import(node.lineno, name, lazy)
        case _:
            pass
    match node:
        case ast.FunctionDef() | ast.AsyncFunctionDef() | ast.Lambda():
            lazy = True
        case ast.If(test=ast.Name(id="TYPE_CHECKING"), orelse=[]):
            lazy = True
        case _:
            pass
    for child in ast.iter_child_nodes(node):
        yield from _walk(child, module, lazy=lazy)


def room_of(name: str) -> str:
    """The room of a dotted name in runfaults; empty for the package itself."""
    parts = name.split(".")
    inner = parts[1] if len(parts) > 1 else ""
    return "" if inner.startswith("__") and inner != "__main__" else inner


def violations(module: str, found: Iterator[Import]) -> list[str]:
    """What a module imports against the design."""
    return [
        f"{module}, line {entry.line}: imports {entry.name}: {why}"
        for entry in found
        if (why := _forbidden(module, entry))
    ]


def _forbidden(module: str, entry: Import) -> str:
    importer = module.split(".", maxsplit=1)[0]
    if importer == "genglossary":
        return "genglossary never imports runfaults" if entry.package == "runfaults" else ""
    if entry.package == "runfaults":
        return _between_rooms(room_of(module), room_of(entry.name))
    allowed = ONLY_IN.get(entry.package)
    if allowed is not None and module not in allowed:
        return f"only {' and '.join(sorted(allowed))} may"
    if entry.package == "genglossary" and not entry.lazy:
        return "only inside a function: runfaults works without genglossary"
    if HEIGHT[room_of(module)] in {1, 2} and entry.package not in sys.stdlib_module_names:
        return f"{room_of(module)} stands on the standard library alone"
    return ""


def _between_rooms(here: str, there: str) -> str:
    for room in (here, there):
        if room not in HEIGHT:
            return f"the design knows no room {room!r}: put it into LAYERS or elsewhere"
    if here == there:
        return ""
    if HEIGHT[there] >= HEIGHT[here]:
        return f"{there} lies {'above' if HEIGHT[there] > HEIGHT[here] else 'beside'} {here}"
    return ""


def modules() -> Iterator[tuple[str, list[Import]]]:
    for path in sorted(SRC.rglob("*.py")):
        parts = path.relative_to(SRC).with_suffix("").parts
        is_package = parts[-1] == "__init__"
        name = ".".join(parts[:-1] if is_package else parts)
        yield name, list(imports(name, path.read_text("utf-8"), is_package=is_package))


def rooms(found: Mapping[str, Iterable[Import]]) -> dict[str, set[str]]:
    """The rooms of the harness, each with the rooms that it imports."""
    graph: dict[str, set[str]] = {}
    for name, entries in found.items():
        if name.startswith("runfaults"):
            there = {room_of(entry.name) for entry in entries if entry.package == "runfaults"}
            graph.setdefault(room_of(name), set()).update(there - {room_of(name)})
    return graph


def files(found: Mapping[str, Iterable[Import]]) -> dict[str, set[str]]:
    """The modules, each with the modules that it imports a name of, or as a whole."""
    return {
        name: {module for entry in entries if (module := _module(entry.name, found)) != name}
        for name, entries in found.items()
    }


def _module(name: str, known: Container[str]) -> str:
    owner = name.rpartition(".")[0]
    return owner if owner in known and name not in known else name


def circle(graph: dict[str, set[str]]) -> list[str]:
    """Rooms or files that import each other in a circle; empty if there are none."""
    try:
        TopologicalSorter(graph).prepare()
    except CycleError as error:
        return error.args[1]
    return []


def too_large(lines: Mapping[str, int]) -> set[str]:
    """The rooms that are larger than a quarter of the whole."""
    return {room for room, count in lines.items() if count * 4 > sum(lines.values())}


def test_imports_point_downwards() -> None:
    found = dict(modules())
    assert {"runfaults", "runfaults.model.history", "genglossary.runs.manager"} <= found.keys()
    assert [line for name in found for line in violations(name, iter(found[name]))] == []


def test_no_rooms_import_each_other_in_a_circle() -> None:
    graph = rooms(dict(modules()))
    assert "model" in graph["oracle"]
    assert circle(graph) == []


def test_no_files_import_each_other_in_a_circle() -> None:
    graph = files(dict(modules()))
    assert {"runfaults.sqlite.gate", "runfaults.sim.actor"} <= graph["runfaults.sim.gate"]
    assert circle(graph) == []


def test_no_room_is_larger_than_a_quarter_of_the_source() -> None:
    lines: Counter[str] = Counter()
    for path in (SRC / "runfaults").rglob("*.py"):
        room = room_of(".".join(path.relative_to(SRC).with_suffix("").parts))
        lines[room] += len(path.read_text("utf-8").splitlines())
    assert {"model", "sqlite", "explore"} <= lines.keys()
    assert too_large(lines) == set()


@pytest.mark.parametrize(
    ("module", "source", "why"),
    [
        ("runfaults.model.fault", "import runfaults.sim.world", "sim lies above model"),
        ("runfaults.model.fault", "import click", "standard library alone"),
        ("runfaults.targets.huey", "import runfaults.sqlite", "sqlite lies beside targets"),
        ("runfaults.sim.world", "from runfaults import explore", "explore lies above sim"),
        ("runfaults.sim.world", "from ..explore.sweep import sweep", "explore lies above sim"),
        ("runfaults.explore.sweep", "from runfaults.cli import main", "cli lies above explore"),
        ("runfaults.explore.sweep", "from runfaults.chaos import soak", "chaos lies above explore"),
        (
            "runfaults.report.html",
            "from runfaults.oracle import judge",
            "oracle lies beside report",
        ),
        (
            "runfaults.oracle.judge",
            "def f():\n from runfaults.sim import w",
            "sim lies above oracle",
        ),
        ("runfaults.oracle.judge", "if TYPE_CHECKING:\n import runfaults.sim", "sim lies above"),
        ("runfaults.oracle.judge", "import_module('runfaults.sim')", "sim lies above"),
        ("runfaults", "from runfaults.model import Fault", "model lies above "),
        ("runfaults", "from .model import Fault", "model lies above "),
        ("runfaults.sim.world", "import runfaults.utils", "knows no room 'utils'"),
        ("runfaults.utils", "import runfaults.model", "knows no room 'utils'"),
        ("genglossary.runs.manager", "import runfaults", "never imports runfaults"),
        ("genglossary.runs", "def f():\n from runfaults import model", "never imports runfaults"),
        ("runfaults.sim.world", "def f():\n import genglossary", "only runfaults.targets.gengl"),
        ("runfaults.targets.genglossary", "import genglossary.runs", "only inside a function"),
        ("runfaults.targets.genglossary", "class A:\n import genglossary", "inside a function"),
        (
            "runfaults.targets.genglossary",
            "if TYPE_CHECKING: pass\nelse: import genglossary",
            "only inside a function",
        ),
        ("runfaults.explore.sweep", "import hypothesis", "only runfaults.pytest_plugin and"),
        ("runfaults.cli", "from pytest import main", "and runfaults.pytest_plugin may"),
        ("runfaults.testing.strategies", "import pytest", "and runfaults.pytest_plugin may"),
    ],
)
def test_a_planted_import_is_caught(module: str, source: str, why: str) -> None:
    found = imports(module, source, is_package=module in {"runfaults", "genglossary.runs"})
    (caught,) = violations(module, found)
    assert caught.startswith(f"{module}, line {source.count(chr(10)) + 1}: imports ")
    assert why in caught


@pytest.mark.parametrize(
    ("module", "source"),
    [
        ("runfaults.model.fault", "import re\nfrom runfaults.model import Event"),
        ("runfaults.sim.world", "from runfaults.sqlite.gate import Gate\nimport click"),
        ("runfaults.report.html", "from ..model import History\nimport rich"),
        ("runfaults.oracle.judge", "from .rules import RULES\nfrom runfaults import __version__"),
        ("runfaults.cli", "from runfaults import explore, report, targets, model"),
        ("runfaults.__main__", "from runfaults.cli import main"),
        ("genglossary.runs.manager", "import uuid\nfrom genglossary.db import schema"),
        ("runfaults.targets.genglossary", "def f():\n import genglossary.runs"),
        ("runfaults.targets.genglossary", "if TYPE_CHECKING:\n import genglossary.runs"),
        ("runfaults.targets.genglossary", "def f():\n import_module('genglossary.runs')"),
        ("runfaults.testing.strategies", "from hypothesis import strategies"),
        ("runfaults.pytest_plugin", "import pytest, hypothesis"),
    ],
)
def test_its_innocent_twin_passes(module: str, source: str) -> None:
    found = list(imports(module, source))
    assert found
    assert violations(module, iter(found)) == []


def test_a_planted_circle_of_rooms_is_caught() -> None:
    def found(importer: str, *imported: str) -> tuple[str, list[Import]]:
        source = "\n".join(f"import runfaults.{name}" for name in imported)
        return f"runfaults.{importer}", list(imports(importer, source))

    innocent = dict([found("sim.gate", "sqlite.gate", "sim.actor"), found("sqlite.gate", "model")])
    assert circle(rooms(innocent)) == []
    planted = innocent | dict(
        [found("sqlite.plan", "targets.target"), found("targets.stubs", "sim.acts")]
    )
    assert set(circle(rooms(planted))) == {"sim", "sqlite", "targets"}


@pytest.mark.parametrize(
    "back",
    [
        "import runfaults.sim.gate",
        "from runfaults.sim.gate import WorldGate",
        "from runfaults.sim import gate",
        "from .gate import WorldGate",
        "def f():\n from runfaults.sim.gate import WorldGate",
        "if TYPE_CHECKING:\n from runfaults.sim.gate import WorldGate",
        "import_module('runfaults.sim.gate')",
    ],
)
def test_a_planted_circle_of_files_is_caught(back: str) -> None:
    sources = {
        "runfaults.sim.gate": "from runfaults.sim.lock import ControlledLock",
        "runfaults.sim.lock": "from runfaults.sim.actor import Actor",
        "runfaults.sim.actor": "from runfaults.sim.gates import WorldGate",
    }
    innocent = {name: list(imports(name, source)) for name, source in sources.items()}
    assert circle(files(innocent)) == []
    assert set(
        circle(
            files(innocent | {"runfaults.sim.actor": list(imports("runfaults.sim.actor", back))})
        )
    ) == set(sources)


def test_a_room_that_is_too_large_is_told() -> None:
    assert too_large({"model": 25, "sim": 25, "sqlite": 25, "cli": 25}) == set()
    assert too_large({"model": 25, "sim": 26, "sqlite": 25, "cli": 25}) == {"sim"}
