"""The action and the workflows mean what they say: schemas, scripts and command lines."""

from __future__ import annotations

import os
import re
import shlex
import subprocess
import sys
import tomllib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

from runfaults.cli import cli

ROOT = Path(__file__).parents[2]
ACTION = ROOT / "action.yml"
WORKFLOWS = sorted((ROOT / ".github" / "workflows").glob("*.yml"))


def read(path: Path) -> dict[str, Any]:
    return yaml.safe_load(path.read_text(encoding="utf-8"))


def steps(path: Path) -> list[dict[str, Any]]:
    document = read(path)
    if "runs" in document:
        return document["runs"]["steps"]
    return [step for job in document["jobs"].values() for step in job["steps"]]


def understood(arguments: list[str]) -> None:
    """Have the command line parsed, without running anything; a usage error raises."""
    name, *rest = arguments
    command = cli.get_command(cli.make_context("runfaults", ["--", name]), name)
    assert command is not None, f"there is no command {name}"
    command.make_context(name, rest)


@pytest.mark.parametrize(
    ("schema", "paths"),
    [("vendor.github-actions", [ACTION]), ("vendor.github-workflows", WORKFLOWS)],
    ids=["action", "workflows"],
)
def test_github_would_accept_the_file(schema: str, paths: list[Path]) -> None:
    assert paths
    command = [sys.executable, "-m", "check_jsonschema", "--builtin-schema", schema, *paths]
    checked = subprocess.run(command, capture_output=True, text=True, check=False)
    assert checked.returncode == 0, checked.stdout + checked.stderr


def test_a_file_that_github_would_refuse_is_noticed(tmp_path: Path) -> None:
    path = tmp_path / "action.yml"
    path.write_text(ACTION.read_text(encoding="utf-8").replace("using: composite", "usign: no"))
    with pytest.raises(AssertionError):
        test_github_would_accept_the_file("vendor.github-actions", [path])


def commands_in(path: Path) -> Iterator[list[str]]:
    for step in steps(path):
        for line in step.get("run", "").splitlines():
            found = re.search(r"uv run runfaults (.+)", line)
            if found:
                text = re.sub(r"\$\{\{ matrix\.journal \}\}", "wal", found[1])
                yield shlex.split(text.replace("$GITHUB_RUN_ID", "7"))


def test_every_command_in_the_workflows_is_understood() -> None:
    commands = [command for path in WORKFLOWS for command in commands_in(path)]
    assert {command[0] for command in commands} == {"check", "crash", "chaos"}
    for command in commands:
        understood(command)


def test_the_matrix_is_what_the_package_declares() -> None:
    matrix = read(ROOT / ".github/workflows/ci.yml")["jobs"]["gate"]["strategy"]["matrix"]
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    declared = re.findall(r"Python :: (3\.\d+)", " ".join(project["classifiers"]))
    assert matrix["python"] == declared
    assert project["requires-python"] == f">={declared[0]}"
    runs = [step["run"] for step in steps(ROOT / ".github/workflows/ci.yml") if "run" in step]
    (gate,) = (each for each in runs if each.startswith(".ci"))
    assert os.access(ROOT / gate, os.X_OK)


@pytest.mark.parametrize("path", [ACTION, *WORKFLOWS], ids=lambda path: path.name)
def test_no_script_contains_what_somebody_else_may_have_written(path: Path) -> None:
    """An expression inside a script would be code: inputs go through the environment."""
    for step in steps(path):
        expressions = re.findall(r"\$\{\{ *([^ }]+)", step.get("run", ""))
        assert all(each.startswith("matrix.") for each in expressions)


def typed_by_action(tmp_path: Path, **inputs: str) -> list[str]:
    """Run the action's scripts with an interpreter that only notes what it is given."""
    python = tmp_path / "python"
    python.write_text(f'#!/bin/sh\nfor word; do echo "$word"; done >> "{tmp_path}/typed"\n')
    python.chmod(0o755)
    defaults = {name: each["default"] for name, each in read(ACTION)["inputs"].items()}
    given = {**defaults, **inputs, "python": str(python)}
    for step in (each for each in steps(ACTION) if "run" in each):
        assert step["shell"] == "bash"
        environment = {
            name: re.sub(
                r"\$\{\{ (?:inputs|github)\.(\w+) \}\}",
                lambda each: {**given, "action_path": "/action"}[each[1]],
                value,
            )
            for name, value in step["env"].items()
        }
        script = ["bash", "--noprofile", "--norc", "-eo", "pipefail", "-c", step["run"]]
        subprocess.run(script, env={**os.environ, **environment}, cwd=tmp_path, check=True)
    return (tmp_path / "typed").read_text().splitlines()


@pytest.mark.parametrize(
    ("inputs", "expected"),
    [
        ({}, ["--target", "genglossary"]),
        (
            {"target": "a folder/x.py:X", "budget": "60s", "baseline": "known.toml"},
            ["--target", "a folder/x.py:X", "60s", "--baseline", "known.toml"],
        ),
        ({"source": "."}, ["--source", "."]),
        ({"options": "--jobs 1  --only busy"}, ["--jobs", "--only", "busy"]),
        ({"target": '$(touch hacked)"; x'}, ['$(touch hacked)"; x']),
    ],
)
def test_the_action_types_a_command_that_is_understood(
    inputs: dict[str, str], expected: list[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    typed = typed_by_action(tmp_path, **inputs)
    begin = typed.index("runfaults")
    install, command = typed[:begin], typed[begin + 1 :]
    assert install[-2:] == ["/action", "-m"]
    assert set(expected) <= set(command)
    assert not (tmp_path / "hacked").exists()
    understood(command)
