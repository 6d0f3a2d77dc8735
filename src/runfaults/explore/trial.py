"""One schedule, run and judged."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass

from runfaults.model import History, Judgement, Scenario, Schedule, Verdict
from runfaults.sim.execution import Execution


class NotPlayableError(ValueError):
    """A schedule asks for something that cannot happen; the message says what."""


@dataclass(frozen=True, slots=True)
class Witness:
    """As much of a trial as travels between processes and into reports.

    Attributes:
        history: What happened.
        judgements: What every rule says of it.
    """

    history: History
    judgements: tuple[Judgement, ...]

    @property
    def schedule(self) -> Schedule:
        """What was asked for."""
        return self.history.schedule

    @property
    def verdict(self) -> Verdict:
        """The worst of the judgements."""
        return Verdict.worst(judgement.verdict for judgement in self.judgements)


@dataclass(frozen=True, slots=True)
class Trial:
    """One schedule, run and judged.

    Attributes:
        execution: What happened.
        judgements: What every rule says of it that judges the target.
    """

    execution: Execution
    judgements: tuple[Judgement, ...]

    @property
    def history(self) -> History:
        """What happened, event by event."""
        return self.execution.history

    @property
    def schedule(self) -> Schedule:
        """What was asked for."""
        return self.execution.history.schedule

    @property
    def verdict(self) -> Verdict:
        """The worst of the judgements; unknown where a real cause was not available."""
        if self.execution.unavailable:
            return Verdict.UNKNOWN
        return Verdict.worst(judgement.verdict for judgement in self.judgements)

    @property
    def playable(self) -> bool:
        """Whether everything that the schedule asks for happened."""
        execution = self.execution
        return not (execution.refused or execution.unreached or execution.unavailable)

    def failing(self, rules: Collection[str] | None = None) -> tuple[Judgement, ...]:
        """The judgements of these rules, or of all, that are no pass."""
        return tuple(
            judgement
            for judgement in self.judgements
            if judgement.verdict is not Verdict.HOLDS and (rules is None or judgement.rule in rules)
        )

    def verdict_by(self, rules: Collection[str]) -> Verdict:
        """The verdict of these rules, or of all if none is named; unknown if one does not judge."""
        if not rules or self.execution.unavailable:
            return self.verdict
        given = {each.rule: each.verdict for each in self.judgements}
        return Verdict.worst(given.get(rule, Verdict.UNKNOWN) for rule in rules)

    def matches(self, scenario: Scenario) -> bool:
        """Whether each of the scenario's rules, or all of them together, says what it expects."""
        each = [[rule] for rule in scenario.rules] or [[]]
        return all(self.verdict_by(rules) is scenario.expect for rules in each)

    def require_playable(self, name: str) -> None:
        """Insist that everything the schedule asked for happened: it must not pass untested.

        Raises:
            NotPlayableError: under this name, if a fault was refused or a point never reached.
        """
        for fault, reason in self.execution.refused:
            raise NotPlayableError(
                f"{name}: '{fault}' cannot happen: {reason}; "
                "`runfaults points` lists which kinds can strike where"
            )
        if self.execution.unreached:
            raise NotPlayableError(
                f"{name}: never reached: {'; '.join(self.execution.unreached)}; "
                "`runfaults points` lists the points of a clean run"
            )

    def witness(self) -> Witness:
        """What of it travels."""
        return Witness(self.history, self.judgements)
