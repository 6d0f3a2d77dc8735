"""Repetitions without a test runner: each works on a copy of one folder."""

from __future__ import annotations

import shutil
import tempfile
import warnings
from collections.abc import Callable, Generator, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import TypeVar, Unpack

from runfaults.anomaly.ending import Raised, Returned
from runfaults.anomaly.experiment import SURVEY, Experiment, Selection
from runfaults.anomaly.observation import Observation
from runfaults.anomaly.observe import Order, UnsuitableError, observe
from runfaults.anomaly.options import Options, Said
from runfaults.anomaly.outcome import Outcome
from runfaults.anomaly.watch import Watch
from runfaults.sqlite.hook import connections_through, modules_with_connect
from runfaults.temporary import memory_backed_folder

_Object = TypeVar("_Object")


def nothing(_it: object, /) -> None:
    """Close nothing: what is not used any more closes itself."""


@contextmanager
def opened_under(
    watch: Watch,
    folder: Path,
    opened: Callable[[Path], _Object],
    closed: Callable[[_Object], object],
) -> Generator[_Object]:
    """What is opened on a folder, with all its connections under a watch; closed at the end."""
    with (
        warnings.catch_warnings(action="ignore", category=ResourceWarning),
        connections_through(watch, *modules_with_connect()),
    ):
        it = opened(folder)
        try:
            yield it
        finally:
            with suppress(Exception):  # a broken object may refuse: that was seen already
                closed(it)
            watch.connections.close()


_ALL = Selection()


def every_fault(
    make: Callable[[Path], object],
    opened: Callable[[Path], _Object],
    call: Callable[[_Object], object],
    *,
    closed: Callable[[_Object], object] = nothing,
    selection: Selection = _ALL,
    **said: Unpack[Said],
) -> Iterator[Outcome]:
    """Try every fault at every SQLite operation of a call, each on fresh files.

    Args:
        make: Makes the databases in an empty folder, once.
        opened: Opens what the call is given, on a copy of that folder.
        call: What has to bear the faults: it raises and has changed nothing, or returns and all
            is done.
        closed: Closes what was opened.
        selection: Which faults are tried.
        said: Which kinds, and which promises the call does not make: see `Said`.

    Yields:
        What came of each fault, the likely ones first.

    Raises:
        UnsuitableError: if there is nothing to strike or nothing to compare with.
        ValueError: if a kind does not exist.
    """
    options = Options.of(said)
    with tempfile.TemporaryDirectory(
        dir=memory_backed_folder(), ignore_cleanup_errors=True
    ) as name:
        original = Path(name) / "original"
        original.mkdir()
        make(original)

        def run(order: Order) -> Observation:
            copy = Path(tempfile.mkdtemp(dir=name)) / "copy"
            shutil.copytree(original, copy)
            watch = Watch()
            try:
                with opened_under(watch, copy, opened, closed) as it:
                    return observe(lambda: call(it), watch, order)
            finally:
                shutil.rmtree(copy.parent, ignore_errors=True)

        first = run(Order(SURVEY, recovers=False))
        if not isinstance(first.ending, Returned):
            told = first.ending
            what = f"{told.what}{told.place}" if isinstance(told, Raised) else told.why
            raise UnsuitableError(f"the call fails when nothing strikes: {what}")
        yield from Experiment(run, first, options, selection).outcomes()
