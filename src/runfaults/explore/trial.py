"""One schedule, run and judged."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from dataclasses import dataclass

from runfaults.model import EventKind, History, Judgement, Scenario, Schedule, Verdict
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
        """The verdict of these rules, or of all if none is named.

        It is unknown if one of them does not judge, or if its question did not come up.
        """
        if not rules or self.execution.unavailable:
            return self.verdict
        given = {each.rule: each.verdict for each in self.judgements if _looked(each)}
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

    def require_offered(self, name: str) -> None:
        """Insist that the target has every act and the ending that the schedule names.

        Raises:
            NotPlayableError: under this name, if it lacks one.
        """
        for wanted in self.lacking():
            raise NotPlayableError(
                f"{name}: '{wanted}' cannot happen: the target's manager offers no such thing; it "
                f"offers {', '.join(self.execution.offered)}"
            )

    def lacking(self) -> Iterator[str]:
        """The acts and the ending of the schedule that the target does not have."""
        offered, pipeline = self.execution.offered, self.schedule.pipeline
        if not offered:  # no manager was opened
            return
        yield from (str(act) for act in self.schedule.acts if act.kind not in offered)
        worked = any(event.kind is EventKind.PIPELINE for event in self.history.events)
        if pipeline.needs_client and pipeline not in offered and worked:
            yield f"pipeline {pipeline}"

    def witness(self) -> Witness:
        """What of it travels."""
        return Witness(self.history, self.judgements)


def _looked(judgement: Judgement) -> bool:
    return judgement.exercised or judgement.verdict is not Verdict.HOLDS
