"""A subscriber that raises when it is told something."""

from __future__ import annotations

from typing import NoReturn

from runfaults.sim.misfortunes.misfortune import Misfortune
from runfaults.sqlite.gate import Call
from runfaults.targets.callback import Callback


class SubscriberRaises(Misfortune):
    """A function that others have registered raises when the target calls it.

    It has heard what it was told. Others that are registered have a right to hear it too.
    """

    name = "subscriber-raises"
    summary = "a subscriber raises: a function that others have registered, as it is called"
    unavailable = "the subscriber is the harness's own"

    def refusal(self, call: Call) -> str | None:
        """Why it could not happen at this call; None if it could."""
        return None if isinstance(call.thing, Callback) else "only a subscriber's function does so"

    def strike(self, call: Call) -> NoReturn:
        """Let the subscriber hear it, and raise."""
        call.real()
        raise RuntimeError("the subscriber raised")
