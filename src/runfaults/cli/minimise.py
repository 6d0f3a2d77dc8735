"""`runfaults minimise`: find the smallest schedule that fails the same way."""

from __future__ import annotations

import sys
from collections.abc import Generator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

import click
from click.exceptions import Exit

from runfaults.campaign.players import open_player, player_for
from runfaults.campaign.violations import asking
from runfaults.cli.aim import given_target, played_options, played_target, playing
from runfaults.cli.exit_codes import UNKNOWN
from runfaults.cli.next_step import without
from runfaults.cli.overheard import target_apart
from runfaults.cli.own_rules import rule_option
from runfaults.cli.redact import redact_option
from runfaults.cli.writing import writable_file
from runfaults.explore.probe import probe
from runfaults.explore.runner import Runner
from runfaults.explore.shrink import NothingToMinimiseError, needs, shrink
from runfaults.model.counting import counted
from runfaults.oracle.own import addresses_of
from runfaults.report.console import print_lines, print_prose
from runfaults.report.typed import typed
from runfaults.scenario.file import dump_scenario, load_scenario
from runfaults.user_code import interruptions


@click.command("minimise")
@click.argument("file", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@played_options
@rule_option
@redact_option
@click.option(
    "-o",
    "--output",
    type=click.Path(dir_okay=False, path_type=Path),
    callback=writable_file,
    help="Where to write the minimal scenario; by default FILE with '.minimal' before '.toml'.",
)
def command(
    file: Path,
    target: str | None,
    source: Path | None,
    *,
    own: tuple[str, ...],
    redact: bool,
    output: Path | None,
) -> None:
    """Shrink a failing scenario and say what each remaining element is needed for."""
    with _failing(file), target_apart(), playing(file):
        scenario = load_scenario(file, own)
        name = played_target(given_target(target, source), scenario, file)
        own, kind = (*scenario.own_rules, *own), player_for(scenario.schedule)
        with open_player(name, kind, own=own, redact=redact) as player:
            probe(player)
            runner = Runner(player)
            found = shrink(runner, scenario.schedule, should_stop=interruptions.have_come)
            needed = needs(runner, found.schedule, interruptions.have_come)
    verdict = found.trial.verdict
    failing = [each for each in found.trial.failing() if each.verdict is verdict]
    rules = tuple(each.rule for each in failing)
    smaller = replace(
        scenario,
        target=name,
        schedule=found.schedule,
        expect=verdict,
        rules=rules,
        own_rules=addresses_of(rules, own),
    )
    path = output or file.with_suffix(".minimal.toml")
    print_prose(
        f"from {counted(scenario.schedule.size, 'element')} to {found.schedule.size}, after "
        f"{counted(found.tried + len(needed), 'schedule')}: {found.schedule}",
        hanging=2,
    )
    for need in needed:
        print_prose(f"  {need.element}: without it the verdict is: {need.without}", hanging=4)
    for judgement in failing:
        reason = f"{judgement.rule} is {judgement.verdict}: {judgement.reason}"
        print_prose(reason, hanging=2)
    path.write_text(dump_scenario(smaller, path.parent), encoding="utf-8")
    again = typed(["replay", str(path), *asking(smaller, path)])
    print_lines(f"saved to {path}; to reproduce:\n    {again}")
    if len(needed) < len(found.schedule.elements):
        print_lines("interrupted: a smaller one may be left to find; minimise the saved one again")
        raise Exit(UNKNOWN)


@contextmanager
def _failing(file: Path) -> Generator[None]:
    """Name the scenario file where it does not fail, and what shows why."""
    try:
        yield
    except NothingToMinimiseError as error:
        words = without(sys.argv[2:], "-o", "--output")
        seen = f"`{typed(['replay', *words])}` shows what happens"
        raise NothingToMinimiseError(f"{file}: {error}; {seen}") from error
