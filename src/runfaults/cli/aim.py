"""The options that say what a command is aimed at, and what stands for those that are not given."""

from __future__ import annotations

from collections.abc import Callable, Generator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import click

from runfaults.campaign.settings import Settings, load_settings
from runfaults.cli.next_step import name_command
from runfaults.explore.trial import NotPlayableError
from runfaults.model import Scenario
from runfaults.scenario.trust import NotAskedForError, require_asked_for
from runfaults.targets.checkout import checkout_named
from runfaults.targets.target import TargetError

DEFAULT = "genglossary"
"""The target where neither the command line nor the project's settings name one."""


def aim_options(help_of_target: str, help_of_source: str) -> Callable[[Any], Any]:
    """Add `--target` and `--source`: `target` and `source` are None where they are not given."""

    def add(command: Any) -> Any:  # noqa: ANN401  # click's decorators have such types
        source = click.option(
            "--source",
            type=click.Path(exists=True, file_okay=False, path_type=Path),
            help=help_of_source,
        )
        return click.option("--target", help=help_of_target)(source(command))

    return add


tested_options = aim_options(
    f"System under test; default: that of [tool.runfaults] in pyproject.toml, else {DEFAULT}.",
    "Test the RunManager of this checkout of GenGlossary instead of a target.",
)
"""For a command that tests something of its own choice."""

played_options = aim_options(
    "Play against this target instead of the file's own.",
    "Play against this checkout of GenGlossary instead of the file's own target.",
)
"""For a command that plays a scenario file, which names its target."""


def given_target(target: str | None, source: Path | None) -> str | None:
    """The target that the command line names; None if it names none.

    Raises:
        click.UsageError: if it names two.
    """
    if target is not None and source is not None:
        raise click.UsageError("--target and --source name two things to test; give one of them")
    return target if source is None else checkout_named(source)


def played_target(given: str | None, scenario: Scenario, file: Path) -> str:
    """The target that the command line names, else the scenario's, if that may be loaded.

    Raises:
        NotAskedForError: if its code is not in the project.
    """
    if given is not None:
        return given
    named = load_settings().tested
    try:
        require_asked_for(scenario.target, file, () if named is None else (named,))
    except NotAskedForError as error:
        raise NotAskedForError(f"{file}: {error}") from error
    return scenario.target


@contextmanager
def playing(file: Path) -> Generator[None]:
    """Name the scenario file in what keeps it from being played."""
    try:
        yield
    except (TargetError, NotPlayableError) as error:
        raise type(error)(f"{file}: {error}") from error


def chosen_target(target: str | None, source: Path | None) -> str:
    """The target that the command line names, else that of the settings, else the default one."""
    given = given_target(target, source)
    if given is not None:
        return given
    configured = load_settings().tested
    context = click.get_current_context(silent=True)
    if configured is None and context is not None:
        name_command(
            f"no target is named, so this is {DEFAULT}, which runfaults ships; to test your own",
            f"runfaults {context.info_name} --target FILE.py:CLASS",
        )
    return configured or DEFAULT


def setting(name: str, otherwise: object = None) -> Callable[[], Any]:
    """What stands for an option that is not given: the project's setting, else this."""
    if name not in Settings.__slots__:
        raise AttributeError(f"there is no setting {name}")

    def default() -> Any:  # noqa: ANN401  # click converts it
        found = getattr(load_settings(), name)
        return otherwise if found is None else found

    return default
