"""`runfaults chaos`: let real processes use one database while faults strike it."""

from __future__ import annotations

import sys
from pathlib import Path

import click
from click.exceptions import Exit

from runfaults.chaos.soak import chaos
from runfaults.cli.aim import chosen_target, tested_options
from runfaults.cli.exit_codes import exit_code_of
from runfaults.cli.next_step import name_command, without
from runfaults.cli.overheard import target_apart
from runfaults.cli.own_rules import rule_option
from runfaults.cli.redact import redact_option
from runfaults.cli.writing import writable_folder
from runfaults.model import Journal, Verdict
from runfaults.report.console import print_lines
from runfaults.report.progress import progressing
from runfaults.report.typed import typed
from runfaults.scenario.trust import option_for


@click.command("chaos")
@tested_options
@click.option(
    "--seconds",
    type=click.FloatRange(min=0, min_open=True),
    default=60.0,
    show_default=True,
    help="How long the trouble lasts.",
)
@click.option(
    "--processes",
    type=click.IntRange(min=1),
    default=4,
    show_default=True,
    help="Worker processes at any time.",
)
@click.option("--seed", type=int, default=0, show_default=True, help="Everything is drawn from it.")
@click.option(
    "--journal",
    type=click.Choice([str(journal) for journal in Journal]),
    default=str(Journal.DELETE),
    show_default=True,
    help="SQLite journal mode.",
)
@rule_option
@redact_option
@click.option(
    "--dir",
    "folder",
    type=click.Path(file_okay=False, path_type=Path),
    callback=writable_folder,
    help="Keep database and journals here; otherwise only if something is found. With --redact "
    "the database is not kept.",
)
def command(  # noqa: PLR0913  # a parameter for each option
    *,
    target: str | None,
    source: Path | None,
    seconds: float,
    processes: int,
    seed: int,
    journal: str,
    own: tuple[str, ...],
    redact: bool,
    folder: Path | None,
) -> None:
    """Let real processes use one database while locks, kills, full disks and pauses strike.

    Nothing is simulated. What users were told is journalled outside the database and held against
    it at the end. Linux only.
    """
    from runfaults.report.terminal import print_result
    from runfaults.report.timeline import print_timeline

    tested = chosen_target(target, source)
    with target_apart() as errors, progressing(errors) as progress:
        result = chaos(
            tested,
            progress,
            seconds=seconds,
            processes=processes,
            seed=seed,
            journal=Journal(journal),
            folder=folder,
            own=own,
            redact=redact,
        )
    for violation in result.check.violations:
        print_lines(f"{violation.scenario.name}: the events of the run")
        print_timeline(violation.history, violation.judgements)
    print_result(result.check)
    if result.kept is not None:
        print_lines(f"{'' if redact else 'database and '}journals: {result.kept}")
    if result.check.verdict is Verdict.BROKEN:
        rules = (word for rule in own for word in ("--rule", rule))
        words = ["check", *option_for(tested), "--bound", "crash", *rules]
        name_command("to look for a schedule that shows it each time", typed(words))
    elif result.check.finished:
        longer = [*without(sys.argv[1:], "--seconds"), "--seconds", f"{10 * seconds:g}"]
        name_command("to run it for longer", typed(longer))
    raise Exit(exit_code_of(result.check))
