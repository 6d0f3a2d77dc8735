"""`runfaults compare`: run one bound on two targets, side by side."""

from __future__ import annotations

from pathlib import Path

import click
from click.exceptions import Exit

from runfaults.campaign.bounds import BOUNDS, bound_named
from runfaults.campaign.compare import Change, Comparison, compare
from runfaults.campaign.settings import load_settings
from runfaults.cli.exit_codes import BROKEN, HOLDS, UNKNOWN
from runfaults.cli.next_step import name_command
from runfaults.cli.overheard import target_apart
from runfaults.cli.own_rules import rule_option
from runfaults.cli.redact import redact_option
from runfaults.model import CheckResult, Verdict
from runfaults.report.console import open_console, print_lines, print_prose
from runfaults.report.progress import progressing
from runfaults.report.steps import printable
from runfaults.report.typed import typed
from runfaults.report.wording import describe_duration, describe_rule, headline
from runfaults.scenario.trust import option_for
from runfaults.targets.checkout import checkout_named


@click.command("compare")
@click.argument("targets", nargs=-1, metavar="[FIRST] SECOND")
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

    With one alone, the first is the target of [tool.runfaults] in pyproject.toml. Exits with 1 if
    a rule is broken with SECOND that is not broken with FIRST.
    """
    first, second = _two(targets, sources)
    with target_apart() as errors, progressing(errors) as progress:
        found = compare(
            first, second, bound_named(bound), progress, own=own, processes=jobs, redact=redact
        )
    code, verdict = _verdict(found)
    _print(found)
    print_lines(f"\n{verdict}")
    if found.worse:
        rules = (word for rule in own for word in ("--rule", rule))
        words = ["check", *option_for(second), "--bound", bound, *rules]
        name_command("to save a scenario of each violation", typed(words))
    raise Exit(code)


def _two(targets: tuple[str, ...], sources: tuple[Path, ...]) -> tuple[str, str]:
    match (*map(_named, targets), *map(_named, map(str, sources))):
        case (first, second):
            return first, second
        case (second,) if (first := load_settings().tested) is not None:
            return first, second
        case given:
            raise click.UsageError(
                f"{len(given)} given, 2 are compared: targets, folders of checkouts, or --source; "
                "1 is enough where [tool.runfaults] of pyproject.toml has the other"
            )


def _named(given: str) -> str:
    return checkout_named(Path(given)) if Path(given).is_dir() else given


def _verdict(found: Comparison) -> tuple[int, str]:
    """The exit code, and the line that says the same."""
    first, second = found.first.target, found.second.target
    if why := found.first.interrupted:  # what it had no time to break is not worse in the second
        return UNKNOWN, f"{first}: unknown: {why}"
    if found.worse:
        return BROKEN, f"{second}: worse: {first} does not break {', '.join(found.worse)}"
    if found.second.verdict is Verdict.UNKNOWN:
        return UNKNOWN, f"{second}: {headline(found.second)}"
    return HOLDS, f"{second}: not worse: it breaks no rule that {first} does not break"


def _print(found: Comparison) -> None:
    _print_table(found)
    print_lines("")
    for change in found.changes:
        _print_change(change)
    if not found.changes:
        print_prose("Both targets break the same rules under the same schedules.")


def _print_table(found: Comparison) -> None:
    """A line for each rule; on a terminal, cells are wrapped between words."""
    from rich.table import Table
    from rich.text import Text

    results = (found.first, found.second)
    rows = [("", *(result.target for result in results))]
    rows += [(rule, *(_told(result, rule) for result in results)) for rule in found.rules]
    rows.append(("schedules", *(f"{result.schedules.total:,}" for result in results)))
    rows.append(("time", *(describe_duration(result.elapsed) for result in results)))
    table = Table.grid(padding=(0, 2, 0, 0))
    table.add_column(no_wrap=True)
    table.add_column(overflow="fold")
    table.add_column(overflow="fold")
    for row in rows:
        table.add_row(*(Text(printable(cell)) for cell in row))
    open_console().print(table)


def _told(result: CheckResult, rule: str) -> str:
    return describe_rule(result, rule) if rule in result.rules else "does not judge it"


def _print_change(change: Change) -> None:
    before, after = (verdict or "cannot be played" for verdict in change.verdicts)
    print_prose(f"{before} -> {after}: {change.scenario.schedule}", hanging=4)
    print_prose(f"    {', '.join(change.scenario.rules)}: {change.scenario.symptom}", hanging=4)
    if change.why_not:
        print_prose(f"    {change.why_not}", hanging=4)
