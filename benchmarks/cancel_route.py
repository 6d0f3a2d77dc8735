"""Cancel runs of a GenGlossary checkout through its own DELETE route, and count how they end.

It runs in the environment of the checkout, from its folder, once as it is and once adopted:

    uv run --extra dev python CLONE/benchmarks/cancel_route.py [NUMBER [SCOPE...]]

The language model is a client whose calls block and raise at once when it is closed. Each cancel is
made while such a call blocks. The time is from before the DELETE to the end of the run's thread.
"""

# pyright: reportMissingImports=false, reportAttributeAccessIssue=false
# The checkout has them, and the project's own environment has not.
from __future__ import annotations

import os
import statistics
import sys
import tempfile
import threading
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from unittest.mock import patch

from fastapi.testclient import TestClient
from genglossary.api import dependencies
from genglossary.api.app import create_app
from genglossary.db.project_repository import create_project
from genglossary.db.registry_schema import initialize_registry

from genglossary.db.connection import get_connection
from genglossary.db.schema import initialize_db
from genglossary.runs import executor

SCOPES = ("full", "extract", "generate", "review", "refine")

TERM = "量子計算機"

WORK = f"""
DELETE FROM documents; DELETE FROM terms_extracted;
DELETE FROM glossary_provisional; DELETE FROM glossary_issues;
INSERT INTO documents (file_name, content, content_hash) VALUES ('a.md', '{TERM}は計算する。', 'x');
INSERT INTO terms_extracted (term_text, category) VALUES ('{TERM}', 'technical_term');
INSERT INTO glossary_provisional (term_name, definition, confidence, occurrences)
    VALUES ('{TERM}', 'x', 0.5, '[]');
INSERT INTO glossary_issues (term_name, issue_type, description) VALUES ('{TERM}', 'unclear', 'x');
"""
"""What every scope finds something to ask its model about."""


class Client:
    """A language model that never answers, until it is closed."""

    def __init__(self) -> None:
        self.asked, self.closed = threading.Event(), threading.Event()

    def generate(self, *_: object, **__: object) -> None:
        self.asked.set()
        self.closed.wait()
        raise ConnectionError("the client was closed")

    generate_structured = generate

    def is_available(self) -> bool:
        return True

    def close(self) -> None:
        self.closed.set()


@contextmanager
def project(folder: Path) -> Iterator[tuple[int, Path]]:
    """Register a project with documents; give its number and its database."""
    (folder / "docs").mkdir()
    database = folder / "project.db"
    os.environ["GENGLOSSARY_REGISTRY_PATH"] = str(folder / "registry.db")
    with closing(get_connection(str(folder / "registry.db"))) as registry:
        initialize_registry(registry)
        number = create_project(
            registry, name="measured", doc_root=str(folder / "docs"), db_path=str(database)
        )
        registry.commit()
    with closing(get_connection(str(database))) as conn:
        initialize_db(conn)
    yield number, database


def cancel_once(http: TestClient, scope: str, runs: str, database: Path) -> tuple[str, int, float]:
    """Start a run and cancel it; return its status, the route's answer, and seconds it took."""
    client = Client()
    with closing(get_connection(str(database))) as conn, conn:
        conn.executescript(WORK)
    with patch.object(executor, "create_llm_client", return_value=client):
        run = http.post(runs, json={"scope": scope}).json()["id"]
        assert client.asked.wait(30), http.get(f"{runs}/{run}").json()
        thread = dependencies._run_manager_registry[str(database)]._thread
        began = time.perf_counter()
        answer = http.delete(f"{runs}/{run}")
        thread.join()
        seconds = time.perf_counter() - began
    return http.get(f"{runs}/{run}").json()["status"], answer.status_code, seconds


def measure(scope: str, number: int) -> None:
    """Cancel so many runs of the scope, and print how they ended."""
    statuses, answers, times = Counter[str](), Counter[int](), list[float]()
    with (
        tempfile.TemporaryDirectory() as folder,
        project(Path(folder)) as (identity, database),
        TestClient(create_app()) as http,
    ):
        for _ in range(number):
            status, answer, seconds = cancel_once(
                http, scope, f"/api/projects/{identity}/runs", database
            )
            statuses[status] += 1
            answers[answer] += 1
            times.append(seconds)
    ended = ", ".join(f"{count} {status}" for status, count in sorted(statuses.items()))
    middle, slowest = 1000 * statistics.median(times), 1000 * max(times)
    print(f"{scope:8}  {ended}; answers {dict(answers)}; median {middle:.0f} ms, ", end="")
    print(f"slowest {slowest:.0f} ms", flush=True)


if __name__ == "__main__":
    for scope in sys.argv[2:] or SCOPES:
        measure(scope, int(sys.argv[1]) if len(sys.argv) > 1 else 120)
