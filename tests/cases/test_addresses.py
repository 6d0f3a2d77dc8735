"""Histories do not depend on addresses, or the check says that they do."""

from __future__ import annotations

from typing import Any

import pytest

from runfaults.explore.determinism import first_difference
from runfaults.model import Schedule
from runfaults.sim.simulation import Simulation

HEAD = """
    import queue
    import threading
    from concurrent.futures import Future
    from jobs import Jobs, JobsTarget

    class Table:
        def __init__(self, name):
            self.name = name

    class Other:
        pass

    class Both(Table, Other):
        pass  # met below each of its bases

    class Ordered(Table):
        def __hash__(self):
            return hash(self.name.encode()[0])

    KEPT = [Table(name) for name in "abcdef"]
    PLACES = {table: table.name for table in KEPT}

    class Target(JobsTarget):
        class jobs(Jobs):
            def do(self, connection, job):
"""
USE = """
                for each in {}:
                    connection.execute(f"SELECT '{{each.name}}'")
                super().do(connection, job)
"""
MIXED = {
    "a set of the target's own objects": "{Table(name) for name in 'abcdef'}",
    "a frozen one": "frozenset(map(Table, 'abcdef'))",
    "a difference": "{*map(Table, 'abcdef')} - {Table('g')}",
}
REPEATABLE = {
    "a list": "[Table(name) for name in 'abcdef']",
    "a dict": "{Table(name): 1 for name in 'abcdef'}",
    "a class with a hash": "{Ordered(name) for name in 'abcdef'}",
    "what was there before": "[table for table in KEPT if table in PLACES]",
    "a set of one": "{Table('a')}",
}


@pytest.mark.parametrize("things", MIXED.values(), ids=list(MIXED))
def test_an_order_of_addresses_is_unknown_with_type_and_place(here: Any, things: str) -> None:
    told = here.check(HEAD + USE.format(things))
    assert told.code == 3
    assert "target.py:Target: unknown: not every schedule gave the same history again" in told.text
    assert f"order each time: Table, first at {here.folder.name}/target.py:" in told.text


@pytest.mark.parametrize("things", REPEATABLE.values(), ids=list(REPEATABLE))
def test_any_other_order_is_repeatable(here: Any, things: str) -> None:
    told = here.check(HEAD + USE.format(things))
    assert told.code == 0, told.text


MAKERS = [
    "queue.Queue",
    "queue.SimpleQueue",
    "queue.LifoQueue",
    "threading.Lock",
    "threading.RLock",
    "threading.Event",
    "threading.Condition",
    "threading.Semaphore",
    "threading.Thread",
    "lambda: threading.Timer(1, print)",
    "lambda: threading.Barrier(2)",
    "Future",
]
MADE = """
                make = {}
                made, between = [], []
                for number in range(8):
                    made.append(make())
                    between.append(bytearray(1000 + id(made) % 5000))
                places = {{thing: place for place, thing in enumerate(made)}}
                for each in set(made):
                    connection.execute(f"SELECT '{{places[each]}}'")
                super().do(connection, job)
"""


@pytest.mark.parametrize("make", MAKERS)
def test_the_order_of_primitives_is_the_same_in_every_replay(here: Any, make: str) -> None:
    target = here.target(HEAD + MADE.format(make))
    with Simulation(target) as simulation:
        assert first_difference(simulation, Schedule()) is None
        orders: list[list[str]] = []
        elsewhere: list[object] = []
        for number in range(3):
            elsewhere += [bytearray(size) for size in range(0, 4000, 7 + number)]
            events = simulation.play(Schedule()).history.events
            orders.append([event.value for event in events if event.value.startswith("SELECT '")])
    assert sorted(orders[0]) == [f"SELECT '{number}'" for number in range(8)]
    assert orders[1:] == orders[:1] * 2


def test_primitives_keep_their_hash(here: Any) -> None:
    """What was hashed before a simulation, or after it, is found again inside, and outside."""
    here.write(
        "kept.py",
        """
        import queue, threading
        BEFORE = {queue.Queue(), threading.Event(), threading.Thread()}
        INSIDE = set()
        """,
    )
    use = """
                import kept
                assert all(each in kept.BEFORE for each in kept.BEFORE)
                kept.INSIDE.update([queue.Queue(), threading.Event(), threading.Thread()])
                assert all(each in kept.INSIDE for each in kept.INSIDE)
                super().do(connection, job)
    """
    assert here.check(HEAD.replace("import queue\n", "import kept, queue\n") + use).code == 0
