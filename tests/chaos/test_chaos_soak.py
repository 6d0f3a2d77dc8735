"""Short soaks with real processes. What they assert never depends on how fast the machine is."""

from __future__ import annotations

import contextlib
import os
import random
import select
import shutil
import signal
import sqlite3
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Callable, Generator
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from runfaults.chaos.journal import read_journals
from runfaults.chaos.nemeses.nemesis import Nemesis, Scene
from runfaults.chaos.soak import NEMESES, ChaosResult, chaos
from runfaults.model import Journal, Verdict
from runfaults.model.listener import Listener
from runfaults.user_code import interruptions
from small_checks import Pressing, heeding

CONTROLS = Path(__file__).parents[1] / "crash" / "controls"

pytestmark = pytest.mark.timeout(300)

SECONDS = 30
"""What a soak takes at most by its own clock, which runs ahead when all has been seen."""

PROCESSES = 2

Seen = Callable[[Scene], bool]
Soak = Callable[..., ChaosResult]


class Clock:
    """Stands for the module `time` where a soak looks at it."""

    def __init__(self) -> None:
        self.ahead = 0.0

    def monotonic(self) -> float:
        return time.monotonic() + self.ahead


def watching(clock: Clock, seen: Seen) -> Nemesis:
    """No trouble: has the time be over as soon as all has been seen that a test waits for."""

    def watch(scene: Scene, _: random.Random) -> Generator[float]:
        while True:
            if not clock.ahead and seen(scene):
                clock.ahead = SECONDS
            yield 0.1

    return watch


@pytest.fixture
def soak(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Soak:
    """Conducts a soak until something was seen."""

    def conduct(
        target: str, nemeses: tuple[Nemesis, ...], seen: Seen, **options: Any
    ) -> ChaosResult:
        clock = Clock()
        monkeypatch.setattr("runfaults.chaos.soak.time", clock)
        everything = (*nemeses, watching(clock, seen))
        given = {"seconds": SECONDS, "seed": 1, "folder": tmp_path, "nemeses": everything}
        return chaos(target, Listener(), **given, **options)

    return conduct


def worked(scene: Scene) -> Counter[str]:
    """How many pipelines have committed their work in each process."""
    entries = read_journals(scene.database.parents[1] / "journals")
    return Counter(entry.process for entry in entries if entry.what == "work")


def one_was_replaced(scene: Scene) -> bool:
    """A process that took the place of a killed one has worked."""
    return any(not name.endswith(".1") for name in worked(scene))


def all_are_there(scene: Scene) -> bool:
    """All processes have begun, and there was work, whosever it was."""
    return len(scene.victims()) == PROCESSES and worked(scene).total() > 20


def a_run_was_interrupted(scene: Scene) -> bool:
    with contextlib.suppress(sqlite3.OperationalError), closing(_reading(scene)) as connection:
        found = connection.execute("SELECT 1 FROM jobs WHERE status = 'interrupted'").fetchone()
        return found is not None
    return False


def _reading(scene: Scene) -> sqlite3.Connection:
    return sqlite3.connect(f"file:{scene.database}?mode=ro", uri=True, timeout=0)


@pytest.mark.parametrize("journal", [Journal.DELETE, Journal.WAL])
def test_some_trouble_breaks_no_rule(soak: Soak, journal: Journal) -> None:
    result = soak("genglossary", NEMESES, one_was_replaced, processes=PROCESSES, journal=journal)
    assert result.check.violations == ()
    assert result.check.not_reached == ()
    assert result.verdict is Verdict.HOLDS
    assert result.check.schedules.holds > 0
    assert result.trouble["kill"] > 0
    assert any(event.actor.startswith("process@") for event in result.history.events)
    assert result.kept is not None
    assert list(result.kept.glob("journals/worker-*.jsonl"))


def test_a_checkout_is_imported_by_each_process_before_anything_strikes_it(
    soak: Soak, tmp_path: Path
) -> None:
    package = Path(__file__).parents[2] / "src" / "genglossary"
    ignored = shutil.ignore_patterns("__pycache__")
    shutil.copytree(package, tmp_path / "checkout" / "genglossary", ignore=ignored)
    result = soak(f"source:{tmp_path / 'checkout'}", NEMESES, all_are_there, processes=PROCESSES)
    assert result.check.violations == ()
    assert result.check.not_reached == ()
    assert result.verdict is Verdict.HOLDS


@pytest.fixture
def controls_can_be_imported(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "path", [str(CONTROLS), *sys.path])


@pytest.mark.usefixtures("controls_can_be_imported")
@pytest.mark.parametrize(
    ("twin", "seen", "verdict"),
    [
        ("Planted", a_run_was_interrupted, Verdict.BROKEN),
        ("Innocent", all_are_there, Verdict.HOLDS),
    ],
)
def test_a_manager_that_steals_runs_is_caught_and_its_twin_passes(
    soak: Soak, twin: str, seen: Seen, verdict: Verdict
) -> None:
    result = soak(f"{CONTROLS / 'orphan_stolen'}.py:{twin}", (), seen, processes=PROCESSES)
    assert result.check.not_reached == ()
    assert result.verdict is verdict
    stolen = result.check.rules["orphan-is-interrupted-not-failed"]
    assert (stolen.verdict is Verdict.BROKEN) is (verdict is Verdict.BROKEN)


@pytest.mark.usefixtures("controls_can_be_imported")
@pytest.mark.parametrize(
    ("twin", "seen", "verdict"),
    [
        ("Planted", a_run_was_interrupted, Verdict.BROKEN),
        ("Innocent", all_are_there, Verdict.UNKNOWN),
    ],
)
def test_further_interruptions_lose_nothing(
    soak: Soak, twin: str, seen: Seen, verdict: Verdict
) -> None:
    def press(scene: Scene) -> bool:
        if seen(scene):
            signal.raise_signal(signal.SIGINT)
        return False

    with heeding(), Pressing("Crew.end_all"):
        target = f"{CONTROLS / 'orphan_stolen'}.py:{twin}"
        result = soak(target, (), press, processes=PROCESSES)
        assert interruptions.count >= 3
    assert result.check.not_reached == ("interrupted before every run had ended",)
    assert result.verdict is verdict
    assert result.kept is not None


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
    assert "interrupted before every run had ended" in " ".join(output.split())
    assert left
    # Some are only told by its end that they are no longer needed.
    assert all(select.select([process], [], [], 30)[0] for process in left), "one has not ended"
    for process in left:
        os.close(process)
