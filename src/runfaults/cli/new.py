"""`runfaults new`: write a commented scenario to start from."""

from __future__ import annotations

import json
import re
from importlib.resources import files
from pathlib import Path

import click

SCHEMA = "scenario.schema.json"


@click.command("new")
@click.argument("name", default="my-scenario")
@click.option("--target", default="genglossary", show_default=True, help="System under test.")
@click.option(
    "--folder",
    type=click.Path(file_okay=False, path_type=Path),
    default=Path("faults"),
    show_default=True,
    help="Where to write it.",
)
@click.option(
    "--schema", "schema_only", is_flag=True, help="Print the JSON Schema of scenarios instead."
)
def command(name: str, target: str, folder: Path, *, schema_only: bool) -> None:
    """Write a commented scenario NAME.toml, and beside it the schema that editors check it with."""
    from runfaults.report.console import print_lines
    from runfaults.report.typed import typed
    from runfaults.scenario.schema import schema_text
    from runfaults.scenario.trust import is_asked_for, option_for

    if schema_only:
        click.echo(schema_text(), nl=False)
        return
    if re.fullmatch(r"[A-Za-z0-9][A-Za-z0-9_.-]*", name) is None:
        raise click.UsageError(
            f"{name!r} cannot be a scenario's name; use letters, digits and hyphens, such as "
            "locked-while-recording"
        )
    path = folder / f"{name}.toml"
    if path.exists():
        raise click.UsageError(f"{path} exists already; nothing was written")
    folder.mkdir(parents=True, exist_ok=True)
    path.write_text(_scenario(name, target, path), encoding="utf-8")
    (folder / SCHEMA).write_text(schema_text(), encoding="utf-8")
    print_lines(f"wrote {path} and {folder / SCHEMA}; now try:")
    named = () if is_asked_for(target, path) else option_for(target)
    print_lines(f"    {typed(('replay', str(path), *named))}")


def _scenario(name: str, target: str, path: Path) -> str:
    from runfaults.model import Ending
    from runfaults.report.typed import quoted
    from runfaults.sim.acts import ACTS

    text = files("runfaults.scenario").joinpath("schemas/scenario.template.toml").read_text("utf-8")
    for place, words in {
        "@FILE@": quoted(str(path)),
        "@NAME@": name,
        '"@TARGET@"': json.dumps(target),  # a JSON string is a TOML string
        "@ENDINGS@": ", ".join(Ending),
        "@ACTS@": ", ".join(ACTS),
    }.items():
        text = text.replace(place, words)
    return text
