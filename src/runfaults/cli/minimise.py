"""`runfaults minimise`: the smallest schedule that fails the same way."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import click

from runfaults.explore.minimise import minimise
from runfaults.explore.scenario_file import dump_scenario, load_scenario
from runfaults.model import Verdict
from runfaults.sim.simulation import Simulation
from runfaults.targets import target_named


@click.command("minimise")
@click.argument("file", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.option("--target", help="Play against this target instead of the file's own.")
@click.option(
    "-o",
    "--output",
    type=click.Path(dir_okay=False, path_type=Path),
    help="Where to write the minimal scenario; by default FILE with '.minimal' before '.toml'.",
)
def command(file: Path, target: str | None, output: Path | None) -> None:
    """Shrink a failing scenario and say what each remaining element is needed for."""
    scenario = load_scenario(file)
    name = target or scenario.target
    with Simulation(target_named(name)) as simulation:
        found = minimise(simulation, scenario.schedule)
    verdict = Verdict.worst(each.verdict for each in found.judgements)
    against = [each for each in found.judgements if each.verdict is verdict]
    smaller = replace(
        scenario,
        target=name,
        schedule=found.schedule,
        expect=verdict,
        rules=tuple(each.rule for each in against),
    )
    path = output or file.with_suffix(".minimal.toml")
    path.write_text(dump_scenario(smaller), encoding="utf-8")
    click.echo(
        f"from {scenario.schedule.size} to {found.schedule.size} elements, after "
        f"{found.tried} schedules: {found.schedule}"
    )
    for need in found.needs:
        click.echo(f"  {need.element}: without it the verdict is: {need.without}")
    for judgement in against:
        click.echo(f"{judgement.rule} is {judgement.verdict}: {judgement.reason}")
    click.echo(f"saved to {path}; to reproduce: runfaults replay {path}")
