"""An interrupted campaign is continued, leaves nothing behind, and comes to the same in the end."""

from __future__ import annotations

import multiprocessing
import signal
from collections.abc import Callable
from dataclasses import replace
from itertools import pairwise
from pathlib import Path

import pytest

from runfaults.campaign.memory import Cache, StateError, alone_in
from runfaults.campaign.running import Options, Outcome, run_campaign
from runfaults.explore.findings import Findings
from runfaults.explore.sweep import Sweep
from runfaults.model.listener import Listener
from small_checks import (
    BROKEN,
    SEARCH,
    SOUND,
    SWEEP,
    InterruptedAfter,
    campaign_of,
    checked,
    comparable,
    explored,
    heeding,
    stop_after,
    undisturbed,
)


@pytest.fixture(scope="module")
def uninterrupted() -> object:
    return comparable(BROKEN, undisturbed(BROKEN))


@pytest.mark.parametrize("jobs", [1, 2])
def test_after_ctrl_c_it_goes_on_and_comes_to_the_same(
    jobs: int, tmp_path: Path, uninterrupted: object
) -> None:
    first = explored(BROKEN, InterruptedAfter(5), processes=jobs, state=tmp_path)
    assert first.interrupted
    assert first.not_reached
    assert first.found.verdicts.total() > 0
    second = explored(BROKEN, processes=jobs, state=tmp_path)
    assert not second.interrupted
    assert second.remarks[0].startswith("5 of ")
    assert comparable(BROKEN, second) == uninterrupted


def test_a_finished_state_runs_nothing_more(tmp_path: Path, uninterrupted: object) -> None:
    explored(BROKEN, state=tmp_path)
    again = explored(BROKEN, state=tmp_path, should_stop=lambda: True)
    assert not again.not_reached
    assert comparable(BROKEN, again) == uninterrupted


def test_a_line_that_a_kill_cut_off_counts_as_not_written(
    tmp_path: Path, uninterrupted: object
) -> None:
    explored(BROKEN, InterruptedAfter(4), state=tmp_path)
    path = tmp_path / "jobs.jsonl"
    whole = path.read_bytes()
    path.write_bytes(whole[:-7])
    again = explored(BROKEN, state=tmp_path)
    assert again.remarks[0].startswith("3 of ")
    assert path.read_bytes().startswith(whole[: whole[:-7].rfind(b"\n") + 1])
    assert comparable(BROKEN, again) == uninterrupted


def test_the_journal_only_grows(tmp_path: Path) -> None:
    explored(SOUND, state=tmp_path, should_stop=stop_after(4))
    before = (tmp_path / "jobs.jsonl").read_bytes()
    explored(SOUND, state=tmp_path)
    after = (tmp_path / "jobs.jsonl").read_bytes()
    assert after.startswith(before)
    assert len(after) > len(before)


@pytest.mark.parametrize(
    "other",
    [
        replace(SWEEP, scope=replace(SWEEP.scope, seed=1)),
        replace(SWEEP, scope=replace(SWEEP.scope, kinds=("full",))),
    ],
)
def test_the_state_of_another_campaign_is_refused(other: Sweep, tmp_path: Path) -> None:
    explored(SOUND, state=tmp_path, should_stop=stop_after(2))
    with pytest.raises(StateError, match="another exploration"):
        checked(SOUND, other, SEARCH, state=tmp_path)


@pytest.mark.parametrize("jobs", [1, 2])
def test_ctrl_c_leaves_no_process_and_no_file(
    jobs: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("RUNFAULTS_TMPDIR", str(tmp_path))
    before = set(multiprocessing.active_children())
    outcome = explored(SOUND, InterruptedAfter(2), processes=jobs)
    assert outcome.interrupted
    assert set(multiprocessing.active_children()) == before
    assert [path.name for path in tmp_path.glob("runfaults-*")] == []


def test_workers_have_the_environment_of_now(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("earlier", "later"):
        folder = tmp_path / name
        folder.mkdir()
        monkeypatch.setenv("RUNFAULTS_TMPDIR", str(folder))
        assert explored(SOUND, processes=2).left == 0
        folder.rmdir()


def test_any_number_of_processes_comes_to_the_same(uninterrupted: object) -> None:
    assert comparable(BROKEN, explored(BROKEN, processes=2)) == uninterrupted


def test_two_checks_do_not_share_a_state_folder(tmp_path: Path) -> None:
    with alone_in(tmp_path), pytest.raises(StateError, match="another check is using"):
        explored(SOUND, state=tmp_path)
    assert explored(SOUND, state=tmp_path).found.verdicts
    assert not explored(SOUND, state=tmp_path).not_reached


def pressed_after(asked: int) -> Callable[[], bool]:
    """Ctrl-C is pressed when it was asked so often, in the middle of a job or between two."""
    answers = iter([False] * asked)

    def ask() -> bool:
        for answer in answers:
            return answer
        signal.raise_signal(signal.SIGINT)
        return False

    return ask


def test_what_a_job_had_found_when_ctrl_c_ended_it_counts() -> None:
    several = replace(SWEEP, scope=replace(SWEEP.scope, counts=(1, 2, 3)))
    campaign = campaign_of(BROKEN, several)
    outcomes: list[Outcome] = []
    for asked in range(3, 12):
        options = Options(processes=1, should_stop=pressed_after(asked))
        with heeding():
            outcomes.append(run_campaign(campaign, options, Listener()))
    assert all(outcome.interrupted for outcome in outcomes)
    ran = [outcome.found.verdicts.total() for outcome in outcomes]
    assert ran == sorted(ran)
    assert ran[-1] > 1
    schedules = [sum(count.schedules for count in each.found.regions.values()) for each in outcomes]
    assert schedules == ran
    left = [outcome.left for outcome in outcomes]
    ended_in_a_job = [
        later > earlier and left[number] == left[number + 1]
        for number, (earlier, later) in enumerate(pairwise(ran))
    ]
    assert any(ended_in_a_job)


class InterruptedCache(Cache):
    """Ctrl-C is pressed when all is run, and is about to be kept."""

    def keep(self, fingerprint: str, found: Findings) -> tuple[str, ...]:
        signal.raise_signal(signal.SIGINT)
        return super().keep(fingerprint, found)


def test_what_was_found_counts_also_where_ctrl_c_comes_after_it(
    tmp_path: Path, uninterrupted: object
) -> None:
    outcome = explored(BROKEN, cache=InterruptedCache(tmp_path))
    assert not outcome.interrupted
    assert comparable(BROKEN, outcome) == uninterrupted
    assert list(tmp_path.glob("*.json"))
