"""Run bounds and print of each a digest of all its histories: equal on every interpreter.

`uv run python tests/interpreters/digest.py single default` prints a line a bound. A digest does not
depend on the order in which schedules run.
"""

from __future__ import annotations

import hashlib
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
    for bound in sys.argv[1:]:
        began = time.monotonic()
        found, schedules, told = digest("genglossary", bound)
        seconds = time.monotonic() - began
        print(f"{bound}: {schedules} schedules, {found}, histories {told}; {seconds:.0f} s")
