"""`runfaults chaos`: real processes, real trouble."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path

import click

from runfaults.chaos.soak import ChaosResult, chaos
from runfaults.cli.exit_codes import exit_code
from runfaults.model import Verdict
from runfaults.report.progress import open_progress

_SHOWN = 3
"""Violations whose window is printed; the journals have the others."""


@click.command("chaos")
@click.option("--target", default="genglossary", show_default=True, help="System under test.")
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
    type=click.Choice(["delete", "wal"]),
    default="delete",
    show_default=True,
    help="SQLite journal mode.",
)
@click.option(
    "--dir",
    "folder",
    type=click.Path(file_okay=False, path_type=Path),
    help="Keep database and journals here; otherwise only if something is found.",
)
def command(
    target: str, seconds: float, processes: int, seed: int, journal: str, folder: Path | None
) -> None:
    """Let real processes use one database while locks, kills, full disks and pauses strike.

    Nothing is simulated. What users were told is journalled outside the database and held against
    it at the end. Linux only.
    """
    progress = open_progress()
    try:
        result = chaos(
            target,
            progress,
            seconds=seconds,
            processes=processes,
            seed=seed,
            journal=journal,
            folder=folder,
        )
    finally:
        progress.stop()
    for line in summary(result):
        click.echo(line)
    sys.exit(exit_code(result.verdict))


def summary(result: ChaosResult) -> Iterator[str]:
    """The result in lines: violations first, the verdict last."""
    account = result.account
    for number, found in enumerate(account.broken[:_SHOWN], start=1):
        yield f"Violation {number}: {found.reason} [{found.promise}]"
        yield from (f"  {line}" for line in found.window)
    if len(account.broken) > _SHOWN:
        yield f"and {len(account.broken) - _SHOWN:,} more violations"
    yield from (f"Damage: {damage}" for damage in result.damage)
    yield from (f"Problem: {problem}" for problem in result.problems)
    yield "Trouble"
    yield from (f"  {count:7,}  {name}" for name, count in result.trouble.items())
    yield "Runs, by what is recorded"
    yield from (f"  {count:7,}  {status}" for status, count in sorted(account.statuses.items()))
    yield "Acknowledgements held against the database"
    yield from (f"  {count:7,}  {name}" for name, count in sorted(account.checked.items()))
    if result.kept is not None:
        yield f"Database and journals: {result.kept}"
    runs = account.statuses.total()
    yield (
        f"{result.target}: {_headline(result)}; {runs:,} runs in {result.seconds:.0f} s with "
        f"{result.processes} processes, seed {result.seed}, journal {result.journal}"
    )


def _headline(result: ChaosResult) -> str:
    violations = len(result.account.broken) + len(result.damage)
    return {
        Verdict.HOLDS: "holds, 0 violations",
        Verdict.BROKEN: f"broken, {violations:,} violations",
        Verdict.UNKNOWN: "unknown, 0 violations",
    }[result.verdict]
