"""`runfaults draw`: draw a scenario, for issues and pull requests."""

from __future__ import annotations

import sys
from pathlib import Path

import click

from runfaults.campaign.replay import replay
from runfaults.cli.aim import given_target, played_options, played_target, playing
from runfaults.cli.next_step import name_command, without
from runfaults.cli.overheard import target_apart
from runfaults.cli.own_rules import rule_option
from runfaults.cli.redact import redact_option
from runfaults.cli.writing import writable_file
from runfaults.report.console import print_lines
from runfaults.report.picture import draw_png, draw_svg
from runfaults.report.typed import typed
from runfaults.scenario.file import load_scenario


@click.command("draw")
@click.argument("file", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@played_options
@rule_option
@redact_option
@click.option(
    "-o",
    "--output",
    required=True,
    callback=writable_file,
    type=click.Path(dir_okay=False, path_type=Path),
    help="Where to write the picture: a name that ends in .svg or .png.",
)
def command(
    file: Path,
    target: str | None,
    source: Path | None,
    *,
    own: tuple[str, ...],
    redact: bool,
    output: Path,
) -> None:
    """Play a scenario and draw what happened, as SVG or PNG."""
    suffix = output.suffix.lower()
    if suffix not in {".svg", ".png"}:
        raise click.UsageError(f"{output}: give the picture a name that ends in .svg or .png")
    with target_apart(), playing(file):
        scenario = load_scenario(file, own)
        tested = played_target(given_target(target, source), scenario, file)
        played = replay(scenario, tested, own=own, redact=redact)
    try:
        if suffix == ".png":
            output.write_bytes(draw_png(played.history, played.judgements))
        else:
            output.write_text(draw_svg(played.history, played.judgements), encoding="utf-8")
    except ModuleNotFoundError as error:
        raise click.ClickException(str(error)) from error
    print_lines(f"{scenario.name}: {played.verdict}; drawn to {output}")
    words = without(sys.argv[2:], "-o", "--output")
    name_command("to see it step by step", typed(["replay", *words]))
