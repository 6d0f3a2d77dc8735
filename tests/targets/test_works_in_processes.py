"""A target that does its work where no schedule reaches is told so before anything runs."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from runfaults.cli.exit_codes import USAGE
from runfaults.explore.probe import probe
from runfaults.sim.simulation import Simulation
from runfaults.targets import target_named
from runfaults.targets.skeletons import thread
from runfaults.targets.target import TargetError

ADAPTER = Path(thread.__file__).read_text("utf-8")
DECLARED = ADAPTER.replace("    schema =", "    processes = {!r}\n    schema =")


@pytest.fixture
def declaring(tmp_path: Path, request: pytest.FixtureRequest) -> str:
    file = tmp_path / "mine.py"
    file.write_text(DECLARED.replace("{!r}", repr(request.param)), "utf-8")
    return f"{file}:MyTarget"


@pytest.mark.parametrize("declaring", ["a prefork pool"], indirect=True)
def test_a_simulation_refuses_it(declaring: str) -> None:
    with pytest.raises(TargetError, match=r"in processes of its own \(a prefork pool\)"):
        Simulation(target_named(declaring))


@pytest.mark.parametrize("declaring", [""], indirect=True)
def test_one_that_works_in_threads_after_all_runs(declaring: str) -> None:
    with Simulation(target_named(declaring)) as simulation:
        probe(simulation)


@pytest.mark.parametrize("declaring", ["a prefork pool"], indirect=True)
@pytest.mark.parametrize("command", [("check",), ("check", "--real"), ("points",)])
def test_every_command_says_what_to_do_instead(declaring: str, command: tuple[str, ...]) -> None:
    ended = subprocess.run(
        [sys.executable, "-m", "runfaults.cli", *command, "--target", declaring],
        capture_output=True,
        text=True,
        check=False,
    )
    assert ended.returncode == USAGE
    (line,) = ended.stderr.splitlines()
    assert line == (
        "runfaults: target my-target does its work in processes of its own (a prefork pool), and "
        "a schedule orders the threads of one process: let its adapter work in threads, if the "
        "system can, or strike inside of its processes with runfaults.sqlite.arm"
    )
