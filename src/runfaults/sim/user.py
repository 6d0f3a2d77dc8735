"""The user of a schedule: opens a manager, starts a run, waits for its end, and closes."""

from __future__ import annotations

from functools import partial

from runfaults.model import Operation
from runfaults.sim import acts
from runfaults.sim.actor import Wait
from runfaults.sim.world import World
from runfaults.targets.target import Closes, offers


def use(world: World) -> None:
    """Do all of it: what every schedule has."""
    if not acts.open_first(world, "user"):
        return
    own = acts.start_first(world, "user")
    world.know(own)
    for act in world.schedule.acts:
        if act.at is None:
            world.enter(act)
    world.scheduler.reach(Operation.REACH, "started")
    if own is not None:  # a user who was told of no run has none to wait for
        acts.wait(world, partial(world.ends.wait_for, own))
    world.scheduler.reach(Operation.REACH, "settled")
    acts.wait(world, world.await_acts)
    acts.close(world, "user")
    world.is_closed = True
    world.scheduler.reach(Operation.REACH, "closed")
    if world.hours:
        _recover(world)
    let_pollers_end(world)


def _recover(world: World) -> None:
    """Open a manager anew where one has given up: what lasted for hours has ended by now."""
    active = [run for run in world.runs.shown if not world.runs.is_over(run)]
    if not active:
        return
    another = acts.attempt(world.recorder, "user", "open", world.open_another)
    if another is not None:
        for run in active:
            world.ends.wait_for_recovery(run)
        acts.close_this(world, "user", another)


def let_pollers_end(world: World) -> None:
    """See soon that threads which are never stopped look for work that never comes."""
    if offers(world.manager, Closes):
        return
    livelock, seconds = world.scheduler.livelock, world.patience.seconds
    if seconds is not None:
        world.scheduler.running.background = True
        world.patience.until(lambda: False, Wait("pollers"))
        livelock.end_if_idle()
        livelock.give_up(f"no news in {seconds:g} virtual seconds")
    else:
        livelock.recurrence = world.recurrence
        world.recurrence.begin_anew(len(world.scheduler.steps))
