"""`runfaults compare`: two targets side by side."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import click
from click.exceptions import Exit

from runfaults.campaign.bounds import BOUNDS, bound_named
from runfaults.campaign.compare import Change, Comparison, compare
from runfaults.cli.exit_codes import BROKEN, HOLDS, UNKNOWN
from runfaults.cli.next_step import name_command
from runfaults.cli.overheard import target_apart
from runfaults.cli.own_rules import rule_option
from runfaults.cli.redact import redact_option
from runfaults.model import CheckResult, Verdict
from runfaults.report.console import print_lines
from runfaults.report.progress import progressing
from runfaults.report.typed import typed
from runfaults.report.wording import describe_duration, describe_rule
from runfaults.scenario.trust import option_for
from runfaults.targets.checkout import checkout_named


@click.command("compare")
@click.argument("targets", nargs=-1, metavar="FIRST SECOND")
@click.option(
    "--source",
    "sources",
    multiple=True,
    type=click.Path(exists=True, file_okay=False, path_type=Path),
    help="Compare this checkout of GenGlossary, after the targets given. May be given twice.",
)
@click.option(
    "--bound",
    default="quick",
    show_default=True,
    help=f"How much to run: {', '.join(BOUNDS)}.",
)
@rule_option
@redact_option
@click.option("--jobs", type=click.IntRange(min=1), help="Processes; default: one per core.")
def command(
    targets: tuple[str, ...],
    sources: tuple[Path, ...],
    bound: str,
    *,
    own: tuple[str, ...],
    redact: bool,
    jobs: int | None,
) -> None:
    """Run the same bound on two targets, or on two checkouts given as folders, side by side.

    Exits with 1 if a rule is broken with SECOND that is not broken with FIRST.
    """
    first, second = _two(targets, sources)
    with target_apart() as errors, progressing(errors) as progress:
        found = compare(
            first, second, bound_named(bound), progress, own=own, processes=jobs, redact=redact
        )
    for line in _lines(found):
        print_lines(line)
    if found.worse:
        words = ["check", *option_for(second), "--bound", bound]
        name_command("to save a scenario of each violation", typed(words))
    raise Exit(_exit_code(found))


def _two(targets: tuple[str, ...], sources: tuple[Path, ...]) -> tuple[str, str]:
    match (*map(_named, targets), *map(_named, map(str, sources))):
        case (first, second):
            return first, second
        case given:
            raise click.UsageError(
                f"{len(given)} given, 2 are compared: targets, folders of checkouts, or --source"
            )


def _named(given: str) -> str:
    return checkout_named(Path(given)) if Path(given).is_dir() else given


def _exit_code(found: Comparison) -> int:
    if found.first.interrupted:  # what it had no time to break is not worse in the second
        return UNKNOWN
    if found.worse:
        return BROKEN
    return UNKNOWN if found.second.verdict is Verdict.UNKNOWN else HOLDS


def _lines(found: Comparison) -> Iterator[str]:
    results = (found.first, found.second)
    rows = [("", *(result.target for result in results))]
    rows += [(rule, *(_told(result, rule) for result in results)) for rule in found.rules]
    rows.append(("schedules", *(f"{result.schedules.total:,}" for result in results)))
    rows.append(("time", *(describe_duration(result.elapsed) for result in results)))
    left, middle = (max(len(row[column]) for row in rows) for column in (0, 1))
    for name, one, other in rows:
        yield f"{name.ljust(left)}  {one.ljust(middle)}  {other}".rstrip()
    yield ""
    for change in found.changes:
        yield from _changed(change)
    if not found.changes:
        yield "Both targets break the same rules under the same schedules."


def _told(result: CheckResult, rule: str) -> str:
    return describe_rule(result, rule) if rule in result.rules else "does not judge it"


def _changed(change: Change) -> Iterator[str]:
    before, after = (verdict or "cannot be played" for verdict in change.verdicts)
    yield f"{before} -> {after}: {change.scenario.schedule}"
    yield f"    {', '.join(change.scenario.rules)}: {change.scenario.symptom}"
    if change.why_not:
        yield f"    {change.why_not}"
