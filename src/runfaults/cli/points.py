"""`runfaults points`: list the points of a run, and the faults that can strike at each."""

from __future__ import annotations

from collections.abc import Iterator
from heapq import merge
from operator import itemgetter
from pathlib import Path

import click

from runfaults.cli.aim import chosen_target, tested_options
from runfaults.cli.overheard import target_apart
from runfaults.cli.redact import redact_option
from runfaults.explore.probe import probe
from runfaults.model import Ending, FaultPoint, Journal, Operation, Schedule
from runfaults.report.console import print_lines, print_prose
from runfaults.sim.execution import Execution
from runfaults.sim.misfortunes import SIMULATED_KINDS
from runfaults.sim.simulation import Simulation
from runfaults.targets import target_named


@click.command("points")
@tested_options
@click.option(
    "--pipeline",
    metavar="ENDING",
    default="succeeds",
    show_default=True,
    type=click.Choice([str(ending) for ending in Ending]),
    help="How the pipeline ends: `runfaults list` has the words.",
)
@click.option(
    "--journal",
    default=str(Journal.DELETE),
    show_default=True,
    type=click.Choice([str(journal) for journal in Journal]),
    help="SQLite journal mode.",
)
@click.option("--why-not", is_flag=True, help="Also say why the other kinds cannot strike.")
@click.option("--lines", is_flag=True, help="List the lines for acts and preemptions instead.")
@click.option("--tasks", is_flag=True, help="List the steps of the event loop's tasks instead.")
@redact_option
def command(
    target: str | None,
    source: Path | None,
    pipeline: str,
    journal: str,
    *,
    redact: bool,
    why_not: bool,
    lines: bool,
    tasks: bool,
) -> None:
    """List the points of a clean run, and the kinds of fault that can strike at each.

    An act can enter, and a thread be paused, at each of them but those of `call`.
    """
    del redact  # heeded as it was read
    schedule = Schedule(pipeline=Ending(pipeline), journal=Journal(journal))
    tested = chosen_target(target, source)
    kinds = () if lines or tasks else tuple(SIMULATED_KINDS)
    with target_apart(), Simulation(target_named(tested)) as simulation:
        probe(simulation)
        played = simulation.play(schedule, survey=kinds, with_lines=lines)
    if lines:
        _list_lines(played)
    elif tasks:
        for step in played.tasks:
            print_lines(str(step.at.point))
        if not played.tasks:
            print_lines(f"{tested} runs no task of an event loop")
    else:
        _list_kinds(played, why_not=why_not)


def _list_kinds(execution: Execution, *, why_not: bool) -> None:
    refused = {point: dict(refusals) for point, _, refusals in execution.survey}
    for point in _in_order(execution):
        refusals = refused.get(point, {})
        possible = [kind for kind, refusal in refusals.items() if refusal is None]
        print_prose(f"{point}: {', '.join(possible) or _otherwise(point)}", hanging=4)
        for kind, refusal in refusals.items():
            if why_not and refusal is not None:
                print_prose(f"    not {kind}: {refusal}", hanging=8)


def _otherwise(point: FaultPoint) -> str:
    """What can happen at a point where no fault strikes."""
    struck = point.operation.can_be_struck
    return "nothing can strike here" if struck else "an act or a switch of threads"


def _in_order(execution: Execution) -> Iterator[FaultPoint]:
    """Where threads can be switched, and where a fault can strike, as they are reached."""
    reached = {step.point: step.event for step in execution.steps}
    others = [(event, point) for point, event, _ in execution.survey if point not in reached]
    steps = ((event, point) for point, event in reached.items())
    return (point for _, point in merge(steps, others, key=itemgetter(0)))


def _list_lines(execution: Execution) -> None:
    """List the lines at which an actor can be stopped, in the order in which it comes there."""
    for step in execution.steps:
        if step.point.operation is Operation.LINE:
            print_lines(str(step.point))
