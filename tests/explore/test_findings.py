from __future__ import annotations

from dataclasses import replace

from hypothesis import given
from hypothesis import strategies as st

from runfaults.explore.findings import MANY_TIMES, Findings, schedule_order
from runfaults.explore.trial import Trial
from runfaults.model import (
    Act,
    Fault,
    FaultPoint,
    History,
    Judgement,
    Operation,
    Schedule,
    Verdict,
    Vocabulary,
)
from runfaults.sim.execution import Execution

WORDS = Vocabulary(frozenset("a"), frozenset("c"), frozenset("x"), frozenset("f"))
COMMIT = FaultPoint("run", Operation.COMMIT)

faults = st.builds(
    Fault,
    st.sampled_from(["busy", "full"]),
    st.builds(FaultPoint, st.just("run"), st.just(Operation.COMMIT), ordinal=st.integers(1, 3)),
    st.sampled_from([1, 2, None]),
)
schedules = st.builds(
    Schedule,
    faults=st.lists(faults, max_size=2).map(tuple),
    acts=st.lists(st.just(Act("cancel")), max_size=1).map(tuple),
)
judgements = st.tuples(
    st.builds(Judgement, st.just("one"), st.sampled_from(Verdict)),
    st.builds(Judgement, st.just("two"), st.sampled_from(Verdict)),
)
judged = st.lists(st.tuples(schedules, judgements), max_size=12)


def history_of(schedule: Schedule) -> History:
    return History("target", schedule, WORDS, ())


def findings_of(items: list[tuple[Schedule, tuple[Judgement, ...]]]) -> Findings:
    findings = Findings()
    for schedule, verdicts in items:
        execution = Execution(history_of(schedule), (), (), (), (), ())
        findings.add(Trial(execution, verdicts))
    return findings


def order_of_witnesses(findings: Findings) -> dict[tuple[str, Verdict], tuple[object, ...]]:
    return {
        key: schedule_order(witness.history.schedule) for key, witness in findings.witnesses.items()
    }


@given(judged, st.integers(0, 12), st.booleans())
def test_findings_merge_to_the_same_whole_wherever_they_are_cut_and_in_any_order(
    items: list[tuple[Schedule, tuple[Judgement, ...]]],
    cut: int,
    swapped: bool,  # noqa: FBT001  # drawn by hypothesis
) -> None:
    whole = findings_of(items)
    parts = [findings_of(items[:cut]), findings_of(items[cut:])]
    merged = Findings()
    for part in reversed(parts) if swapped else parts:
        merged.merge(part)
    assert merged.verdicts == whole.verdicts
    assert merged.rules == whole.rules
    assert merged.cells == whole.cells
    assert order_of_witnesses(merged) == order_of_witnesses(whole)


@given(judged)
def test_the_tallies_count_every_schedule_once(
    items: list[tuple[Schedule, tuple[Judgement, ...]]],
) -> None:
    findings = findings_of(items)
    assert findings.tally().total == len(items)
    broken = sum(any(j[:2] == ("one", Verdict.BROKEN) for j in each) for _, each in items)
    assert findings.tally("one").broken == broken
    assert findings.tally("one").total == len(items)


def test_problems_merge_sorted_and_once() -> None:
    one, other = Findings(problems=["b"]), Findings(problems=["a", "b"])
    one.merge(other)
    assert one.problems == ["a", "b"]


def test_fewer_elements_come_before_fewer_strikes() -> None:
    once = Schedule(faults=(Fault("busy", COMMIT),))
    thrice = replace(once, faults=(Fault("busy", COMMIT, 3),))
    lifted = replace(once, faults=(Fault("busy", COMMIT, None),))
    both = replace(once, acts=(Act("cancel"),))
    ordered = [Schedule(), once, thrice, lifted, both]
    assert sorted([both, lifted, thrice, once, Schedule()], key=schedule_order) == ordered
    assert schedule_order(lifted)[1] == MANY_TIMES
