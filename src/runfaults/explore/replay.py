"""Plays one scenario and says whether it went as its file says."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from runfaults.explore.probe import probe
from runfaults.model import History, Judgement, Scenario, Verdict
from runfaults.oracle.judge import judge
from runfaults.sim.execution import Execution
from runfaults.sim.simulation import Simulation
from runfaults.targets import target_named


class NotPlayableError(ValueError):
    """The scenario asks for something that cannot happen; the message says what."""


@dataclass(frozen=True, slots=True)
class Replay:
    """What came of a scenario.

    Attributes:
        scenario: What was played.
        history: What happened.
        judgements: What every rule says.
    """

    scenario: Scenario
    history: History
    judgements: tuple[Judgement, ...]

    @property
    def verdict(self) -> Verdict:
        """The worst of the judgements."""
        return Verdict.worst(judgement.verdict for judgement in self.judgements)

    @property
    def as_expected(self) -> bool:
        """Whether the verdict, and the broken rules if any are named, are the expected ones."""
        broken = {each.rule for each in self.judgements if each.verdict is self.verdict}
        return self.verdict is self.scenario.expect and broken >= set(self.scenario.rules)


def replay(
    scenario: Scenario,
    target: str | None = None,
    on_strike: Callable[[], None] | None = None,
) -> Replay:
    """Play a scenario, against its own target or another one.

    Args:
        scenario: What to play.
        target: Name of another target than the scenario's own.
        on_strike: Called in the struck thread right before each strike, for a debugger.

    Raises:
        NotPlayableError: if a fault cannot strike where the scenario wants it, or a point is never
            reached: a scenario that tests nothing must not pass.
        LookupError: if there is no such target.
        TargetError: if it cannot be tested.
    """
    with Simulation(target_named(target or scenario.target), on_strike) as simulation:
        probe(simulation)
        return play(scenario, simulation)


def play(scenario: Scenario, simulation: Simulation) -> Replay:
    """Play a scenario in a simulation that is entered already.

    Raises:
        NotPlayableError: as `replay`.
    """
    execution = simulation.run(scenario.schedule, with_places=True)
    require_playable(scenario.name, execution)
    return Replay(scenario, execution.history, judge(execution.history))


def require_playable(name: str, execution: Execution) -> None:
    """Insist that everything the schedule asked for could happen.

    Raises:
        NotPlayableError: under this name, if a fault was refused or a point never reached.
    """
    for fault, reason in execution.refused:
        raise NotPlayableError(
            f"{name}: '{fault}' cannot happen: {reason}; "
            "`runfaults points` lists which kinds can strike where"
        )
    if execution.unreached:
        raise NotPlayableError(
            f"{name}: never reached: {'; '.join(execution.unreached)}; "
            "`runfaults points` lists the points of a clean run"
        )
