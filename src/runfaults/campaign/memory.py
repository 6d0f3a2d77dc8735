"""Keeps a campaign for the next one: a journal of finished jobs, a cache of results."""

from __future__ import annotations

import contextlib
import json
import os
from collections.abc import Generator, Iterator
from pathlib import Path
from typing import IO, Any
from zlib import crc32

from runfaults.campaign.findings_file import FORMAT, from_document, to_document
from runfaults.explore.findings import Findings
from runfaults.explore.job import Job
from runfaults.model import Verdict
from runfaults.temporary import write_whole

MAX_ENTRIES = 20
"""Campaigns whose findings the cache keeps, the latest ones."""


class StateError(ValueError):
    """A state folder belongs to another exploration; the message says what to do."""


@contextlib.contextmanager
def alone_in(folder: Path) -> Generator[None]:
    """Keep other campaigns out of a state folder while the block runs: two would mix their lines.

    Where the system or the file system knows no such lock, nothing keeps them out.

    Raises:
        StateError: if another one is in it.
    """
    folder.mkdir(parents=True, exist_ok=True)
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        _lock(descriptor, folder)
        yield
    finally:
        os.close(descriptor)


def _lock(descriptor: int, folder: Path) -> None:
    try:
        import fcntl

        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError as error:
        raise StateError(
            f"another check is using the state folder {folder}; wait for its end, or choose "
            "another --state folder"
        ) from error
    except (ImportError, OSError):
        return


class Cache:
    """Findings of finished explorations, by fingerprint, one file each.

    Args:
        folder: Where; created when there is something to keep.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def find(self, fingerprint: str) -> Findings | None:
        """The findings of the campaign with this fingerprint; None if it is not known."""
        try:
            text = (self.folder / f"{fingerprint}.json").read_text(encoding="utf-8")
            document = json.loads(text)
            return from_document(document["found"]) if document["format"] == FORMAT else None
        except (OSError, ValueError, KeyError, TypeError, AttributeError, RecursionError):
            return None  # not there, or not whole: to be explored

    def keep(self, fingerprint: str, found: Findings) -> tuple[str, ...]:
        """Keep what a finished exploration found, unless another try could find something else.

        Returns:
            What could not be written, a sentence.
        """
        if found.problems or found.doubts or found.verdicts[Verdict.UNKNOWN] or not found.verdicts:
            return ()
        text = json.dumps({"format": FORMAT, "found": to_document(found)})
        try:
            write_whole(self.folder / f"{fingerprint}.json", text)
        except OSError as error:
            why = f"the cache {self.folder} could not be written: {error.strerror}"
            return (f"{why}; make room, or run without --cache",)
        entries = sorted(self.folder.glob("*.json"), key=lambda each: each.stat().st_mtime_ns)
        for old in entries[:-MAX_ENTRIES]:
            old.unlink(missing_ok=True)
        return ()


class Journal:
    """The finished jobs of one campaign, in a file that only grows, a line for each.

    Each line begins with its checksum. One that was cut off, because the process was killed while
    it wrote, counts as not written.

    Args:
        folder: Where; created if need be.
        fingerprint: Of the exploration.

    Attributes:
        unwritten: What could not be written, a sentence; nothing is added after that.

    Raises:
        StateError: if the folder has the jobs of another campaign, or is damaged.
    """

    def __init__(self, folder: Path, fingerprint: str) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        self.path = folder / "jobs.jsonl"
        self._head = {"format": FORMAT, "fingerprint": fingerprint}
        self._finished = dict(self._read())
        self._file: IO[str] | None = None
        self.unwritten: tuple[str, ...] = ()

    def find(self, job: Job) -> Findings | None:
        """The findings of a job; None if it is not done."""
        return self._finished.get(job.key)

    def add(self, job: Job, found: Findings) -> None:
        """Note that a job is done."""
        if self.unwritten:
            return
        try:
            if self._file is None:
                self._file = self.path.open("a", encoding="utf-8")
                if not self._file.tell():
                    self._write(self._head)
            self._write({"job": job.key, "found": to_document(found)})
        except OSError as error:
            why = f"the journal {self.path} could not be written: {error.strerror}"
            self.unwritten = (
                f"{why}; it has the jobs that were finished before: make room, and run it again",
            )

    def close(self) -> None:
        """Let the file go."""
        if self._file is not None:
            with contextlib.suppress(OSError):  # what it could not write it tries again
                self._file.close()

    def _write(self, document: dict[str, Any]) -> None:
        if self._file is not None:
            text = json.dumps(document)
            self._file.write(f"{_checksum(text.encode()).decode()} {text}\n")
            self._file.flush()

    def _read(self) -> Iterator[tuple[str, Findings]]:
        if not self.path.exists():
            return
        content = self._content()
        whole = content[: content.rfind(b"\n") + 1]
        if whole != content:
            with self.path.open("r+b") as file:
                file.truncate(len(whole))
        told: dict[str, Any] = {}
        for number, line in enumerate(whole.splitlines(), 1):
            try:
                document = _checked(line)
                # Also in a journal that was written to itself, or twice.
                is_head = number == 1 or document == self._head
                job: str = "" if is_head else document["job"]
                found: dict[str, Any] = {} if is_head else document["found"]
                read = None if is_head else from_document(found)
            except (ValueError, KeyError, TypeError, AttributeError, RecursionError) as error:
                raise self._damaged(number, "is not a line that runfaults wrote") from error
            if number == 1 and document != self._head:
                raise StateError(
                    f"{self.path} is of another exploration: the target, runfaults, "
                    "the bound, --redact or a version has changed since; delete it, or choose "
                    "another --state folder"
                )
            if read is not None:
                if told.setdefault(job, found) != found:
                    raise self._damaged(number, f"says of job {job!r} what another line does not")
                yield job, read

    def _content(self) -> bytes:
        if not self.path.is_file():
            raise StateError(
                f"{self.path} is not a file, so it cannot be a journal; delete it, or choose "
                "another --state folder"
            )
        return self.path.read_bytes()

    def _damaged(self, number: int, how: str) -> StateError:
        return StateError(
            f"{self.path}:{number}: {how}: the journal is damaged; delete it, or choose another "
            "--state folder"
        )


def _checked(line: bytes) -> Any:  # noqa: ANN401  # what JSON can say
    checksum, _, text = line.partition(b" ")
    if checksum != _checksum(text):
        raise ValueError("another checksum")
    return json.loads(text)


def _checksum(text: bytes) -> bytes:
    return b"%08x" % crc32(text)
