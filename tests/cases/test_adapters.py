"""Whatever code of the adapter does, the exit code is never the target's."""

from __future__ import annotations

import os
import re
import shlex
import signal
from collections.abc import Collection
from itertools import product
from pathlib import Path
from typing import Any

import pytest
from _pytest.mark import ParameterSet

from runfaults.explore.probe import probe
from runfaults.process_end import Teller
from runfaults.sim.simulation import Simulation
from runfaults.targets import target_named
from runfaults.targets.target import TargetError

HEAD = """
    import os
    import signal
    import sys
    from jobs import Jobs, JobsTarget
    from runfaults.model import Vocabulary

    def mistake():
        return undefined_name
"""
CLASS = """
    class Target(JobsTarget):
        {}
"""
MANAGER = """
    class Target(JobsTarget):
        class jobs(Jobs):
            {}
"""

RAISES = {
    "sys.exit(0)": "raised SystemExit: 0",
    "sys.exit()": "raised SystemExit",
    "sys.exit('bye')": "raised SystemExit: bye",
    "raise KeyboardInterrupt": "raised KeyboardInterrupt",
    "raise GeneratorExit": "raised GeneratorExit",
    "mistake()": "raised NameError: name 'undefined_name' is not defined",
}


def crossed(one: Collection[Any], other: Collection[Any]) -> list[ParameterSet]:
    """Each of one with the first of the other, and the reverse; by night each with each."""
    first, second = next(iter(one)), next(iter(other))
    return [
        pytest.param(a, b, marks=() if a == first or b == second else pytest.mark.nightly)
        for a, b in product(one, other)
    ]


MAKING = {
    "def __init__(self): {}": "target target.py:Target cannot be made",
    "def prepare(self, database): {}": "target jobs: prepare",
    "@property\n        def vocabulary(self): {}": "vocabulary",
    "@property\n        def audit(self): {}": "audit",
    "@property\n        def name(self): {}": "name",
    "@property\n        def exempt(self): {}": "exempt",
}
ASKING = {
    "def __init__(self, database, work): {}": "in a clean run (pipeline succeeds): open",
    "def start(self): {}": "in a clean run (pipeline succeeds): start",
    "def wait(self, run): {}": "in a clean run (pipeline succeeds): the adapter",
    "def close(self): {}": "in a clean run (pipeline succeeds): close",
}


@pytest.mark.parametrize(("raises", "what"), RAISES.items())
def test_a_module_that_cannot_be_imported(here: Any, raises: str, what: str) -> None:
    told = here.check(HEAD + f"\n    {raises}\n")
    assert told.code == 2
    assert f"target.py cannot be imported: {what}" in told.text
    assert f"{here.folder.name}/target.py:" in told.text


@pytest.mark.parametrize(("raising", "making"), crossed(RAISES.items(), MAKING.items()))
def test_an_adapter_that_cannot_be_made(
    here: Any, raising: tuple[str, str], making: tuple[str, str]
) -> None:
    (raises, what), (method, where) = raising, making
    told = here.check(HEAD + CLASS.format(method.format(raises)))
    assert told.code == 2
    assert where in told.text
    assert what in told.text
    assert f"{here.folder.name}/target.py:" in told.text


@pytest.mark.parametrize(("raising", "asking"), crossed(RAISES.items(), ASKING.items()))
def test_a_manager_that_raises_in_a_clean_run(
    here: Any, raising: tuple[str, str], asking: tuple[str, str]
) -> None:
    (raises, what), (method, where) = raising, asking
    target = here.target(HEAD + MANAGER.format(method.format(raises)))
    with Simulation(target) as simulation, pytest.raises(TargetError) as raised:
        probe(simulation)
    message = str(raised.value)
    assert f"{where} {what}" in message
    assert f"{here.folder.name}/target.py:" in message


WRONG = {
    "vocabulary = {'active': 'running'}": "`vocabulary` is {'active': 'running'}",
    "vocabulary = Vocabulary('running', 'done', '', 'error')": "`vocabulary.active` is 'running'",
    "vocabulary = Vocabulary(['running'], ['done'], [], [])": "`vocabulary.active` is ['running']",
    "audit = None": "`audit` is None; it must be an Audit",
    "audit = ('jobs', 'id', 'state')": "`audit` is ('jobs', 'id', 'state')",
    "name = None": "`name` is None; it must be a text",
    "exempt = ['one-active-run']": "`exempt` is ['one-active-run']; it must be a dict",
    "exempt = {'one-active-rum': 'many'}": "`exempt` names 'one-active-rum', which is not a rule",
    "remarks = 5": "`remarks` is 5; it must be a tuple of sentences",
    "def __init__(self, url): pass": "missing 1 required positional argument: 'url'",
    "def prepare(self): pass": "`prepare` is method(); it must be a method: prepare(database)",
    "def open(self, database): pass": "`open` is method(database); it must be a method: open(",
    "def prepare(self, database): pass": "`audit` cannot be used: no such table: main.jobs",
    "open = None": "`open` is None",
}


@pytest.mark.parametrize(("line", "words"), WRONG.items())
def test_an_adapter_of_the_wrong_form(here: Any, line: str, words: str) -> None:
    told = here.check(HEAD + CLASS.format(line))
    assert told.code == 2
    assert words in re.sub(r" \(\S+\.py:\d+\)", "", told.text)


def test_an_exemption_from_what_is_no_rule_is_not_explained_away(here: Any) -> None:
    told = here.check(HEAD + CLASS.format("exempt = {'one-active-rum': 'many'}"), "--explain")
    assert told.code == 2
    assert "`exempt` names 'one-active-rum', which is not a rule" in told.text


@pytest.mark.parametrize(
    ("program", "words"),
    [
        ("Target = 5", "target target.py:Target is 5; name a class"),
        ("def Target(): return None", "it has no `name`"),
        ("class Target: pass", "it has no `name`"),
        ("", "target.py has no 'Target'"),
    ],
)
def test_what_is_no_adapter(here: Any, program: str, words: str) -> None:
    told = here.check(program)
    assert told.code == 2
    assert words in told.text


DOORS = [
    "check --bound 0,0,0 --no-cache --jobs 1",
    "check --bound 0,0,0 --no-cache --jobs 2",
    "points",
    "crash --jobs 1",
    "crash --schedule 'pipeline succeeds'",
    "chaos --seconds 1 --processes 1",
]
DIES = {
    "os._exit(0)": "os._exit",
    "os.abort()": "SIGABRT",
    "signal.raise_signal(signal.SIGSEGV)": "SIGSEGV",
}


@pytest.mark.parametrize("door", DOORS)
def test_every_door_tells_of_a_mistake(here: Any, door: str) -> None:
    here.write("target.py", HEAD + CLASS.format("def prepare(self, database): mistake()"))
    told = here.type(*shlex.split(door), "--target", "target.py:Target")
    assert told.code == 2, told.text
    assert "prepare: raised NameError" in told.text
    assert "Traceback" not in told.text


@pytest.mark.parametrize("door", DOORS)
def test_every_door_makes_a_clean_run_first(here: Any, door: str) -> None:
    here.write("target.py", HEAD + MANAGER.format("def start(self): mistake()"))
    told = here.type(*shlex.split(door), "--target", "target.py:Target")
    assert told.code == 2, told.text
    assert "in a clean run (pipeline succeeds): start raised NameError" in told.text


@pytest.mark.parametrize(("end", "door"), crossed(DIES.items(), DOORS))
def test_every_door_tells_of_the_end_of_its_process(
    here: Any, end: tuple[str, str], door: str
) -> None:
    dies, how = end
    here.write("target.py", HEAD + CLASS.format(f"def prepare(self, database): {dies}"))
    told = here.type(
        *shlex.split(door), "--target", "target.py:Target", RUNFAULTS_TMPDIR=_folder(here)
    )
    assert told.code == 2, told.text
    assert how in told.text
    assert f"{here.folder.name}/target.py:" in told.text
    assert list(here.folder.glob("tmp/*")) == []


@pytest.mark.parametrize("door", DOORS)
def test_every_door_tells_of_what_is_not_there(here: Any, door: str) -> None:
    told = here.type(*shlex.split(door), "--target", "nowhere.py:Target")
    assert told.code == 2, told.text
    assert told.text == "runfaults: there is no file nowhere.py"
    here.write("target.py", HEAD + CLASS.format("pass"))
    told = here.type(
        *shlex.split(door), "--target", "target.py:Target", RUNFAULTS_TMPDIR="target.py"
    )
    assert told.code == 2, told.text
    assert "Not a directory" in told.text


def test_a_process_that_is_killed_has_told_no_verdict(here: Any) -> None:
    line = "def prepare(self, database): os.kill(os.getpid(), signal.SIGKILL)"
    here.write("target.py", HEAD + CLASS.format(line))
    told = here.type("points", "--target", "target.py:Target")
    assert told == (3, "runfaults: the process was killed before it could tell a verdict")


@pytest.mark.parametrize(
    ("ends", "how"),
    [
        ("os.closerange(3, 256)", "ended with exit code 1, and could not tell why"),
        ("__import__('posix')._exit(4)", "ended with exit code 4, and could not tell why"),
        ("(os.dup2(0, 1), os._exit(4))", "was ended by os._exit(4) at"),
    ],
)
def test_of_an_end_that_could_not_be_told_no_cause_is_made_up(
    here: Any, ends: str, how: str
) -> None:
    here.write("target.py", HEAD + CLASS.format(f"def prepare(self, database): {ends}"))
    told = here.type("points", "--target", "target.py:Target")
    assert told.code == 2, told.text
    assert f"the process in which the target ran {how}" in told.text


def test_nothing_is_told_to_what_has_the_number_of_a_closed_descriptor(tmp_path: Path) -> None:
    another = tmp_path / "another"
    another.touch()
    reads, descriptor = os.pipe()
    teller = Teller(descriptor)
    assert teller.tell(b"told")
    os.close(descriptor)
    assert not teller.tell(b"closed")
    with another.open("ab") as file:
        os.dup2(file.fileno(), descriptor)
        assert not teller.tell(b"not for this one")
    assert another.read_bytes() == b""
    assert os.read(reads, 100) == b"told"
    os.close(reads)


def test_ctrl_c_is_not_the_target_s(here: Any) -> None:
    """An innocent twin of an adapter that raises KeyboardInterrupt."""
    here.write("target.py", HEAD + CLASS.format("def prepare(self, database): open('held').read()"))
    os.mkfifo(here.folder / "held")
    assert target_named("target.py:Target").name == "jobs"
    with here.begin("points", "--target", "target.py:Target") as process:
        held = os.open(here.folder / "held", os.O_WRONLY)  # when the other end is opened
        process.send_signal(signal.SIGINT)
        output, _ = process.communicate(timeout=60)
    os.close(held)
    assert process.returncode == 3, output
    assert "interrupted" in output


def _folder(here: Any) -> str:
    (here.folder / "tmp").mkdir(exist_ok=True)
    return str(here.folder / "tmp")
