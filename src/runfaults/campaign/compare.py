"""The same bound on two targets: what one does that the other does not."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from runfaults.campaign.bound import Bound
from runfaults.campaign.campaign import Campaign
from runfaults.campaign.conclude import conclude
from runfaults.campaign.running import Options, run_campaign
from runfaults.explore.probe import probe
from runfaults.explore.runner import PlayerKind, Runner
from runfaults.explore.trial import NotPlayableError
from runfaults.model import CheckResult, Scenario, Verdict
from runfaults.model.listener import Listener
from runfaults.user_code import interruptions


@dataclass(frozen=True, slots=True)
class Change:
    """A schedule that was found with one of the two, and what the other makes of it.

    Attributes:
        scenario: What was played; its target is the one it was found with.
        verdicts: The verdicts of the first and of the second; None where it cannot be played.
        why_not: Why it cannot be played with the other; empty if it can.
    """

    scenario: Scenario
    verdicts: tuple[Verdict | None, Verdict | None]
    why_not: str = ""


@dataclass(frozen=True, slots=True)
class Comparison:
    """Two results for the same bound.

    Attributes:
        first: The first target's result.
        second: The second's.
        changes: The violations found with either that the other does not share, smallest first.
    """

    first: CheckResult
    second: CheckResult
    changes: tuple[Change, ...]

    @property
    def rules(self) -> tuple[str, ...]:
        """The rules that judged either."""
        return tuple(dict.fromkeys([*self.first.rules, *self.second.rules]))

    @property
    def worse(self) -> tuple[str, ...]:
        """The rules that are broken with the second and were not with the first."""
        return tuple(
            rule
            for rule in self.rules
            if _verdict(self.second, rule) is Verdict.BROKEN
            and _verdict(self.first, rule) is not Verdict.BROKEN
        )


def compare(
    first: str,
    second: str,
    bound: Bound,
    listener: Listener,
    *,
    own: tuple[str, ...] = (),
    processes: int | None = None,
    redact: bool = False,
) -> Comparison:
    """Check both targets, and play with each what was found with the other.

    Args:
        first: Name of a target.
        second: Name of another.
        bound: Which schedules.
        listener: Hears how far it is, once for each.
        own: Addresses of rules of the user's own.
        processes: Number of processes; None for one per core.
        redact: Whether values of the user's data are left out of what is found.

    Raises:
        TargetError: if one of them cannot be tested.
        KeyboardInterrupt: if it was interrupted: what it had no time to break is no difference.
    """
    campaigns = [
        Campaign(name, bound.strategies, own=own, redact=redact) for name in (first, second)
    ]
    with campaigns[1].open_player(PlayerKind.SIMULATION) as player:
        probe(player)  # before the first takes its time: what cannot be tested
    results: list[CheckResult] = []
    for campaign in campaigns:
        listener.note(campaign.target)
        outcome = run_campaign(campaign, Options(processes), listener)
        results.append(conclude(campaign, outcome, should_stop=interruptions.have_come))
        if interruptions.have_come():
            raise KeyboardInterrupt
    found = [
        [each.scenario for each in result.violations if each.verdict is Verdict.BROKEN]
        for result in results
    ]
    changes = [
        *_played_with(campaigns[1], found[0], 1),
        *_played_with(campaigns[0], found[1], 0),
    ]
    return Comparison(results[0], results[1], tuple(changes))


def _played_with(campaign: Campaign, scenarios: list[Scenario], position: int) -> Iterator[Change]:
    """The scenarios that do not break a rule of that target, which is first (0) or second (1)."""
    if not scenarios:
        return
    with campaign.open_player() as player:
        for scenario in scenarios:
            if interruptions.have_come():
                raise KeyboardInterrupt
            trial = Runner(player).run(scenario.schedule)
            try:
                trial.require_playable(scenario.name)
                verdict, why_not = trial.verdict, ""
            except NotPlayableError as error:
                verdict, why_not = None, str(error)
            if verdict is Verdict.BROKEN:
                continue
            pair = (Verdict.BROKEN, verdict) if position else (verdict, Verdict.BROKEN)
            yield Change(scenario, pair, why_not)


def _verdict(result: CheckResult, rule: str) -> Verdict | None:
    return result.rules[rule].verdict if rule in result.rules else None
