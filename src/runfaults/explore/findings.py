"""Counts what was judged and keeps the smallest witness for each rule."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from typing import NamedTuple

from runfaults.explore.job import Job, Measured
from runfaults.explore.mark import Mark, Sighting, mark_of
from runfaults.explore.trial import Trial, Witness
from runfaults.model import EventKind, Schedule, Tally, Verdict

MANY_TIMES = 1000
"""Where "until lifted" stands when schedules are put in order of size."""


def schedule_order(schedule: Schedule) -> tuple[int, int, int, str]:
    """Sorts schedules: fewer elements first, then fewer strikes, then by text."""
    strikes = sum(MANY_TIMES if fault.times is None else fault.times for fault in schedule.faults)
    return (
        schedule.size,
        strikes,
        list(type(schedule.pipeline)).index(schedule.pipeline),
        str(schedule),
    )


class RunCount(NamedTuple):
    """Counts schedules that ran, those pruned because an equivalent one did, those compared."""

    schedules: int = 0
    pruned: int = 0
    compared: int = 0

    def __or__(self, other: RunCount) -> RunCount:
        """Of both together."""
        return RunCount(*map(sum, zip(self, other, strict=True)))


@dataclass(slots=True)
class Findings:
    """What jobs found; findings merge to the same whole in any order.

    Attributes:
        verdicts: How many schedules got each verdict.
        pruned: Schedules that did not run because an equivalent one did.
        compared: Schedules that ran in other surroundings too, only to compare their verdicts.
        regions: The number that ran and these two, by the words for a region of the bound.
        rules: How often each rule was not satisfied, by rule and verdict.
        exercised: How often each rule's question came up.
        cells: Verdicts by (fault point, fault kind).
        impossible: Why a kind cannot strike at a point, by (fault point, fault kind).
        witnesses: The smallest history for each rule and verdict that is no pass.
        causes: How many schedules are broken in one way, and the smallest of them, by their mark.
        problems: Schedules that could not be played as written: a bug in the harness.
        doubts: Schedules that did not give the same history again.
        abandoned: Where connections were opened that the target left to the garbage collector.
        in_vain: What was tried and proves nothing anywhere, a sentence each.
        sampled: What the samples beyond the bound were like.
        partial: Whether time was over before the job had ended.
        follow_ups: Jobs that a job has shown to be worth running besides. They are for what hands
            jobs out, and do not merge.
    """

    verdicts: Counter[Verdict] = field(default_factory=Counter[Verdict])
    pruned: int = 0
    regions: dict[str, RunCount] = field(default_factory=dict[str, RunCount])
    rules: Counter[tuple[str, Verdict]] = field(default_factory=Counter[tuple[str, Verdict]])
    cells: Counter[tuple[str, str, Verdict]] = field(
        default_factory=Counter[tuple[str, str, Verdict]]
    )
    impossible: dict[tuple[str, str], str] = field(default_factory=dict[tuple[str, str], str])
    witnesses: dict[tuple[str, Verdict], Witness] = field(
        default_factory=dict[tuple[str, Verdict], Witness]
    )
    problems: list[str] = field(default_factory=list[str])
    doubts: list[str] = field(default_factory=list[str])
    abandoned: set[str] = field(default_factory=set[str])
    in_vain: set[str] = field(default_factory=set[str])
    exercised: Counter[str] = field(default_factory=Counter[str])
    sampled: Measured = field(default_factory=Measured)
    follow_ups: dict[Job, None] = field(default_factory=dict[Job, None])
    compared: int = 0
    partial: bool = False
    causes: dict[Mark, Sighting] = field(default_factory=dict[Mark, Sighting])

    def add(self, trial: Trial) -> None:
        """Count one trial, and note what of its schedule could not be played as written."""
        verdict, schedule = trial.verdict, trial.schedule
        self.verdicts[verdict] += 1
        self.exercised.update([each.rule for each in trial.judgements if each.exercised])
        for each in (*schedule.faults, *schedule.deaths):
            self.cells[str(each.at), each.kind, verdict] += 1
        for judgement in trial.failing():
            key = judgement.rule, judgement.verdict
            self.rules[key] += 1
            self._keep_smaller(key, trial.witness())
        if (mark := mark_of(trial)) is not None:
            self.sight(mark, Sighting(1, schedule))
        self.abandoned.update(trial.execution.abandoned)
        self.note_problems(trial)

    def sight(self, mark: Mark, more: Sighting) -> None:
        """Count broken schedules of one mark, and keep the smallest."""
        known = self.causes.get(mark, Sighting(0, more.smallest))
        smallest = min(known.smallest, more.smallest, key=schedule_order)
        self.causes[mark] = Sighting(known.schedules + more.schedules, smallest)

    def follow(self, job: Job) -> None:
        """Have another job run, wherever, if that is not known yet."""
        self.follow_ups[job] = None

    def belong_to(self, region: str) -> None:
        """Have all that was counted be of one region of the bound, as its strategy describes it."""
        self.regions = {region: RunCount(self.verdicts.total(), self.pruned, self.compared)}

    def note_problems(self, trial: Trial) -> None:
        """Note what of a schedule could not be played as written."""
        for fault, reason in trial.execution.refused:
            self.problems.append(f"{trial.schedule}: {fault} was refused: {reason}")
        stuck = any(event.kind is EventKind.STUCK for event in trial.history.events)
        for element in () if stuck else trial.execution.unreached:
            self.problems.append(f"{trial.schedule}: never reached: {element}")

    def merge(self, other: Findings) -> None:
        """Take the findings of another job in."""
        self.verdicts += other.verdicts
        self.pruned += other.pruned
        for region, counted in other.regions.items():
            self.regions[region] = self.regions.get(region, RunCount()) | counted
        self.rules += other.rules
        self.exercised += other.exercised
        self.cells += other.cells
        for cell, reason in other.impossible.items():
            self.impossible[cell] = min(reason, self.impossible.get(cell, reason))
        for key, witness in other.witnesses.items():
            self._keep_smaller(key, witness)
        for mark, sighting in other.causes.items():
            self.sight(mark, sighting)
        self.problems = sorted({*self.problems, *other.problems})
        self.doubts = sorted({*self.doubts, *other.doubts})
        self.abandoned |= other.abandoned
        self.in_vain |= other.in_vain
        self.sampled |= other.sampled

    def tally(self, rule: str | None = None) -> Tally:
        """The verdicts of one rule, or of all schedules."""
        total = self.verdicts.total()
        if rule is None:
            broken, unknown = self.verdicts[Verdict.BROKEN], self.verdicts[Verdict.UNKNOWN]
            return Tally(total - broken - unknown, broken, unknown)
        broken = self.rules[rule, Verdict.BROKEN]
        unknown = self.rules[rule, Verdict.UNKNOWN]
        return Tally(total - broken - unknown, broken, unknown, self.exercised[rule])

    def _keep_smaller(self, key: tuple[str, Verdict], witness: Witness) -> None:
        known = self.witnesses.get(key)
        if known is None or schedule_order(witness.schedule) < schedule_order(known.schedule):
            self.witnesses[key] = witness
