"""Turns a schedule into a trial: a player makes it happen, the oracle judges the history."""

from __future__ import annotations

from collections.abc import Callable, Collection
from contextlib import AbstractContextManager
from enum import StrEnum
from typing import Protocol, Unpack

from runfaults.explore.trial import Trial
from runfaults.model import Schedule
from runfaults.oracle.judge import judge
from runfaults.oracle.rule import Rule
from runfaults.oracle.rules import RULES
from runfaults.sim.execution import Execution
from runfaults.sim.meter import Phase, border
from runfaults.sim.simulation import How
from runfaults.targets.target import Target, TargetError, traits


class Player(Protocol):
    """Makes schedules happen, one after the other."""

    @property
    def target(self) -> Target:
        """The system under test."""
        ...

    @property
    def own_rules(self) -> tuple[Rule, ...]:
        """Rules of the user's own, whose queries it asks."""
        ...

    def play(self, schedule: Schedule, **how: Unpack[How]) -> Execution:
        """Run one schedule to its end."""
        ...


class PlayerKind(StrEnum):
    """What makes schedules happen."""

    SIMULATION = "simulation"
    """Emulated faults, in this process."""
    NATIVE = "native"
    """The same, but faults have real causes."""
    LIVES = "lives"
    """A process for each life: some schedules have deaths."""
    FIRST_LIVES = "first-lives"
    """The same, and the target has done nothing in that process before."""


OpensPlayer = Callable[[PlayerKind], AbstractContextManager[Player]]


class OutOfTimeError(Exception):
    """The budget was spent in the middle of a job."""


class Runner:
    """Runs schedules and judges them.

    Args:
        player: Makes them happen.
        rules: Names of the rules that are asked for; None for all.
        another: Opens a player of another kind for the same target, to be entered.

    Attributes:
        rules: Those of them that judge its target: all from which the target is not exempt.
        should_stop: Asked before each schedule; True ends the job.
    """

    def __init__(
        self,
        player: Player,
        rules: Collection[str] | None = None,
        another: OpensPlayer | None = None,
    ) -> None:
        self.player = player
        self._another = another
        self.should_stop: Callable[[], bool] = lambda: False
        self.rules = rules_for(player.target, rules, player.own_rules)

    def another(self, kind: PlayerKind) -> AbstractContextManager[Player]:
        """Another player for the same target, to be entered."""
        if self._another is None:
            raise RuntimeError("this runner was not told how to open another player")
        return self._another(kind)

    def run(self, schedule: Schedule, **how: Unpack[How]) -> Trial:
        """Run one schedule and judge its history.

        Raises:
            OutOfTimeError: if it is to stop.
        """
        self.require_time()
        return self.judge(self.player.play(schedule, **how))

    def require_time(self) -> None:
        """Continue only if it is not to stop.

        Raises:
            OutOfTimeError: if it is.
        """
        if self.should_stop():
            raise OutOfTimeError

    @border(Phase.ORACLE)
    def judge(self, execution: Execution) -> Trial:
        """Judge what a player made happen."""
        return Trial(execution, judge(execution.history, self.rules))


def rules_for(
    target: Target, wanted: Collection[str] | None = None, own: tuple[Rule, ...] = ()
) -> tuple[Rule, ...]:
    """The rules that judge a target, of those that are asked for, the user's own last.

    Raises:
        TargetError: if it exempts itself from a rule that does not exist.
    """
    exempt = traits(target).exempt
    rules = (*RULES, *own)
    names = {rule.name for rule in rules}
    if unknown := sorted(name for name in exempt if name not in names):
        raise TargetError(
            f"target {target.name}: `exempt` names {unknown[0]!r}, which is not a rule; "
            f"rules are: {', '.join(sorted(names))}"
        )
    asked = names if wanted is None else wanted
    return tuple(rule for rule in rules if rule.name in asked and rule.name not in exempt)
