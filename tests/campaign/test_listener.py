"""What a listener hears: each broken rule once, as soon as it is found."""

from __future__ import annotations

import pytest

from runfaults.campaign.running import Options, run_campaign
from runfaults.model import History, Judgement, Verdict
from runfaults.model.listener import Silence
from small_checks import BROKEN, SOUND, campaign_of, explored


class Hearing(Silence):
    """Notes what it hears, in order."""

    def __init__(self) -> None:
        self.heard: list[str] = []

    def advance(self, count: int = 1, more: int = 0) -> None:
        self.heard.append("job")

    def found(self, rule: str, history: History, judgements: tuple[Judgement, ...]) -> None:
        (judgement,) = (each for each in judgements if each.rule == rule)
        assert judgement.verdict is Verdict.BROKEN
        assert history.schedule.size
        self.heard.append(rule)


@pytest.mark.parametrize("processes", [1, 2])
def test_each_broken_rule_is_told_once_and_before_the_end(processes: int) -> None:
    hearing = Hearing()
    outcome = explored(BROKEN, hearing, processes=processes)
    told = [each for each in hearing.heard if each != "job"]
    broken = {rule for rule, verdict in outcome.found.witnesses if verdict is Verdict.BROKEN}
    assert sorted(told) == sorted(broken)
    assert hearing.heard.index("succeeded-never-failed") < len(hearing.heard) - 1


def test_where_nothing_is_broken_nothing_is_told() -> None:
    hearing = Hearing()
    explored(SOUND, hearing)
    assert set(hearing.heard) == {"job"}


def test_only_the_rules_that_are_reported_are_told() -> None:
    hearing = Hearing()
    campaign = campaign_of(BROKEN)
    limited = type(campaign)(campaign.target, campaign.strategies, ("nothing-leaks",))
    run_campaign(limited, Options(processes=1), hearing)
    assert set(hearing.heard) == {"job"}
