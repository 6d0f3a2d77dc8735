"""The built wheel works outside of a clone: installed into a fresh environment of its own."""

from __future__ import annotations

import os
import runpy
import shlex
import shutil
import subprocess
import sys
import tarfile
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).parents[2]
Installed = Callable[..., subprocess.CompletedProcess[str]]

pytestmark = [pytest.mark.slow, pytest.mark.timeout(600), pytest.mark.xdist_group("wheel")]

SMALL_TARGET = '''
"""A job runner in a few lines, and how it is driven."""

import contextlib
import sqlite3
import threading

from runfaults.model import Vocabulary
from runfaults.targets.target import Audit


class Runner:
    def __init__(self, database, work):
        self.database, self.work = database, work

    def start(self):
        with contextlib.closing(sqlite3.connect(self.database)) as connection:
            connection.execute("INSERT INTO jobs VALUES (1, 'running')")
            connection.commit()
        self.thread = threading.Thread(target=self.run)
        self.thread.start()
        return 1

    def run(self):
        with contextlib.closing(sqlite3.connect(self.database)) as connection:
            self.work(connection, 1)
            connection.execute("UPDATE jobs SET status = 'completed'")
            connection.commit()

    def wait(self, run):
        self.thread.join()

    def close(self):
        pass


class Small:
    name = "small"
    audit = Audit("jobs", "id", "status")
    vocabulary = Vocabulary(
        active=frozenset({"running"}),
        completed=frozenset({"completed"}),
        cancelled=frozenset(),
        failed=frozenset({"failed"}),
    )

    def prepare(self, database):
        with contextlib.closing(sqlite3.connect(database)) as connection:
            connection.execute("CREATE TABLE jobs (id INTEGER PRIMARY KEY, status TEXT)")
            connection.commit()

    def open(self, database, work):
        return Runner(database, work)
'''


def uv(*arguments: str | Path) -> None:
    environment = {name: value for name, value in os.environ.items() if name != "VIRTUAL_ENV"}
    subprocess.run(["uv", *arguments], check=True, env=environment, capture_output=True, text=True)


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("dist")
    uv("build", "--quiet", "--out-dir", folder, ROOT)
    return folder


@pytest.fixture(scope="module")
def installed(built: Path, tmp_path_factory: pytest.TempPathFactory) -> Installed:
    """Runs the installed command in an empty folder that has only the small target."""
    environment = tmp_path_factory.mktemp("environment")
    uv("venv", "--quiet", "--clear", "--python", sys.executable, environment)
    (wheel,) = built.glob("*.whl")
    uv("pip", "install", "--quiet", "--python", environment / "bin" / "python", wheel)
    folder = tmp_path_factory.mktemp("elsewhere")
    (folder / "small.py").write_text(SMALL_TARGET)
    outside = {k: v for k, v in os.environ.items() if k not in {"PYTHONPATH", "VIRTUAL_ENV"}}

    def run(*arguments: str, **variables: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [environment / "bin" / "runfaults", *arguments],
            cwd=folder,
            env={**outside, **variables},
            capture_output=True,
            text=True,
            check=False,
        )

    return run


def test_the_wheel_has_the_package_and_nothing_else(built: Path) -> None:
    (wheel,) = built.glob("*.whl")
    names = set(zipfile.ZipFile(wheel).namelist())
    assert {name.partition("/")[0].rpartition(".")[2] for name in names} == {
        "runfaults",
        "dist-info",
    }
    packaged = {path for path in (ROOT / "src" / "runfaults").rglob("*") if path.is_file()}
    expected = {path.relative_to(ROOT / "src").as_posix() for path in packaged}
    assert names >= {name for name in expected if "__pycache__" not in name}
    assert "runfaults/py.typed" in names
    assert any(name.endswith("licenses/LICENSE") for name in names)


def test_the_source_distribution_has_what_its_tests_need(built: Path) -> None:
    (source,) = built.glob("*.tar.gz")
    with tarfile.open(source) as archive:
        names = {name.partition("/")[2] for name in archive.getnames()}
    assert {"pyproject.toml", "LICENSE", "README.md", "action.yml", "taplo.toml"} <= names
    assert {"src/genglossary/runs/manager.py", "tests/ci/test_wheel.py", ".ci/run"} <= names


@pytest.mark.parametrize(
    "arguments",
    [
        ["--help"],
        ["list"],
        *(
            pytest.param(each, marks=pytest.mark.nightly)
            for each in (["check", "--help"], ["--version"])
        ),
    ],
)
def test_it_tells_about_itself(installed: Installed, arguments: list[str]) -> None:
    ended = installed(*arguments)
    assert ended.returncode == 0, ended.stderr
    assert "runfaults" in ended.stdout.lower() or "fault kinds" in ended.stdout


def test_it_checks_a_small_target(installed: Installed) -> None:
    ended = installed("check", "--target", "small.py:Small", "--bound", "quick", "--only", "busy")
    assert ended.returncode == 1, ended.stdout + ended.stderr
    assert "eventually-terminal" in ended.stdout
    assert "Traceback" not in ended.stderr


def test_it_starts_a_scenario_and_plays_it(installed: Installed) -> None:
    assert installed("new", "first", "--target", "small.py:Small").returncode == 0
    ended = installed("replay", "faults/first.toml")
    assert ended.returncode == 1, ended.stdout + ended.stderr
    assert "eventually-terminal" in ended.stdout


@pytest.mark.parametrize("command", ["check", "points"])
def test_without_genglossary_one_line_says_what_to_do(installed: Installed, command: str) -> None:
    ended = installed(command)
    assert ended.returncode == 2
    assert len(ended.stderr.splitlines()) == 1
    assert "needs GenGlossary, which cannot be imported here" in ended.stderr
    assert "--target path/to/file.py:Class" in ended.stderr


@pytest.mark.parametrize(
    "shell", ["bash", *(pytest.param(each, marks=pytest.mark.nightly) for each in ("zsh", "fish"))]
)
def test_it_completes_in_the_shell(installed: Installed, shell: str) -> None:
    ended = installed(_RUNFAULTS_COMPLETE=f"{shell}_source")
    assert ended.returncode == 0, ended.stderr
    assert "_RUNFAULTS_COMPLETE" in ended.stdout


def test_completion_knows_the_commands(installed: Installed) -> None:
    typed = {"COMP_WORDS": "runfaults rep", "COMP_CWORD": "1"}
    ended = installed(_RUNFAULTS_COMPLETE="bash_complete", **typed)
    assert ended.stdout.splitlines() == ["plain,replay"]


class Elsewhere:
    """A project of its own, with the wheel in a virtual environment and nothing of this clone."""

    def __init__(self, python: str, wheel: Path, folder: Path) -> None:
        self.folder = folder / "project"
        self.folder.mkdir()
        self._environment = folder / "environment"
        uv("venv", "--quiet", "--python", python, self._environment)
        self.install(wheel, "pytest")

    def install(self, *packages: str | Path) -> None:
        python = self._environment / "bin" / "python"
        uv("pip", "install", "--quiet", "--python", python, *packages)

    def types(self, *command: str) -> subprocess.CompletedProcess[str]:
        outside = {k: v for k, v in os.environ.items() if k not in {"PYTHONPATH", "UV_PYTHON"}}
        path = os.pathsep.join([str(self._environment / "bin"), os.environ["PATH"]])
        environment = {**outside, "PATH": path, "VIRTUAL_ENV": str(self._environment)}
        for name in ("UV_PROJECT_ENVIRONMENT", "PYTEST_ADDOPTS", "COLUMNS"):
            environment.pop(name, None)
        return subprocess.run(
            command, cwd=self.folder, env=environment, capture_output=True, text=True, check=False
        )


def interpreters() -> list[str]:
    """The one that runs the tests, and the newest other one of this machine that is claimed."""
    script: dict[str, Any] = runpy.run_path(str(ROOT / ".ci" / "interpreters.py"))
    here = script["found"]()
    own = "{}.{}".format(*sys.version_info)
    others = [each for each in reversed(script["claimed"]()) if each in here and each != own]
    return [sys.executable, *(here[version] for version in others[:1])]


@pytest.fixture(scope="module", params=["own", pytest.param("another", marks=pytest.mark.nightly)])
def elsewhere(
    built: Path, request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Elsewhere:
    pythons = interpreters()
    if request.param == "another" and len(pythons) == 1:
        pytest.skip("this machine has no other interpreter that the package claims")
    (wheel,) = built.glob("*.whl")
    return Elsewhere(pythons[request.param == "another"], wheel, tmp_path_factory.mktemp("there"))


def test_a_new_target_is_written_and_checked(elsewhere: Elsewhere) -> None:
    assert elsewhere.types("runfaults", "new-target", "mine.py").returncode == 0
    ended = elsewhere.types(
        "runfaults", "check", "--target", "mine.py:MyTarget", "--bound", "1,0,0"
    )
    assert ended.returncode == 1, ended.stdout + ended.stderr
    assert "mine.py:MyTarget: broken by" in ended.stdout
    told = [line for line in ended.stderr.splitlines() if not line.startswith("[")]
    assert told == [], "but for violations, when they are found"


def test_it_is_a_module_that_can_be_run(elsewhere: Elsewhere) -> None:
    ended = elsewhere.types("python", "-m", "runfaults", "--version")
    assert ended.returncode == 0, ended.stderr
    assert ended.stdout.startswith("runfaults ")


def test_the_plugin_plays_scenarios(elsewhere: Elsewhere) -> None:
    assert elsewhere.types("runfaults", "new-target", "played.py").returncode == 0
    assert (
        elsewhere.types("runfaults", "new", "one", "--target", "played.py:MyTarget").returncode == 0
    )
    (elsewhere.folder / "pytest.ini").write_text("[pytest]\n")
    ended = elsewhere.types("pytest", "-q", "faults")
    assert "1 passed" in ended.stdout or "1 failed" in ended.stdout, ended.stdout + ended.stderr
    assert "one.toml" in elsewhere.types("pytest", "--collect-only", "-q", "faults").stdout


NEEDS_A_PACKAGE = """

import functools

import filelock

_start = RunManager.start_run


@functools.wraps(_start)
def _start_locked(*arguments, **named):
    filelock.FileLock("a.lock")
    return _start(*arguments, **named)


RunManager.start_run = _start_locked
"""


def checkout_in(folder: Path) -> Path:
    checkout = folder / "GenGlossary"
    shutil.copytree(
        ROOT / "src" / "genglossary",
        checkout / "genglossary",
        ignore=shutil.ignore_patterns("__pycache__"),
        dirs_exist_ok=True,
    )
    return checkout


@pytest.mark.nightly
def test_a_checkout_is_checked_by_the_command_that_the_refusal_names(elsewhere: Elsewhere) -> None:
    checkout = checkout_in(elsewhere.folder)
    typed = ("check", "--source", "GenGlossary", "--bound", "1,0,0")
    ended = elsewhere.types("runfaults", *typed)
    assert ended.returncode == 0, ended.stdout + ended.stderr
    assert "holds under all" in ended.stdout
    with (checkout / "genglossary" / "runs" / "manager.py").open("a") as manager:
        manager.write(NEEDS_A_PACKAGE)
    refused = elsewhere.types("runfaults", *typed)
    assert refused.returncode == 2, refused.stdout + refused.stderr
    told = refused.stderr.strip()
    assert len(told.splitlines()) == 1
    command = shlex.split(told[told.index("uv run --with") :])
    assert command[:4] == ["uv", "run", "--with", "filelock"]
    ended = elsewhere.types(*command, "--bound", "1,0,0")
    assert ended.returncode == 0, ended.stdout + ended.stderr
    assert "holds under all" in ended.stdout


def test_typed_beside_a_checkout_it_says_what_is_wanted(elsewhere: Elsewhere) -> None:
    checkout_in(elsewhere.folder)
    ended = elsewhere.types("runfaults", "check")
    assert ended.returncode == 2
    assert "--source GenGlossary" in ended.stderr
