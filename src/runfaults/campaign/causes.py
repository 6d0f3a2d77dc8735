"""Groups broken schedules by cause: one entry for each defect, as far as histories tell them apart.

Two marks are of one cause if they share a broken rule, and the same deed was done in one place:

- a status that was recorded: by the line that chose it (`Choices`), whatever fault led there;
- a call that raised, or subscribers that were told: wherever that was;
- anything else, such as a run that was left: in one function of the file in which the stack
  begins, apart from the function that all others are called from.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from runfaults.campaign.choices import Choices, ShouldStop, function_of
from runfaults.campaign.lines import place_of
from runfaults.explore.findings import Findings, schedule_order
from runfaults.explore.mark import Mark, Sighting, mark_of
from runfaults.explore.runner import Runner
from runfaults.explore.strategy import Strategy
from runfaults.explore.trial import Trial, Witness
from runfaults.model import Cause, EventKind, History, Judgement, Place, Schedule, Verdict
from runfaults.model.counting import counted
from runfaults.oracle.deed import deciding

MAX_CAUSES = 40
"""Causes that a result shows, the heaviest ones."""

Spot = frozenset[str]
"""Where a deed was done: a line, or functions of which one is enough; empty: anywhere."""


@dataclass(frozen=True, slots=True)
class Seen:
    """One mark of a cause.

    Attributes:
        mark: The mark.
        spot: Where its deed was done, as finely as two defects are told apart there.
        sighting: How many schedules have it, and the smallest.
    """

    mark: Mark
    spot: Spot
    sighting: Sighting

    def same(self, mark: Mark, spot: Spot) -> bool:
        """Whether another mark is of the same cause."""
        alike = mark.deed == self.mark.deed and (not spot or not spot.isdisjoint(self.spot))
        return alike and not set(mark.rules).isdisjoint(self.mark.rules)


@dataclass(frozen=True, slots=True)
class Group:
    """The marks of one cause."""

    seen: tuple[Seen, ...]

    @property
    def schedules(self) -> int:
        """How many schedules are broken in this way."""
        return sum(each.sighting.schedules for each in self.seen)

    @property
    def candidates(self) -> list[Schedule]:
        """The smallest schedule of each mark, smallest first."""
        return sorted((each.sighting.smallest for each in self.seen), key=schedule_order)

    def rules(self, order: Sequence[str]) -> tuple[str, ...]:
        """All rules that it breaks, in this order."""
        broken = {rule for each in self.seen for rule in each.mark.rules}
        return tuple(rule for rule in order if rule in broken)

    def has(self, mark: Mark, spot: Spot) -> bool:
        """Whether a mark is of this cause."""
        return any(each.same(mark, spot) for each in self.seen)


@dataclass(frozen=True, slots=True)
class Causes:
    """All causes that were found, the heaviest first.

    Attributes:
        groups: The marks of each.
        choices: What tells where each was decided.
        order: Names of the rules, the heaviest first.
        told: Names under which violations were told of while the rest was run.
    """

    groups: tuple[Group, ...]
    choices: Choices
    order: tuple[str, ...]
    told: Mapping[str, Mark] = field(default_factory=dict[str, Mark])

    @property
    def remarks(self) -> tuple[str, ...]:
        """How many are not shown, if any."""
        left = len(self.groups) - MAX_CAUSES
        return (f"not shown: {counted(left, 'more cause')}, the lightest",) if left > 0 else ()

    def of(self, trial: Trial | Witness) -> Group | None:
        """The cause of a trial; None if it is none of these."""
        mark = mark_of(trial)
        if mark is None:
            return None
        spot = spot_of(mark, self.choices)
        return next((group for group in self.groups if group.has(mark, spot)), None)


def find_causes(
    strategies: Iterable[Strategy], runner: Runner, found: Findings, should_stop: ShouldStop
) -> Causes:
    """Group what was found.

    Args:
        strategies: What was run.
        runner: Plays clean runs: they tell which lines record what is right.
        found: What was found, by rules that are still taken for broken.
        should_stop: Asked again and again; True ends it with what is known by then.
    """
    choices = Choices()
    for mark in found.causes:
        if mark.status:
            choices.note(mark.stack, mark.status)
    if found.causes:
        choices.note_clean_runs(strategies, runner, should_stop)
    order = tuple(rule.name for rule in runner.rules)
    groups = sorted(_grouped(found, choices), key=lambda group: _weight(group, order))
    return Causes(tuple(groups), choices, order)


def _weight(group: Group, order: Sequence[str]) -> tuple[object, ...]:
    heaviest = order.index(group.rules(order)[0])
    return heaviest, schedule_order(group.candidates[0])


def _grouped(found: Findings, choices: Choices) -> list[Group]:
    groups: list[Group] = []
    for mark, sighting in sorted(found.causes.items()):
        if any(found.rules[rule, Verdict.BROKEN] > 0 for rule in mark.rules):
            spot = spot_of(mark, choices)
            same = [group for group in groups if group.has(mark, spot)]
            joined = (Seen(mark, spot, sighting), *(each for group in same for each in group.seen))
            groups = [*(group for group in groups if group not in same), Group(joined)]
    return groups


def spot_of(mark: Mark, choices: Choices) -> Spot:
    """Where a mark's deed was done, as finely as two defects are told apart there."""
    if " raised " in mark.deed or mark.deed.startswith("told "):
        return frozenset()
    if not mark.stack:
        return frozenset({mark.near.partition("; ")[0]})
    if mark.status:
        return frozenset({choices.deciding(mark.stack)})
    return choices.functions(mark.stack)


def possible_spots(mark: Mark) -> Spot:
    """Where a mark's deed may have been done, before clean runs tell which lines choose what."""
    spot, lines = spot_of(mark, Choices()), mark.stack.splitlines()
    if not spot or not lines:
        return spot
    return frozenset(lines) if mark.status else spot | {function_of(lines[0])}


def described(group: Group, witness: Witness, causes: Causes, runner: Runner) -> Cause:
    """What a report says of a cause, with the places of the history that shows it."""
    rules = group.rules(causes.order)
    mark = mark_of(witness)
    stack = mark.stack.splitlines() if mark is not None else []
    chosen = causes.choices.deciding("\n".join(stack))
    decided_at = place_of(chosen)
    before = dict(zip(stack[1:], stack, strict=False))
    statement = stack[-1] if stack else ""
    broken = _heaviest(witness).rule
    meaning = next((each.meaning for each in runner.rules if each.name == broken), "")
    contract = contract_of(meaning)
    return Cause(
        deed=deed_of(witness, decided_at),
        decided_at=decided_at,
        statement_at=None if chosen == statement else place_of(statement),
        called_at=place_of(before.get(chosen, "")),
        struck_at=place_of(_struck(witness.history).rpartition("\n")[2]),
        schedules=group.schedules,
        rules=rules,
        contract=contract,
        page=f"docs/reference/rules.md#{broken}" if contract else "",
    )


def deed_of(witness: Witness, place: Place | None) -> str:
    """What was done, in words that go before the place where one is known, else stand alone."""
    deed = deciding(witness.history, _heaviest(witness))
    return f"{deed.text} {deed.after}".rstrip() if place else deed.text


def _heaviest(witness: Witness) -> Judgement:
    """The broken rule that decides what is said of a history."""
    return next(each for each in witness.judgements if each.verdict is Verdict.BROKEN)


def contract_of(meaning: str) -> str:
    """The sentence of the contract that a rule states; empty if its meaning names none."""
    for paragraph in meaning.split("\n\n"):
        if paragraph.startswith("Contract: "):
            return " ".join(paragraph.removeprefix("Contract: ").split())
    return ""


def _struck(history: History) -> str:
    places = dict(history.places)
    strikes = (each for each in history.events if each.kind is EventKind.STRIKE)
    return next((places[each.number] for each in strikes if places.get(each.number)), "")
