"""Run a bound and the fast tests on every other interpreter that this machine has.

Other bounds may be given: `uv run python .ci/interpreters.py default` runs the main job with each.
Which are claimed is read from pyproject.toml. Nothing is downloaded: what is not here is named.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
import time
import tomllib
from pathlib import Path

ROOT = Path(__file__).parents[1]
BOUNDS = tuple(sys.argv[1:]) or ("single", "0,1,0")
FAST = (
    "tests/interpreters",
    "tests/sim",
    "tests/sqlite/test_transparency.py",
    "tests/sqlite/test_operations.py",
    "tests/sqlite/test_inject.py",
    "tests/sqlite/test_autocommit.py",
    "tests/anomaly/test_innocents.py",
    "tests/cases/test_lines.py",
    "tests/foreign/test_primitives.py",
    "tests/model",
    "tests/oracle/test_facts.py",
    "tests/oracle/test_judge.py",
    "tests/explore/test_determinism.py",
    "tests/plugin/test_pytest_plugin.py::test_each_scenario_file_is_a_test",
    "tests/plugin/test_pytest_plugin.py::test_a_sweep_runs_the_bound_that_is_asked_for",
)


def claimed() -> list[str]:
    """The versions that the package says it works with."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    ends = [each.rpartition(" :: ")[2] for each in project["classifiers"]]
    return [each for each in ends if each.startswith("3.")]


def found() -> dict[str, str]:
    """The newest interpreter of each version that is here, by version, as a path."""
    pyenv = Path(os.environ.get("PYENV_ROOT", Path.home() / ".pyenv"))
    folders = [str(each) for each in pyenv.glob("versions/*/bin")]
    listed = subprocess.run(
        ["uv", "python", "list", "--only-installed", "--output-format", "json"],  # noqa: S607
        env=os.environ | {"PATH": os.pathsep.join([*folders, os.environ["PATH"]])},
        check=True,
        capture_output=True,
        text=True,
    )
    paths: dict[str, str] = {}
    for each in json.loads(listed.stdout):
        parts = each["version_parts"]
        if each["implementation"] == "cpython" and each["variant"] == "default":
            paths.setdefault(f"{parts['major']}.{parts['minor']}", each["path"])
    return paths


def run(python: str, environment: str, *command: str) -> subprocess.CompletedProcess[str]:
    """Run a Python command of the project with an interpreter, in an environment of its own."""
    return subprocess.run(
        ["uv", "run", "--quiet", "--no-python-downloads", "--python", python, "python", *command],  # noqa: S607
        cwd=ROOT,
        env=os.environ | {"UV_PROJECT_ENVIRONMENT": environment, "UV_PYTHON": python},
        check=False,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )


def histories(python: str, environment: str) -> list[str]:
    """What the schedules of the bounds were found to do, without the time that it took."""
    ended = run(python, environment, "tests/interpreters/digest.py", *BOUNDS)
    if ended.returncode:
        return [f"exit code {ended.returncode}", *ended.stdout.splitlines()]
    return [line.rpartition(";")[0] for line in ended.stdout.splitlines()]


def differs(version: str, python: str, expected: list[str]) -> bool:
    """Try one interpreter, and print what came of it."""
    began = time.monotonic()
    with tempfile.TemporaryDirectory(prefix="interpreter-") as environment:
        seen = histories(python, environment)
        tested = run(python, environment, "-m", "pytest", "-q", "-n", "2", *FAST)
    summary = tested.stdout.splitlines()[-1]
    same = seen == expected
    print(f"{version}: {python}, {time.monotonic() - began:.0f} s", flush=True)
    print("  the same histories" if same else "  OTHER HISTORIES")
    for line in seen:
        print(f"    {line}")
    print(f"  tests: {summary}")
    if tested.returncode:
        print(tested.stdout)
    return not same or tested.returncode != 0


def main() -> int:
    """Try all that are here but the one that runs this; the number of those that differ."""
    own = "{}.{}".format(*sys.version_info)
    here = found()
    with tempfile.TemporaryDirectory(prefix="interpreter-") as environment:
        expected = histories(sys.executable, environment)
    if len(expected) != len(BOUNDS):
        sys.exit("\n".join([f"{own}: {sys.executable}: no histories", *expected]))
    print(f"{own}: {sys.executable}: runs all tests, below")
    for line in expected:
        print(f"    {line}")
    others = [version for version in claimed() if version != own]
    failed = sum(differs(version, here[version], expected) for version in others if version in here)
    missing = [version for version in others if version not in here]
    if missing:
        print(f"claimed, and not found on this machine: {', '.join(missing)}")
    return failed


if __name__ == "__main__":
    sys.exit(main())
