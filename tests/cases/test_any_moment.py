"""Ctrl-C, once or twice, at any call that a command makes: the exit code tells what was found."""

from __future__ import annotations

from typing import Any

import pytest

from small_checks import Pressing

BROKEN = """
    from jobs import Jobs, JobsTarget

    class Target(JobsTarget):
        class jobs(Jobs):
            def record(self, connection, job, state):
                super().record(connection, job, state)
                super().record(connection, job, "error")
"""


@pytest.mark.parametrize(
    ("called", "code"),
    [
        ("Campaign.jobs", 3),
        ("place", 1),
        ("Findings.belong_to", 1),
        ("Agenda.unfinished", 1),
        ("conclude", 1),
        ("confirm", 1),
        ("print_result", 1),
    ],
)
def test_what_was_found_counts(here: Any, called: str, code: int) -> None:
    with Pressing(called) as pressing:
        told = here.check(BROKEN, "--save", "saved")
    assert pressing.pressed
    assert told.code == code, told.text
    assert ("target.py:Target: broken by" in told.text) is (code == 1)
    assert [*here.folder.glob("saved/*.toml")] if code == 1 else "interrupted" in told.text


SCENARIO = """
    name = "several"
    symptom = "a job that is done is called an error"
    target = "target.py:Target"

    [schedule]
    pipeline = "succeeds"

    [[fault]]
    kind = "slow"
    at = "run connect"

    [[fault]]
    kind = "slow"
    at = "user connect"

    [[fault]]
    kind = "slow"
    at = "user commit"
"""


@pytest.mark.parametrize(
    ("nth", "left", "code"), [(1, 3, 3), (3, 1, 3), (99, 0, 0)], ids=["first", "third", "never"]
)
def test_minimise_saves_the_smallest_so_far(here: Any, nth: int, left: int, code: int) -> None:
    here.write("target.py", BROKEN)
    here.write("several.toml", SCENARIO)
    with Pressing("_Search._keeps", nth):
        told = here.run("minimise", "several.toml")
    assert told.code == code, told.text
    assert ("interrupted: a smaller one may be left" in told.text) is (code == 3)
    assert f"from 3 elements to {left}," in told.text
    assert (here.folder / "several.minimal.toml").read_text().count("[[fault]]") == left


@pytest.mark.parametrize(
    ("program", "code"), [(BROKEN, 1), (BROKEN.replace('"error"', "state"), 3)], ids=["bug", "twin"]
)
def test_replay_tells_what_it_has_played(here: Any, program: str, code: int) -> None:
    here.write("target.py", program)
    for name in "abc":
        here.write(f"{name}.toml", SCENARIO.partition("[[fault]]")[0])
    with Pressing("play", 2):
        told = here.run("replay", "a.toml", "b.toml", "c.toml")
    assert told.code == code, told.text
    assert "interrupted: 2 of 3 files were not replayed" in told.text
    assert "a.toml: a job that is done" in told.text
    with Pressing("play", 1):
        told = here.run("replay", "a.toml", "b.toml", "c.toml")
    assert told.code == 3
    assert "interrupted; nothing was left behind" in told.text


def test_a_single_schedule_that_was_played_counts(here: Any) -> None:
    here.write("target.py", BROKEN)
    words = ("crash", "--target", "target.py:Target", "--schedule", "pipeline succeeds")
    for called, code in (("play", 3), ("print_timeline", 1)):
        with Pressing(called):
            assert here.run(*words).code == code


@pytest.mark.nightly
def test_the_code_changes_once(here: Any) -> None:
    here.check(BROKEN)  # what is imported is imported once
    with Pressing(nth=0) as pressing:
        assert here.check(BROKEN).code == 1
    codes: list[int] = []
    for part in range(1, PARTS):
        with Pressing(nth=pressing.calls * part // PARTS):
            told = here.check(BROKEN)
        assert "Traceback" not in told.text
        codes.append(told.code)
    assert set(codes) == {1, 3}
    assert codes == sorted(codes, reverse=True)


PARTS = 100
"""Stretches of a command between whose calls it is pressed."""
