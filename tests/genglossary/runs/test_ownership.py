from __future__ import annotations

import signal as signals
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from filelock import FileLock

from genglossary.runs import ownership
from genglossary.runs.ownership import Ownership

HOLD = """
import sys
from genglossary.runs.ownership import Ownership
held = Ownership(sys.argv[1])
assert held.acquire()
print("held", flush=True)
sys.stdin.read()
"""


def test_two_claims_of_one_process_exclude_each_other(db_path: Path) -> None:
    first, second = Ownership(db_path), Ownership(db_path)
    assert first.acquire()
    assert not second.acquire()
    first.release()
    assert second.acquire()
    second.release()


def test_releasing_what_is_not_held_does_nothing(db_path: Path) -> None:
    first, second = Ownership(db_path), Ownership(db_path)
    assert first.acquire()
    second.release()
    assert not second.acquire()
    first.release()


def test_databases_are_claimed_one_by_one(tmp_path: Path) -> None:
    first, second = Ownership(tmp_path / "a.db"), Ownership(tmp_path / "b.db")
    assert first.acquire()
    assert second.acquire()
    first.release()
    second.release()


def test_a_symbolic_link_is_the_same_database(db_path: Path, tmp_path: Path) -> None:
    link = tmp_path / "link.db"
    link.symlink_to(db_path)
    first, second = Ownership(db_path), Ownership(link)
    assert first.acquire()
    assert not second.acquire()
    first.release()


def test_the_folder_is_made(tmp_path: Path) -> None:
    claim = Ownership(tmp_path / "new" / "a.db")
    assert claim.acquire()
    claim.release()
    assert (tmp_path / "new" / "a.db.owner").exists()


def test_a_claim_dies_with_its_process(db_path: Path) -> None:
    with subprocess.Popen(
        [sys.executable, "-c", HOLD, str(db_path)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    ) as child:
        assert child.stdout is not None
        assert child.stdout.readline() == "held\n"
        claim = Ownership(db_path)
        assert not claim.acquire()
        child.send_signal(signals.SIGKILL)
        child.wait()
        assert claim.acquire()
        claim.release()


def test_a_lock_that_outlives_its_process_is_refused(
    db_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    class Lock(FileLock):
        def acquire(self, *arguments: Any, **options: Any) -> Any:
            self.__class__ = SoftLock  # pyright: ignore - what filelock does
            return super().acquire(*arguments, **options)

    class SoftLock(Lock):
        pass

    monkeypatch.setattr(ownership, "FileLock", Lock)
    claim = Ownership(db_path)
    with pytest.raises(OSError, match="cannot lock files"):
        claim.acquire()
    monkeypatch.undo()
    assert claim._lock.is_locked is False
