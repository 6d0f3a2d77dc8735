"""The corrected GenGlossary `RunManager` of this repository."""

from __future__ import annotations

import contextlib
import importlib
import inspect
import sqlite3
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast

from runfaults.targets.base import Adapter, Audit, Vocabulary, Work
from runfaults.targets.client import Client
from runfaults.targets.completion import Completion
from runfaults.targets.inbox import Inbox
from runfaults.targets.nearby import option_for_nearby
from runfaults.targets.target import TargetError

if TYPE_CHECKING:
    from genglossary.runs.executor import ExecutionContext, PipelineExecutor
    from genglossary.runs.manager import RunManager

VOCABULARY = Vocabulary.of(
    ("pending", "running"), "completed", "failed", "cancelled", "interrupted"
)

_COMPLETE = Completion("complete", status="db_status")

DOCUMENTS = Path(__file__).parents[3] / "docs" / "architecture"
"""The documents that the pipeline reads: none where there is no clone around the package."""


class ScriptedExecutor:
    """Stands where the pipeline executor stands and plays the script."""

    def __init__(self, work: Work) -> None:
        self._work = work
        self._client = Client()

    def execute(
        self,
        conn: sqlite3.Connection,
        scope: str,  # noqa: ARG002  # the executor's signature
        context: ExecutionContext,
        doc_root: str = ".",  # noqa: ARG002
        document_ids: list[int] | None = None,  # noqa: ARG002
    ) -> None:
        """Run the script on the run's own connection."""
        from genglossary.runs.executor import PipelineCancelledException

        self._work(
            conn,
            context.run_id,
            context.cancel_event.is_set,
            PipelineCancelledException,
            client=self._client,
        )

    def close(self) -> None:
        """Close the client."""
        self._client.close()


class GenGlossary(Adapter):
    """The target `genglossary`."""

    name = "genglossary"
    audit = Audit("runs", key="id", status="status")
    vocabulary = VOCABULARY
    packages = ("genglossary",)

    def prepare(self, database: Path) -> None:
        """Create GenGlossary's schema.

        Raises:
            TargetError: if GenGlossary cannot be imported, or another version of it is; the message
                says what to do.
        """
        try:
            manager: Any = importlib.import_module("genglossary.runs.manager")  # asked for now
            from genglossary.db.connection import get_connection
            from genglossary.db.schema import initialize_db
        except ImportError as error:
            raise TargetError(
                f"the target genglossary needs GenGlossary, which cannot be imported here ({error})"
                "; install it into this environment, give a checkout with "
                f"{option_for_nearby(Path.cwd())}, or test your own job manager with "
                "--target path/to/file.py:Class"
            ) from error
        if "late_cancel" not in inspect.signature(manager.RunManager).parameters:
            raise TargetError(
                "the target genglossary is the corrected GenGlossary of runfaults' repository, and "
                f"the RunManager that is imported here ({manager.__file__}) is another: its "
                "constructor takes no late_cancel; to test it, type "
                f"`runfaults check {option_for_nearby(Path.cwd())}`"
            )
        with contextlib.closing(get_connection(str(database))) as connection:
            initialize_db(connection)

    def begin(self, database: Path, work: Work) -> None:
        """Open a manager whose executor plays the script."""
        self._database = database
        self._manager = _manager(database, lambda: ScriptedExecutor(work))

    def start(self) -> int:
        """Start a run of the full pipeline."""
        return self._manager.start_run(scope="full")

    def wait(self, run: int) -> None:  # noqa: ARG002  # one run at a time
        """Join the manager's thread."""
        thread = self._manager._thread  # noqa: SLF001  # pyright: ignore[reportPrivateUsage]  # GenGlossary's own tests join it
        if thread is not None:
            thread.join()

    def close(self) -> None:
        """Close the manager."""
        self._manager.close()

    def cancel(self, run: int) -> bool:
        """Ask the manager."""
        return self._manager.cancel_run(run)

    def cancel_in_database(self, run: int) -> None:
        """Do what GenGlossary's API does after it asked the manager."""
        from genglossary.db.connection import database_connection, transaction
        from genglossary.db.runs_repository import cancel_run

        with database_connection(str(self._database)) as connection, transaction(connection):
            cancel_run(connection, run)

    def status(self, run: int) -> str | None:
        """The answer of the manager's own reader."""
        row = self._manager.get_run(run)
        return None if row is None else row["status"]

    def subscribe(self, run: int) -> Callable[[], str | None]:
        """Register a queue and wait on it for completion signals."""
        line = {"run_id": run, "level": "info", "message": "scripted"}
        return Inbox(self._manager.register_subscriber(run), _COMPLETE, line).next_signal

    def leaks(self) -> Iterable[tuple[str, str]]:
        """Subscribers and cancel events that outlive their run."""
        for run in self._manager._subscribers:  # noqa: SLF001  # pyright: ignore[reportPrivateUsage]
            yield "subscriber", f"run {run}"
        for run in self._manager._cancel_events:  # noqa: SLF001  # pyright: ignore[reportPrivateUsage]
            yield "cancel-event", f"run {run}"


class ReferenceExecutor:
    """The reference pipeline; the harness is told how it ends."""

    def __init__(self, work: Work) -> None:
        self._work = work

    def execute(
        self,
        conn: sqlite3.Connection,
        scope: str,
        context: ExecutionContext,
        doc_root: str = ".",
        document_ids: list[int] | None = None,
    ) -> None:
        """Run the pipeline on the run's own connection."""
        from genglossary.runs.executor import PipelineCancelledException, PipelineExecutor

        def pipeline() -> None:
            PipelineExecutor().execute(conn, scope, context, doc_root, document_ids)

        self._work(
            conn,
            context.run_id,
            context.cancel_event.is_set,
            PipelineCancelledException,
            instead=pipeline,
        )

    def close(self) -> None:
        """Nothing is held."""


class GenGlossaryReference(GenGlossary):
    """The corrected GenGlossary `RunManager` with its reference pipeline on real documents."""

    name = "genglossary-reference"

    def begin(self, database: Path, work: Work) -> None:
        """Open a manager that runs the reference pipeline."""
        self._database = database
        self._manager = _manager(database, lambda: ReferenceExecutor(work), str(DOCUMENTS))


def _manager(
    database: Path, make_executor: Callable[[], object], doc_root: str = "."
) -> RunManager:
    """Make a manager with an executor of ours; all else in it is unmodified."""
    from genglossary.runs.manager import RunManager

    class Driven(RunManager):
        def _make_executor(self) -> PipelineExecutor:
            # It plays the executor's part without being one: the harness needs no pipeline.
            return cast("PipelineExecutor", make_executor())

    return Driven(str(database), doc_root=doc_root)
