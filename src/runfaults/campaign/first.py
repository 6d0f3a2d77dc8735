"""Tells of a violation the moment it is found, and saves it, while the rest is run."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import cached_property

from runfaults.campaign.campaign import Campaign
from runfaults.campaign.causes import deed_of
from runfaults.campaign.choices import Choices
from runfaults.campaign.lines import place_of
from runfaults.campaign.violations import Names, violation_of
from runfaults.explore.findings import Findings
from runfaults.explore.mark import Mark, mark_of
from runfaults.explore.runner import rules_for
from runfaults.explore.trial import Witness
from runfaults.model import Cause, Verdict
from runfaults.model.listener import Listener
from runfaults.oracle.own import own_rules
from runfaults.oracle.rule import Rule
from runfaults.scenario.saving import ScenarioFolder
from runfaults.targets import target_named


class FirstSeen:
    """Tells the first violation of each rule, and of each deed that breaks it.

    Args:
        campaign: What is run.
        listener: Hears of them.
        folder: Takes their scenario files; None to save none.
        is_known: Whether what has a mark is no news, as a baseline may know its cause.

    Attributes:
        told: The names under which they were told.
        any: Whether one was found.
        new: Whether one was found that is news.
    """

    def __init__(
        self,
        campaign: Campaign,
        listener: Listener,
        folder: ScenarioFolder | None = None,
        is_known: Callable[[Mark], bool] = lambda _: False,
    ) -> None:
        self._campaign = campaign
        self._listener = listener
        self._folder = folder
        self._is_known = is_known
        self._rules: set[str] = set()
        self._deeds: set[tuple[str, str]] = set()
        self._names = Names({})
        self.told: dict[str, Mark] = {}
        self.any = False
        self.new = False

    def know(self, found: Findings) -> None:
        """Take what was told before as told."""
        for _, mark in self._news(found):
            self._is_untold(mark)

    def look(self, found: Findings) -> None:
        """Tell what is new in the findings of a job.

        One that ended early has not looked where it was broken: the result is about to tell that.
        """
        for witness, mark in () if found.partial else self._news(found):
            if self._is_untold(mark):
                self._tell(witness, mark, found)

    def _news(self, found: Findings) -> Iterator[tuple[Witness, Mark]]:
        """The broken witnesses of what is not known."""
        news = [mark for mark in found.causes if not self._is_known(mark)]
        self.any = self.any or bool(found.causes)
        self.new = self.new or bool(news)
        for witness, mark in _broken(found):
            if any(each[:2] == mark[:2] for each in news):
                yield witness, mark

    def _is_untold(self, mark: Mark) -> bool:
        deed = mark.deed, mark.rules[0]
        new = not self._rules.issuperset(mark.rules) or deed not in self._deeds
        self._rules.update(mark.rules)
        self._deeds.add(deed)
        return new

    def _tell(self, witness: Witness, mark: Mark, found: Findings) -> None:
        alike = [each for each in found.causes if each[:2] == mark[:2]]
        stack = alike[0].stack.splitlines() if alike else []
        chosen = Choices().deciding("\n".join(stack))
        place, before = place_of(chosen), dict(zip(stack[1:], stack, strict=False))
        violation = violation_of(
            self._campaign,
            witness,
            self._judging,
            self._names,
            self._folder,
            cause=Cause(
                deed_of(witness, place),
                place,
                None,
                place_of(before.get(chosen, "")),
                None,
                sum(found.causes[each].schedules for each in alike),
                mark.rules,
            ),
        )
        self.told[violation.scenario.name] = alike[0] if alike else mark
        self._listener.found(violation)

    @cached_property
    def _judging(self) -> tuple[Rule, ...]:
        campaign = self._campaign
        system = target_named(campaign.target)
        return rules_for(system, campaign.rules, own_rules(campaign.own))


def _broken(found: Findings) -> Iterator[tuple[Witness, Mark]]:
    """The broken witnesses, each history once, the smallest for the heaviest rule first."""
    known: set[str] = set()
    for (_, verdict), witness in found.witnesses.items():
        mark = mark_of(witness) if verdict is Verdict.BROKEN else None
        text = str(witness.schedule)
        if mark is not None and text not in known:
            known.add(text)
            yield witness, mark
