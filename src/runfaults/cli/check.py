"""`runfaults check`: the main job."""

from __future__ import annotations

import sys
from dataclasses import replace
from pathlib import Path

import click

from runfaults.cli.exit_codes import HARNESS, HOLDS, UNKNOWN, exit_code
from runfaults.explore.bound import bound_named
from runfaults.explore.check import check
from runfaults.model import CheckResult, Verdict
from runfaults.oracle.rules import RULES
from runfaults.report.progress import open_progress
from runfaults.report.terminal import print_result
from runfaults.sqlite.kinds import KINDS
from runfaults.targets.checkout import PREFIX

_OUTPUT = click.Path(dir_okay=False, path_type=Path)


@click.command("check")
@click.option("--target", default="genglossary", show_default=True, help="System under test.")
@click.option(
    "--source",
    type=click.Path(exists=True, file_okay=False, path_type=Path),
    help="Test the RunManager of this checkout of GenGlossary instead of a target.",
)
@click.option(
    "--bound",
    default="default",
    show_default=True,
    help="How much to run: quick, default or nightly.",
)
@click.option(
    "--only",
    multiple=True,
    metavar="RULE|KIND",
    help="Judge only this rule, or strike only with this fault kind. May be repeated.",
)
@click.option("--seed", type=int, default=0, show_default=True, help="Seed of backoff jitter.")
@click.option("--jobs", type=click.IntRange(min=1), help="Processes; default: one per core.")
@click.option(
    "--save",
    type=click.Path(file_okay=False, path_type=Path),
    default=Path(".runfaults"),
    show_default=True,
    help="Folder for the scenario files of violations.",
)
@click.option("--json", "json_file", type=_OUTPUT, help="Write the result as JSON.")
@click.option("--html", "html_file", type=_OUTPUT, help="Write a self-contained HTML report.")
@click.option("--junit", "junit_file", type=_OUTPUT, help="Write JUnit XML.")
def command(
    target: str,
    source: Path | None,
    bound: str,
    only: tuple[str, ...],
    seed: int,
    jobs: int | None,
    save: Path,
    **files: Path | None,
) -> None:
    """Run every schedule of the bound and judge it. The main job."""
    if source is not None:
        target = f"{PREFIX}{source.resolve()}"
    rules, kinds = _chosen(only)
    schedules = replace(bound_named(bound), seed=seed)
    if kinds:
        schedules = replace(schedules, kinds=kinds)
    progress = open_progress()
    try:
        result = check(target, schedules, progress, jobs=jobs, save_to=save, rules=rules or None)
    finally:
        progress.stop()
    print_result(result)
    _write_reports(result, files)
    sys.exit(_exit_code(result))


def _chosen(only: tuple[str, ...]) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """Sort the names of `--only` into rules and fault kinds."""
    known = {rule.name for rule in RULES}
    for name in only:
        if name not in known and name not in KINDS:
            raise click.UsageError(
                f"--only {name!r} is neither a rule nor a fault kind; `runfaults list` shows both"
            )
    return tuple(n for n in only if n in known), tuple(n for n in only if n in KINDS)


def _exit_code(result: CheckResult) -> int:
    if result.verdict is Verdict.HOLDS and result.notes:
        return HARNESS
    code = exit_code(result.verdict)
    return UNKNOWN if code == HOLDS and not result.finished else code


def _write_reports(result: CheckResult, files: dict[str, Path | None]) -> None:
    if (path := files.get("json_file")) is not None:
        from runfaults.report.json_report import to_json

        path.write_text(to_json(result), encoding="utf-8")
    if (path := files.get("html_file")) is not None:
        from runfaults.report.html import to_html

        path.write_text(to_html(result), encoding="utf-8")
    if (path := files.get("junit_file")) is not None:
        from runfaults.report.junit import to_junit

        path.write_text(to_junit(result), encoding="utf-8")
