"""A hang is told once, after the limit of real time, wherever it is."""

from __future__ import annotations

from typing import Any

import pytest

import runfaults.sim.scheduler as scheduler_module
from runfaults.sim.simulation import Simulation

HANGS = """
    import os
    from jobs import Jobs, JobsTarget

    class Hanging(Jobs):
        def {}:
            held, _ = os.pipe()
            os.read(held, 1)

    class Target(JobsTarget):
        jobs = Hanging
"""


@pytest.fixture
def hangs(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The stacks of every hang from now on; the limit is short."""
    told: list[str] = []
    real = scheduler_module.stacks_of

    def stacks_of(actors: Any) -> str:
        told.append(real(actors))
        return told[-1]

    monkeypatch.setattr(scheduler_module, "HANG_SECONDS", 0.3)
    monkeypatch.setattr(scheduler_module, "stacks_of", stacks_of)
    return told


@pytest.mark.parametrize("where", ["do(self, connection, job)", "wait(self, run)"])
def test_a_hang_in_a_clean_run_is_awaited_once(here: Any, hangs: list[str], where: str) -> None:
    told = here.check(HANGS.format(where))
    assert told.code == 2, told.text
    assert "in a clean run (pipeline succeeds): it never ends: hang" in told.text
    assert "target.py" in told.text
    assert len(hangs) == 1


def test_a_hang_in_a_cancel_is_no_hang_of_the_clean_run(here: Any, hangs: list[str]) -> None:
    """An innocent twin, as far as its clean runs go; a schedule with a cancel tells of it."""
    target = here.target(HANGS_IN_CANCEL)
    with Simulation(target):
        assert len(hangs) == 1


HANGS_IN_CANCEL = """
    import os
    from jobs import Jobs, JobsTarget

    class Hanging(Jobs):
        def cancel(self, run):
            held, _ = os.pipe()
            os.read(held, 1)

    class Target(JobsTarget):
        jobs = Hanging
"""
