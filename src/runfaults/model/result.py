"""A result: everything that a report needs, and nothing that can act."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import NamedTuple

from runfaults.model.history import History
from runfaults.model.scenario import Scenario
from runfaults.model.verdict import Judgement, Verdict


class EarlyEnd(StrEnum):
    """What else than the user's budget ended a check early."""

    USER = "it was interrupted"
    HANG = "a schedule hung"
    DEATHS = "its processes died"
    PROBLEMS = "it was not finished"
    """A soak: what is not reached says why."""


class Tally(NamedTuple):
    """How many schedules got each verdict.

    Attributes:
        holds: How many keep the rule, or all rules.
        broken: How many break it.
        unknown: How many do not tell.
        exercised: In how many the rule's question came up; None where no single rule is meant.
    """

    holds: int = 0
    broken: int = 0
    unknown: int = 0
    exercised: int | None = None

    @property
    def total(self) -> int:
        """All schedules counted."""
        return self.holds + self.broken + self.unknown

    @property
    def verdict(self) -> Verdict:
        """The worst verdict that was given; unknown where nothing was counted."""
        if self.broken:
            return Verdict.BROKEN
        if self.unknown or not self.holds:
            return Verdict.UNKNOWN
        return Verdict.NOT_EXERCISED if self.exercised == 0 else Verdict.HOLDS


class Cell(NamedTuple):
    """One fault kind at one fault point: a cell of the coverage grid.

    Attributes:
        point: The fault point's text.
        kind: Name of the fault kind.
        tally: What came of the schedules in which the kind struck there.
        impossible: Why the kind cannot strike there; empty where it can.
    """

    point: str
    kind: str
    tally: Tally = Tally()
    impossible: str = ""


@dataclass(frozen=True, slots=True)
class Versions:
    """The versions that a result was measured with.

    Attributes:
        python: `platform.python_version()`.
        sqlite: `sqlite3.sqlite_version`.
        runfaults: This package's version.
    """

    python: str
    sqlite: str
    runfaults: str


class Region(NamedTuple):
    """Schedules that are described together, and how many of them there were.

    Attributes:
        description: Which schedules were meant to run, in words.
        schedules: How many ran.
        pruned: How many did not run because an equivalent one did.
        compared: How many ran besides, only to be compared.
    """

    description: str
    schedules: int = 0
    pruned: int = 0
    compared: int = 0


class Place(NamedTuple):
    """A line of the user's code.

    Attributes:
        file: As the user would type it; its last two parts where the file was not found.
        line: From 1.
        function: The function that it is in.
        code: The text of the line.
    """

    file: str
    line: int
    function: str
    code: str = ""

    def __str__(self) -> str:
        return f"{self.file}:{self.line} in {self.function}"


@dataclass(frozen=True, slots=True)
class Cause:
    """What many broken schedules have in common: one defect, as far as their histories tell.

    Attributes:
        deed: What decided the verdict: `recorded failed`, `left running`.
        decided_at: The line that chose to do that; None where no line of the user's code is known.
        statement_at: The statement that did it, where that is another line: one that also does
            what is right.
        called_at: Where `decided_at` was called from.
        struck_at: The statement that the fault struck; None where none struck.
        schedules: How many schedules are broken in this way.
        rules: The rules that they break, the heaviest first.
        contract: The sentence of the contract that the heaviest one states; empty if it names none.
        page: Where that is explained.
    """

    deed: str
    decided_at: Place | None
    statement_at: Place | None
    called_at: Place | None
    struck_at: Place | None
    schedules: int
    rules: tuple[str, ...]
    contract: str = ""
    page: str = ""


@dataclass(frozen=True, slots=True)
class Violation:
    """One schedule under which a rule is broken, or could not be judged, with all that shows it.

    Attributes:
        scenario: The schedule, minimised, under a name.
        history: What happened.
        judgements: What every rule says of it.
        neighbour: What happened under the same schedule without its faults, where that passed.
        saved_to: The scenario file, as the user would type it; None if it was not saved.
        evidence: What it was shown with, in a sentence that begins with `confirmed`, `shown` or
            `not confirmed`; None if there is nothing to say, or was no time.
        replays: Whether its schedule gives this history again. Processes in real time do not.
        cause: What it has in common with other broken schedules; None where that was not looked at.
        asking: The words that a command to replay it needs besides, as its code is not in the
            project: `--source PATH`.
    """

    scenario: Scenario
    history: History
    judgements: tuple[Judgement, ...]
    neighbour: History | None = None
    saved_to: str | None = None
    evidence: str | None = None
    replays: bool = True
    cause: Cause | None = None
    asking: tuple[str, ...] = ()

    @property
    def verdict(self) -> Verdict:
        """The worst of the judgements."""
        return Verdict.worst(judgement.verdict for judgement in self.judgements)

    @property
    def failing(self) -> tuple[Judgement, ...]:
        """The judgements that give the verdict, where it is not a pass."""
        if self.verdict is Verdict.HOLDS:
            return ()
        return tuple(each for each in self.judgements if each.verdict is self.verdict)


@dataclass(frozen=True, slots=True)
class CheckResult:
    """The outcome of one check. Its size is bounded: counts for all, violations for a few.

    Attributes:
        target: Name of the system under test.
        versions: What it was measured with.
        regions: Which schedules were meant to run, and how many did.
        schedules: The verdicts of the schedules that ran.
        elapsed: Real seconds that the check took.
        rules: For every rule, by name, its verdicts on the schedules that ran.
        coverage: The cells of the grid, points and kinds in the order in which to show them.
        violations: The smallest schedule of each cause, the heaviest first, and of each rule that
            could not be judged; the tallies count them all.
        notes: Schedules that could not be played as written, a sentence each: a bug in the harness.
        doubts: Schedules that did not give the same history again, a sentence each.
        unstruck: Names of the fault kinds that were to strike, if none of them could, anywhere.
        set_aside: Broken schedules that were set aside, as a baseline knows what breaks them.
        not_reached: What of the bound did not run, a phrase each, where the check was interrupted
            or its budget was spent.
        interrupted: What else than the user's budget ended it early; None if nothing did.
        at_least: How many schedules the whole bound has, as far as that is known.
        remarks: What a reader has to know of the target to understand the result, a sentence each:
            which rules do not judge it and why, what was put in place of what it could not import.
        unwritten: What of it could not be written to disk, a sentence each.
        noun: What the tallies count, one of them: `schedule`, or `run` of one soak.
    """

    target: str
    versions: Versions
    regions: tuple[Region, ...]
    schedules: Tally
    elapsed: float
    rules: Mapping[str, Tally]
    coverage: tuple[Cell, ...] = ()
    violations: tuple[Violation, ...] = ()
    notes: tuple[str, ...] = ()
    doubts: tuple[str, ...] = ()
    unstruck: tuple[str, ...] = ()
    set_aside: int = 0
    not_reached: tuple[str, ...] = ()
    interrupted: EarlyEnd | None = None
    at_least: int = 0
    remarks: tuple[str, ...] = ()
    unwritten: tuple[str, ...] = ()
    noun: str = "schedule"

    @property
    def bound(self) -> str:
        """Which schedules were meant to run, in words: a line for each region."""
        return "\n".join(region.description for region in self.regions)

    @property
    def ran(self) -> int:
        """All schedules that ran, also those that a baseline sets aside."""
        return self.schedules.total + self.set_aside

    @property
    def pruned(self) -> int:
        """Schedules that did not run because an equivalent one did."""
        return sum(region.pruned for region in self.regions)

    @property
    def finished(self) -> bool:
        """Whether the whole bound was covered."""
        return not self.not_reached

    @property
    def verdict(self) -> Verdict:
        """The worst of the rules' verdicts; unknown where nothing proves that they hold.

        Nothing does where no schedule ran, no rule was exercised, no fault could strike, the check
        was interrupted, or a schedule could not be played as written or again.
        """
        rules = [self.verdict_of(rule) for rule in self.rules]
        all_known = self.set_aside and not self.schedules.total
        schedules = Verdict.HOLDS if all_known else self.schedules.verdict
        worst = Verdict.worst([self._as_far(schedules), *rules])
        if worst in {Verdict.UNKNOWN, Verdict.BROKEN}:
            return worst
        proven = Verdict.worst([Verdict.NOT_EXERCISED, *rules]) is not Verdict.NOT_EXERCISED
        doubtful = self.interrupted or self.notes or self.doubts or self.unstruck
        if doubtful or not proven:
            return Verdict.UNKNOWN
        return Verdict.NOTHING_NEW if worst is Verdict.HOLDS and self.set_aside else worst

    def verdict_of(self, rule: str) -> Verdict:
        """The outcome of a rule: one that holds so far is unfinished with the check."""
        return self._as_far(self.rules[rule].verdict)

    @property
    def exercised(self) -> int:
        """How many rules were exercised."""
        return sum(tally.exercised != 0 for tally in self.rules.values())

    def _as_far(self, verdict: Verdict) -> Verdict:
        return Verdict.UNFINISHED if verdict is Verdict.HOLDS and not self.finished else verdict
