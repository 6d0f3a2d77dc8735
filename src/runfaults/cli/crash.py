"""`runfaults crash`: SIGKILL everywhere, and the life after it."""

from __future__ import annotations

import sys

import click

from runfaults.cli.exit_codes import HARNESS, HOLDS, UNKNOWN, exit_code
from runfaults.explore.crash.sweep import CrashBound, crash, play_one
from runfaults.model import CheckResult, Schedule, Verdict
from runfaults.oracle.judge import judge
from runfaults.report.explain import explain
from runfaults.report.progress import open_progress
from runfaults.report.terminal import print_result
from runfaults.report.timeline import print_timeline


@click.command("crash")
@click.option("--target", default="genglossary", show_default=True, help="System under test.")
@click.option(
    "--journal",
    type=click.Choice(["delete", "wal", "both"]),
    default="both",
    show_default=True,
    help="SQLite journal mode.",
)
@click.option("--jobs", type=click.IntRange(min=1), help="Worker processes; default: one per core.")
@click.option(
    "--schedule", metavar="TEXT", help="Play one story only: this schedule, with --die-after."
)
@click.option(
    "--die-after",
    "deaths",
    type=click.IntRange(min=0),
    multiple=True,
    metavar="EVENT",
    help="Kill the life after this event; once for each life but the last.",
)
def command(
    target: str, journal: str, jobs: int | None, schedule: str | None, deaths: tuple[int, ...]
) -> None:
    """Kill the target at every fault point and judge what the next life makes of it.

    Each life is a child process that dies by SIGKILL right before or after one operation, or
    after one answer; a fresh process then opens the database and goes on. Needs `os.fork`.
    """
    if deaths and schedule is None:
        raise click.UsageError("--die-after needs --schedule: events are counted in one schedule")
    if schedule is not None:
        sys.exit(_play(target, Schedule.parse(schedule), deaths))
    journals = ("delete", "wal") if journal == "both" else (journal,)
    progress = open_progress()
    try:
        result = crash(target, CrashBound(journals=journals), progress, jobs=jobs)
    finally:
        progress.stop()
    print_result(result)
    sys.exit(_exit_code(result))


def _play(target: str, schedule: Schedule, deaths: tuple[int, ...]) -> int:
    history, reached = play_one(target, schedule, deaths)
    judgements = judge(history)
    print_timeline(history, judgements)
    click.echo(explain(history, judgements))
    if not reached:
        click.echo("unknown: not every death came to pass; a life ended before its event")
        return UNKNOWN
    verdict = Verdict.worst(judgement.verdict for judgement in judgements)
    click.echo(str(verdict))
    return exit_code(verdict)


def _exit_code(result: CheckResult) -> int:
    if result.verdict is Verdict.HOLDS and result.notes:
        return HARNESS
    code = exit_code(result.verdict)
    return UNKNOWN if code == HOLDS and not result.finished else code
