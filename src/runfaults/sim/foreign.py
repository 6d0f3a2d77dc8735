"""Controls locks made long ago; names what cannot be controlled."""

# ruff: noqa: ANN401 - the substitutes take and return what the originals do

from __future__ import annotations

import _thread
import os
import subprocess
import sys
import threading
from collections.abc import Iterator
from typing import Any, cast

from runfaults.sim.actor import actors
from runfaults.sim.exits import noting_children
from runfaults.sim.loaded import classes_among
from runfaults.sim.lock import ControlledLock


def foreign_substitutes() -> dict[tuple[Any, str], Any]:
    """The substitutes, by owner and name."""
    places: dict[tuple[Any, str], Any] = {
        (owner, name): lock for owner, name, lock in _kept_locks()
    }
    places[subprocess.Popen, "__init__"] = noting_children(subprocess.Popen.__init__)
    return places


def _kept_locks() -> Iterator[tuple[Any, str, Any]]:
    """Locks that modules, and classes of modules, made before there was a simulation.

    They are held while other actors run, so a real one would block unseen by the scheduler.
    The standard library's are held for an instant only, but for one.
    """
    for module in list(sys.modules.values()):
        names: dict[str, object] = getattr(module, "__dict__", {})
        if not names:
            continue  # None forbids an import, and some packages put objects that are no modules
        name = str(names.get("__name__"))
        top = name.partition(".")[0]
        if name != _POOLS and (
            top in sys.stdlib_module_names or top in {"runfaults", "pytest", "_pytest"}
        ):
            continue
        classes = classes_among(names.values())
        for owner in (module, *(each for each in classes if each.__module__ == name)):
            if _LOCKS.isdisjoint(map(type, vars(owner).values())):
                continue
            for attribute, value in list(vars(owner).items()):
                if type(value) is _LOCK and not value.locked():
                    yield owner, attribute, ControlledLock(attribute)
                elif type(value) is _RLOCK:
                    yield owner, attribute, _reentrant(attribute)


_LOCK: Any = type(_thread.allocate_lock())
_RLOCK: Any = type(threading.RLock())
_LOCKS = frozenset((_LOCK, _RLOCK))
_POOLS = "concurrent.futures.thread"


def _reentrant(name: str) -> Any:
    lock: Any = cast("Any", threading)._PyRLock()  # noqa: SLF001
    lock._block = ControlledLock(name)  # noqa: SLF001  # all that it waits with
    return lock


if hasattr(os, "register_at_fork"):
    # A child has one thread, and no scheduler that would ever give it the baton.
    cast("Any", os).register_at_fork(after_in_child=actors.clear)
