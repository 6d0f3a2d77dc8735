"""`runfaults crash`: kill the process at every point, and judge the life after it."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import click
from click.exceptions import Exit

from runfaults.campaign.bounds import bound_named
from runfaults.campaign.campaign import Campaign
from runfaults.campaign.conclude import check
from runfaults.campaign.replay import play
from runfaults.campaign.running import Options
from runfaults.cli.aim import chosen_target, setting, tested_options
from runfaults.cli.exit_codes import exit_code, exit_code_of
from runfaults.cli.next_step import print_next_steps
from runfaults.cli.overheard import target_apart
from runfaults.cli.own_rules import rule_option
from runfaults.cli.redact import redact_option
from runfaults.cli.writing import code_of_writing, writable_folder
from runfaults.model import Journal, Schedule
from runfaults.report.console import print_lines, print_prose
from runfaults.report.explain import explain
from runfaults.report.progress import progressing
from runfaults.user_code import interruptions


@click.command("crash")
@tested_options
@click.option(
    "--journal",
    type=click.Choice([*map(str, Journal), "both"]),
    default="both",
    show_default=True,
    help="SQLite journal mode.",
)
@click.option("--jobs", type=click.IntRange(min=1), help="Processes; default: one per core.")
@click.option(
    "--save",
    type=click.Path(file_okay=False, path_type=Path),
    default=setting("save"),
    callback=writable_folder,
    help="Folder for the scenario files of violations; default: .runfaults.",
)
@rule_option
@redact_option
@click.option(
    "--schedule",
    metavar="TEXT",
    help="Play one schedule only, such as 'pipeline succeeds; death before run commit #2'.",
)
def command(
    *,
    target: str | None,
    source: Path | None,
    journal: str,
    jobs: int | None,
    save: Path,
    own: tuple[str, ...],
    redact: bool,
    schedule: str | None,
) -> None:
    """Kill the target at every fault point and judge what the next life makes of it.

    Each life is a child process that dies by SIGKILL right before or after one operation, or
    after one answer; a fresh process then opens the database and recovers. Needs `os.fork`.

    The same as `runfaults check --bound crash`, which has a budget, a baseline and more reports.
    """
    from runfaults.report.terminal import print_result

    tested = chosen_target(target, source)
    if schedule is not None:
        raise Exit(_play(tested, Schedule.parse(schedule), own, redact=redact))
    (deaths,) = bound_named("crash").strategies
    if journal != "both":
        deaths = replace(deaths, scope=replace(deaths.scope, journals=(Journal(journal),)))
    campaign = Campaign(tested, (deaths,), own=own, redact=redact)
    with target_apart() as errors, progressing(errors) as progress:
        result = check(campaign, Options(processes=jobs, save_to=save), progress, save_to=save)
    print_result(result)
    print_next_steps(result, "crash")
    raise Exit(code_of_writing(exit_code_of(result), result.unwritten))


def _play(target: str, schedule: Schedule, own: tuple[str, ...], *, redact: bool) -> int:
    from runfaults.report.timeline import print_printed, print_timeline

    with target_apart(), interruptions.breaking_off():
        trial = play(target, schedule, own=own, redact=redact)
    print_timeline(trial.history, trial.judgements)
    print_prose(explain(trial.history, trial.judgements))
    print_printed(trial.history)
    trial.require_playable("the schedule")
    print_lines(str(trial.verdict))
    return exit_code(trial.verdict)
