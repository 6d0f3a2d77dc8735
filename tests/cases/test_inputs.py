"""Inputs that nobody meant to write end in one line, never in a verdict."""

from __future__ import annotations

import contextlib
import copy
import os
import tomllib
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any
from zlib import crc32

import pytest
import tomli_w

from runfaults.campaign.memory import Journal, StateError
from runfaults.explore.findings import Findings
from runfaults.explore.job import Job
from runfaults.model import Schedule
from runfaults.scenario.file import ScenarioError, load_scenario
from runfaults.sqlite.real.recipe import Unavailable
from runfaults.sqlite.real.small_disk import small_disk

SCENARIO = """
name = "n"
symptom = "s"
target = "target.py:Target"
expect = "broken"
rules = ["succeeded-never-failed"]
[schedule]
pipeline = "succeeds"
journal = "delete"
seed = 0
[[fault]]
kind = "busy"
at = "run commit #2"
times = 1
[[act]]
kind = "cancel"
at = "run commit #2"
[[preemption]]
at = "run commit #2"
to = "user"
[[death]]
at = "run commit #2"
after = true
successors = 2
"""
DOCUMENT: dict[str, Any] = tomllib.loads(SCENARIO)
WRONG: list[Any] = [-1, 1.5, True, "", "x", [], [1], ["x"], [[1]], {}, {"a": 1}, [{"a": 1}]]


def places(value: Any, before: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    pairs = value.items() if isinstance(value, dict) else enumerate(value)
    for key, inner in pairs:
        yield (*before, key)
        if isinstance(inner, dict | list):
            yield from places(inner, (*before, key))


@pytest.mark.parametrize("place", list(places(DOCUMENT)), ids=str)
def test_a_scenario_with_a_wrong_value_is_refused_or_read(
    place: tuple[Any, ...], tmp_path: Path
) -> None:
    file, refused = tmp_path / "wrong.toml", 0
    for wrong in WRONG:
        document = copy.deepcopy(DOCUMENT)
        table: Any = document
        for key in place[:-1]:
            table = table[key]
        table[place[-1]] = wrong
        file.write_text(tomli_w.dumps(document))
        try:
            load_scenario(file)
        except ScenarioError as error:
            refused += str(error).startswith(f"{file}:")
    assert refused >= 8  # of twelve; a name may be any text


def test_a_list_of_numbers_for_faults_is_one_line(here: Any) -> None:
    here.write(
        "wrong.toml", SCENARIO.partition("[[fault]]")[0].replace("[sch", "fault = [1]\n[sch")
    )
    told = here.run("replay", "wrong.toml")
    assert told == (
        2,
        "runfaults: wrong.toml:6: each fault is a table of its own: write [[fault]] above its keys",
    )


LINES = ["null", "[]", "5", "{}", '{"job": 1}', '{"job": "a", "found": null}', "", "x", "\ufeff"]


@pytest.fixture
def journal(tmp_path: Path) -> Path:
    """A journal of one job."""
    written = Journal(tmp_path, "fingerprint")
    written.add(Job(Schedule()), Findings())
    written.close()
    return written.path


@pytest.mark.parametrize("line", LINES)
@pytest.mark.parametrize("number", [1, 2, 3])
def test_a_journal_with_a_damaged_line_is_refused(journal: Path, line: str, number: int) -> None:
    lines = journal.read_text().splitlines()
    lines[number - 1 : number] = [line]
    journal.write_text("\n".join(lines) + "\n", encoding="utf-8")
    with pytest.raises(
        StateError, match=f"jobs.jsonl:{number}: is not a line that runfaults wrote"
    ):
        Journal(journal.parent, "fingerprint")


def test_a_journal_of_which_a_byte_has_changed_is_refused(journal: Path) -> None:
    whole = journal.read_bytes()
    for place in range(len(whole)):
        if whole[place : place + 1] != b"\n":
            journal.write_bytes(whole[:place] + b"~" + whole[place + 1 :])
            with pytest.raises(StateError):
                Journal(journal.parent, "fingerprint")


def test_a_journal_that_was_cut_is_read_as_far_as_it_goes(journal: Path) -> None:
    """An innocent twin: the process was killed while it wrote the line."""
    whole = journal.read_bytes()
    for length in range(len(whole)):
        journal.write_bytes(whole[:length])
        assert Journal(journal.parent, "fingerprint").find(Job(Schedule())) is None
    journal.write_bytes(whole)
    assert Journal(journal.parent, "fingerprint").find(Job(Schedule())) == Findings()


def test_a_journal_written_twice_over_is_read_once(journal: Path) -> None:
    """An innocent twin: each line is as it was written."""
    journal.write_bytes(2 * journal.read_bytes())
    assert Journal(journal.parent, "fingerprint").find(Job(Schedule())) == Findings()


def test_a_journal_whose_lines_contradict_each_other_is_refused(journal: Path) -> None:
    other = Journal(journal.parent / "other", "fingerprint")
    other.add(Job(Schedule()), Findings(pruned=1))
    other.close()
    journal.write_bytes(journal.read_bytes() + other.path.read_bytes())
    with pytest.raises(
        StateError, match=r"jobs.jsonl:4: says of job .* what another line does not"
    ):
        Journal(journal.parent, "fingerprint")


NOT_FINDINGS = ["null", "[]", "{}", '{"job": 1}', '{"job": "a", "found": null}', "[" * 5000, "x"]


@pytest.mark.parametrize("line", [*NOT_FINDINGS, "9" * 5000])
def test_a_journal_with_a_line_of_another_form_is_refused(journal: Path, line: str) -> None:
    checked = f"{crc32(line.encode()):08x} {line}\n"
    journal.write_text(journal.read_text() + checked, encoding="utf-8")
    with pytest.raises(StateError, match=r"jobs.jsonl:3: is not a line that runfaults wrote"):
        Journal(journal.parent, "fingerprint")


DEEP = "x = " + "[" * 3000 + "]" * 3000
LONG = f"x = {'9' * 5000}"


def folder_at(path: Path) -> None:
    path.mkdir()


PIPE = pytest.param(os.mkfifo, id="pipe")
NO_FILES = [
    pytest.param(folder_at, id="folder"),
    pytest.param(lambda path: path.write_text(DEEP), id="deep"),
    pytest.param(lambda path: path.write_text(LONG), id="long"),
    pytest.param(lambda path: path.write_bytes(b"\xff"), id="bytes"),
]


@pytest.mark.parametrize("make", [PIPE, *NO_FILES])
def test_a_scenario_that_is_no_readable_file_is_refused(
    here: Any, make: Callable[[Path], object]
) -> None:
    make(here.folder / "scenario.toml")
    told = here.run("replay", "scenario.toml")
    assert told.code == 2, told.text
    assert "scenario.toml" in told.text


@pytest.mark.parametrize("make", NO_FILES)
def test_settings_that_are_no_readable_file_are_refused(
    here: Any, make: Callable[[Path], object]
) -> None:
    make(here.folder / "pyproject.toml")
    told = here.check("raise AssertionError('the work began')")
    assert told.code == 2, told.text
    assert "pyproject.toml: " in told.text
    assert "the work began" not in told.text


@pytest.mark.parametrize("make", NO_FILES)
def test_a_baseline_that_is_no_readable_file_is_refused(
    here: Any, make: Callable[[Path], object]
) -> None:
    make(here.folder / "known")
    told = here.check("raise AssertionError('the work began')", "--baseline", "known")
    assert told.code == 2, told.text
    assert "known" in told.text
    assert "the work began" not in told.text


@pytest.mark.parametrize("make", [folder_at, os.mkfifo])
def test_a_journal_that_is_no_file_is_refused(
    tmp_path: Path, make: Callable[[Path], object]
) -> None:
    make(tmp_path / "jobs.jsonl")
    with pytest.raises(StateError, match=r"jobs.jsonl is not a file"):
        Journal(tmp_path, "fingerprint")


@pytest.mark.parametrize("target", [r"a\u0000b.py:T", r"a\u0000b:T", r"source:a\u0000b"])
@pytest.mark.parametrize("key", ["target", "own_rules"])
def test_a_name_that_no_file_can_have_is_refused(here: Any, target: str, key: str) -> None:
    name = "here.py:T" if key == "own_rules" else target
    rules = f'own_rules = ["{target}"]' if key == "own_rules" else ""
    here.write("scenario.toml", f'name = "n"\nsymptom = "s"\ntarget = "{name}"\n{rules}\n')
    told = here.run("replay", "scenario.toml")
    assert told.code == 2, told.text


@pytest.mark.parametrize("report", ["html", "json", "junit"])
@pytest.mark.parametrize("path", ["nowhere/report", "folder", "target.py/report"])
def test_a_report_that_cannot_be_written_is_told_before_the_work(
    here: Any, report: str, path: str
) -> None:
    (here.folder / "folder").mkdir()
    told = here.check("raise AssertionError('the work began')", f"--{report}", path)
    assert told.code == 2
    assert "the work began" not in told.text
    assert path in told.text


@pytest.mark.parametrize(
    "door", ["check --bound 0,0,0", "crash --journal delete", "chaos --seconds 2"]
)
def test_a_temporary_folder_without_room_is_told_before_anything_is_run(
    here: Any, monkeypatch: pytest.MonkeyPatch, door: str
) -> None:
    with contextlib.ExitStack() as stack:
        try:
            small = stack.enter_context(small_disk())
        except Unavailable as reason:
            pytest.skip(str(reason))
        (small / "filler").write_bytes(bytes(1_500_000))
        monkeypatch.setenv("RUNFAULTS_TMPDIR", str(small))
        told = here.run(*door.split())
    assert told.code == 2
    assert "bytes left" in told.text
    assert "set RUNFAULTS_TMPDIR to a folder that has it" in told.text
