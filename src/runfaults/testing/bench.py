"""Where property tests run their schedules: one test bench for each target in a process."""

from __future__ import annotations

import atexit
import contextlib
import random
from collections import Counter, OrderedDict
from collections.abc import Generator, Iterable, Sequence
from dataclasses import dataclass, replace
from functools import cached_property, partial
from pathlib import Path

from runfaults.campaign.players import open_player
from runfaults.explore import trial
from runfaults.explore.probe import probe
from runfaults.explore.rehearsal import Rehearsal, rehearse
from runfaults.explore.runner import Player, Runner
from runfaults.explore.shrink import shrink
from runfaults.model import History, Judgement, Scenario, Schedule, Verdict
from runfaults.oracle.judge import rule_named
from runfaults.oracle.own import addresses_of, own_rules
from runfaults.report.console import broken, readable_width
from runfaults.report.explain import explain
from runfaults.report.steps import printable
from runfaults.report.wording import describe_printed
from runfaults.scenario.file import dump_scenario
from runfaults.sim.frozen_time import is_time_frozen, thawed
from runfaults.testing.first_look import require_survived
from runfaults.testing.untold import untold
from runfaults.user_code import redacting

REMEMBERED = 512
"""Rehearsals that a bench keeps: strategies ask for those of short schedules again and again."""


MARGIN = 8
"""Columns by which pytest indents the message of a failure."""


class DoesNotHoldError(AssertionError):
    """Rules do not hold.

    Its message shows the simplest schedule near the failing one that fails in the same way: the
    timeline, the story in words, the schedule. It is sought when the message is read, because most
    failures are only steps of Hypothesis' own shrinking.
    """

    def __init__(self, bench: Bench, schedule: Schedule, rules: frozenset[str]) -> None:
        super().__init__(schedule)
        self._bench = bench
        self._schedule = schedule
        self._rules = rules

    def __str__(self) -> str:
        simplest = self._simplest
        return failure_text(simplest.history, simplest.failing(self._rules), self._schedule)

    @cached_property
    def _simplest(self) -> Trial:
        return self._bench.simplest(self._schedule, self._rules)

    @cached_property
    def scenario(self) -> Scenario:
        """The schedule under a name, ready to be saved."""
        trial = self._simplest
        failing = trial.failing(self._rules)
        worst = Verdict.worst(judgement.verdict for judgement in failing)
        first = next(judgement for judgement in failing if judgement.verdict is worst)
        rules = tuple(each.rule for each in failing if each.verdict is worst)
        return Scenario(
            name=f"{_short(trial.target)}-{first.rule}",
            symptom=first.reason,
            target=trial.target,
            schedule=trial.schedule,
            expect=worst,
            rules=rules,
            own_rules=addresses_of(rules, trial.own_rules),
        )

    def save(self, folder: Path) -> Path:
        """Write the scenario into the folder, beside what is there already.

        Returns:
            The file; one that has the same schedule already is left alone.
        """
        folder.mkdir(parents=True, exist_ok=True)
        number, name = 1, self.scenario.name
        while (path := folder / f"{name}.toml").exists():
            text = dump_scenario(replace(self.scenario, name=name), folder)
            if path.read_text(encoding="utf-8") == text:
                return path
            number += 1
            name = f"{self.scenario.name}-{number}"
        path.write_text(dump_scenario(replace(self.scenario, name=name), folder), encoding="utf-8")
        return path


def failure_text(
    history: History, failing: Sequence[Judgement], asked: Schedule | None = None
) -> str:
    """The rules that fail, the history's timeline, the story in words, and its schedule.

    Args:
        history: What happened.
        failing: Judgements of the rules that fail.
        asked: The schedule that was to be run, if this is a simpler one.
    """
    from runfaults.report.timeline import timeline_text  # what draws it loads slowly

    lines = "\n".join(
        [
            *(f"{each.rule} is {each.verdict}: {each.reason}" for each in failing),
            "",
            timeline_text(history, failing),
            broken(explain(history, failing), readable_width(MARGIN)),
            "",
            f"schedule: {history.schedule}",
            *([f"made simpler from: {asked}"] if asked not in {None, history.schedule} else ()),
            *(["the target printed:", printed] if (printed := describe_printed(history)) else ()),
        ]
    )
    return printable(lines)


@dataclass(frozen=True, slots=True)
class Trial(trial.Trial):
    """One schedule, run and judged on a bench.

    Attributes:
        target: Name of the system under test.
        scenario: What was replayed; None for a schedule of no scenario.
        own_rules: Addresses of the rules of the user's own that judged too.
    """

    target: str
    scenario: Scenario | None = None
    own_rules: tuple[str, ...] = ()

    def assert_holds(self, *rules: str) -> None:
        """Fail unless these rules hold; all rules if none is named.

        Raises:
            DoesNotHoldError: an `AssertionError`, if one is broken or cannot be judged.
            ValueError: if there is no such rule.
        """
        __tracebackhide__ = True
        own = own_rules(self.own_rules)
        failing = self.failing([rule_named(name, own).name for name in rules] if rules else None)
        if failing:
            failed = frozenset(each.rule for each in failing)
            raise DoesNotHoldError(bench_for(self.target, self.own_rules), self.schedule, failed)


class Bench:
    """Runs schedules on one target; the simulation is entered when it is first needed.

    Args:
        target: Name of the system under test.
        rules: Addresses of rules of the user's own that judge too, `path.py:name`.

    Attributes:
        tried: How many schedules got each verdict here; see `take_tally`.
    """

    def __init__(self, target: str, rules: tuple[str, ...] = ()) -> None:
        self.target = target
        self.rules = rules
        self.tried: Counter[Verdict] = Counter()
        self._rehearsals: OrderedDict[tuple[Schedule, tuple[str, ...]], Rehearsal] = OrderedDict()

    def run(self, schedule: Schedule) -> Trial:
        """Run one schedule and judge its history.

        Raises:
            NotPlayableError: if the schedule asks for something that cannot happen.
        """
        with _player_of(self.target, self.rules) as player:
            ran = Runner(player).run(schedule)
        ran.require_playable(str(schedule))
        return self._counted(ran)

    def simplest(self, schedule: Schedule, rules: frozenset[str]) -> Trial:
        """The simplest schedule near a failing one that breaks one of the same rules.

        Args:
            schedule: One that fails.
            rules: Names of the rules of which one must not hold.
        """
        with _player_of(self.target, self.rules) as player:
            runner = Runner(player)
            shrunk = shrink(runner, schedule, rules, nearby=True)
            shown = runner.run(shrunk.schedule, with_places=True)
        return Trial(shown.execution, shown.judgements, self.target, own_rules=self.rules)

    def replay(self, scenario: Scenario) -> Trial:
        """Play a scenario with this target.

        Raises:
            NotPlayableError: if the scenario asks for something that cannot happen.
        """
        with _player_of(self.target, self.rules) as player:
            ran = Runner(player).run(scenario.schedule, with_places=True)
        ran.require_playable(scenario.name)
        ran.require_offered(scenario.name)
        return self._counted(ran, scenario)

    def _counted(self, ran: trial.Trial, scenario: Scenario | None = None) -> Trial:
        self.tried[ran.verdict] += 1
        return Trial(ran.execution, ran.judgements, self.target, scenario, self.rules)

    def rehearse(self, schedule: Schedule, kinds: tuple[str, ...]) -> Rehearsal:
        """What could be added to the schedule; remembered."""
        key = schedule, kinds
        known = self._rehearsals.get(key)
        if known is None:
            with _player_of(self.target, self.rules) as player:
                known = rehearse(player, schedule, kinds)
            self._rehearsals[key] = known
            if len(self._rehearsals) > REMEMBERED:
                self._rehearsals.popitem(last=False)
        self._rehearsals.move_to_end(key)
        return known


_Place = tuple[str, tuple[str, ...]]
"""A target's name, and the addresses of the user's own rules."""

_benches: dict[_Place, Bench] = {}


def bench_for(target: str = "genglossary", rules: Iterable[str] = ()) -> Bench:
    """The test bench of that target; there is one for each, with the same rules, in a process.

    Args:
        target: A built-in target, `package.module:Class` or `path/to/file.py:Class`.
        rules: Rules of your own that judge too, each as `path/to/file.py:name`.
    """
    place = target, tuple(rules)
    return _benches.setdefault(place, Bench(*place))


def take_tally() -> Counter[Verdict]:
    """How many schedules got each verdict on all benches, since this was asked last."""
    total: Counter[Verdict] = Counter()
    for bench in _benches.values():
        total += bench.tried
        bench.tried.clear()
    return total


_probed: set[_Place] = set()
"""Targets whose clean runs were as they should be."""


def _probe_once(place: _Place, player: Player) -> None:
    if place not in _probed:
        probe(player)
        _probed.add(place)


_entered: dict[_Place, tuple[Player, contextlib.ExitStack]] = {}
"""The one player that is open on behalf of the benches, by its target and rules."""


@contextlib.contextmanager
def _player_of(target: str, rules: tuple[str, ...]) -> Generator[Player]:
    """The player of that target, open; the `random` module is left as it was.

    It stays entered until another target's is asked for, `leave_simulation` is called or the
    process ends: there is one at a time, because it watches every connection of the process.
    While a test has frozen the time, it is entered for each use, with the real time.

    Raises:
        LookupError: if there is no such target.
        TargetError: if it cannot be tested.
        RuntimeError: if another simulation is entered.
    """
    place = target, rules
    require_survived(target, rules)
    opened = partial(open_player, target, own=rules, redact=redacting())
    with _same_randomness(), untold():
        if is_time_frozen():
            leave_simulation()
            with thawed(), opened() as player:
                _probe_once(place, player)
                yield player
            return
        if place not in _entered:
            leave_simulation()
            with contextlib.ExitStack() as stack:
                player = stack.enter_context(opened())
                _probe_once(place, player)
                _entered[place] = player, stack.pop_all()
        yield _entered[place][0]


def leave_simulation() -> None:
    """Put every substituted name back; the benches stay, and enter it again when need be."""
    with _same_randomness():
        while _entered:
            _, (_, stack) = _entered.popitem()
            stack.close()


@contextlib.contextmanager
def _same_randomness() -> Generator[None]:
    """Hypothesis forbids its strategies to touch the state of the `random` module."""
    state = random.getstate()
    try:
        yield
    finally:
        random.setstate(state)


atexit.register(leave_simulation)


def _short(target: str) -> str:
    return target.rpartition(":")[2]
