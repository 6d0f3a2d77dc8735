"""`runfaults new-target`: an adapter to begin with."""

from __future__ import annotations

import shlex
from importlib.resources import files
from pathlib import Path

import click


@click.command("new-target")
@click.argument("file", type=click.Path(dir_okay=False, path_type=Path))
def command(file: Path) -> None:
    """Write a commented target for your own job runner to FILE. It runs as it is."""
    if file.suffix != ".py":
        raise click.UsageError(f"{file}: give the file a name that ends in .py")
    if file.exists():
        raise click.UsageError(f"{file} exists already; nothing was written")
    text = files("runfaults.targets").joinpath("skeleton.py").read_text("utf-8")
    file.write_text(text.replace("FILE", str(file)), encoding="utf-8")
    click.echo(f"wrote {file}; now try:")
    click.echo(f"    runfaults check --target {shlex.quote(f'{file}:MyTarget')} --bound quick")
