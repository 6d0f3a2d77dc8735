"""What is left to run: each job once, in order, nothing lost when it was in a dying hand."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import pytest

from runfaults.campaign.agenda import Agenda
from runfaults.explore.job import Job
from runfaults.model import Schedule
from runfaults.model.listener import Listener, Sort
from small_checks import BROKEN, InterruptedAfter, explored

FIRST, SECOND, THIRD = (Job(Schedule(seed=seed), rank=(-seed,)) for seed in range(3))


EQUAL = [Job(Schedule(seed=seed)) for seed in range(3)]


def test_jobs_of_one_rank_are_handed_out_in_the_order_in_which_they_came() -> None:
    agenda = Agenda(EQUAL[:2])
    assert agenda.add(EQUAL[2:]) == 1
    assert [agenda.take() for _ in range(3)] == EQUAL
    with pytest.raises(IndexError):
        agenda.take()


def test_jobs_of_a_lower_rank_are_handed_out_first_also_where_they_come_later() -> None:
    agenda = Agenda([FIRST, SECOND])
    agenda.add([THIRD])
    assert [agenda.take() for _ in range(3)] == [THIRD, SECOND, FIRST]


def test_a_job_is_on_it_once_even_if_it_was_finished_long_ago() -> None:
    agenda = Agenda(EQUAL[:2])
    agenda.finish(agenda.take())
    assert agenda.add([*EQUAL[:2], Job(Schedule())]) == 0
    assert list(agenda) == [EQUAL[1]]
    assert (agenda.total, len(agenda), agenda.waiting) == (2, 1, 1)


def test_what_was_handed_out_can_be_taken_again_in_its_place() -> None:
    agenda = Agenda(EQUAL)
    agenda.finish(agenda.take())
    agenda.take()
    assert (len(agenda), agenda.waiting) == (2, 1)
    agenda.requeue()
    assert [agenda.take(), agenda.take()] == EQUAL[1:]


def test_a_later_wave_waits_for_the_one_before() -> None:
    later = Job(Schedule(seed=8), rank=(-9,), wave=1)
    latest = Job(Schedule(seed=9), rank=(-99,), wave=2)
    agenda = Agenda([latest, FIRST, later])
    assert agenda.waiting == 1
    assert agenda.take() == FIRST
    assert agenda.finish(FIRST, [SECOND]) == 1
    assert agenda.take() == SECOND
    agenda.finish(SECOND)
    assert agenda.take() == later
    assert agenda.waiting == 0
    agenda.finish(later)
    assert agenda.take() == latest
    agenda.finish(latest)
    assert len(agenda) == 0


def test_of_several_jobs_that_are_alike_the_lowest_in_rank_is_run() -> None:
    alike = [Job(Schedule(seed=n), rank=(-n,), wave=1, alike="one") for n in (3, 5, 4)]
    agenda = Agenda([FIRST, *alike])
    agenda.finish(agenda.take())
    assert [agenda.take(), len(agenda)] == [alike[1], 1]


def test_what_is_left_is_counted_by_sort_with_what_waits_for_a_later_wave() -> None:
    alike = [Job(Schedule(seed=n), rank=(-n,), wave=1, alike="one", group="w") for n in (3, 5, 4)]
    agenda = Agenda([FIRST, SECOND])
    agenda.finish(agenda.take(), [*alike, SECOND])
    assert +agenda.sorts == {SECOND.sort: 1, (0, "w"): 1}
    agenda.finish(agenda.take())
    assert +agenda.sorts == {(0, "w"): 1}
    agenda.finish(agenda.take())
    assert agenda.sorts.total() == len(agenda) == 0


class Expected(Listener):
    """Counts what was known in the beginning, and what came up."""

    def __init__(self) -> None:
        self.known = self.done = self.more = 0

    def start(self, total: int | None, left: Mapping[Sort, int] | None = None) -> None:
        self.known = total or 0

    def advance(
        self, count: int = 1, left: Mapping[Sort, int] | None = None, *_: object, **__: object
    ) -> None:
        self.done += count
        self.more = self.done + sum((left or {}).values()) - self.known


def test_a_campaign_that_continues_knows_what_had_come_up(tmp_path: Path) -> None:
    expected = Expected()
    whole = explored(BROKEN, expected)
    assert expected.more > 2
    # the next ones are known from the journal alone
    began = explored(BROKEN, InterruptedAfter(expected.known + 2), state=tmp_path)
    (missing,) = began.not_reached
    assert missing.endswith("interleavings, and what they lead to")
    went_on = explored(BROKEN, state=tmp_path)
    total = expected.known + expected.more
    assert went_on.remarks == (
        f"{expected.known + 2} of {total} jobs were done before, by the same code",
    )
    assert went_on.found.verdicts == whole.found.verdicts
    assert went_on.found.pruned == whole.found.pruned
