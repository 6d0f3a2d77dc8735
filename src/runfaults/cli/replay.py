"""`runfaults replay`: one scenario, every time the same."""

from __future__ import annotations

import sys
from pathlib import Path

import click

from runfaults.cli.exit_codes import UNTESTABLE, exit_code
from runfaults.explore.reality import RealReplay, replay_for_real
from runfaults.explore.replay import NotPlayableError, Replay, replay
from runfaults.explore.scenario_file import load_scenario
from runfaults.model import Verdict
from runfaults.report.explain import explain
from runfaults.report.timeline import print_timeline
from runfaults.targets.checkout import PREFIX
from runfaults.targets.optional import MissingPackageError
from runfaults.targets.target import TargetError


@click.command("replay")
@click.argument("files", nargs=-1, required=True, type=click.Path(exists=True, path_type=Path))
@click.option("--target", help="Play against this target instead of the file's own.")
@click.option(
    "--source",
    type=click.Path(exists=True, file_okay=False, path_type=Path),
    help="Play against this checkout of GenGlossary. For `git bisect run`: the exit code is 125 "
    "where it cannot be tested.",
)
@click.option(
    "--real",
    is_flag=True,
    help="Provoke the faults for real: the engine itself fails. Where this machine cannot make "
    "one, it says why, and the verdict is unknown.",
)
@click.option(
    "--history", "exact", is_flag=True, help="Print the exact history instead of the timeline."
)
@click.option(
    "--pdb", "debug", is_flag=True, help="Stop in the debugger where the first fault strikes."
)
def command(
    files: tuple[Path, ...],
    target: str | None,
    source: Path | None,
    *,
    real: bool,
    exact: bool,
    debug: bool,
) -> None:
    """Play scenario files (or folders of them) and print what happened.

    The exit code says whether the rules hold, not whether that was expected. A file in a folder
    whose target needs a package that is not installed is skipped, and that is said.
    """
    if source is not None:
        target = f"{PREFIX}{source.resolve()}"
    paths = [path for given in files for path in scenario_files(given)]
    verdicts: list[Verdict] = []
    for path in paths:
        scenario = load_scenario(path)
        try:
            if real:
                played_for_real = replay_for_real(scenario, target)
                verdicts.append(played_for_real.verdict)
                _print_real(path, played_for_real, exact=exact, whole=len(paths) == 1)
                continue
            played = replay(scenario, target, on_strike=breakpoint if debug else None)
        except MissingPackageError as error:
            if path in files:
                raise
            click.echo(f"{path}: skipped: {error}")
            continue
        except (TargetError, NotPlayableError) as error:
            if source is None:
                raise
            click.echo(f"{path}: cannot be tested with {source}: {error}", err=True)
            sys.exit(UNTESTABLE)
        verdicts.append(played.verdict)
        if exact:
            click.echo(played.history.text(), nl=False)
        else:
            _print(path, played, whole=len(paths) == 1)
    worst = Verdict.worst(verdicts)
    untestable = source is not None and worst is Verdict.UNKNOWN
    sys.exit(UNTESTABLE if untestable else exit_code(worst))


def scenario_files(given: Path) -> list[Path]:
    """The file itself, or every scenario file below the folder."""
    if given.is_file():
        return [given]
    found = sorted(given.rglob("*.toml"))
    if not found:
        raise click.UsageError(f"{given}: no scenario files (*.toml) in this folder")
    return found


def _print_real(path: Path, played: RealReplay, *, exact: bool, whole: bool) -> None:
    if exact:
        click.echo(played.history.text(), nl=False)
        return
    if whole:
        print_timeline(played.history, played.judgements)
    click.echo(f"{path}: {played.describe()}")


def _print(path: Path, played: Replay, *, whole: bool) -> None:
    click.echo(f"{path}: {played.scenario.symptom}")
    if whole:
        print_timeline(played.history, played.judgements)
        click.echo(explain(played.history, played.judgements))
    expected = "as expected" if played.as_expected else f"expected {played.scenario.expect}"
    click.echo(f"{played.verdict} ({expected})")
    for judgement in played.judgements:
        if judgement.verdict is played.verdict is not Verdict.HOLDS:
            click.echo(f"  {judgement.rule}: {judgement.verdict}: {judgement.reason}")
