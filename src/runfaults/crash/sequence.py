"""Plays the lives of a schedule one after the other, on one database."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

from runfaults.crash.life import LifeResult, LifeScript, recover_concurrently, run_life
from runfaults.crash.post_mortem import DatabaseState, examine
from runfaults.crash.telling import Telling
from runfaults.model import History, Schedule, Vocabulary
from runfaults.model.element import life_of
from runfaults.sim.acts import MAY_CANCEL
from runfaults.sim.database import FILE_NAME, DatabaseTemplate, rows_in
from runfaults.sim.execution import Execution
from runfaults.targets.target import Target


class LifeSequence:
    """Plays schedules; to be used inside a `Simulation`, in a process without other threads.

    Args:
        target: The system under test.
        folder: For its files.
        queries: What the database is asked after the last life.
    """

    def __init__(self, target: Target, folder: str, queries: Iterable[str] = ()) -> None:
        self._target = target
        self._queries = queries
        self._template = DatabaseTemplate(target, folder, repetitions=True)
        self._folder = Path(folder)
        for name in ("life", "scratch"):
            (self._folder / name).mkdir()

    def play(self, schedule: Schedule, *, with_places: bool = False) -> Execution:
        """Play the lives of a schedule until one is not killed."""
        database = self._template.restore(self._folder / "life", schedule.journal)
        lives: list[LifeResult] = []
        remains = [DatabaseState((), (), ())]
        killed = 0
        while True:
            script = schedule.life(killed + 1)
            known, seen = remains[-1].runs, len(remains[-1].transitions)
            life = run_life(
                self._target, database, LifeScript(killed + 1, script, with_places, known, seen)
            )
            lives.append(life)
            remains.append(examine(database, self._folder / "scratch"))
            if not life.killed:
                break
            killed += 1
            if successors := max(death.successors for death in script.deaths) - 1:
                runs = remains[-1].runs
                lives += recover_concurrently(self._target, database, runs, successors + 1)
                # One that was too late for the race recovers for itself: again must be once.
                lives += recover_concurrently(self._target, database, runs, 1)
                remains.append(examine(database, self._folder / "scratch"))
                break
        vocabulary = self._target.vocabulary
        telling = Telling(schedule.pipeline, vocabulary)
        asked = rows_in(self._folder / "scratch" / FILE_NAME, self._queries)
        events, places = telling.tell(lives, remains, killed, asked)
        printed = "".join(life.printed for life in lives)
        name = self._target.name
        history = History(name, schedule, vocabulary, events, MAY_CANCEL, places, printed)
        return Execution(
            history,
            (),
            (),
            _struck(schedule, lives),
            _unreached(schedule, lives, killed),
            tuple(refusal for life in lives for refusal in life.refused),
            left=tuple(_left(each, vocabulary) for each in remains[1 : killed + 1]),
        )


def _struck(schedule: Schedule, lives: list[LifeResult]) -> tuple[int, ...]:
    """Strikes per fault of the schedule; none in a life that there never was."""
    of_lives = [iter(life.struck) for life in lives]
    numbers = [life_of(fault) for fault in schedule.faults]
    return tuple(
        next(of_lives[number - 1], 0) if number <= len(of_lives) else 0 for number in numbers
    )


def _unreached(schedule: Schedule, lives: list[LifeResult], killed: int) -> tuple[str, ...]:
    """The elements whose moment never came: in their life, or because there is no such life."""
    told = [
        text if number == 1 else f"{text} (in life {number})"
        for number, life in enumerate(lives, start=1)
        for text in life.unreached
    ]
    missing = [each for each in schedule.elements if life_of(each) > len(lives)]
    alive = [each for each in schedule.deaths if killed < life_of(each) <= len(lives)]
    return (*told, *map(str, (*missing, *alive)))


def _left(remains: DatabaseState, vocabulary: Vocabulary) -> str:
    """The state that a death left for the next life; empty if no run was active."""
    if not any(status in vocabulary.active for status in remains.statuses.values()):
        return ""
    return f"{remains.statuses}{' with a journal to roll back' * remains.journal}"
