"""The profile accounts for every moment once, and leaves nothing behind."""

from __future__ import annotations

from itertools import count

from runfaults.campaign.profile import Phase, Profile, profiled
from runfaults.explore import runner
from runfaults.oracle.judge import judge
from runfaults.sim.gate import CurrentGate
from runfaults.sim.scheduler import Scheduler
from small_checks import BROKEN, comparable, explored


def test_each_moment_counts_for_the_phase_it_is_in() -> None:
    times = iter([10.0, 11.0, 14.0, 14.5])
    profile = Profile(lambda: next(times))
    assert profile.enter(Phase.ORACLE) is Phase.EXPLORING
    assert profile.enter(Phase.TARGET) is Phase.ORACLE
    assert profile.enter(Phase.EXPLORING) is Phase.TARGET
    spent = {phase: seconds for phase, seconds in profile.seconds.items() if seconds}
    assert spent == {Phase.EXPLORING: 1.0, Phase.ORACLE: 3.0, Phase.TARGET: 0.5}


def test_a_border_comes_back_to_the_phase_before_also_after_an_error() -> None:
    profile = Profile(count().__next__)

    def fails() -> None:
        raise ValueError

    for during, after, expected in (
        (Phase.ORACLE, None, Phase.EXPLORING),
        (Phase.SWITCHING, Phase.DATABASE, Phase.DATABASE),
    ):
        try:
            profile.border(fails, during, after)()
        except ValueError:
            assert profile.enter(Phase.EXPLORING) is expected


def test_an_exploration_is_accounted_for_in_full_and_finds_the_same() -> None:
    before = [runner.judge, Scheduler.reach, Scheduler._end, CurrentGate.before]
    expected = comparable(BROKEN, explored(BROKEN))
    with profiled() as profile:
        outcome = explored(BROKEN)
    phases = {phase for phase, seconds in profile.seconds.items() if seconds > 0}
    assert phases == set(Phase) - {Phase.REPORTING}
    assert [runner.judge, Scheduler.reach, Scheduler._end, CurrentGate.before] == before
    assert runner.judge is judge
    assert comparable(BROKEN, outcome) == expected


def test_the_table_names_every_phase_and_what_measuring_costs() -> None:
    with profiled() as profile:
        profile.enter(Phase.REPORTING)
    text = profile.text()
    assert all(phase in text for phase in Phase)
    assert "of which measuring took about" in text
