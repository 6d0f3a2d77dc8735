"""Which code a scenario file may have run: only what its user asked for, or has in the project.

A scenario names the target that it is played against, and rules of the user's own: to load them
runs their code. A file that came from elsewhere must not choose that code.
"""

from __future__ import annotations

import os
import shlex
from collections.abc import Collection
from pathlib import Path

from runfaults.targets.checkout import PREFIX

MARKS = ("pyproject.toml", ".git")
"""What the root of a project has."""


class NotAskedForError(ValueError):
    """A scenario file names code outside of the project; the message says how to ask for it."""


def code_of(address: str) -> Path | None:
    """The code that runs where a target or a rule is loaded; None for what is installed."""
    if "\0" in address:
        return None  # no file can have that name: what loads it says so
    if address.startswith(PREFIX):
        return Path(address.removeprefix(PREFIX))
    place, _, _ = address.rpartition(":")
    return Path(place) if place.endswith(".py") else None


def is_asked_for(address: str, file: Path, named: Collection[str] = ()) -> bool:
    """Whether a scenario file may have that loaded.

    Args:
        address: Of a target or a rule.
        file: The scenario file.
        named: Addresses that the command line names.
    """
    code = code_of(address)
    if code is None or address in named:
        return True
    roots = (_root(Path.cwd()) or Path.cwd(), _root(file.resolve().parent))
    return any(root is not None and code.resolve().is_relative_to(root) for root in roots)


def require_asked_for(
    address: str, file: Path, named: Collection[str] = (), *, option: str = "--target"
) -> None:
    """See that a scenario file has nothing loaded that its user did not ask for.

    Args:
        address: Of a target or a rule.
        file: The scenario file.
        named: Addresses that the command line names.
        option: By which it is named there.

    Raises:
        NotAskedForError: if it does.
    """
    code = code_of(address)
    if address.startswith(PREFIX) and address not in named and code and not code.is_dir():
        raise NotAskedForError(
            f"it is to be played with the checkout {code}, which is not there: it names it by the "
            "way from its own folder, and one of the two was moved; add --source FOLDER"
        )
    if not is_asked_for(address, file, named):
        raise NotAskedForError(
            f"it wants {address} to be loaded, which is not in this project "
            f"({_root(Path.cwd()) or Path.cwd()}), and a scenario file runs no other code on its "
            f"own; to run it, add {shlex.join(option_for(address, option))}"
        )


def option_for(address: str, option: str = "--target") -> tuple[str, str]:
    """The words by which the command line names a target or a rule."""
    if address.startswith(PREFIX):
        return "--source", address.removeprefix(PREFIX)
    return option, address


def seen_from(folder: Path, target: str) -> str:
    """A target as a scenario file in a folder names it: a checkout by its way from there."""
    if not target.startswith(PREFIX):
        return target
    checkout = Path(target.removeprefix(PREFIX)).resolve()
    return f"{PREFIX}{Path(os.path.relpath(checkout, folder.resolve())).as_posix()}"


def seen_in(file: Path, target: str) -> str:
    """A target as the harness names it, of one that a scenario file names."""
    if not target.startswith(PREFIX) or "\0" in target:
        return target
    return f"{PREFIX}{(file.resolve().parent / target.removeprefix(PREFIX)).resolve()}"


def _root(folder: Path) -> Path | None:
    """The project that a folder is in; None if it is in none."""
    above = (folder, *folder.parents)
    return next((each for each in above if any((each / mark).exists() for mark in MARKS)), None)
