"""What the target prints is kept for who reads its history, and is not printed in between."""

from __future__ import annotations

import logging
import subprocess
import sys
from pathlib import Path

import pytest
from talking import LOG

from runfaults.crash.lives import Lives
from runfaults.model import Schedule
from runfaults.sim.recorder import MOST_PRINTED
from runfaults.sim.simulation import Simulation
from runfaults.targets import target_named

FILE = Path(__file__).with_name("talking.py")
CLEAN = Schedule()
DEATH = Schedule.parse("death after run commit")
PRINTED = "by print\nby lines\nby bytes: é\nby a handler\n\x1b[2J a terminal: False\n"


def test_all_is_kept_and_nothing_is_printed(capsys: pytest.CaptureFixture[str]) -> None:
    handler = logging.StreamHandler(sys.stderr)  # it keeps the stream of that time
    LOG.addHandler(handler)
    before = sys.stdout, sys.stderr, handler.stream
    try:
        with Simulation(target_named(f"{FILE}:Talking")) as simulation:
            printed = simulation.play(CLEAN, with_places=True).history.printed
    finally:
        LOG.removeHandler(handler)
    assert printed == PRINTED
    assert capsys.readouterr() == ("", "")
    assert (sys.stdout, sys.stderr, handler.stream) == before


def test_it_is_no_part_of_the_text_and_dropped_where_no_person_reads_it(
    capsys: pytest.CaptureFixture[str],
) -> None:
    with Simulation(target_named(f"{FILE}:Talking")) as simulation:
        quiet = simulation.play(CLEAN).history
        told = simulation.play(CLEAN, with_places=True).history
    assert (quiet.printed, told.printed[:8]) == ("", "by print")
    assert quiet.text() == told.text()
    assert capsys.readouterr() == ("", "")


def test_of_very_much_the_end_is_kept_and_the_rest_counted() -> None:
    with Simulation(target_named(f"{FILE}:Verbose")) as simulation:
        printed = simulation.play(CLEAN, with_places=True).history.printed
    first, _, rest = printed.partition("\n")
    assert first == "(40,297 characters before these are left out)"
    assert len(rest) == MOST_PRINTED
    assert rest.endswith("\n98\n99\n")


def test_what_is_collected_afterwards_and_an_adapter_print_to_their_schedule(
    capsys: pytest.CaptureFixture[str],
) -> None:
    with Simulation(target_named(f"{FILE}:Wasteful")) as simulation:
        simulation.play(CLEAN)
        told = [simulation.play(CLEAN, with_places=True).history.printed for _ in range(2)]
    assert told == ["asked\ncollected\n"] * 2
    assert capsys.readouterr() == ("", "")


AWAITED = """
from runfaults.model import Schedule
from runfaults.sim.simulation import Simulation
from runfaults.targets import target_named

with Simulation(target_named({target!r})) as simulation:
    simulation.play(Schedule())
    told = [simulation.play(Schedule(), with_places=True).history.printed for _ in range(2)]
print(*[text.count("forgotten' was never awaited") for text in told])
"""


def test_each_schedule_tells_that_a_coroutine_was_never_awaited() -> None:
    script = AWAITED.format(target=f"{FILE}:Forgetful")
    # In a process of its own: under pytest, what Python warns of goes to pytest.
    ended = subprocess.run(
        [sys.executable, "-c", script], check=False, capture_output=True, text=True
    )
    assert (ended.stdout, ended.stderr) == ("1 1\n", "")


def test_a_breakpoint_ends_it(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sys, "breakpointhook", lambda: sys.stdout.write("(Pdb) "))
    with Simulation(target_named(f"{FILE}:Stopping")) as simulation:
        simulation.play(CLEAN)
        capsys.readouterr()
        printed = simulation.play(CLEAN, with_places=True).history.printed
    assert printed == "before\n"
    assert capsys.readouterr().out == "(Pdb) "


def test_what_a_process_printed_outlives_it(capfd: pytest.CaptureFixture[str]) -> None:
    with Lives(f"{FILE}:Talking") as lives:
        printed = lives.play(DEATH, with_places=True).history.printed
    assert printed == PRINTED.replace("by a handler\n", "")
    assert capfd.readouterr() == ("", "")
