"""Time that a slow operation takes, and who has to wait for it."""

from __future__ import annotations

from runfaults.sim.actor import Turns, Wait, current_actor
from runfaults.sim.sharing import touch_all
from runfaults.sqlite.gate import Call
from runfaults.sqlite.slow import SLOW

_SAME_CONNECTION = "a slow operation of the same connection"

_under_way: set[int] = set()


def take_time(call: Call) -> None:
    """Let virtual time pass, as the actor that performs a call.

    Another one that uses the connection waits: SQLite performs one call of it at a time.
    """
    actor = current_actor()
    assert actor is not None, "only a simulation has virtual time"
    turns, connection = actor.turns, id(call.connection or call)
    until = turns.clock + SLOW
    _under_way.add(connection)
    try:
        while turns.clock < until:
            turns.block(Wait("a slow disk"), until)
    finally:
        _under_way.remove(connection)
    turns.touch("clock", change=True)
    touch_all(turns)
    turns.wake(_SAME_CONNECTION)


def wait_while_slow(connection: object, turns: Turns) -> None:
    """Wait, as the running actor, until no slow operation of the connection is under way."""
    while id(connection) in _under_way:
        turns.block(Wait(_SAME_CONNECTION))
