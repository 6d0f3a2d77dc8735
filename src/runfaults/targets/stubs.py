"""Stand-ins for packages that a checkout imports and that are not installed here.

A language model's client or a tokeniser is imported by the pipeline, which is scripted, so nothing
of it is ever needed. A stand-in is taken for anything: a base class, a decorator, a constant. What
it must not be is used while a run is managed: that is noted, because it would prove nothing.
"""

# ruff: noqa: ANN401 - a stand-in is given anything and gives anything

from __future__ import annotations

import ast
import inspect
import sys
from abc import ABCMeta
from collections.abc import Iterator, Sequence
from importlib.abc import Loader, MetaPathFinder
from importlib.machinery import ModuleSpec
from pathlib import Path
from types import FrameType, ModuleType
from typing import Any


class StubMeta(ABCMeta):
    """Makes every attribute of a stand-in one itself."""

    used: set[str]

    def __getattr__(cls, name: str) -> Any:
        if name.startswith("__"):
            raise AttributeError(name)
        return stub(f"{cls.__qualname__}.{name}", cls.used)

    def __or__(cls, other: Any) -> Any:
        return cls

    __ror__ = __or__

    def __getitem__(cls, key: Any) -> Any:
        return cls


def stub(name: str, used: set[str]) -> StubMeta:
    """A stand-in for what has that name."""

    def new(cls: Any, *arguments: Any, **named: Any) -> Any:
        used.add(name)
        if len(arguments) == 1 and not named and callable(arguments[0]):
            return arguments[0]  # a decorator
        return object.__new__(cls)

    def get(self: Any, attribute: str) -> Any:  # noqa: ARG001
        if attribute.startswith("__"):
            raise AttributeError(attribute)
        return stub(f"{name}.{attribute}", used)

    def call(self: Any, *arguments: Any, **named: Any) -> Any:
        return new(type(self), *arguments, **named)

    def init(self: Any, *arguments: Any, **named: Any) -> None:
        pass

    body = {"__new__": new, "__init__": init, "__call__": call, "__getattr__": get, "used": used}
    return StubMeta(name, (), {**body, "__qualname__": name})


class StubModule(ModuleType):
    """A module whose every name is a stand-in."""

    def __init__(self, name: str, used: set[str]) -> None:
        super().__init__(name)
        self.__path__ = list[str]()
        self.used = used

    def __getattr__(self, name: str) -> Any:
        if name.startswith("__"):
            raise AttributeError(name)
        return stub(f"{self.__name__}.{name}", self.used)


class StubFinder(MetaPathFinder, Loader):
    """Comes last, so it sees only imports that fail; answers those of one folder's files.

    An import inside `try` with `except ImportError` is left to fail: the program expects it.

    Args:
        folder: The checkout.
        own: The checkout's own top-level packages: never stubbed.

    Attributes:
        stubbed: What was put in place, with the file (relative to the folder) that wanted it.
        used: What of it was called or instantiated since the set was emptied last.
    """

    def __init__(self, folder: Path, own: frozenset[str]) -> None:
        self._folder = folder
        self._own = own
        self.stubbed: dict[str, str] = {}
        self.used: set[str] = set()

    def find_spec(
        self, fullname: str, path: Sequence[str] | None, target: ModuleType | None = None
    ) -> ModuleSpec | None:
        """See `importlib.abc.MetaPathFinder`."""
        del path, target
        top = fullname.partition(".")[0]
        if top in self._own or top in sys.stdlib_module_names:
            return None
        if isinstance(sys.modules.get(fullname.rpartition(".")[0]), StubModule):
            return ModuleSpec(fullname, self, is_package=True)
        frame = next(_importers(), None)
        if frame is None or not Path(frame.f_code.co_filename).is_relative_to(self._folder):
            return None
        file = Path(frame.f_code.co_filename)
        if _expects_failure(file, frame.f_lineno):
            return None
        self.stubbed.setdefault(top, str(file.relative_to(self._folder)))
        return ModuleSpec(fullname, self, is_package=True)

    def create_module(self, spec: ModuleSpec) -> ModuleType:
        """See `importlib.abc.Loader`."""
        return StubModule(spec.name, self.used)

    def exec_module(self, module: ModuleType) -> None:
        """Nothing to do: a stand-in has no code."""


def _importers() -> Iterator[FrameType]:
    """The frames of the callers outside the import system, the nearest first."""
    frame = inspect.currentframe()
    while frame is not None:
        name = frame.f_code.co_filename
        if "importlib" not in name and name != __file__:
            yield frame
        frame = frame.f_back


def _expects_failure(file: Path, line: int) -> bool:
    """Whether that line is in the body of a `try` that handles a failing import."""
    handled = {"ImportError", "ModuleNotFoundError", "Exception"}
    for node in ast.walk(ast.parse(file.read_bytes())):
        if not isinstance(node, ast.Try):
            continue
        names = {
            name.id
            for handler in node.handlers
            for name in ast.walk(handler.type or ast.Name("Exception"))
            if isinstance(name, ast.Name)
        }
        inside = any(each.lineno <= line <= (each.end_lineno or 0) for each in node.body)
        if inside and names & handled:
            return True
    return False
