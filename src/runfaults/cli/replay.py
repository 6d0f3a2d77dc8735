"""`runfaults replay`: play scenarios, the same every time, and print what happened."""

from __future__ import annotations

import sys
from dataclasses import dataclass
from pathlib import Path

import click
from click.exceptions import Exit

from runfaults.campaign.confirm import reality
from runfaults.campaign.replay import replay
from runfaults.cli.aim import aim_options, given_target, played_target, playing
from runfaults.cli.debugger import stop_in_target
from runfaults.cli.exit_codes import UNTESTABLE, exit_code
from runfaults.cli.next_step import name_command
from runfaults.cli.overheard import target_apart
from runfaults.cli.own_rules import rule_option
from runfaults.cli.redact import redact_option
from runfaults.explore.trial import NotPlayableError, Trial
from runfaults.model import Scenario, Verdict
from runfaults.report.console import print_lines, print_prose
from runfaults.report.explain import explain
from runfaults.report.steps import printable
from runfaults.report.typed import typed
from runfaults.scenario.file import load_scenario
from runfaults.targets.optional import MissingPackageError
from runfaults.targets.target import TargetError
from runfaults.user_code import Interrupted, interruptions


@click.command("replay")
@click.argument("files", nargs=-1, required=True, type=click.Path(exists=True, path_type=Path))
@aim_options(
    "Play against this target instead of the file's own.",
    "Play against this checkout of GenGlossary. For `git bisect run`: the exit code is 125 "
    "where it cannot be tested.",
)
@rule_option
@redact_option
@click.option(
    "--real",
    is_flag=True,
    help="Provoke the faults for real: the engine itself fails. If this machine cannot provoke "
    "one, it prints the reason, and the verdict is unknown.",
)
@click.option(
    "--history", "exact", is_flag=True, help="Print the exact history instead of the timeline."
)
@click.option(
    "--pdb",
    "debug",
    is_flag=True,
    help="Stop in the debugger at the line of your code that a fault strikes.",
)
def command(
    files: tuple[Path, ...],
    target: str | None,
    source: Path | None,
    *,
    own: tuple[str, ...],
    redact: bool,
    real: bool,
    exact: bool,
    debug: bool,
) -> None:
    """Play scenario files (or folders of them) and print what happened.

    The exit code says whether the rules hold, not whether that was expected: the rules that the
    file names, or all if it names none. A file in a folder whose target needs a package that is not
    installed is skipped, and that is said; it is unknown if all are.
    """
    if debug:
        _require_debuggable(redact=redact, real=real)
    how = _How(given_target(target, source), source, own, redact, real, debug)
    paths = [path for each in files for path in scenario_files(each)]
    shown: list[tuple[Scenario, Trial]] = []
    skipped = 0
    try:
        for path in paths:
            if (played := how.play(path, named=path in files)) is None:
                skipped += 1
                continue
            shown.append(played)
            if exact:
                click.echo(printable(played[1].history.text()), nl=False)
            else:
                _print(path, *played, real=real, whole=len(paths) == 1)
    except Interrupted:
        if not shown:
            raise
    verdicts = [trial.verdict_by(scenario.rules) for scenario, trial in shown]
    if left := len(paths) - len(shown) - skipped:
        print_lines(f"interrupted: {left:,} of {len(paths):,} files were not replayed", sys.stderr)
        verdicts.append(Verdict.UNKNOWN)
    worst = Verdict.worst(verdicts) if verdicts else Verdict.UNKNOWN
    if len(paths) == len(shown) == 1 and not (real or exact):
        _name_next(*shown[0], redact=redact)
    untestable = source is not None and worst is Verdict.UNKNOWN
    raise Exit(UNTESTABLE if untestable else exit_code(worst))


def _require_debuggable(*, redact: bool, real: bool) -> None:
    """See that there is something to stop at, and who could be asked there.

    Raises:
        click.UsageError: if not.
    """
    if redact:
        raise click.UsageError("--pdb shows all that there is; add --no-redact")
    if real:
        raise click.UsageError("--pdb stops before an emulated fault strikes; leave out --real")
    if not sys.stdin.isatty():
        raise click.UsageError("--pdb asks what to do at a terminal; standard input is none here")


@dataclass(frozen=True, slots=True)
class _How:
    """How files are played, as the options say; see there."""

    target: str | None
    source: Path | None
    own: tuple[str, ...]
    redact: bool
    real: bool
    debug: bool

    def play(self, path: Path, *, named: bool) -> tuple[Scenario, Trial] | None:
        """Play a file; one that is not named itself is skipped where a package is missing.

        Raises:
            Interrupted: if the user has interrupted it, or one before.
        """
        if interruptions.count:
            raise Interrupted
        try:
            with target_apart(), playing(path), interruptions.breaking_off():
                scenario = load_scenario(path, self.own)
                tested = played_target(self.target, scenario, path)
                on_strike = stop_in_target if self.debug else None
                return scenario, replay(
                    scenario,
                    tested,
                    own=self.own,
                    real=self.real,
                    redact=self.redact,
                    on_strike=on_strike,
                )
        except MissingPackageError as error:
            if named:
                raise
            print_lines(f"{path}: skipped: {error}")
            return None
        except (TargetError, NotPlayableError) as error:
            if self.source is None:
                raise
            print_lines(f"{path}: cannot be tested with {self.source}: {error}", sys.stderr)
            raise Exit(UNTESTABLE) from error


def scenario_files(given: Path) -> list[Path]:
    """The file itself, or every scenario file below the folder."""
    if not given.is_dir():
        return [given]
    found = sorted(given.rglob("*.toml"))
    if not found:
        raise click.UsageError(f"{given}: no scenario files (*.toml) in this folder")
    return found


def _print(path: Path, scenario: Scenario, played: Trial, *, real: bool, whole: bool) -> None:
    from runfaults.report.timeline import print_printed, print_timeline

    print_prose(f"{path}: {scenario.symptom}", hanging=2)
    if whole:
        print_timeline(played.history, played.judgements)
        print_prose(explain(played.history, played.judgements))
        print_printed(played.history)
    expected = ["as expected" if played.matches(scenario) else f"expected {scenario.expect}"]
    if real and not played.execution.unavailable:
        expected.append(reality(played))
    verdict = played.verdict_by(scenario.rules)
    print_lines(f"{verdict} ({'; '.join(expected)})")
    for reason in played.execution.unavailable:
        print_prose(f"  not available on this machine: {reason}", hanging=4)
    alike: dict[str, list[str]] = {}
    for judgement in played.failing():
        asked = judgement.rule in scenario.rules or not scenario.rules
        if judgement.verdict is verdict or not asked:
            rule = judgement.rule if asked else f"also {judgement.rule}"
            alike.setdefault(f"{judgement.verdict}: {judgement.reason}", []).append(rule)
    for told, rules in alike.items():
        print_prose(f"  {', '.join(rules)}: {told}", hanging=4)
    judging = {judgement.rule: judgement.exercised for judgement in played.judgements}
    for rule in scenario.rules:
        if rule not in judging:
            print_lines(f"  {rule}: does not judge this target")
        elif not judging[rule]:
            print_lines(f"  {rule}: not exercised: nothing that it judges happened")


def _name_next(scenario: Scenario, played: Trial, *, redact: bool) -> None:
    """Name what shows more of a single schedule that is broken."""
    if played.verdict_by(scenario.rules) is not Verdict.BROKEN:
        return
    words = sys.argv[2:]
    if scenario.schedule.faults and not redact and "--pdb" not in words:
        stop = typed(["replay", *words, "--pdb"])
        name_command("to stop in your own code where the fault strikes", stop)
    else:
        words = [word for word in words if word != "--pdb"]
        name_command("to draw it", typed(["draw", *words, "-o", f"{scenario.name}.svg"]))
