from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import pytest

from runfaults.model import History, Verdict
from runfaults.oracle import (
    RULES,
    Facts,
    Finding,
    Rule,
    broken,
    judge,
    rule,
    rule_named,
    unknown,
)

Tell = Callable[[str], History]

CLEAN = """
    user request start
    database status run=1 -> pending
    user reply start -> 1
    first reply run=1 subscribe -> registered
    run thread started
    database status run=1 pending -> running
    run pipeline run=1 started
    run pipeline run=1 returned
    database status run=1 running -> completed
    first signal run=1 first -> completed
    run thread ended
    world settled
"""


@rule(exercised=lambda *_: True)
def crashes(history: History, facts: Facts) -> Iterator[Finding]:
    """Always crashes."""
    yield broken(f"{facts.runs[99]} of {history}")


@rule(exercised=lambda *_: True)
def doubts_first(history: History, facts: Facts) -> Iterator[Finding]:
    """Finds two doubts; and a proof, if the target is `guilty`."""
    yield unknown("first doubt")
    yield unknown("second doubt")
    if history.target == "guilty":
        yield broken("proof", *facts.transitions)


def test_a_clean_history_keeps_every_rule(history: Tell) -> None:
    judgements = judge(history(CLEAN))
    assert [j.rule for j in judgements] == [rule.name for rule in RULES]
    assert {j.verdict for j in judgements} == {Verdict.HOLDS}
    assert [j.rule for j in judgements if not j.exercised] == [
        "cancelled-never-failed",
        "accepted-cancel-is-cancelled",
        "cancelled-has-a-cause",
        "one-active-run",
        "start-refused-only-while-active",
        "cancel-refused-only-when-decided",
        "answers-match-the-database",
        "crash-loses-no-recorded-outcome",
        "orphan-is-interrupted-not-failed",
        "recovery-is-idempotent",
    ]


def test_an_empty_history_exercises_no_rule(history: Tell) -> None:
    assert not any(j.exercised for j in judge(history("world settled")))


def test_a_rule_whose_question_crashes_is_unknown(history: Tell) -> None:
    @rule(exercised=lambda _, facts: bool(facts.runs[99]))
    def asks_wrongly(history: History, facts: Facts) -> Iterator[Finding]:
        """Never finds anything."""
        yield from ()

    (judgement,) = judge(history(CLEAN), (asks_wrongly,))
    assert judgement == (
        "asks-wrongly",
        Verdict.UNKNOWN,
        "the rule itself crashed: KeyError: 99",
        (),
        False,
    )


def test_a_history_that_has_not_settled_keeps_no_rule(history: Tell) -> None:
    cut = history(CLEAN.replace("world settled", ""))
    assert {j.verdict for j in judge(cut)} == {Verdict.UNKNOWN}


def test_a_deadlock_breaks_one_rule_and_leaves_the_others_unknown(history: Tell) -> None:
    stuck = history(CLEAN.replace("world settled", "world stuck deadlock"))
    verdicts = {j.rule: j.verdict for j in judge(stuck)}
    assert verdicts.pop("eventually-terminal") is Verdict.BROKEN
    assert set(verdicts.values()) == {Verdict.UNKNOWN}


def test_a_rule_that_crashes_is_unknown_and_stops_no_other(history: Tell) -> None:
    first, second = judge(history(CLEAN), (crashes, rule_named("terminal-is-final")))
    assert first[:3] == ("crashes", Verdict.UNKNOWN, "the rule itself crashed: KeyError: 99")
    assert not first.exercised
    assert second.verdict is Verdict.HOLDS


def test_a_proof_outweighs_the_doubts_before_it(history: Tell) -> None:
    innocent = history(CLEAN)
    guilty = History("guilty", innocent.schedule, innocent.vocabulary, innocent.events)
    (doubtful,), (proven,) = judge(innocent, (doubts_first,)), judge(guilty, (doubts_first,))
    assert (doubtful.verdict, doubtful.reason) == (Verdict.UNKNOWN, "first doubt")
    assert (proven.verdict, proven.evidence) == (Verdict.BROKEN, (1, 5, 8))


def test_rules_are_found_by_name() -> None:
    assert [rule_named(rule.name) for rule in RULES] == list(RULES)
    with pytest.raises(ValueError, match="no rule 'nothing-lasts'; the rules are succeeded-never"):
        rule_named("nothing-lasts")


def test_a_rule_must_say_what_it_means() -> None:
    def silent(history: History, facts: Facts) -> Any:
        return iter(())

    with pytest.raises(ValueError, match="the rule silent has no docstring"):
        rule(exercised=lambda *_: True)(silent)


def test_each_rule_states_a_line_of_the_contract() -> None:
    def states(rule: Rule) -> bool:
        return rule.meaning.count("\n\nContract: ") == 1

    assert all(states(rule) for rule in RULES)
    assert not states(crashes)


def test_each_rule_says_when_it_is_exercised() -> None:
    assert all(rule.meaning.count("\n\nExercised: ") == 1 for rule in RULES)


def test_each_rule_says_in_a_sentence_what_a_user_sees_where_it_is_broken() -> None:
    for each in RULES:
        assert each.symptom[:1].isupper()
        assert each.symptom.endswith(".")
        assert "  " not in each.symptom
    assert crashes.symptom == ""
