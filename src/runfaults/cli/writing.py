"""What a command writes besides its verdict: looked at before the work, told if it fails after it.

A file that cannot be written costs no verdict: only where all else would be exit code 0 it is 2.
"""

from __future__ import annotations

import sys
import tempfile
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path

import click

from runfaults.cli.exit_codes import HOLDS, USAGE


def require_writable_file(path: Path, option: str) -> None:
    """See that a file can be written; one that is not there is not there after it either.

    Raises:
        click.UsageError: if it can't.
    """
    if path.exists() and not path.is_file():
        return  # a pipe is opened once
    existed = path.exists()
    try:
        path.open("ab").close()
    except OSError as error:
        raise _refusal(path, option, "file", error) from error
    if not existed:
        path.unlink()


def require_writable_folder(path: Path, option: str) -> None:
    """See that a folder can be made, and written to; nothing is left in it.

    Raises:
        click.UsageError: if it can't.
    """
    try:
        there = next(each for each in (path, *path.absolute().parents) if each.exists())
        Path(tempfile.mkdtemp(prefix=".runfaults-", dir=there)).rmdir()
    except OSError as error:
        raise _refusal(path, option, "folder", error) from error


_Callback = Callable[[click.Context, click.Parameter, Path | None], Path | None]


def _looked_at(require: Callable[[Path, str], None]) -> _Callback:
    """Refuse what an option names while there is no work to lose yet."""

    def look(_: click.Context, parameter: click.Parameter, path: Path | None) -> Path | None:
        if path is not None:
            require(path, parameter.opts[-1])
        return path

    return look


writable_file, writable_folder = map(_looked_at, (require_writable_file, require_writable_folder))


def _refusal(path: Path, option: str, what: str, error: OSError) -> click.UsageError:
    return click.UsageError(
        f"{option}: {path} cannot be written: {error.strerror}; name a {what} that can"
    )


def require_distinct(files: Mapping[str, Path | None]) -> None:
    """Refuse two options that name one file: the second would take the place of the first.

    Raises:
        click.UsageError: if two do.
    """
    taken: dict[Path, str] = {}
    for option, path in files.items():
        if path is None or (path.exists() and not path.is_file()):
            continue  # a device takes what it is given
        first = taken.setdefault(path.resolve(), option)
        if first != option:
            raise click.UsageError(f"{first} and {option} name one file, {path}: give each its own")


def code_of_writing(code: int, unwritten: Iterable[str]) -> int:
    """The exit code after all is written; tells what could not be."""
    from runfaults.report.console import print_lines

    failures = list(unwritten)
    for failure in failures:
        print_lines(f"runfaults: {failure}", sys.stderr)
    return USAGE if failures and code == HOLDS else code
