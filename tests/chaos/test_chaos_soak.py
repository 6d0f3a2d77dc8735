"""Short soaks with real processes. What they assert never depends on how fast the machine is."""

from __future__ import annotations

import os
import select
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from runfaults.chaos.soak import chaos
from runfaults.model import Journal, Verdict
from runfaults.report.progress import SilentProgress

CONTROLS = Path(__file__).parents[1] / "crash" / "controls"

pytestmark = pytest.mark.timeout(300)


@pytest.mark.parametrize("journal", [Journal.DELETE, Journal.WAL])
def test_a_few_seconds_of_trouble_break_no_rule(journal: Journal, tmp_path: Path) -> None:
    result = chaos(
        "genglossary",
        SilentProgress(),
        seconds=4,
        processes=3,
        seed=1,
        journal=journal,
        folder=tmp_path,
    )
    assert result.check.violations == ()
    assert result.check.not_reached == ()
    assert result.verdict is Verdict.HOLDS
    assert result.check.schedules.holds > 0
    assert result.trouble["kill"] > 0
    assert any(event.actor.startswith("process@") for event in result.history.events)
    assert result.kept is not None
    assert list(result.kept.glob("journals/worker-*.jsonl"))


def test_a_checkout_is_imported_by_each_process_before_anything_strikes_it(tmp_path: Path) -> None:
    result = chaos(
        f"source:{Path(__file__).parents[2] / 'src'}",
        SilentProgress(),
        seconds=3,
        processes=2,
        seed=1,
        folder=tmp_path,
    )
    assert result.check.violations == ()
    assert result.check.not_reached == ()
    assert result.verdict is Verdict.HOLDS


@pytest.fixture
def controls_can_be_imported(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "path", [str(CONTROLS), *sys.path])


def soaked(twin: str, folder: Path) -> Verdict:
    result = chaos(
        f"{CONTROLS / 'orphan_stolen'}.py:{twin}",
        SilentProgress(),
        seconds=3,
        processes=3,
        seed=1,
        folder=folder,
        nemeses=(),
    )
    assert result.check.not_reached == ()
    stolen = result.check.rules["orphan-is-interrupted-not-failed"]
    assert (stolen.verdict is Verdict.BROKEN) is (twin == "Planted")
    return result.verdict


@pytest.mark.usefixtures("controls_can_be_imported")
def test_a_manager_that_steals_runs_is_caught(tmp_path: Path) -> None:
    assert soaked("Planted", tmp_path) is Verdict.BROKEN


@pytest.mark.usefixtures("controls_can_be_imported")
def test_its_innocent_twin_passes(tmp_path: Path) -> None:
    assert soaked("Innocent", tmp_path) is Verdict.HOLDS


def children_of(pid: int) -> set[int]:
    """All descendants, however deep."""
    parents = {
        int(stat.parent.name): int(stat.read_text().rpartition(")")[2].split()[1])
        for stat in Path("/proc").glob("[0-9]*/stat")
        if stat.exists()
    }
    found: set[int] = set()
    new = {pid}
    while new:
        found |= new
        new = {child for child, parent in parents.items() if parent in new} - found
    return found - {pid}


RUN = """
import signal
from runfaults.cli import main

if __name__ == "__main__":
    # Whoever runs the tests in the background may have told all its children to ignore it.
    signal.signal(signal.SIGINT, signal.default_int_handler)
    main()
"""


def test_after_an_interrupt_nothing_is_left_behind(tmp_path: Path) -> None:
    command = [sys.executable, "-c", RUN, "chaos", "--seconds", "600", "--processes", "2"]
    with subprocess.Popen(
        [*command, "--dir", str(tmp_path)], stdout=subprocess.PIPE, text=True
    ) as soak:
        journals = tmp_path
        while not any(path.stat().st_size for path in journals.glob("*/journals/worker-*.jsonl")):
            assert soak.poll() is None
        left = [os.pidfd_open(pid) for pid in children_of(soak.pid)]
        soak.send_signal(signal.SIGINT)
        output, _ = soak.communicate()
    assert soak.returncode == 3
    assert "interrupted before everything was over" in " ".join(output.split())
    assert left
    # Some are only told by its end that they are no longer needed.
    assert all(select.select([process], [], [], 30)[0] for process in left), "one has not ended"
    for process in left:
        os.close(process)
