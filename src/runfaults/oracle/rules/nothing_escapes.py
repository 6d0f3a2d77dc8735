"""No thread dies of an exception."""

from __future__ import annotations

from collections.abc import Iterator

from runfaults.model import History
from runfaults.oracle.facts import Facts
from runfaults.oracle.finding import Finding, broken
from runfaults.oracle.rule import rule


@rule(exercised=lambda _, facts: bool(facts.threads))
def nothing_escapes(_: History, facts: Facts) -> Iterator[Finding]:
    """No exception leaves the function of a thread of the target; `SystemExit` counts too.

    Exercised: a thread of the target started.

    Symptom: a thread dies of an exception that no code catches.

    Contract: a `BaseException` ends the run like any other error: nothing leaves a thread dead
    and its row active.
    """
    for escape in facts.escapes:
        yield broken(
            f"thread {escape.actor} died of {escape.value} (event {escape.number})", escape
        )
