"""Any checkout of GenGlossary, of whatever version, installed or not; no file of it is written.

What differs between versions is found out by looking: classes and functions by name in the syntax
trees, arguments by the signatures, table and statuses in the schema that the checkout creates.
"""

from __future__ import annotations

import contextlib
import importlib
import re
import sqlite3
import sys
import tempfile
from collections.abc import Generator, Iterator, Mapping
from pathlib import Path
from types import ModuleType
from typing import Any, cast

from runfaults.model import Vocabulary
from runfaults.targets.checkout_manager import CheckoutManager, Parts, manager_class
from runfaults.targets.completion_in_code import completion_in
from runfaults.targets.log_stream import self_ending_log_stream
from runfaults.targets.requirements import command_with
from runfaults.targets.route import NotPlayableRouteError, Route, cancel_route
from runfaults.targets.signal_word import MEANINGS
from runfaults.targets.source_tree import Definition, SourceTree
from runfaults.targets.stubs import StubFinder, StubModule
from runfaults.targets.target import Audit, TargetError, Work
from runfaults.temporary import memory_backed_folder, prefix
from runfaults.user_code import told

PREFIX = "source:"
"""Begins the name of a target that is a checkout; its path follows."""

_SCHEMA = ("initialize_db", "init_db", "initialize_database", "create_tables", "create_schema")
_CONNECT = ("get_connection", "connect", "open_connection")


def checkout_named(folder: Path) -> str:
    """The name of the target that a checkout in a folder is."""
    return f"{PREFIX}{folder.resolve()}"


class Checkout:
    """The target `source:PATH`.

    Args:
        path: The checkout: the repository's folder, or any folder above the package.

    Raises:
        TargetError: if it has no `RunManager` or `PipelineExecutor`, or several.
    """

    def __init__(self, path: Path) -> None:
        self.name = f"{PREFIX}{path}"
        self._path = path
        if not path.is_dir():
            raise TargetError(f"there is no folder {path}; give that of a checkout of GenGlossary")
        self._tree = SourceTree(path)
        self._manager = self._only_class("RunManager")
        self._executor = self._only_class("PipelineExecutor")
        self._log_stream = self_ending_log_stream(self._tree)
        self._audit: Audit | None = None
        self._vocabulary = MEANINGS
        self._stubs: StubFinder | None = None
        self._manager_class: type[CheckoutManager] | None = None
        self._is_entered = False
        self._route_remark = ""
        self._signals = completion_in(self._tree, self._manager)

    # --- what a target tells ------------------------------------------------------------------

    @property
    def audit(self) -> Audit:
        """The table of runs that `prepare` found."""
        self._be_prepared()
        assert self._audit is not None, "found or told to be missing"
        return self._audit

    @property
    def vocabulary(self) -> Vocabulary:
        """The words that the schema allows, or every word that we know."""
        self._be_prepared()
        return self._vocabulary

    @property
    def exempt(self) -> Mapping[str, str]:
        """The rules that this version knows nothing of."""
        rules: dict[str, str] = {}
        methods = self._manager.methods
        if "cancel_run" not in methods:
            rules["accepted-cancel-is-cancelled"] = "this version has no cancel_run"
        if "register_subscriber" not in methods:
            rules["signal-matches-record"] = "this version has no register_subscriber"
        if not self.vocabulary.interrupted:
            why = "this version has no status for a run whose process died"
            rules["orphan-is-interrupted-not-failed"] = why
        return rules

    @property
    def remarks(self) -> tuple[str, ...]:
        """Sentences on what was found, and what stands in for missing packages."""
        self._be_prepared()
        remarks = [
            f"RunManager is in {self._manager.file.relative_to(self._path)}",
            f"PipelineExecutor, scripted, is in {self._executor.file.relative_to(self._path)}",
            self._route_remark,
        ]
        if "register_subscriber" in self._manager.methods:
            remarks.append(self._signals.remark)
        if self._log_stream is not None:
            file = self._log_stream.file.relative_to(self._path)
            remarks.append(
                f"a subscriber that is left is not a leak: {self._log_stream.name} in "
                f"{file}:{self._log_stream.node.lineno} takes its own back"
            )
        if self._stubs is not None:
            remarks += [
                f"{package} is not installed and was stubbed (imported by {file})"
                for package, file in sorted(self._stubs.stubbed.items())
            ]
        if not {"close", "shutdown"} & self._manager.methods:
            remarks.append("RunManager has no close(): at the end its threads are only waited for")
        return tuple(remarks)

    # --- what a target does -------------------------------------------------------------------

    @contextlib.contextmanager
    def entered(self) -> Generator[None]:
        """Put this checkout before whatever else has packages of the same names.

        What was imported inside of the block is forgotten at its end, and what it displaced is
        back: blocks of several checkouts, and of several adapters of one, may be nested.
        """
        if self._is_entered:
            yield
            return
        wrote_no_bytecode = sys.dont_write_bytecode
        folders = sorted({str(self._manager.root), str(self._executor.root)})
        displaced = self._forget_imports()
        sys.dont_write_bytecode = True  # no __pycache__ in the checkout
        sys.path[:0] = folders
        importlib.invalidate_caches()
        self._is_entered = True
        try:
            yield
        finally:
            self._is_entered = False
            self._manager_class = None
            self._forget_imports()
            sys.modules.update(displaced)
            for folder in folders:
                with contextlib.suppress(ValueError):
                    sys.path.remove(folder)
            sys.dont_write_bytecode = wrote_no_bytecode
            with contextlib.suppress(ValueError):
                sys.meta_path.remove(cast("StubFinder", self._stubs))

    def prepare(self, database: Path) -> None:
        """Import the checkout and let it create its schema.

        Raises:
            TargetError: if it cannot be imported, or does not create a table of runs.
        """
        with self.entered():
            self._prepare(database)

    def _prepare(self, database: Path) -> None:
        if self._manager_class is None:
            self._import()
        make = self._function(_SCHEMA)
        if make is None:
            raise TargetError(
                f"{self._path}: no function that creates the schema; looked for "
                f"{', '.join(_SCHEMA)}"
            )
        with contextlib.closing(sqlite3.connect(database)) as connection:
            connection.row_factory = sqlite3.Row
            try:
                make(connection)
            except (TypeError, AttributeError):
                make(str(database))
            connection.commit()
        with contextlib.closing(sqlite3.connect(database)) as connection:
            self._read_schema(connection)
        self._manager_class = manager_class(self._parts())

    def open(self, database: Path, work: Work) -> CheckoutManager:
        """Open a manager whose executor plays the script."""
        assert self._manager_class is not None, "entered and prepared first"
        return self._manager_class(database, work)

    # --- inside -------------------------------------------------------------------------------

    def _only_class(self, name: str) -> Definition:
        found = self._tree.classes(name)
        if len(found) == 1:
            return found[0]
        if not found:
            raise TargetError(
                f"{self._path}: no class {name} in any Python file below it; give the folder of a "
                "checkout of GenGlossary, or name an adapter of another job manager with --target"
            )
        files = ", ".join(str(each.file.relative_to(self._path)) for each in found)
        raise TargetError(f"{self._path}: several classes {name}: {files}; give a narrower path")

    def _import(self) -> None:
        """Import afresh, from this checkout and nowhere else."""
        own = frozenset({self._manager.module.partition(".")[0], *self._packages()})
        self._stubs = StubFinder(self._path, own)
        # After all that finds what is installed, before that of another adapter of this checkout.
        others = (n for n, each in enumerate(sys.meta_path) if isinstance(each, StubFinder))
        sys.meta_path.insert(next(others, len(sys.meta_path)), self._stubs)
        try:
            importlib.import_module(self._manager.module)
            importlib.import_module(self._executor.module)
        except BaseException as error:
            if isinstance(error, KeyboardInterrupt):
                raise
            stubbed = self._stubs.stubbed
            complaint = f"{self._path}: cannot be imported: {told(error)}"
            if stubbed:
                complaint += (
                    f"; {', '.join(sorted(stubbed))} is not installed here, which may be why; to "
                    f"have it installed for this once: {command_with(self._path, stubbed)}"
                )
            raise TargetError(complaint) from error
        self._stubs.used.clear()

    def _parts(self) -> Parts:
        """Collect what the manager's driver needs."""
        assert self._stubs is not None, "imported by now"
        tops = self._tops()
        return Parts(
            manager=_import_from(self._manager),
            executor=_import_from(self._executor),
            entry=self._entry(),
            cancel_exception=self._cancel_exception(),
            connect=self._function(_CONNECT),
            route=self._find_route(),
            completion=self._signals.completion(),
            streams_end_themselves=self._log_stream is not None,
            modules=tuple(
                module
                for name, module in list(sys.modules.items())
                if name.partition(".")[0] in tops
            ),
            used=self._stubs.used,
            folder=self._path,
        )

    def _find_route(self) -> Route | None:
        try:
            route = cancel_route(self._tree)
        except NotPlayableRouteError as error:
            self._route_remark = f"cancel-api is not played as a route would: {error}"
            return None
        finally:
            assert self._stubs is not None, "imported by now"
            self._stubs.used.clear()
        found = route.definition
        place = f"{found.file.relative_to(self._path)}:{found.node.lineno}"
        self._route_remark = f"cancel-api calls the route {found.name} in {place}"
        return route

    def _be_prepared(self) -> None:
        """Read the schema of a database of its own, unless one was prepared."""
        if self._audit is None:
            with tempfile.TemporaryDirectory(prefix=prefix(), dir=memory_backed_folder()) as folder:
                self.prepare(Path(folder) / "schema.db")

    def _packages(self) -> Iterator[str]:
        for definition in self._tree.definitions():
            yield definition.module.partition(".")[0]

    def _tops(self) -> set[str]:
        """The top-level packages of the manager and the executor."""
        return {found.module.partition(".")[0] for found in (self._manager, self._executor)}

    def _forget_imports(self) -> dict[str, ModuleType]:
        """Take the modules of these packages' names, and stand-ins, out of those imported."""
        tops = self._tops()
        names = [
            name
            for name, module in sys.modules.items()
            if name.partition(".")[0] in tops or isinstance(module, StubModule)
        ]
        return {name: sys.modules.pop(name) for name in names}

    def _function(self, names: tuple[str, ...]) -> Any:  # noqa: ANN401  # a function of theirs
        """The first function of these names that the checkout has; None if it has none."""
        for name in names:
            for found in self._tree.functions(name):
                return _import_from(found)
        return None

    def _entry(self) -> str:
        """The executor's method that the manager calls to run the pipeline."""
        called = set(re.findall(r"\.(\w+)\(", self._manager.file.read_text(encoding="utf-8")))
        public = {name for name in self._executor.methods & called if not name.startswith("_")}
        candidates = sorted(public - {"close", "cancel", "stop", "shutdown"})
        for name in ("execute", "run", *candidates):
            if name in candidates:
                return name
        raise TargetError(
            f"{self._path}: RunManager calls no method of PipelineExecutor that could run the "
            f"pipeline; its methods are {', '.join(sorted(self._executor.methods))}"
        )

    def _cancel_exception(self) -> type[BaseException] | None:
        """The exception that a pipeline raises to say that it noticed the cancel, if any."""
        for found in self._tree.definitions():
            if re.search(r"cancel", found.name, re.IGNORECASE) and found.name in _names_in(
                self._manager.file
            ):
                thing = _import_from(found)
                if isinstance(thing, type) and issubclass(thing, BaseException):
                    return thing
        return None

    def _read_schema(self, connection: sqlite3.Connection) -> None:
        tables = dict(connection.execute("SELECT name, sql FROM sqlite_master WHERE type='table'"))
        named = sorted((n for n in tables if "run" in n.lower()), key=lambda n: (n != "runs", n))
        for table in named:
            columns = {
                row[1] for row in connection.execute(f'PRAGMA table_info("{table}")').fetchall()
            }
            if "status" in columns:
                self._audit = Audit(table, "id" if "id" in columns else "rowid", "status")
                self._vocabulary = self._words_of(tables[table])
                return
        raise TargetError(
            f"{self._path}: its schema has no table of runs with a column `status`; its tables are "
            f"{', '.join(sorted(tables)) or 'none'}"
        )

    def _words_of(self, sql: str) -> Vocabulary:
        """The vocabulary that a CHECK of the table allows; all that we know if there is none."""
        check = re.search(r"status\s+IN\s*\(([^)]*)\)", sql, re.IGNORECASE)
        if check is None:
            return MEANINGS
        words = frozenset(re.findall(r"'([^']*)'", check[1]))
        strange = sorted(words - MEANINGS.words)
        if strange:
            raise TargetError(
                f"{self._path}: the schema allows statuses of unknown meaning: "
                f"{', '.join(strange)}; runfaults knows {', '.join(sorted(MEANINGS.words))}"
            )
        return Vocabulary(
            active=MEANINGS.active & words,
            completed=MEANINGS.completed & words,
            cancelled=MEANINGS.cancelled & words,
            failed=MEANINGS.failed & words,
            interrupted=MEANINGS.interrupted & words,
        )


def _import_from(found: Definition) -> Any:  # noqa: ANN401  # a class or function of theirs
    return getattr(importlib.import_module(found.module), found.name)


def _names_in(file: Path) -> set[str]:
    return set(re.findall(r"\w+", file.read_text(encoding="utf-8")))
