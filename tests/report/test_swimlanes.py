from __future__ import annotations

from sample_histories import (
    Script,
    cancel_lost,
    deadlock,
    large_result,
    mission_bug,
    returned,
    self_lock,
)

from runfaults.model import EventKind, Judgement, Schedule, Verdict
from runfaults.report.steps import steps
from runfaults.report.swimlanes import arrange, fold


def test_each_step_of_an_actor_is_in_its_lane() -> None:
    violation = cancel_lost()
    swimlanes = arrange(violation.history, violation.judgements, violation.neighbour)
    for row in swimlanes.rows:
        for actor, cell in zip(swimlanes.actors, row.cells, strict=True):
            assert cell.step is None or cell.step.actor == actor
    placed = [cell.step for row in swimlanes.rows for cell in row.cells if cell.step]
    assert placed == [
        step for step in steps(violation.history, violation.judgements) if step.actor != "harness"
    ]


def test_the_meaning_of_the_status_lasts_until_it_changes() -> None:
    violation = mission_bug()
    swimlanes = arrange(violation.history, violation.judgements, violation.neighbour)
    meanings = list(dict.fromkeys(row.status for row in swimlanes.rows))
    assert meanings == ["absent", "active", "failed"]
    assert list(dict.fromkeys(row.other_status for row in swimlanes.rows)) == [
        "absent",
        "active",
        "completed",
    ]


def test_a_wait_lasts_until_its_actor_goes_on_and_the_holder_is_marked() -> None:
    script = Script(Schedule())
    script.begin("run", "execute UPDATE runs")
    script.wait("run", "database", "cancel", 2.0)
    script.do("cancel", "commit", "close")
    script.add("run", EventKind.OK)
    script.do("run", "commit")
    bars = [tuple(cell.bar for cell in row.cells) for row in arrange(script.history(), ()).rows]
    waits = ("waiting", "holding")
    assert bars == [waits, waits, waits, ("", ""), ("", "")]


def test_who_waits_for_itself_or_a_thread_is_not_marked_as_holding() -> None:
    script = Script(Schedule())
    script.wait("user", "thread run", "run", 1.0)
    script.do("run", "connect")
    bars = [tuple(cell.bar for cell in row.cells) for row in arrange(script.history(), ()).rows]
    assert bars == [("waiting", ""), ("waiting", "")]
    held = {cell.bar for row in arrange(self_lock().history, ()).rows for cell in row.cells}
    assert held == {"", "waiting"}


def test_a_deadlock_ends_with_both_waiting() -> None:
    last = arrange(deadlock().history, deadlock().judgements).rows[-1]
    assert [cell.bar for cell in last.cells] == ["", "holding", "holding"]


def test_what_proves_the_verdict_is_never_folded() -> None:
    for violation in (mission_bug(), cancel_lost(), self_lock(), deadlock()):
        swimlanes = arrange(violation.history, violation.judgements, violation.neighbour)
        folded = [row for block in fold(swimlanes.rows) if block.folded for row in block.rows]
        assert not [row for row in folded if row.pair.failing and row.pair.failing.decisive]
        assert folded


def test_between_the_fault_and_the_wrong_record_every_step_is_shown() -> None:
    violation = mission_bug()
    swimlanes = arrange(violation.history, violation.judgements, violation.neighbour)
    notable = [number for number, row in enumerate(swimlanes.rows) if row.notable]
    between = swimlanes.rows[notable[0] : notable[-1]]
    assert any(row.ordinary for row in between)
    folded = [row for block in fold(swimlanes.rows) if block.folded for row in block.rows]
    assert not [row for row in folded if row in between]


def test_of_a_long_history_the_places_that_matter_are_kept() -> None:
    violation = large_result().violations[0]
    swimlanes = arrange(violation.history, violation.judgements, violation.neighbour, most=40)
    whole = arrange(violation.history, violation.judgements, violation.neighbour, most=None)
    left_out = [row.pair.left_out for row in swimlanes.rows if row.pair.left_out]
    assert len(left_out) == 2
    assert len(swimlanes.rows) - len(left_out) + sum(left_out) == len(whole.rows)
    kept = [row.pair for row in swimlanes.rows]
    assert any(pair.first_difference for pair in kept)
    assert any(pair.failing and pair.failing.decisive for pair in kept)
    assert any(pair.failing and pair.failing.find(EventKind.STRIKE) for pair in kept)


def test_what_the_neighbour_did_too_is_folded_even_where_somebody_waits() -> None:
    violation = cancel_lost()
    assert violation.neighbour
    swimlanes = arrange(violation.history, violation.judgements, violation.neighbour)
    blocks = list(fold(swimlanes.rows))
    first = next(n for n, block in enumerate(blocks) if block.rows[0].pair.first_difference)
    before = [row for block in blocks[:first] if not block.folded for row in block.rows]
    assert all(row.pair.failing and row.pair.failing.kind is not EventKind.REPLY for row in before)


def test_without_a_fault_everything_from_the_pipelines_end_to_the_proof_is_shown() -> None:
    script = Script(Schedule())
    script.started()
    returned(script)
    script.do("run", "execute UPDATE runs", "commit", "rollback", "close")
    script.ended("completed")
    leak = script.add("harness", EventKind.LEAK, "connection", "opened by run")
    proof = Judgement("nothing-leaks", Verdict.BROKEN, "left behind", (leak,))
    blocks = list(fold(arrange(script.history(), [proof]).rows))
    assert [block.folded for block in blocks[-2:]] == [True, False]
    shown = [row.pair.failing.title for row in blocks[-1].rows if row.pair.failing]
    start = shown.index("pipeline returned")
    assert shown[start + 1 : start + 4] == ["execute UPDATE runs #2", "commit #2", "rollback"]
