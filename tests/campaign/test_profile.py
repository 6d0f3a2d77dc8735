"""The profile accounts for every moment once, and leaves nothing behind."""

from __future__ import annotations

from itertools import count

import pytest

from runfaults.campaign.profile import Profile, profiled
from runfaults.sim.meter import Phase, border, measuring
from small_checks import BROKEN, comparable, explored, undisturbed


def test_each_moment_counts_for_the_phase_it_is_in() -> None:
    times = iter([10.0, 11.0, 14.0, 14.5])
    profile = Profile(lambda: next(times))
    assert profile.enter(Phase.ORACLE) is Phase.EXPLORING
    assert profile.enter(Phase.TARGET) is Phase.ORACLE
    assert profile.enter(Phase.EXPLORING) is Phase.TARGET
    spent = {phase: seconds for phase, seconds in profile.seconds.items() if seconds}
    assert spent == {Phase.EXPLORING: 1.0, Phase.ORACLE: 3.0, Phase.TARGET: 0.5}


@pytest.mark.parametrize(
    ("during", "after", "expected"),
    [
        (Phase.ORACLE, None, Phase.EXPLORING),
        (Phase.SWITCHING, Phase.DATABASE, Phase.DATABASE),
    ],
)
def test_a_border_comes_back_to_the_phase_before_also_after_an_error(
    during: Phase, after: Phase | None, expected: Phase
) -> None:
    profile = Profile(count().__next__)

    class Failing:
        @border(during, after)
        def fails(self) -> None:
            inside.append(profile.enter(during))
            raise ValueError("it failed")

    inside: list[Phase] = []
    with measuring(profile), pytest.raises(ValueError, match="it failed"):
        Failing().fails()
    assert inside == [during]
    assert profile.enter(Phase.EXPLORING) is expected
    with pytest.raises(ValueError, match="it failed"):
        Failing().fails()
    assert inside == [during, Phase.EXPLORING]  # nothing measures any more


def test_an_exploration_is_accounted_for_in_full_and_finds_the_same() -> None:
    expected = comparable(BROKEN, undisturbed(BROKEN))
    with profiled() as profile:
        outcome = explored(BROKEN)
    phases = {phase for phase, seconds in profile.seconds.items() if seconds > 0}
    assert phases == set(Phase) - {Phase.REPORTING}
    assert comparable(BROKEN, outcome) == expected
    crossings = profile.crossings
    explored(BROKEN)
    assert profile.crossings == crossings


def test_the_table_names_every_phase_and_what_measuring_costs() -> None:
    with profiled() as profile:
        profile.enter(Phase.REPORTING)
    text = profile.text()
    assert all(phase in text for phase in Phase)
    assert "of which measuring took about" in text
