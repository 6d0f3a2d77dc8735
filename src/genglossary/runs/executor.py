"""A small reference pipeline: keywords of Markdown and text files, with their first sentences.

It needs no language model, but uses the database as a real pipeline does: transactions of its
own on the connection it is given, progress, and a look at the cancel event between steps.
"""

import logging
import re
import sqlite3
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from enum import StrEnum
from functools import lru_cache
from pathlib import Path
from threading import Event
from typing import Any

from genglossary.db.connection import transaction
from genglossary.db.runs_repository import update_run_progress

logger = logging.getLogger(__name__)

_SUFFIXES = (".md", ".txt")
_TERMS_PER_DOCUMENT = 10
_DEFINITION_LIMIT = 300


class PipelineCancelledException(Exception):  # noqa: N818 - the name that callers know
    """The pipeline noticed that its run was cancelled."""


class PipelineScope(StrEnum):
    """Which steps a run takes.

    Attributes:
        FULL: Load the files, extract terms and define them.
        EXTRACT: Load the files and extract terms.
        GENERATE: Define the terms that are in the database.
    """

    FULL = "full"
    EXTRACT = "extract"
    GENERATE = "generate"


@dataclass(frozen=True, slots=True)
class ExecutionContext:
    """What a pipeline needs to know of its run.

    Attributes:
        run_id: The run.
        log_callback: Takes a log line: a dictionary with ``level`` and ``message``.
        cancel_event: Set when the run was cancelled.
    """

    run_id: int
    log_callback: Callable[[dict[str, Any]], None]
    cancel_event: Event


@dataclass(frozen=True, slots=True)
class _Document:
    id: int
    name: str
    content: str


class PipelineExecutor:
    """Runs the pipeline.

    It takes what callers say of a language model, and needs none of it.

    Args:
        provider: The language model's provider.
        model: Its name.
        base_url: Where it is reached; None leaves that to the provider.
        llm_debug: Whether to write down what it is asked.
        debug_dir: The folder for that.
    """

    def __init__(
        self,
        provider: str = "ollama",
        model: str = "",
        base_url: str | None = None,
        *,
        llm_debug: bool = False,
        debug_dir: str | None = None,
    ) -> None:
        self.provider = provider
        self.model = model
        self.base_url = base_url
        self.llm_debug = llm_debug
        self.debug_dir = debug_dir

    def execute(
        self,
        conn: sqlite3.Connection,
        scope: str | PipelineScope,
        context: ExecutionContext,
        doc_root: str | Path = ".",
        document_ids: Sequence[int] | None = None,
    ) -> None:
        """Take the steps of the scope, committing after each document.

        Args:
            conn: The run's connection; nothing is left uncommitted on it.
            scope: Which steps.
            context: The run.
            doc_root: The folder whose ``.md`` and ``.txt`` files are read, subfolders included
                except hidden ones.
            document_ids: Restricts the run to these documents of the database; no file is read.

        Raises:
            PipelineCancelledException: The cancel event was set.
            ValueError: No such scope, or no such document.
            OSError: A file cannot be read.
            sqlite3.Error: The database cannot be written.
        """
        steps = PipelineScope(scope)
        if document_ids is not None:
            documents = _chosen(conn, document_ids)
        elif steps is PipelineScope.GENERATE:
            documents = _stored(conn)
        else:
            documents = list(_load(conn, context, Path(doc_root)))
        if steps is not PipelineScope.GENERATE:
            for document in _each(conn, context, "extract", documents):
                _extract(conn, document)
        if steps is not PipelineScope.EXTRACT:
            for document in _each(conn, context, "generate", documents):
                _define(conn, document)

    def close(self) -> None:
        """Release what the executor holds: nothing here."""


def _each(
    conn: sqlite3.Connection,
    context: ExecutionContext,
    step: str,
    documents: Sequence[_Document],
) -> Iterable[_Document]:
    for number, document in enumerate(documents):
        _report(conn, context, step, number, len(documents))
        yield document
    _report(conn, context, step, len(documents), len(documents))


def _report(
    conn: sqlite3.Connection, context: ExecutionContext, step: str, current: int, total: int
) -> None:
    if context.cancel_event.is_set():
        raise PipelineCancelledException(f"Cancelled at step {step}, {current} of {total}.")
    context.log_callback(
        {
            "level": "info",
            "message": f"{step}: {current} of {total}",
            "step": step,
            "progress_current": current,
            "progress_total": total,
        }
    )
    try:
        with transaction(conn):
            update_run_progress(conn, context.run_id, current, total, step)
    except sqlite3.Error as error:
        # Progress is worth no failure, unless its transaction could not be ended.
        if conn.in_transaction:
            raise
        logger.info("Progress of run %d not written: %s", context.run_id, str(error))


def _load(conn: sqlite3.Connection, context: ExecutionContext, root: Path) -> Iterable[_Document]:
    paths = sorted(path for path in root.rglob("*") if _is_document(path, root))
    for number, path in enumerate(paths):
        _report(conn, context, "load", number, len(paths))
        name = path.relative_to(root).as_posix()
        content = path.read_text(encoding="utf-8", errors="replace")
        with transaction(conn):
            conn.execute(
                "INSERT INTO documents (file_name, content) VALUES (?, ?)"
                " ON CONFLICT (file_name) DO UPDATE SET content = excluded.content",
                (name, content),
            )
            row = conn.execute("SELECT id FROM documents WHERE file_name = ?", (name,)).fetchone()
        yield _Document(row["id"], name, content)


def _is_document(path: Path, root: Path) -> bool:
    hidden = any(part.startswith(".") for part in path.relative_to(root).parts)
    return path.suffix.lower() in _SUFFIXES and not hidden and path.is_file()


def _stored(conn: sqlite3.Connection) -> list[_Document]:
    rows = conn.execute("SELECT id, file_name, content FROM documents ORDER BY id").fetchall()
    return [_Document(row["id"], row["file_name"], row["content"]) for row in rows]


def _chosen(conn: sqlite3.Connection, document_ids: Sequence[int]) -> list[_Document]:
    documents = {document.id: document for document in _stored(conn)}
    missing = sorted(set(document_ids) - documents.keys())
    if missing:
        raise ValueError(f"No documents with ids {missing}.")
    return [documents[document_id] for document_id in document_ids]


def _extract(conn: sqlite3.Connection, document: _Document) -> None:
    terms = extract_terms(document.content)
    with transaction(conn):
        conn.execute("DELETE FROM terms WHERE document_id = ?", (document.id,))
        conn.executemany(
            "INSERT INTO terms (document_id, term, score) VALUES (?, ?, ?)",
            [(document.id, term, score) for term, score in terms],
        )


@lru_cache(maxsize=256)
def extract_terms(text: str) -> tuple[tuple[str, float], ...]:
    """Return the text's keywords, the best (lowest) score first."""
    # Costs most of a second, which only a run should pay.
    import yake  # pyright: ignore[reportMissingTypeStubs] - it has none

    extractor = yake.KeywordExtractor(lan="en", n=2, top=_TERMS_PER_DOCUMENT)
    best: dict[str, float] = {}
    for term, score in extractor.extract_keywords(text):
        best.setdefault(term.lower(), float(score))
    return tuple(best.items())


def _define(conn: sqlite3.Connection, document: _Document) -> None:
    sentences = re.split(r"(?<=[.!?])\s+|\n\s*\n", document.content)
    rows = conn.execute(
        "SELECT term FROM terms WHERE document_id = ? ORDER BY score", (document.id,)
    ).fetchall()
    definitions = [(row["term"], _first_mention(row["term"], sentences)) for row in rows]
    with transaction(conn):
        conn.executemany(
            "INSERT INTO definitions (term, definition) VALUES (?, ?)"
            " ON CONFLICT (term) DO UPDATE SET definition = excluded.definition",
            definitions,
        )


def _first_mention(term: str, sentences: Sequence[str]) -> str:
    mention = next((sentence for sentence in sentences if term in sentence.lower()), "")
    return " ".join(mention.split())[:_DEFINITION_LIMIT]
