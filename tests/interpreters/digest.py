"""Run a bound and print one digest of all its histories: equal on every interpreter.

`uv run python tests/interpreters/digest.py quick` prints the verdict, the number of schedules, the
seconds and the digest. The digest does not depend on the order in which schedules run.
"""

from __future__ import annotations

import hashlib
import platform
import sys
import time
from typing import Any
from unittest.mock import patch

from runfaults.explore.bound import bound_named
from runfaults.explore.exploration import Manner, explore
from runfaults.explore.findings import Findings
from runfaults.model import History


class Unheard:
    """A progress that is nobody's business."""

    def start(self, total: int | None) -> None: ...
    def advance(self, count: int = 1, more: int = 0) -> None: ...
    def note(self, text: str) -> None: ...


def digest(target: str, bound: str) -> tuple[str, int, str]:
    """The verdict on a target within a bound, the schedules, and the digest of the histories."""
    total = 0
    add = Findings.add

    def note(found: Findings, history: History, *judged: Any) -> None:
        nonlocal total
        text = f"{history.schedule}\n{history.text()}"
        total += int.from_bytes(hashlib.sha256(text.encode()).digest())
        add(found, history, *judged)

    with patch.object(Findings, "add", note):
        exploration = explore(target, bound_named(bound), Unheard(), Manner(jobs=1))
    verdicts = exploration.found.verdicts
    verdict = ", ".join(f"{number} {each}" for each, number in sorted(verdicts.items()))
    return verdict, verdicts.total(), f"{total % 2**256:064x}"[-16:]


if __name__ == "__main__":
    began = time.monotonic()
    found, schedules, told = digest("genglossary", sys.argv[1])
    seconds = time.monotonic() - began
    print(
        f"Python {platform.python_version()}: {found}; {schedules:,} schedules in {seconds:.0f} s"
    )
    print(f"histories: {told}")
