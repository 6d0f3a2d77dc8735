from __future__ import annotations

from typing import Any

import pytest

from runfaults.model import Fault, FaultPoint, Operation
from runfaults.model.fault import LIFTED_AFTER
from runfaults.sqlite import Call, FaultPlan, PointCounter, Statement, kind_named

CALL = Call(Operation.CONNECT, Statement(""), None, file="x.db")
BUSY_CALL = CALL
"""Of the kinds used here `cantopen` and `nomem` can strike a connect, `busy` cannot."""


class Clock:
    now = 0.0

    def __call__(self) -> float:
        return self.now


def plan(*faults: str, clock: Clock | None = None) -> FaultPlan:
    return FaultPlan(tuple(map(Fault.parse, faults)), clock or Clock())


def strikes(made: FaultPlan, actors: str) -> list[str]:
    counter = PointCounter()
    kinds: list[Any] = [
        made.due(counter.point(actor, Operation.CONNECT), CALL) for actor in actors.split()
    ]
    return ["" if kind is None else kind.name for kind in kinds]


def test_points_are_counted_for_each_actor_operation_and_subject() -> None:
    counter = PointCounter()
    counter.point("a", Operation.EXECUTE, "UPDATE t")
    counter.point("a", Operation.EXECUTE, "UPDATE u")
    counter.point("b", Operation.EXECUTE, "UPDATE t")
    again = counter.point("a", Operation.EXECUTE, "UPDATE t")
    assert again == FaultPoint("a", Operation.EXECUTE, "UPDATE t", 2)


def test_a_fault_strikes_at_its_point_once() -> None:
    made = plan("cantopen at a connect #2")
    assert strikes(made, "a a a") == ["", "cantopen", ""]
    assert (made.struck, made.unreached(), made.refused) == ((1,), (), [])


def test_a_fault_goes_on_with_its_actor_until_it_has_struck_often_enough() -> None:
    made = plan("cantopen at a connect x2")
    assert strikes(made, "b a b a a") == ["", "cantopen", "", "cantopen", ""]
    assert made.struck == (2,)


def test_a_fault_until_lifted_ends_with_time() -> None:
    clock = Clock()
    made = plan("cantopen at a connect until lifted", clock=clock)
    assert strikes(made, "a a a") == ["cantopen"] * 3
    clock.now = LIFTED_AFTER
    assert strikes(made, "a") == [""]


def test_lifting_ends_every_fault_and_leaves_the_others_unreached() -> None:
    made = plan("cantopen at a connect x9", "nomem at a connect #3")
    assert strikes(made, "a") == ["cantopen"]
    made.lift()
    assert strikes(made, "a a a") == ["", "", ""]
    assert made.unreached() == (Fault.parse("nomem at a connect #3"),)


def test_the_first_of_two_faults_strikes_and_the_other_one_waits() -> None:
    made = plan("nomem at a connect", "cantopen at a connect")
    assert strikes(made, "a a a") == ["nomem", "cantopen", ""]
    assert made.struck == (1, 1)


def test_two_equal_faults_are_two_faults() -> None:
    made = plan("nomem at a connect", "nomem at a connect")
    assert strikes(made, "a a a") == ["nomem", "nomem", ""]


def test_a_kind_that_cannot_strike_at_its_point_is_refused_with_the_reason() -> None:
    made = plan("busy at a connect")
    assert strikes(made, "a a") == ["", ""]
    ((fault, reason),) = made.refused
    assert (fault.kind, reason) == (
        "busy",
        "connecting does not read the file, so it meets no lock",
    )


def test_a_point_that_never_comes_is_unreached() -> None:
    made = plan("cantopen at a connect #5")
    strikes(made, "a a")
    assert made.unreached() == made.faults


def test_an_unknown_kind_is_refused_with_the_kinds_there_are() -> None:
    with pytest.raises(ValueError, match="there is no fault kind 'bussy'; the kinds are: busy, "):
        kind_named("bussy")
