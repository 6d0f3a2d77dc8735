"""The skeleton that `runfaults new-target` writes: it runs as it is, and finds its mistake."""

from __future__ import annotations

from pathlib import Path

import pytest
from click.testing import CliRunner

from runfaults.cli.new_target import command
from runfaults.explore.probe import probe
from runfaults.explore.runner import Runner
from runfaults.model import Fault, Schedule, Verdict
from runfaults.sim.simulation import Simulation
from runfaults.targets import target_named


def test_it_runs_as_it_is_and_the_mistake_in_it_is_found(tmp_path: Path) -> None:
    file = tmp_path / "mine.py"
    result = CliRunner().invoke(command, [str(file)])
    assert result.exit_code == 0, result.output
    assert f"runfaults check --target {file}:MyTarget --bound quick" in result.output
    assert f"runfaults check --target {file}:MyTarget" in file.read_text("utf-8")
    mistake = Schedule(faults=(Fault.parse("busy at run execute UPDATE jobs"),))
    with Simulation(target_named(f"{file}:MyTarget")) as simulation:
        probe(simulation)
        clean = Runner(simulation).run(Schedule())
        broken = Runner(simulation).run(mistake)
    assert clean.verdict is Verdict.HOLDS
    assert broken.verdict is Verdict.BROKEN
    against = {each.rule for each in broken.judgements if each.verdict is Verdict.BROKEN}
    assert "succeeded-never-failed" in against


@pytest.mark.parametrize(
    ("name", "complaint"), [("mine.txt", "ends in .py"), ("there.py", "exists already")]
)
def test_it_refuses(tmp_path: Path, name: str, complaint: str) -> None:
    (tmp_path / "there.py").write_text("mine")
    result = CliRunner().invoke(command, [str(tmp_path / name)])
    assert result.exit_code == 2
    assert complaint in result.output
    assert (tmp_path / "there.py").read_text() == "mine"
    assert not (tmp_path / "mine.txt").exists()


def test_the_adapter_is_short() -> None:
    """What the issue promises: about thirty lines that say something."""
    from runfaults.targets import skeleton

    text = Path(skeleton.__file__).read_text("utf-8")
    adapter = text[text.index("class MyManager") :]
    code = [
        line
        for line in adapter.splitlines()
        if line.strip() and not line.strip().startswith(("#", '"""'))
    ]
    assert len(code) <= 40
