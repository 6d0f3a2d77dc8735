"""The tests of the harness catch what could be wrong with it."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import Iterable
from pathlib import Path

import pytest
from harness_mutations import NIGHTLY, QUICK, Mutation

REPOSITORY = Path(__file__).parents[2]
FAILED = 1
"""pytest's exit code when tests ran and some failed: not when one cannot even be collected."""


class Copy:
    """A copy of the package, for which tests run."""

    def __init__(self, folder: Path) -> None:
        ignored = shutil.ignore_patterns("__pycache__")
        shutil.copytree(REPOSITORY / "src", folder / "src", ignore=ignored)
        self._source = folder / "src"

    def mutate(self, mutation: Mutation) -> None:
        path = self._source / "runfaults" / mutation.file
        text = path.read_text("utf-8")
        assert text.count(mutation.before) == 1, f"{mutation.file} has changed: mend the mutation"
        path.write_text(text.replace(mutation.before, mutation.after), "utf-8")

    def test(self, names: Iterable[str]) -> subprocess.CompletedProcess[str]:
        """Run tests by their names below `tests`, until one fails."""
        tests = [str(REPOSITORY / "tests" / name) for name in dict.fromkeys(names)]
        quiet = ("-x", "-q", "-n", "0", "-p", "no:cacheprovider", "--tb", "line")
        environment = {
            **os.environ,
            "PYTHONPATH": str(self._source),
            "PYTHONDONTWRITEBYTECODE": "1",
            "HYPOTHESIS_PROFILE": "ci",
        }
        return subprocess.run(
            [sys.executable, "-m", "pytest", *quiet, *tests],
            cwd=REPOSITORY,
            env=environment,
            capture_output=True,
            text=True,
            check=False,
        )


@pytest.fixture
def copy(tmp_path: Path) -> Copy:
    return Copy(tmp_path)


@pytest.mark.parametrize(
    "mutation",
    [
        *(pytest.param(each, id=each.name) for each in QUICK),
        *(pytest.param(each, id=each.name, marks=pytest.mark.nightly) for each in NIGHTLY),
    ],
)
def test_a_mutation_is_caught(mutation: Mutation, copy: Copy) -> None:
    copy.mutate(mutation)
    tested = copy.test([mutation.caught_by])
    assert tested.returncode == FAILED, f"no test noticed that {mutation.name}\n{tested.stdout}"
    assert "1 failed" in tested.stdout, tested.stdout


@pytest.mark.parametrize(
    "mutations",
    [
        pytest.param(QUICK, id="quick"),
        pytest.param(NIGHTLY, id="nightly", marks=[pytest.mark.nightly, pytest.mark.timeout(600)]),
    ],
)
def test_the_same_tests_pass_without_a_mutation(
    mutations: tuple[Mutation, ...], copy: Copy
) -> None:
    tested = copy.test(each.caught_by for each in mutations)
    assert tested.returncode == 0, tested.stdout


def test_every_mutation_has_a_place_and_a_test(copy: Copy) -> None:
    names = [each.name for each in (*QUICK, *NIGHTLY)]
    assert len(set(names)) == len(names)
    for each in (*QUICK, *NIGHTLY):
        copy.mutate(each)
        file, _, test = each.caught_by.partition("[")[0].partition("::")
        assert f"def {test}(" in (REPOSITORY / "tests" / file).read_text("utf-8"), each.caught_by
