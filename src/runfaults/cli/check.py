"""`runfaults check`: run every schedule of a bound and judge it: the main job."""

from __future__ import annotations

import shutil
from collections.abc import Collection, Iterable, Iterator
from contextlib import nullcontext
from functools import partial
from math import inf
from pathlib import Path

import click
from click.exceptions import Exit

from runfaults.campaign.baseline import load_baseline
from runfaults.campaign.bounds import BOUNDS, bound_named
from runfaults.campaign.budget import Budget, parse_duration
from runfaults.campaign.campaign import Campaign
from runfaults.campaign.conclude import conclude
from runfaults.campaign.memory import Cache
from runfaults.campaign.profile import profiled
from runfaults.campaign.running import Options, run_campaign
from runfaults.campaign.settings import own_folder
from runfaults.cli.aim import chosen_target, setting, tested_options
from runfaults.cli.exit_codes import exit_code_of
from runfaults.cli.next_step import print_next_steps
from runfaults.cli.overheard import target_apart
from runfaults.cli.own_rules import rule_option
from runfaults.cli.redact import redact_option
from runfaults.cli.reports import report_options, require_distinct_reports, write_reports
from runfaults.cli.writing import code_of_writing, require_writable_folder, writable_folder
from runfaults.explore.job import Chosen
from runfaults.explore.runner import PlayerKind
from runfaults.explore.strategy import Strategy
from runfaults.explore.understanding import understood
from runfaults.model import Ending, Journal
from runfaults.oracle.own import own_rules
from runfaults.oracle.rules import RULES
from runfaults.report.console import broken, print_lines
from runfaults.report.progress import progressing
from runfaults.sim.acts import ACTS
from runfaults.sim.meter import Phase
from runfaults.sim.misfortunes import EVERY_FAULT
from runfaults.targets.target import TargetError

_OUTPUT = click.Path(dir_okay=False, path_type=Path)
_FOLDER = click.Path(file_okay=False, path_type=Path)


def _duration(_: click.Context, __: click.Parameter, text: str | None) -> float | None:
    try:
        return None if text is None else parse_duration(text)
    except ValueError as error:
        raise click.BadParameter(str(error)) from error


@click.command("check")
@tested_options
@click.option(
    "--bound",
    default=setting("bound", "default"),
    help=f"How much to run: {', '.join(BOUNDS)}; or all "
    "interleavings with at most so many FAULTS,CANCELS,PREEMPTIONS, such as 1,1,1. Without it: "
    "default.",
)
@click.option(
    "--only",
    multiple=True,
    metavar="RULE|KIND|ACT",
    help="Judge only this rule, strike only with this fault kind, or interrupt only with this "
    "act. May be repeated.",
)
@rule_option
@click.option(
    "--journal",
    "journals",
    multiple=True,
    type=click.Choice([str(journal) for journal in Journal]),
    help="SQLite journal mode, instead of those of the bound; target: the one that the target "
    "itself chooses, as in most bounds. May be repeated.",
)
@click.option(
    "--pipeline",
    "endings",
    metavar="ENDING",
    multiple=True,
    type=click.Choice([str(ending) for ending in Ending]),
    help="How the pipeline ends, instead of the endings of the bound: `runfaults list` has them. "
    "May be repeated.",
)
@click.option(
    "--samples",
    type=click.IntRange(min=0),
    metavar="N",
    help="After the bound, run so many random schedules beyond it, by probabilistic concurrency "
    "testing, and say with what probability they find a bug; default: 5000 if the bound is "
    "nightly, else none.",
)
@click.option(
    "--depth",
    type=click.IntRange(min=1),
    metavar="D",
    help="Have the samples look for bugs that D ordering constraints are enough to show; default: "
    "that of the bound, else 3.",
)
@click.option(
    "--seed",
    type=int,
    default=0,
    show_default=True,
    help="Seed of backoff jitter, and of the samples.",
)
@click.option("--jobs", type=click.IntRange(min=1), help="Processes; default: one per core.")
@click.option(
    "--cluster",
    metavar="ADDRESS",
    help="Run the jobs on the Dask cluster at this address.",
)
@click.option(
    "--budget",
    default=setting("budget"),
    callback=_duration,
    metavar="TIME",
    help="Stop after 60s, 5m or 1h; the report lists what was not reached, and that alone does not "
    "fail the check. After the first violation, a quarter of the time is kept for minimising.",
)
@click.option(
    "--fail-fast",
    is_flag=True,
    help="Stop at the first violation that the baseline, if any, does not know. Without it the "
    "check reports each one as soon as it is found, and runs everything.",
)
@click.option(
    "--state",
    type=_FOLDER,
    callback=writable_folder,
    help="Journal finished jobs in this folder, and continue from those already there.",
)
@click.option(
    "--cache/--no-cache",
    default=False,
    show_default="--no-cache",
    help="Take the result of unchanged code from .runfaults/cache, beside the project's settings, "
    "or run everything again.",
)
@click.option(
    "--baseline",
    type=_OUTPUT,
    default=setting("baseline"),
    help="Fail only on violations that this file does not know.",
)
@click.option(
    "--update-baseline", is_flag=True, help="Rewrite the baseline with every violation found."
)
@click.option(
    "--save",
    type=_FOLDER,
    default=setting("save"),
    callback=writable_folder,
    help="Folder for the scenario files of violations; default: .runfaults.",
)
@report_options
@click.option(
    "--real",
    is_flag=True,
    help="Provoke every fault for real, wherever this machine can make it, instead of the bound.",
)
@redact_option
@click.option(
    "--explain",
    is_flag=True,
    help="Run nothing but the clean runs, and say in plain words what was understood of the "
    "target: where its status is recorded, what its work is given, which acts and rules it has.",
)
@click.option("--grid", is_flag=True, help="Print the outcome of each fault at each point.")
@click.option(
    "--profile",
    "profiled_too",
    is_flag=True,
    help="Print where the time was spent; one process, no cache.",
)
def command(  # noqa: PLR0913  # a parameter for each option
    *,
    target: str | None,
    source: Path | None,
    bound: str,
    only: tuple[str, ...],
    own: tuple[str, ...],
    journals: tuple[str, ...],
    endings: tuple[str, ...],
    samples: int | None,
    depth: int | None,
    seed: int,
    jobs: int | None,
    cluster: str | None,
    budget: float | None,
    fail_fast: bool,
    state: Path | None,
    cache: bool,
    baseline: Path | None,
    update_baseline: bool,
    save: Path,
    real: bool,
    redact: bool,
    profiled_too: bool,
    grid: bool,
    explain: bool,
    **reports: Path | bool | None,
) -> None:
    """Run every schedule of the bound and judge it. The main job.

    What is not given is taken from [tool.runfaults] of pyproject.toml: target or source, bound,
    budget, rules, save, baseline, redact.
    """
    from runfaults.report.terminal import print_result

    tested = chosen_target(target, source)
    if update_baseline and baseline is None:
        raise click.UsageError("--update-baseline needs --baseline: the file that is to be written")
    if cluster is not None and (jobs is not None or profiled_too):
        raise click.UsageError(
            "--cluster cannot be combined with --jobs or --profile, which are of this machine"
        )
    require_distinct_reports(reports, {"--baseline": baseline})
    if baseline is not None and update_baseline:
        require_writable_folder(baseline.parent, "--baseline")
    known = None if baseline is None else load_baseline(baseline, update=update_baseline)
    rules, kinds, acts = _chosen(only, own)
    try:
        chosen = bound_named("real" if real else bound).sampled(samples, depth)
    except ValueError as error:
        raise click.UsageError(str(error)) from error
    limits = Chosen(kinds, acts, tuple(map(Ending, endings)), tuple(map(Journal, journals)))
    strategies = chosen.seeded(seed).limited_to(limits).strategies
    campaign = Campaign(tested, strategies, rules or None, own, redact)
    if explain:
        _print_understanding(campaign)
        return
    spending = Budget(inf if budget is None else budget)
    options = Options(
        processes=1 if profiled_too else jobs,
        should_stop=spending.spent,
        accept=partial(_require_offered, tested, acts, endings),
        on_violation=spending.without_known,
        fail_fast=fail_fast,
        is_known=(lambda _: False) if known is None else known.may_know,
        save_to=save,
        cache=Cache(own_folder() / "cache") if cache and not profiled_too else None,
        state=state,
        cluster=cluster,
    )
    with profiled() if profiled_too else nullcontext() as profile:
        with target_apart() as errors, progressing(errors) as progress:
            outcome = run_campaign(campaign, options, progress)
            if outcome.found.witnesses:
                progress.note("grouping violations by cause, shrinking one of each")
            result = conclude(
                campaign, outcome, save_to=save, baseline=known, should_stop=spending.over
            )
        if profile is not None:
            profile.enter(Phase.REPORTING)
        print_result(result, grid=grid)
        unwritten = (*result.unwritten, *write_reports(result, reports))
        print_next_steps(result, "real" if real else bound)
    if profile is not None:
        print_lines(profile.text())
    raise Exit(code_of_writing(exit_code_of(result), unwritten))


def _print_understanding(campaign: Campaign) -> None:
    """Print what was understood of a target, a paragraph for each topic."""
    with target_apart(), campaign.open_player(PlayerKind.SIMULATION) as player:
        told = understood(player)
    print_lines(f"target {player.target.name}, as its clean runs show it")
    columns = shutil.get_terminal_size((100, 24)).columns
    for topic, text in told:
        print_lines(broken(f"  {topic}".ljust(_TOPIC) + text, columns, _TOPIC))


_TOPIC = 12


def _require_offered(
    target: str, acts: Collection[str], endings: Collection[str], strategies: Iterable[Strategy]
) -> None:
    scopes = [strategy.scope for strategy in strategies]
    if acts and not any(scope.acts for scope in scopes):
        raise TargetError(
            f"target {target} offers none of the acts that --only names, {', '.join(acts)}: "
            "its manager has no such method, or it has no event loop"
        )
    if not any(scope.endings for scope in scopes):
        raise TargetError(
            f"target {target} gives its work no client that it could close, so its pipeline cannot "
            f"end as --pipeline names, {', '.join(endings)}; runfaults.targets.client has one to "
            "give"
        )


def _chosen(only: tuple[str, ...], own: tuple[str, ...]) -> Iterator[tuple[str, ...]]:
    """Sort the names of `--only` into rules, fault kinds and acts."""
    known = ({rule.name for rule in (*RULES, *own_rules(own))}, EVERY_FAULT, ACTS)
    for name in only:
        if not any(name in names for names in known):
            raise click.UsageError(
                f"--only {name!r} is not a rule, fault kind or act; `runfaults list` shows them"
            )
    return (tuple(name for name in only if name in names) for names in known)
