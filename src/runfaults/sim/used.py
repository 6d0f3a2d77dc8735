"""What a target uses that is none of its own: the calls at which a fault can strike.

Each is a method of something that the harness made, and the target's adapter uses.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any

from runfaults.sim.actor import current_actor
from runfaults.targets.callback import Callback
from runfaults.targets.client import Client
from runfaults.targets.inbox import Inbox


def _struck(real: Callable[..., Any], subject: str) -> Callable[..., Any]:
    def call(thing: object, *arguments: object, **named: object) -> object:
        actor = current_actor()
        act = partial(real, thing, *arguments, **named)
        return act() if actor is None else actor.turns.call(subject, thing, act)

    return call


USED: dict[tuple[type, str], Any] = {
    (Client, "close"): _struck(Client.close, "client.close"),
    (Inbox, "put"): _struck(Inbox.put, "queue.put"),
    (Inbox, "full"): _struck(Inbox.full, "queue.full"),
    (Callback, "__call__"): _struck(Callback.__call__, "subscriber"),
}
"""What stands in the place of each method while a simulation is entered."""
