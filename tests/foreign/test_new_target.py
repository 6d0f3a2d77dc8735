"""What `runfaults new-target` writes runs as it is, in each style, and its mistake is found."""

from __future__ import annotations

import ast
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from runfaults.cli.new_target import command
from runfaults.explore.probe import probe
from runfaults.explore.runner import Runner
from runfaults.model import Fault, Schedule, Verdict
from runfaults.sim.simulation import Simulation
from runfaults.targets import target_named

STYLES = ["thread", "pool", "polling", "asyncio"]


def typed(*arguments: str, **options: str) -> Result:
    return CliRunner().invoke(command, arguments, **options)  # pyright: ignore[reportArgumentType]


@pytest.mark.parametrize("style", STYLES)
def test_it_runs_as_it_is_and_the_mistake_in_it_is_found(tmp_path: Path, style: str) -> None:
    file = tmp_path / "mine.py"
    result = typed(str(file), "--style", style, "--table", "work", "--columns", "nr,how")
    assert result.exit_code == 0, result.output
    assert f"runfaults check --target {file}:MyTarget --bound quick" in result.output
    assert f"runfaults check --target {file}:MyTarget" in file.read_text("utf-8")
    kinds = ("busy", "ioerr-write")
    with Simulation(target_named(f"{file}:MyTarget")) as simulation:
        probe(simulation)
        clean = Runner(simulation).run(Schedule())
        points = [step.point for step in clean.execution.steps]
        worker = [point for point in points if point.subject == "UPDATE work"][-1]
        faults = [Fault.parse(f"{kind} at {worker}") for kind in kinds]
        broken = [Runner(simulation).run(Schedule(faults=(fault,))) for fault in faults]
    assert clean.verdict is Verdict.HOLDS
    assert Verdict.BROKEN in {each.verdict for each in broken}


def test_names_may_be_words_of_sql(tmp_path: Path) -> None:
    file = tmp_path / "mine.py"
    result = typed(str(file), "--table", "order", "--columns", "index,group")
    assert result.exit_code == 0, result.output
    with Simulation(target_named(f"{file}:MyTarget")) as simulation:
        probe(simulation)
        ran = Runner(simulation).run(Schedule.parse("fault busy at run execute UPDATE order"))
    ran.require_playable("a statement is named by its table")
    assert ran.verdict is Verdict.BROKEN


def test_what_is_not_given_has_a_usual_answer(tmp_path: Path) -> None:
    assert typed(str(tmp_path / "mine.py")).exit_code == 0
    text = (tmp_path / "mine.py").read_text("utf-8")
    assert 'audit = Audit("jobs", key="id", status="state")' in text
    assert "threading.Thread(target=self.run" in text


@pytest.mark.parametrize(
    ("arguments", "complaint"),
    [
        (("mine.txt",), "ends in .py"),
        (("there.py",), "exists already"),
        (("mine.py", "--table", "my jobs"), "'my jobs', which is not a name"),
        (("mine.py", "--columns", "id"), "give ID,STATUS: two names"),
        (("mine.py", "--style", "fork"), "'fork' is not one of"),
        (("mine.py", "--words"), "there is no file"),
    ],
)
def test_it_refuses(tmp_path: Path, arguments: tuple[str, ...], complaint: str) -> None:
    (tmp_path / "there.py").write_text("mine")
    name, *options = arguments
    result = typed(str(tmp_path / name), *options)
    assert result.exit_code == 2
    assert complaint in result.output
    assert [each.name for each in tmp_path.iterdir()] == ["there.py"]
    assert (tmp_path / "there.py").read_text() == "mine"


def test_words_are_written_into_a_file_that_declares_none(tmp_path: Path) -> None:
    file = tmp_path / "mine.py"
    typed(str(file), "--style", "polling")
    lines = file.read_text("utf-8").replace(", Vocabulary", "").splitlines()
    bare = [line for line in lines if "ocabulary" not in line and "clean runs" not in line]
    file.write_text("\n".join(bare), "utf-8")
    for _ in range(2):
        result = typed(f"{file}:MyTarget", "--words")
        assert result.exit_code == 0, result.output
        assert "see whether the words mean that" in result.output
        text = file.read_text("utf-8")
        words = 'vocabulary = Vocabulary.of(active=("queued", "running"), completed="done"'
        assert text.count(words) == 1
        assert text.count("As its clean runs show it") == 1
    with Simulation(target_named(f"{file}:MyTarget")) as simulation:
        probe(simulation)


def test_one_word_for_two_things_is_not_written(tmp_path: Path) -> None:
    file = tmp_path / "mine.py"
    typed(str(file))
    before = file.read_text("utf-8").replace('"error")', '"done")')
    file = tmp_path / "same.py"
    file.write_text(before.replace('failed="done"', 'failed="error"'), "utf-8")
    result = typed(str(file), "--words")
    assert "'done' where the work succeeded and where it failed" in str(result.exception)
    assert 'failed="error"' in file.read_text("utf-8")


@pytest.mark.parametrize("style", STYLES)
def test_the_adapter_is_short(tmp_path: Path, style: str) -> None:
    """What the issue promises: fifteen lines that say something."""
    file = tmp_path / "mine.py"
    typed(str(file), "--style", style)
    text = file.read_text("utf-8")
    found = next(each for each in ast.parse(text).body if getattr(each, "name", "") == "MyTarget")
    lines = text.splitlines()[found.lineno - 1 : found.end_lineno]
    code = [line for line in lines if line.strip() and line.strip()[0] not in '#"']
    assert len(code) <= 15
