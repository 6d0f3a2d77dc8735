"""What is none of SQLite fails: where that can be, and what it leaves."""

from __future__ import annotations

import os
import re
import socket
import sys
from pathlib import Path

import pytest

from runfaults.campaign.campaign import Campaign
from runfaults.campaign.conclude import check
from runfaults.campaign.running import Options
from runfaults.explore.job import Allowance, Scope
from runfaults.explore.search import Search
from runfaults.model import Ending, EventKind, Schedule, Verdict
from runfaults.model.listener import Listener
from runfaults.model.scenario import Scenario
from runfaults.oracle.judge import judge
from runfaults.scenario.file import ScenarioError, dump_scenario, load_scenario
from runfaults.sim.execution import Execution
from runfaults.sim.misfortunes import MISFORTUNES, SIMULATED_KINDS
from runfaults.sim.simulation import Simulation
from runfaults.targets import target_named

CONTROLS = Path(__file__).parents[1] / "controls"


def played(target: str, *schedules: str) -> list[Execution]:
    with Simulation(target_named(target)) as simulation:
        return [
            simulation.play(Schedule.parse(text), survey=tuple(MISFORTUNES)) for text in schedules
        ]


def surveyed(execution: Execution) -> dict[str, set[str]]:
    return {
        str(point): {kind for kind, refusal in refusals if refusal is None}
        for point, _, refusals in execution.survey
        if not point.operation.touches_database
    }


def test_the_corrected_manager_can_be_struck_at_what_it_uses() -> None:
    clean, cancelled = played(
        "genglossary",
        "pipeline succeeds",
        "pipeline raises-when-closed; act cancel at run execute INSERT runfaults_work",
    )
    assert surveyed(clean) == {
        "user spawn run": {"no-thread"},
        "run call client.close": {"close-raises"},
        "run call queue.put": {"queue-full"},
    }
    assert surveyed(cancelled) == {
        "user spawn run": {"no-thread"},
        "cancel call client.close": {"close-raises"},  # the second close finds it closed
        "run call queue.put": {"queue-full"},
    }


def test_what_strikes_there_is_told() -> None:
    for execution in played(
        "genglossary",
        "fault close-raises at run call client.close",
        "fault queue-full at run call queue.put",
    ):
        assert (execution.struck, execution.refused, execution.unreached) == ((1,), (), ())
        assert {each.verdict for each in judge(execution.history)} == {Verdict.HOLDS}
        signals = [e.value for e in execution.history.events if e.kind is EventKind.SIGNAL]
        assert signals == ["completed"]


@pytest.mark.parametrize(
    ("target", "fault", "reason"),
    [
        (
            "genglossary",
            "busy at run call queue.put",
            "SQLite has no part in it",
        ),
        (
            "genglossary",
            "queue-full at run call client.close",
            "only a subscriber's queue can be full",
        ),
        (
            "genglossary",
            "subscriber-raises at run call queue.put",
            "only a subscriber's function does so",
        ),
        (
            "genglossary",
            "close-raises at run commit",
            "only the close of a client of the work fails so",
        ),
    ],
)
def test_where_it_cannot_strike(target: str, fault: str, reason: str) -> None:
    (execution,) = played(target, f"fault {fault}")
    assert [told for _, told in execution.refused] == [reason]


def test_a_start_that_failed_has_told_no_line_before() -> None:
    """The work has not begun: a queue cannot be full, a client has no connection to close."""
    (execution,) = played("genglossary", "fault no-thread at user spawn run; act subscribe")
    assert not [kinds for kinds in surveyed(execution).values() if "queue-full" in kinds]


def test_a_queue_is_as_full_as_the_target_has_seen_it() -> None:
    """It asks first, under its lock: what tells it that there is room cannot be full after that."""
    (execution,) = played(f"{CONTROLS / 'told.py'}:AsksFirst", "pipeline succeeds")
    struck = {point for point, kinds in surveyed(execution).items() if "queue-full" in kinds}
    assert struck == {"run call queue.full"}
    (execution,) = played(
        f"{CONTROLS / 'told.py'}:AsksFirst", "fault queue-full at run call queue.put"
    )
    ((_, reason),) = execution.refused
    assert reason == "the target has seen before that the queue has room"


def test_no_act_comes_at_a_call(tmp_path: Path) -> None:
    schedule = Schedule.parse("act cancel at run call queue.put")
    scenario = Scenario("a", "A symptom.", "genglossary", schedule)
    file = tmp_path / "a.toml"
    file.write_text(dump_scenario(scenario), "utf-8")
    with pytest.raises(ScenarioError, match=re.escape("switched at 'run call queue.put'")):
        load_scenario(file)


def test_the_reduced_search_breaks_the_same_rules_as_the_whole_one() -> None:
    scope = Scope(("subscriber-raises",), ("subscribe",), endings=(Ending.SUCCEEDS,))
    target = f"{CONTROLS / 'told.py'}:FirstOneRaises"
    results = [
        check(
            Campaign(target, (Search(scope, Allowance(1, 1, 0), reduce=reduce),)),
            Options(processes=1),
            Listener(),
        )
        for reduce in (True, False)
    ]
    reduced, whole = (
        {name for name, tally in each.rules.items() if tally.verdict is Verdict.BROKEN}
        for each in results
    )
    assert reduced == whole == {"signal-matches-record"}
    assert results[0].schedules.total < results[1].schedules.total


@pytest.mark.skipif(sys.platform != "linux", reason="descriptors are Linux's")
def test_a_real_socket_whose_close_is_reported_to_fail_is_closed() -> None:
    one, other = socket.socketpair()
    os.close(one.fileno())  # so close(2) reports an error
    with other, pytest.raises(OSError) as real:  # noqa: PT011  # which one is not the question
        one.close()
    assert one.fileno() == -1
    (execution,) = played("genglossary", "fault close-raises at run call client.close")
    (raised,) = (e.value for e in execution.history.events if e.kind is EventKind.ERROR)
    assert raised.startswith(type(real.value).__name__)


def test_every_misfortune_is_a_kind_of_the_simulation() -> None:
    assert set(MISFORTUNES) < set(SIMULATED_KINDS)
