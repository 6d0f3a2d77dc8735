"""Two targets side by side: the naive system of the skeleton, and the same with patience."""

from __future__ import annotations

import signal
from collections.abc import Callable, Mapping
from dataclasses import replace
from pathlib import Path

import click
import pytest

from runfaults.campaign.bound import Bound
from runfaults.campaign.compare import Comparison, compare
from runfaults.cli.compare import _named, _print, _two, _verdict
from runfaults.explore.job import Scope
from runfaults.explore.sweep import Sweep
from runfaults.model import EarlyEnd, Verdict
from runfaults.model.listener import Listener, Sort
from small_checks import heeding

NAIVE = "runfaults.targets.skeletons.thread:MyTarget"
PATIENT = f"{Path(__file__).parent / 'patient.py'}:PatientTarget"
RULE = "succeeded-never-failed"

pytestmark = pytest.mark.xdist_group("compare")

SMALL = Bound("small", (Sweep(Scope(acts=())),))


@pytest.fixture(scope="module")
def compared() -> Callable[[str, str], Comparison]:
    known: dict[tuple[str, str], Comparison] = {}

    def compare_once(first: str, second: str) -> Comparison:
        if (first, second) not in known:
            known[first, second] = compare(first, second, SMALL, Listener(), processes=1)
        return known[first, second]

    return compare_once


def test_the_bad_one_first(compared: Callable[[str, str], Comparison]) -> None:
    found = compared(NAIVE, PATIENT)
    assert found.first.rules[RULE].verdict is Verdict.BROKEN
    assert found.second.verdict is Verdict.HOLDS
    assert found.worse == ()
    assert {change.verdicts for change in found.changes} == {(Verdict.BROKEN, Verdict.HOLDS)}
    assert any(RULE in change.scenario.rules for change in found.changes)
    assert _verdict(found)[0] == 0


def test_the_bad_one_second(compared: Callable[[str, str], Comparison]) -> None:
    found = compared(PATIENT, NAIVE)
    assert RULE in found.worse
    assert {change.verdicts for change in found.changes} == {(Verdict.HOLDS, Verdict.BROKEN)}
    assert _verdict(found)[0] == 1


def test_a_first_that_a_hang_has_cut_short_proves_nothing_worse(
    compared: Callable[[str, str], Comparison],
) -> None:
    found = compared(PATIENT, NAIVE)
    cut_short = replace(found.first, interrupted=EarlyEnd.HANG)
    code, told = _verdict(replace(found, first=cut_short))
    assert (code, told) == (3, f"{found.first.target}: unknown: {EarlyEnd.HANG}")


def test_one_with_itself(compared: Callable[[str, str], Comparison]) -> None:
    found = compared(NAIVE, NAIVE)
    assert found.first.schedules == found.second.schedules
    assert (found.changes, found.worse, _verdict(found)[0]) == ((), (), 0)


def test_the_lines_show_rules_cost_and_what_changed(
    compared: Callable[[str, str], Comparison], capsys: pytest.CaptureFixture[str]
) -> None:
    found = compared(NAIVE, PATIENT)
    _print(found)
    lines = capsys.readouterr().out.splitlines()
    assert max(map(len, lines[: len(found.rules)])) <= 100
    rule = next(line for line in lines if line.startswith(RULE))
    assert "  holds; exercised by" in rule
    assert "broken by" in rule
    assert any(
        line.startswith("schedules") and f"{found.first.schedules.total}" in line for line in lines
    )
    assert any(
        line.startswith("broken -> holds: pipeline succeeds; fault busy at run") for line in lines
    )


def test_a_folder_is_a_checkout(tmp_path: Path) -> None:
    assert _named(str(tmp_path)) == f"source:{tmp_path}"
    assert _named("huey") == "huey"


def test_two_of_targets_and_sources_are_compared_in_order(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)  # there are no settings
    checkout = f"source:{tmp_path}"
    assert _two(("huey",), (tmp_path,)) == ("huey", checkout)
    assert _two((), (tmp_path, tmp_path)) == (checkout, checkout)
    for targets in ((), ("a", "b")):
        with pytest.raises(click.UsageError, match=f"{len(targets) + 1} given, 2 are compared"):
            _two(targets, (tmp_path,))


class PressingCtrlC(Listener):
    """Interrupts when the first job is done, and hears which targets were begun."""

    def __init__(self) -> None:
        self.begun: list[str] = []

    def start(self, total: int | None, left: Mapping[Sort, int] | None = None) -> None:
        del total, left
        self.begun.append("a target")

    def advance(self, *_: object, **__: object) -> None:
        signal.raise_signal(signal.SIGINT)


def test_ctrl_c_in_the_first_begins_no_second() -> None:
    listener = PressingCtrlC()
    with heeding(), pytest.raises(KeyboardInterrupt):
        compare(PATIENT, NAIVE, SMALL, listener, processes=1)
    assert listener.begun == ["a target"]
