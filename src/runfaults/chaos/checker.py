"""Checks what users were told against what the database says, after everything is over."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import NamedTuple

from runfaults.chaos.journal import Entry
from runfaults.model import Vocabulary

DEATHS = frozenset({"kill", "end"})
"""Entries of the conductor that tell of a death: by the nemesis, or because a soak was cut off."""


class Transition(NamedTuple):
    """One line of the audit: a status that was committed.

    Attributes:
        run: Whose.
        old: Before; empty if the row was inserted.
        new: After; empty if it was deleted.
    """

    run: int
    old: str
    new: str


class Broken(NamedTuple):
    """A promise that was not kept.

    Attributes:
        promise: Which one, hyphenated.
        reason: One sentence.
        run: The run it is about.
        window: The entries and transitions that explain it, as text, in order.
    """

    promise: str
    reason: str
    run: int
    window: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Account:
    """What came of checking.

    Attributes:
        checked: How many acknowledgements of each sort were checked.
        statuses: How many runs ended with each status.
        broken: The promises that were not kept.
    """

    checked: Counter[str] = field(default_factory=Counter[str])
    statuses: Counter[str] = field(default_factory=Counter[str])
    broken: tuple[Broken, ...] = ()


@dataclass(slots=True)
class _Run:
    """What is known of one run."""

    id: int
    transitions: list[Transition] = field(default_factory=list[Transition])
    entries: list[Entry] = field(default_factory=list[Entry])

    @property
    def status(self) -> str:
        return self.transitions[-1].new if self.transitions else ""

    def said(self, what: str, phase: str = "") -> list[Entry]:
        return [entry for entry in self.entries if (entry.what, entry.phase) == (what, phase)]

    def pipeline(self, how: str) -> list[Entry]:
        return [entry for entry in self.said("pipeline") if entry.value.split(" ")[0] == how]

    @property
    def owners(self) -> set[str]:
        mine = (*self.said("start", "reply"), *self.said("pipeline"))
        return {entry.who for entry in mine}

    @property
    def accepted(self) -> list[Entry]:
        return [entry for entry in self.said("cancel", "reply") if entry.value == "True"]

    @property
    def may_be_cancelled(self) -> bool:
        asked, answered = self.said("cancel", "invoke"), self.said("cancel", "reply")
        refused = [entry for entry in answered if entry.value == "False"]
        return len(asked) > len(refused) or bool(self.pipeline("cancelled"))


def check_account(
    entries: Sequence[Entry],
    transitions: Sequence[Transition],
    words: Vocabulary,
    *,
    settled: bool = True,
) -> Account:
    """Hold every acknowledgement against the audit.

    Args:
        entries: All journals, in order of time.
        transitions: The whole audit, in order.
        words: What the statuses mean.
        settled: Whether every process had finished, and the last one had looked at the database.
            If not, a run may still be active.
    """
    runs: dict[int, _Run] = {}
    for transition in transitions:
        runs.setdefault(transition.run, _Run(transition.run)).transitions.append(transition)
    for entry in entries:
        if entry.run is not None:
            runs.setdefault(entry.run, _Run(entry.run)).entries.append(entry)
    killed = {entry.value: entry for entry in entries if entry.what in DEATHS}
    unanswered = _unanswered_starts(entries, killed)
    checker = _Checker(words, killed, unanswered, settled=settled)
    broken = [found for run in runs.values() for found in checker.check(run)]
    broken += _two_active(transitions, words, runs, checker)
    return Account(
        checker.checked,
        Counter(run.status or "no row" for run in runs.values()),
        tuple(broken),
    )


def _unanswered_starts(entries: Sequence[Entry], killed: Mapping[str, Entry]) -> set[str]:
    """Processes that were killed between asking for a run and the answer."""
    last: dict[str, Entry] = {e.who: e for e in entries if e.what == "start"}
    return {who for who, entry in last.items() if entry.phase == "invoke" and who in killed}


@dataclass(slots=True)
class _Checker:
    """One promise a method; each yields what breaks it."""

    words: Vocabulary
    killed: Mapping[str, Entry]
    unanswered: set[str]
    settled: bool
    checked: Counter[str] = field(default_factory=Counter[str])

    def check(self, run: _Run) -> Iterator[Broken]:
        """Every promise about one run."""
        for promise in (
            self._exists_and_ends,
            self._accepted_cancel,
            self._signal,
            self._reads,
            self._returned,
            self._outcome_has_a_cause,
            self._interrupted_only_by_death,
            self._terminal_is_final,
        ):
            for reason in promise(run):
                name = promise.__name__.strip("_").replace("_", "-")
                yield Broken(name, f"run {run.id}: {reason}", run.id, self.window(run))

    def window(self, run: _Run) -> tuple[str, ...]:
        """What was said about the run and done to its owners, then what the audit says of it."""
        shown = [*run.entries, *(self.killed[who] for who in run.owners & self.killed.keys())]
        begin = min(shown).at if shown else 0
        told = [f"{(entry.at - begin) / 1e9:10.4f} s  {entry}" for entry in sorted(shown)]
        audit = [f"     audit    {step.old or '(new)'} -> {step.new}" for step in run.transitions]
        return (*told, *audit)

    def _unfinished(self, run: _Run) -> bool:
        return not self.settled and run.status not in self.words.terminal

    def _died_after(self, run: _Run, entry: Entry | None) -> bool:
        """Whether an owner of the run was killed after the entry."""
        deaths = [self.killed[who] for who in run.owners & self.killed.keys()]
        return any(entry is None or death.at > entry.at for death in deaths)

    def _exists_and_ends(self, run: _Run) -> Iterator[str]:
        """A run that anybody heard of has a row, and the row is terminal."""
        answers = run.said("start", "reply")
        self.checked["start answered with an id"] += len(answers)
        if answers and not run.transitions:
            yield "start answered with its id, yet it never had a row"
        if self.settled and run.transitions and run.status not in self.words.terminal:
            yield f"everything is over, yet it is {run.status or 'deleted'}"

    def _accepted_cancel(self, run: _Run) -> Iterator[str]:
        """Cancelled; or interrupted, if its process was killed after it had accepted."""
        if self._unfinished(run):
            return
        accepted = run.accepted
        self.checked["cancel accepted"] += len(accepted)
        if not accepted or run.status in self.words.cancelled:
            return
        if run.status in self.words.interrupted and self._died_after(run, accepted[0]):
            return
        yield f"a cancel was accepted, yet it is recorded {run.status or 'nowhere'}"

    def _signal(self, run: _Run) -> Iterator[str]:
        """What a subscriber heard is what is recorded."""
        for signal in run.said("signal"):
            self.checked["completion signal"] += 1
            if signal.value != run.status:
                yield f"a subscriber heard {signal.value}, yet it is recorded {run.status}"

    def _reads(self, run: _Run) -> Iterator[str]:
        """A terminal status that was read once is what is recorded."""
        for answer in run.said("read", "reply"):
            if answer.value in self.words.terminal:
                self.checked["terminal status read"] += 1
                if answer.value != run.status:
                    yield f"it was read as {answer.value}, yet it is recorded {run.status}"

    def _returned(self, run: _Run) -> Iterator[str]:
        """Completed; or cancelled, if somebody asked; or interrupted, if the process was killed."""
        if self._unfinished(run):
            return
        returned = run.pipeline("returned")
        self.checked["pipeline returned"] += len(returned)
        allowed = set(self.words.completed)
        if run.may_be_cancelled:
            allowed |= self.words.cancelled
        if returned and self._died_after(run, returned[0]):
            allowed |= self.words.interrupted
        if returned and run.status not in allowed:
            yield f"its pipeline returned, yet it is recorded {run.status}"

    def _outcome_has_a_cause(self, run: _Run) -> Iterator[str]:
        """Failed if the pipeline raised or never began, completed if it returned, and so on."""
        status = run.status
        if status in self.words.failed:
            self.checked["recorded failed"] += 1
            if run.pipeline("started") and not run.pipeline("raised"):
                yield "it is recorded failed, yet its pipeline did not raise"
        if status in self.words.completed and not run.pipeline("returned"):
            yield "it is recorded completed, yet its pipeline did not return"
        if status in self.words.cancelled and not run.may_be_cancelled:
            yield "it is recorded cancelled, yet nobody asked for that"

    def _interrupted_only_by_death(self, run: _Run) -> Iterator[str]:
        """Interrupted only if its process was killed; slow, stopped or locked out is not dead."""
        if run.status not in self.words.interrupted:
            return
        self.checked["recorded interrupted"] += 1
        if run.owners and not self._died_after(run, None):
            yield f"it is recorded interrupted, yet its process {min(run.owners)} was not killed"
        if not run.owners and not self.unanswered:
            yield "it is recorded interrupted, yet no process was killed while it started a run"

    def _terminal_is_final(self, run: _Run) -> Iterator[str]:
        before = ""
        for step in run.transitions:
            if before in self.words.terminal:
                yield f"it was {before}, and then {step.new or 'deleted'}"
            before = step.new


def _two_active(
    transitions: Sequence[Transition],
    words: Vocabulary,
    runs: Mapping[int, _Run],
    checker: _Checker,
) -> Iterator[Broken]:
    """At most one run is active at any time."""
    active: set[int] = set()
    for step in transitions:
        if step.new not in words.active:
            active.discard(step.run)
            continue
        for other in active - {step.run}:
            window = (*checker.window(runs[other]), *checker.window(runs[step.run]))
            reason = f"runs {other} and {step.run} were active at once"
            yield Broken("one-active", reason, step.run, window)
        active.add(step.run)
