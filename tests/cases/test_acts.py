"""Acts are tried where the target has a door for them; a new life draws what no other has drawn."""

from __future__ import annotations

import re
from typing import Any

import pytest

from runfaults.model import EventKind, Schedule
from runfaults.sim.simulation import Simulation

HEAD = """
    import random, secrets, uuid
    from jobs import Jobs, JobsTarget

    class Target(JobsTarget):
        class jobs(Jobs):
"""
WITHOUT = """
            pass
"""
WITH = """
            def cancel(self, run):
                return False
"""


def schedules(told: Any) -> int:
    found = re.search(r"(?:all|of) ([\d,]+) schedules", told.text)
    assert found is not None, told.text
    return int(found[1].replace(",", ""))


def test_a_target_without_cancel_gets_no_cancel_schedules(here: Any) -> None:
    acts = here.check(HEAD + WITHOUT, "--bound", "0,1,0")
    assert "offers no cancel, cancel-api, subscribe: not among the acts tried" in acts.text
    bounds = acts.text.partition("bound: ")[2]
    assert re.findall(r"<= 1 act \(.*?\)", bounds) == ["<= 1 act (keyboard-interrupt)"]
    numbers = [int(number) for number in re.findall(r": (\d+) run", bounds)]
    assert sum(numbers) == schedules(acts)
    assert numbers[:2] == [1, 1], "one of each clean search"


def test_one_with_cancel_gets_those_and_no_others(here: Any) -> None:
    acts = here.check(HEAD + WITH, "--bound", "0,1,0")
    assert schedules(acts) > 1
    assert "offers no cancel-api, subscribe: not among the acts tried" in acts.text
    assert "<= 1 act (cancel)" in acts.text


def test_an_act_that_is_asked_for_and_not_offered_is_told(here: Any) -> None:
    acts = here.check(HEAD + WITHOUT, "--bound", "0,1,0", "--only", "cancel")
    assert acts.code == 2
    assert "offers none of the acts that --only names, cancel" in acts.text


DRAWS = (
    "str(uuid.uuid4())",
    "str(uuid.uuid1())",
    "str(random.random())",
    "secrets.token_hex()",
    "str(random.SystemRandom().random())",
)
CONSTANT = "'the same in each life'"


@pytest.mark.parametrize(
    "draws",
    [
        pytest.param(DRAWS, id="drawn"),
        pytest.param((CONSTANT,), id="constant", marks=pytest.mark.nightly),
    ],
)
def test_a_second_life_does_not_draw_what_the_first_has_drawn(
    here: Any, draws: tuple[str, ...]
) -> None:
    here.write(
        "target.py",
        f"""
        import random, secrets, sqlite3, uuid
        from contextlib import closing
        from jobs import Jobs, JobsTarget

        class Target(JobsTarget):
            exempt = {{
                "one-active-run": "jobs run side by side",
                "eventually-terminal": "an operator decides",
                "orphan-is-interrupted-not-failed": "an operator decides",
                "start-answers-truthfully": "an operator decides",
            }}
            def prepare(self, database):
                super().prepare(database)
                with closing(sqlite3.connect(database)) as connection:
                    connection.execute("CREATE TABLE keys (key TEXT PRIMARY KEY)")
                    connection.commit()
            class jobs(Jobs):
                def start(self):
                    with closing(self.connect()) as connection:
                        for key in ({", ".join(draws)},):
                            connection.execute("INSERT INTO keys VALUES (?)", (key,))
                        connection.commit()
                    return super().start()
                def wait(self, run):
                    if run in self.threads:
                        super().wait(run)
        """,
    )
    schedule = "pipeline succeeds; death before run commit #2"
    told = here.type("crash", "--target", "target.py:Target", "--schedule", schedule)
    collided = "UNIQUE constraint failed" in told.text
    assert collided is (CONSTANT in draws), told.text
    again = here.type("crash", "--target", "target.py:Target", "--schedule", schedule)
    assert again == told


LOOKS_FIRST = """
    from contextlib import closing
    from jobs import Jobs, JobsTarget

    class Target(JobsTarget):
        class jobs(Jobs):
            def __init__(self, database, work):
                super().__init__(database, work)
                with closing(self.connect()) as connection:
                    connection.execute("SELECT count(*) FROM jobs").fetchone()

            def cancel(self, run):
                return False
"""


@pytest.mark.parametrize("act", ["cancel", "start", "close"])
def test_an_act_that_comes_while_the_manager_is_opened_waits_for_it(here: Any, act: str) -> None:
    with Simulation(here.target(LOOKS_FIRST)) as simulation:
        execution = simulation.play(Schedule.parse(f"act {act} at user connect"))
    (reply,) = (
        event
        for event in execution.history.events
        if event.kind is EventKind.REPLY and event.actor == act
    )
    assert not reply.value.startswith("raised")
    assert not any(event.kind is EventKind.STUCK for event in execution.history.events)
