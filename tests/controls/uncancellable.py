"""A manager whose runs cannot be cancelled: nothing about a cancel can be found in it."""

from __future__ import annotations

from pathlib import Path

from plain_manager import PlainManager, PlainTarget

from runfaults.targets.target import Work


class Uncancellable:
    """The right manager, without the door."""

    def __init__(self, database: Path, work: Work) -> None:
        self._manager = PlainManager(database, work)

    def start(self) -> int:
        return self._manager.start()

    def wait(self, run: int) -> None:
        self._manager.wait(run)

    def close(self) -> None:
        self._manager.close()


class UncancellableTarget(PlainTarget):
    def open(self, database: Path, work: Work) -> Uncancellable:  # type: ignore[override]  # less
        return Uncancellable(database, work)
