"""A rule as an SQL query that must return nothing."""

from __future__ import annotations

import re
from collections.abc import Iterator

from runfaults.model import History
from runfaults.oracle.facts import Facts
from runfaults.oracle.finding import Finding, broken, unknown
from runfaults.oracle.rule import Rule
from runfaults.user_code import calling_line

RAISED = "raised "
"""The value of a ROWS event begins with it where the query could not be asked."""


def no_rows(sentence: str, query: str, *, when: str | None = None) -> Rule:
    """Make a rule of a sentence and of an SQL query that finds what contradicts it.

    The harness asks it on a connection of its own when all has settled, after the last life of a
    schedule with deaths. It may read only.

    Args:
        sentence: What the rule says; with hyphens instead of spaces it is the rule's name.
        query: Must return nothing.
        when: A query that returns something where the rule's question came up; without it the
            rule is exercised as soon as the database showed a run.
    """
    name = re.sub(r"[^a-z0-9]+", "-", sentence.lower()).strip("-")
    asked = "the database showed a run" if when is None else f"`{when}` returns a row"
    meaning = (
        f"{sentence[:1].upper()}{sentence[1:]}: `{query}` returns nothing.\n\n"
        f"Exercised: {asked}.\n\n"
        f"Symptom: this is not so: {sentence}."
    )

    def search(_: History, facts: Facts) -> Iterator[Finding]:
        if facts.settled:
            yield from _contradictions(query, facts)

    def exercised(_: History, facts: Facts) -> bool:
        if when is None:
            return bool(facts.transitions)
        answer = facts.rows.get(when)
        return answer is not None and bool(answer.value) and not answer.value.startswith(RAISED)

    place = calling_line().partition(" in ")[0]
    queries = (query,) if when is None else (query, when)
    return Rule(name, meaning, exercised, search, place, queries)


def _contradictions(query: str, facts: Facts) -> Iterator[Finding]:
    answer = facts.rows.get(query)
    if answer is None:
        yield unknown("the history does not tell what the query found")
    elif answer.value.startswith(RAISED):
        yield unknown(
            f"the query could not be asked (event {answer.number}): "
            f"{answer.value.removeprefix(RAISED)}",
            answer,
        )
    elif answer.value:
        yield broken(f"the query found {answer.value} (event {answer.number})", answer)
