"""The command `runfaults`: a thin door to the exploration and the reports."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING

import click

if TYPE_CHECKING:
    from runfaults.model import CheckResult

HOLDS, BROKEN, USAGE, UNKNOWN, HARNESS = 0, 1, 2, 3, 4
"""Exit codes; see the help text."""

_EPILOG = (
    "Exit codes: 0 every rule holds, 1 a rule is broken, 2 wrong usage or unusable input, "
    "3 unknown (hung, interrupted, inconclusive), 4 a bug in runfaults itself."
)


def _print_version(context: click.Context, _: click.Parameter, wanted: bool) -> None:  # noqa: FBT001  # click's signature
    if not wanted:
        return
    from runfaults.explore.check import versions

    found = versions()
    click.echo(f"runfaults {found.runfaults}, Python {found.python}, SQLite {found.sqlite}")
    context.exit()


@click.group(epilog=_EPILOG, context_settings={"help_option_names": ["-h", "--help"]})
@click.option(
    "--version",
    is_flag=True,
    is_eager=True,
    expose_value=False,
    callback=_print_version,
    help="Print the versions of runfaults, Python and SQLite.",
)
def cli() -> None:
    """Can a run that succeeded, or was cancelled, ever be recorded as failed?

    runfaults runs an unmodified job manager on real SQLite, strikes a fault at every place where
    one can really strike, and judges what the database says afterwards.
    """


@cli.command()
@click.option("--target", default="genglossary", show_default=True, help="System under test.")
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
@click.option("--jobs", type=click.IntRange(min=1), help="Processes; default: one per core.")
@click.option(
    "--save",
    type=click.Path(file_okay=False, path_type=Path),
    default=Path(".runfaults"),
    show_default=True,
    help="Folder for the scenario files of violations.",
)
@click.option(
    "--json",
    "json_file",
    type=click.Path(dir_okay=False, path_type=Path),
    help="Write the result as JSON.",
)
@click.option(
    "--html",
    "html_file",
    type=click.Path(dir_okay=False, path_type=Path),
    help="Write a self-contained HTML report.",
)
@click.option(
    "--junit",
    "junit_file",
    type=click.Path(dir_okay=False, path_type=Path),
    help="Write JUnit XML.",
)
def check(
    target: str,
    bound: str,
    only: tuple[str, ...],
    jobs: int | None,
    save: Path,
    **files: Path | None,
) -> None:
    """Run every schedule of the bound and judge it. The main job."""
    from dataclasses import replace

    from runfaults.explore import check as exploration
    from runfaults.explore.bound import bound_named
    from runfaults.report.progress import open_progress
    from runfaults.report.terminal import print_result
    from runfaults.sqlite.kinds import KINDS
    from runfaults.oracle.rules import RULES

    chosen = bound_named(bound)
    rules = [name for name in only if name in {rule.name for rule in RULES}]
    kinds = tuple(name for name in only if name in KINDS)
    for name in only:
        if name not in rules and name not in kinds:
            raise click.UsageError(
                f"--only {name!r} is neither a rule nor a fault kind; `runfaults list` shows both"
            )
    if kinds:
        chosen = replace(chosen, kinds=kinds)
    progress = open_progress()
    try:
        result = exploration.check(
            target, chosen, progress, jobs=jobs, save_to=save, rules=rules or None
        )
    finally:
        progress.stop()
    print_result(result)
    _write_reports(result, files)
    if result.notes and result.verdict == "holds":
        sys.exit(HARNESS)
    code = _exit_code(result.verdict)
    sys.exit(UNKNOWN if code == HOLDS and not result.finished else code)


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


def _exit_code(verdict: str) -> int:
    return {"holds": HOLDS, "broken": BROKEN}.get(verdict, UNKNOWN)


@cli.command()
@click.argument("files", nargs=-1, required=True, type=click.Path(exists=True, path_type=Path))
@click.option("--target", help="Play against this target instead of the file's own.")
@click.option(
    "--history",
    "show_history",
    is_flag=True,
    help="Print the exact history instead of the timeline.",
)
@click.option("--pdb", "debug", is_flag=True, help="Stop in the debugger where each fault strikes.")
def replay(files: tuple[Path, ...], target: str | None, *, show_history: bool, debug: bool) -> None:
    """Play scenario files (or folders of them) and print what happened."""
    from runfaults.explore.replay import replay as play
    from runfaults.explore.scenario_file import load_scenario
    from runfaults.model import Verdict
    from runfaults.report.explain import explain
    from runfaults.report.timeline import print_timeline

    paths = [path for given in files for path in _scenario_files(given)]
    verdicts: list[Verdict] = []
    for path in paths:
        played = play(load_scenario(path), target)
        verdicts.append(played.verdict)
        if show_history:
            click.echo(played.history.text(), nl=False)
            continue
        click.echo(f"{path}: {played.scenario.symptom}")
        if len(paths) == 1:
            print_timeline(played.history, played.judgements)
            click.echo(explain(played.history, played.judgements))
        expected = "as expected" if played.as_expected else f"expected {played.scenario.expect}"
        broken = [each for each in played.judgements if each.verdict is not Verdict.HOLDS]
        click.echo(f"{played.verdict} ({expected})")
        for judgement in broken:
            click.echo(f"  {judgement.rule}: {judgement.verdict}: {judgement.reason}")
    sys.exit(_exit_code(Verdict.worst(verdicts)))


def _scenario_files(given: Path) -> list[Path]:
    if given.is_file():
        return [given]
    found = sorted(given.rglob("*.toml"))
    if not found:
        raise click.UsageError(f"{given}: no scenario files (*.toml) in this folder")
    return found


@cli.command("list")
def list_everything() -> None:
    """List targets, bounds, rules, fault kinds, pipeline endings and acts."""
    from runfaults.explore.bound import BOUNDS
    from runfaults.model import Ending
    from runfaults.oracle.rules import RULES
    from runfaults.sim.acts import ACTS
    from runfaults.sqlite.kinds import KINDS
    from runfaults.targets import TARGETS

    def section(title: str, entries: dict[str, str]) -> None:
        width = max(map(len, entries))
        click.secho(title, bold=True)
        for name, text in entries.items():
            click.echo(f"  {name.ljust(width)}  {text}".rstrip())

    section("targets", {name: _summary(target) for name, target in TARGETS.items()})
    section("bounds", {bound.name: bound.describe() for bound in BOUNDS.values()})
    section("rules", {rule.name: _summary(rule) for rule in RULES})
    section("fault kinds", {kind.name: kind.summary for kind in KINDS.values()})
    section("pipeline endings", {str(ending): "" for ending in Ending})
    section("acts", {name: _summary(act) for name, act in ACTS.items()})


def _summary(thing: object) -> str:
    return (thing.__doc__ or "").strip().splitlines()[0] if thing.__doc__ else ""


@cli.command()
@click.option("--target", default="genglossary", show_default=True, help="System under test.")
@click.option("--pipeline", default="succeeds", show_default=True, help="How the pipeline ends.")
@click.option(
    "--journal",
    default="delete",
    show_default=True,
    type=click.Choice(["delete", "wal"]),
    help="SQLite journal mode.",
)
@click.option("--why-not", is_flag=True, help="Also say why the other kinds cannot strike.")
def points(target: str, pipeline: str, journal: str, *, why_not: bool) -> None:
    """List the fault points of a clean run and the kinds that can strike at each."""
    from runfaults.model import Ending, Schedule
    from runfaults.sim.world import Simulation
    from runfaults.sqlite.kinds import KINDS
    from runfaults.targets import target_named

    schedule = Schedule(pipeline=Ending(pipeline), journal=journal)
    with Simulation(target_named(target)) as simulation:
        _, survey = simulation.survey(schedule, tuple(KINDS))
    for point, _event, refusals in survey:
        possible = [kind for kind, refusal in refusals if refusal is None]
        click.echo(f"{point}: {', '.join(possible) or 'nothing can strike here'}")
        if why_not:
            for kind, refusal in refusals:
                if refusal is not None:
                    click.echo(f"    not {kind}: {refusal}")


def main() -> None:
    """Run the command; every expected trouble is one line and a documented exit code."""
    try:
        cli.main(standalone_mode=False)
    except click.exceptions.Exit as end:
        sys.exit(end.exit_code)
    except click.Abort:
        _complain("interrupted", UNKNOWN)
    except click.ClickException as error:
        error.show()
        sys.exit(USAGE)
    except KeyboardInterrupt:
        _complain("interrupted; nothing was left behind", UNKNOWN)
    except (ValueError, LookupError, OSError) as error:
        _complain(str(error.args[0] if isinstance(error, LookupError) else error), USAGE)


def _complain(message: str, code: int) -> None:
    click.echo(f"runfaults: {message}", err=True)
    sys.exit(code)


if __name__ == "__main__":
    main()
