"""Controls event loops and locks made long ago; names what cannot be controlled."""

# ruff: noqa: ANN401 - the substitutes take and return what the originals do

from __future__ import annotations

import _thread
import os
import selectors
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from typing import Any, cast

from runfaults.model import Operation
from runfaults.sim.actor import Wait, actors, current_actor
from runfaults.sim.exits import noting_children
from runfaults.sim.loaded import classes_among
from runfaults.sim.lock import ControlledLock

EVENT_LOOP = "event loop"


class EventLoopSelector(selectors.DefaultSelector):
    """The selector of an `asyncio` loop whose thread is an actor: waits on virtual time.

    What wakes a loop is its own pipe, which `call_soon_threadsafe` writes to. A loop that waits for
    a real socket never ends its wait: there is no network in a simulation.
    """

    def select(self, timeout: float | None = None) -> list[Any]:
        """See `selectors.BaseSelector.select`."""
        actor = current_actor()
        if actor is None or actor.turns.over:
            return super().select(timeout)
        turns = actor.turns
        turns.reach(Operation.SLEEP, EVENT_LOOP)
        deadline = None if timeout is None else turns.clock + max(timeout, 0.0)
        while True:
            ready = super().select(0)
            if ready or (deadline is not None and turns.clock >= deadline):
                return ready
            turns.block(Wait(EVENT_LOOP), deadline)


def _new_loop(real: Callable[..., None]) -> Callable[..., None]:
    def init(loop: Any, selector: selectors.BaseSelector | None = None) -> None:
        if selector is None and current_actor() is not None:
            selector = EventLoopSelector()
        real(loop, selector)

    return init


def _wake_loop(real: Callable[[Any], None]) -> Callable[[Any], None]:
    def write_to_self(loop: Any) -> None:
        real(loop)
        actor = current_actor()
        if actor is not None and not actor.turns.over:
            actor.turns.touch(loop, change=True)
            actor.turns.wake(EVENT_LOOP)

    return write_to_self


def foreign_substitutes() -> dict[tuple[Any, str], Any]:
    """The substitutes, by owner and name; those of `asyncio` only if it is loaded already."""
    places: dict[tuple[Any, str], Any] = {
        (owner, name): lock for owner, name, lock in _kept_locks()
    }
    places[subprocess.Popen, "__init__"] = noting_children(subprocess.Popen.__init__)
    asyncio: Any = sys.modules.get("asyncio.selector_events")
    if asyncio is not None:
        loop = asyncio.BaseSelectorEventLoop
        places[loop, "__init__"] = _new_loop(loop.__init__)
        places[loop, "_write_to_self"] = _wake_loop(loop._write_to_self)  # noqa: SLF001
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
        if name != _POOLS and (top in sys.stdlib_module_names or top in {"runfaults", "pytest"}):
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
