"""`runfaults list`: list every name that a scenario or a command can have."""

from __future__ import annotations

import click

from runfaults.campaign.bounds import BOUNDS
from runfaults.model import Ending
from runfaults.oracle.rules import RULES
from runfaults.report.console import print_prose
from runfaults.sim.acts import ACTS
from runfaults.sim.misfortunes import SIMULATED_KINDS
from runfaults.sqlite.real.lasting import CAUSES
from runfaults.targets import TARGETS

ENDINGS = {
    Ending.SUCCEEDS: "returns normally",
    Ending.RAISES: "raises an exception",
    Ending.NOTICES_CANCEL: "raises the cancel exception if it was cancelled, or returns with half "
    "of its work where there is none; else succeeds",
    Ending.LEAVES_TRANSACTION_OPEN: "returns with uncommitted work",
    Ending.RAISES_IN_TRANSACTION: "raises with uncommitted work",
    Ending.EXITS: "raises SystemExit",
    Ending.TAKES_AN_HOUR: "returns normally, an hour later by the virtual clock",
    Ending.RAISES_WHEN_CLOSED: "raises if its client is closed while it waits for an answer",
    Ending.RETURNS_WHEN_CLOSED: "returns with half of its work in that case",
}


@click.command("list")
def command() -> None:
    """List targets, bounds, rules, fault kinds, pipeline endings and acts."""
    _section("targets", {name: _summary(target) for name, target in TARGETS.items()})
    _section("bounds", {bound.name: bound.describe() for bound in BOUNDS.values()})
    _section("rules", {rule.name: rule.meaning.partition("\n")[0] for rule in RULES})
    _section("fault kinds", {kind.name: kind.summary for kind in SIMULATED_KINDS.values()})
    _section("real causes", {name: cause.summary for name, cause in CAUSES.items()})
    _section("pipeline endings", {str(ending): text for ending, text in ENDINGS.items()})
    _section("acts", {name: act.summary for name, act in ACTS.items()})


def _section(title: str, entries: dict[str, str]) -> None:
    width = max(map(len, entries))
    click.secho(title, bold=True)
    for name, text in entries.items():
        for number, line in enumerate(text.split("\n")):
            start = "" if number else name
            print_prose(f"  {start.ljust(width)}  {line}".rstrip(), hanging=width + 4)


def _summary(thing: object) -> str:
    return (thing.__doc__ or "").strip().partition("\n")[0]
