"""Bugs of known depth are found at the rate that the paper promises, where random choices fail."""

from __future__ import annotations

import threading
from collections.abc import Callable, Collection, Iterable
from dataclasses import dataclass
from itertools import permutations
from random import Random
from typing import Any

import pytest

from runfaults.model import FaultPoint, Operation, Preemption
from runfaults.sim.director import Director
from runfaults.sim.priorities import PriorityDirector
from runfaults.sim.recorder import Recorder
from runfaults.sim.scheduler import Scheduler
from runfaults.sim.substitution import controlled_primitives


class RandomWalk:
    """Whoever is ready goes on, each as likely as the others, at every step."""

    def __init__(self, random: Random) -> None:
        self._random = random
        self._latest: FaultPoint | None = None

    def choose_next(self, point: FaultPoint, ready: tuple[str, ...]) -> tuple[str, ...]:
        if point == self._latest:
            return ()
        self._latest = point
        chosen = self._random.choice((point.actor, *ready))
        return (chosen,) if chosen != point.actor else ()


@dataclass
class Shared:
    """What the threads of a planted bug look at."""

    window: bool = False
    seen_open: bool = False
    done: bool = False
    found: bool = False


def steps(number: int) -> None:
    """Do something in which others may come between, so many times."""
    own = threading.Lock()
    for _ in range(number):
        with own:
            pass


def opens_a_window(shared: Shared) -> None:
    steps(1)
    shared.window = True
    steps(1)
    shared.window = False
    steps(3)
    shared.done = True


def begins_inside(shared: Shared) -> None:
    """Depth 1: it has not begun before the other one has ended."""
    shared.found = shared.done


def fits_inside(shared: Shared) -> None:
    """Depth 2: open < first look, last look < close."""
    first = shared.window
    steps(8)
    shared.found = first and shared.window


def fits_inside_and_stays_behind(shared: Shared) -> None:
    """Depth 3: as before, and then the other one ends before this one goes on."""
    first = shared.window
    steps(7)
    both = first and shared.window
    steps(1)
    shared.found = both and shared.done


@dataclass(frozen=True)
class Executed:
    found: bool
    order: tuple[str, ...]
    actors: int

    @property
    def steps(self) -> int:
        return len(self.order)


def execute(body: Callable[[Shared], None], director: Director) -> Executed:
    """Run one thread that opens a window and one with the given body; inside the primitives."""
    shared = Shared()

    def user() -> None:
        threads = [threading.Thread(target=each, args=(shared,)) for each in (opens_a_window, body)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()

    recorder = Recorder()
    scheduler = Scheduler(recorder, director, lambda now: None)
    try:
        scheduler.run("user", user)
    finally:
        scheduler.unwind()
    order = tuple(str(step.point) for step in scheduler.steps)
    return Executed(shared.found, order, len(scheduler.all_actors))


class Drawn(Random):
    """Has drawn already: the steps at which actors are lowered, and their priorities at first."""

    def __init__(self, changes: tuple[int, ...], priorities: tuple[float, ...]) -> None:
        super().__init__(0)
        self._changes = list(changes)
        self._priorities = iter(priorities)

    def sample(self, *_: Any, **__: Any) -> list[Any]:
        return self._changes

    def random(self) -> float:
        return next(self._priorities)


def rate(executions: Iterable[Executed]) -> float:
    found = [execution.found for execution in executions]
    return sum(found) / len(found)


def promised(executions: Collection[Executed], depth: int) -> float:
    n = max(execution.actors for execution in executions)
    k = max(execution.steps for execution in executions)
    return 1 / (n * k ** (depth - 1))


@pytest.mark.parametrize(
    ("body", "depth"),
    [(begins_inside, 1), (fits_inside, 2), (fits_inside_and_stays_behind, 3)],
)
def test_of_everything_that_may_be_drawn_the_promised_share_finds_a_bug_of_that_depth(
    body: Callable[[Shared], None], depth: int
) -> None:
    with controlled_primitives():
        k = execute(body, PriorityDirector(Random(0), 1, 1)).steps
        executions = [
            execute(body, PriorityDirector(Drawn(changes, priorities), depth, k))
            for changes in permutations(range(k), depth - 1)
            for priorities in permutations((0.1, 0.2, 0.3))
        ]
    assert {(execution.steps, execution.actors) for execution in executions} == {(k, 3)}
    assert 1 > rate(executions) >= promised(executions, depth)


def test_a_lesser_depth_than_the_bug_has_does_not_find_it() -> None:
    """What tells the depths above from too large ones."""
    with controlled_primitives():
        for body, depth in ((fits_inside, 1), (fits_inside_and_stays_behind, 2)):
            executions = [
                execute(body, PriorityDirector(Drawn(changes, priorities), depth, 25))
                for changes in permutations(range(25), depth - 1)
                for priorities in permutations((0.1, 0.2, 0.3))
            ]
            assert rate(executions) == 0


def test_seeds_find_a_bug_as_often_as_promised_and_random_choices_hardly_ever() -> None:
    seeds = range(600)
    with controlled_primitives():
        k = execute(fits_inside, PriorityDirector(Random(0), 1, 1)).steps
        executions = [execute(fits_inside, PriorityDirector(Random(seed), 2, k)) for seed in seeds]
        walks = [execute(fits_inside, RandomWalk(Random(seed))) for seed in seeds]
    assert rate(executions) >= promised(executions, 2)
    assert rate(walks) < promised(executions, 2) / 2


def test_the_seed_decides_everything_and_other_seeds_give_other_orders() -> None:
    def once(seed: int) -> tuple[Executed, list[Preemption]]:
        director = PriorityDirector(Random(seed), 3, 25)
        return execute(fits_inside, director), director.switches

    with controlled_primitives():
        executions = [once(seed) for seed in range(20)]
        assert executions == [once(seed) for seed in range(20)]
    assert len({executed.order for executed, _ in executions}) > 10


def test_the_lowered_actor_goes_on_only_when_nobody_else_can() -> None:
    director = PriorityDirector(Random(0), 2, 1)  # the only step to choose is the first one
    first = FaultPoint("user", Operation.REACH, "begin")
    later = FaultPoint("user", Operation.REACH, "end")
    assert director.choose_next(first, ("run",)) == ("run",)
    assert director.choose_next(later, ("other",)) == ("other",)
    assert director.choose_next(later, ()) == ()
    assert director.switches == [Preemption(first, "run"), Preemption(later, "other")]


def test_fewer_steps_than_changes_are_no_error() -> None:
    point = FaultPoint("user", Operation.REACH, "begin")
    assert PriorityDirector(Random(0), 5, 1).choose_next(point, ()) == ()
