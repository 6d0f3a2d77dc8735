from __future__ import annotations

import errno
import os
import signal as signals
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from genglossary.runs import ownership
from genglossary.runs.ownership import Claim, is_orphaned

HOLD = """
import sys
from pathlib import Path
from genglossary.runs.ownership import Claim
claim = Claim(Path(sys.argv[1]))
assert claim.announce() and claim.take_turn()
print("held", flush=True)
sys.stdin.read()
"""


def test_two_claims_are_both_alive_and_only_one_works(db_path: Path) -> None:
    first, second = Claim(db_path), Claim(db_path)
    assert first.announce()
    assert second.announce()
    assert first.take_turn()
    assert not second.take_turn()
    first.release()
    assert second.take_turn()
    assert not is_orphaned(db_path)
    second.release()
    assert is_orphaned(db_path)


def test_only_the_last_one_announced_is_the_newest(db_path: Path) -> None:
    first, second = Claim(db_path), Claim(db_path)
    assert not first.is_newest()
    first.announce()
    assert first.is_newest()
    second.announce()
    assert (first.is_newest(), second.is_newest()) == (False, True)


def test_releasing_what_is_not_held_does_nothing(db_path: Path) -> None:
    first, second = Claim(db_path), Claim(db_path)
    assert first.announce()
    assert first.take_turn()
    second.release()
    assert not second.take_turn()
    assert not is_orphaned(db_path)


def test_a_claim_that_is_garbage_is_released(db_path: Path) -> None:
    Claim(db_path).announce()
    assert is_orphaned(db_path)


def test_databases_are_claimed_one_by_one(tmp_path: Path) -> None:
    first, second = Claim(tmp_path / "a.db"), Claim(tmp_path / "b.db")
    assert first.take_turn()
    assert second.take_turn()


def test_a_symbolic_link_is_the_same_database(db_path: Path, tmp_path: Path) -> None:
    link = tmp_path / "link.db"
    link.symlink_to(db_path)
    first, second = Claim(db_path), Claim(link)
    assert first.take_turn()
    assert not second.take_turn()


def test_a_claim_dies_with_its_process(db_path: Path) -> None:
    with subprocess.Popen(
        [sys.executable, "-c", HOLD, str(db_path)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    ) as child:
        assert child.stdout is not None
        assert child.stdout.readline() == "held\n"
        claim = Claim(db_path)
        assert not is_orphaned(db_path)
        assert not claim.take_turn()
        child.send_signal(signals.SIGKILL)
        child.wait()
        assert is_orphaned(db_path)
        assert claim.take_turn()


def test_a_forked_child_owns_nothing(db_path: Path) -> None:
    claim = Claim(db_path)
    claim.announce()
    reader, writer = os.pipe()
    child = os.fork()
    if child == 0:
        claim.release()  # The parent's lock stays.
        os.read(reader, 1)
        os._exit(0)
    try:
        assert not is_orphaned(db_path)
        claim.release()
        assert is_orphaned(db_path)  # The child has no share in it.
    finally:
        os.write(writer, b".")
        os.waitpid(child, 0)
        os.close(reader)
        os.close(writer)


@pytest.fixture(params=["no fcntl", "no locks"])
def without_locks(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> Any:
    if request.param == "no fcntl":
        monkeypatch.setattr(ownership, "fcntl", None)
    else:

        def refuse(*_: Any) -> None:
            raise OSError(errno.ENOLCK, "No locks available")

        monkeypatch.setattr(ownership.fcntl, "flock", refuse)


@pytest.mark.usefixtures("without_locks")
def test_without_locks_one_process_still_takes_turns_and_calls_nothing_an_orphan(
    db_path: Path,
) -> None:
    first, second = Claim(db_path), Claim(db_path)
    assert first.announce()
    assert second.announce()
    assert (first.take_turn(), second.take_turn()) == (True, False)
    second.release()
    assert not second.take_turn()
    first.release()
    assert second.take_turn()
    second.release()
    assert not is_orphaned(db_path)


def test_another_error_of_the_lock_is_raised_and_nothing_stays_open(
    db_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(descriptor: int, operation: int) -> None:
        if operation != ownership.fcntl.LOCK_UN:
            raise OSError(errno.EIO, "Input/output error")

    monkeypatch.setattr(ownership.fcntl, "flock", refuse)
    before = len(list(Path("/proc/self/fd").iterdir()))
    with pytest.raises(OSError, match="Input/output"):
        Claim(db_path).announce()
    assert len(list(Path("/proc/self/fd").iterdir())) == before
