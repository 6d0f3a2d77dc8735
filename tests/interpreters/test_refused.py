"""An interpreter on which no schedule can be controlled is refused in words."""

from __future__ import annotations

import shutil
import subprocess
import sys
from types import SimpleNamespace

import pytest

from runfaults.cli import main
from runfaults.sim.interpreter import InterpreterError, require_controllable


def test_the_interpreter_that_runs_the_tests_is_taken() -> None:
    require_controllable()


@pytest.mark.parametrize(
    ("implementation", "flags", "seen"),
    [("cpython", "t", "free-threaded"), ("pypy", "", "pypy")],
)
def test_another_sort_is_refused_with_exit_code_2_and_a_remedy(
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    implementation: str,
    flags: str,
    seen: str,
) -> None:
    everything = {**vars(sys.implementation), "name": implementation}
    monkeypatch.setattr(sys, "implementation", SimpleNamespace(**everything))
    monkeypatch.setattr(sys, "abiflags", flags)
    with pytest.raises(InterpreterError, match=seen):
        require_controllable()
    monkeypatch.setattr(sys, "argv", ["runfaults", "check", "--bound", "single"])
    with pytest.raises(SystemExit) as ended:
        main()
    assert ended.value.code == 2
    told = capsys.readouterr().err
    assert seen in told
    assert "uv run --python" in told


FREE_THREADED = shutil.which("python3.14t") or shutil.which("python3.13t")


@pytest.mark.skipif(FREE_THREADED is None, reason="no free-threaded build on this machine")
def test_a_real_free_threaded_build_is_refused() -> None:
    assert FREE_THREADED is not None
    told = subprocess.run(
        [FREE_THREADED, "-c", "from runfaults.sim.interpreter import *; require_controllable()"],
        env={"PYTHONPATH": "src"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert "InterpreterError: this is free-threaded Python" in told.stderr
