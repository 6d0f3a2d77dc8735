"""Which code a scenario file may have run: only what its user asked for, or has in the project.

A scenario names the target that it is played against, and rules of the user's own: to load them
runs their code. A file that came from elsewhere must not choose that code.
"""

from __future__ import annotations

import os
import shlex
from collections.abc import Collection
from pathlib import Path

from runfaults.loading import project_of
from runfaults.targets.checkout import PREFIX


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
    roots = (project_of(Path.cwd()) or Path.cwd(), project_of(file.resolve().parent))
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
            f"({project_of(Path.cwd()) or Path.cwd()}), and a scenario file runs no other code on "
            f"its own; to run it, add {shlex.join(option_for(address, option))}"
        )


def option_for(address: str, option: str = "--target") -> tuple[str, str]:
    """The words by which the command line names a target or a rule."""
    if address.startswith(PREFIX):
        return "--source", address.removeprefix(PREFIX)
    return option, address


def seen_from(folder: Path, address: str) -> str:
    """A target or a rule as a scenario file in a folder names it.

    A checkout is named by its way from there, a file by its way from the project of the folder. In
    no project a file is named by its way from the current folder, if that is above, else as a
    whole.
    """
    code, folder = code_of(address), folder.resolve()
    if code is None or (code.is_absolute() and not address.startswith(PREFIX)):
        return address
    if address.startswith(PREFIX):
        return f"{PREFIX}{Path(os.path.relpath(code.resolve(), folder)).as_posix()}"
    root, there = project_of(folder), code.parent.resolve() / code.name
    if root is None and folder.is_relative_to(Path.cwd()):
        return address
    place = there if root is None else Path(os.path.relpath(there, root))
    return f"{place.as_posix()}:{address.rpartition(':')[2]}"


def seen_in(file: Path, address: str) -> str:
    """A target or a rule as the user would type it, of one that a scenario file names.

    A file that is not in the project of the scenario is looked for from the current folder.
    """
    code, folder = code_of(address), file.resolve().parent
    if code is None or (code.is_absolute() and not address.startswith(PREFIX)):
        return address
    if address.startswith(PREFIX):
        return f"{PREFIX}{(folder / code).resolve()}"
    there = (project_of(folder) or Path()) / code
    if not there.is_file():
        return address
    return f"{os.path.relpath(there)}:{address.rpartition(':')[2]}"
