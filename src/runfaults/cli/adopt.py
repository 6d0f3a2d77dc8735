"""`runfaults adopt`: lay the corrected RunManager over a GenGlossary checkout."""

from __future__ import annotations

import ast
import difflib
import shutil
import subprocess
from collections.abc import Iterator, Mapping
from importlib.resources import files
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import NamedTuple

import click

from runfaults.report.console import print_lines
from runfaults.report.steps import printable
from runfaults.report.typed import quoted

MODULES: Mapping[str, tuple[str, str]] = {
    "manager.py": ("the order in which a run starts, works, is decided and recorded", "1-8, 11-16"),
    "failure.py": ("what may be told of an error, however badly it behaves", "8"),
    "log_stream.py": ("log lines to subscribers, one completion signal each", "13"),
    "own_connection.py": ("what a pipeline left on its connection", "4, 9, 10"),
    "ownership.py": ("which runs are alive and which one works", "12, 14"),
    "retry.py": ("which errors may pass, and how long to wait", "4, 5, 7"),
}
"""What is taken into `runs/`: what each file is for, and the rules of the contract that need it."""

PARAMETERS: Mapping[tuple[str, str], tuple[str, ...]] = {
    ("db/runs_repository.py", "create_run"): ("conn", "scope", "triggered_by"),
    ("db/runs_repository.py", "update_run_status"): ("conn", "run_id", "status", "started_at"),
    ("db/runs_repository.py", "update_run_status_if_active"): (
        "conn",
        "run_id",
        "status",
        "error_message",
    ),
    ("runs/error_sanitizer.py", "sanitize_error_message"): ("error", "prefix"),
    ("runs/executor.py", "PipelineExecutor.execute"): (
        "self",
        "conn",
        "scope",
        "context",
        "doc_root",
        "document_ids",
    ),
    ("runs/executor.py", "PipelineExecutor.__init__"): (
        "self",
        "provider",
        "model",
        "base_url",
        "llm_debug",
        "debug_dir",
    ),
    ("runs/executor.py", "PipelineExecutor.close"): ("self",),
}
"""What the manager passes to the checkout's own functions. The first ones by position: those of
the repository; so they must be the first there, in this order."""


class Change(NamedTuple):
    """One file of the checkout.

    Attributes:
        path: The file.
        before: Its text; empty if there is no such file.
        after: The text that it gets.
    """

    path: Path
    before: str
    after: str


@click.command("adopt")
@click.argument("checkout", type=click.Path(exists=True, file_okay=False, path_type=Path))
@click.option("--write", is_flag=True, help="Write the files; without it only the diff is shown.")
def command(checkout: Path, *, write: bool) -> None:
    """Take the corrected runs/manager.py, and the modules beside it, into CHECKOUT.

    Shows the diff and changes nothing, unless --write is given. The checkout keeps its db/, its
    executor and its schema; one whose interface the manager does not fit is refused.
    """
    package = find_package(checkout)
    require_interface(package)
    changes = [each for each in planned(package) if each.before != each.after]
    if not changes:
        print_lines(f"{package / 'runs'} has the corrected manager already; nothing to do")
        return
    if write:
        _require_committed(checkout, changes)
    for change in changes:
        click.echo(printable(_diff(change, checkout)), nl=False)
    print_lines(f"\n{_count(changes)}")
    if not write:
        print_lines("nothing was changed; give --write to do it")
        return
    try:
        _write(changes)
    except OSError as error:
        raise click.UsageError(f"{error}; nothing was changed") from None
    names = " ".join(quoted(str(change.path.relative_to(checkout))) for change in changes)
    undo = f"cd {quoted(str(checkout))} && git stash push -u -- {names}"
    print_lines(f"written; to undo it: {undo}")


def find_package(checkout: Path) -> Path:
    """Return the folder of the package, the one whose `runs/manager.py` defines `RunManager`.

    Raises:
        click.UsageError: There is none, or there are several.
    """
    places = sorted({checkout, checkout / "genglossary", checkout / "src" / "genglossary"})
    found = [place for place in places if "RunManager" in _definitions(place / "runs/manager.py")]
    if len(found) == 1:
        return found[0]
    looked = ", ".join(str(place / "runs/manager.py") for place in places)
    seen = "several of these define" if found else "none of these defines"
    raise click.UsageError(
        f"{checkout} is not a checkout of GenGlossary that runfaults understands: {seen} the class "
        f"RunManager: {looked}; give the folder that has src/genglossary"
    )


def require_interface(package: Path) -> None:
    """See that the checkout has what the corrected modules import and call.

    Raises:
        click.UsageError: It has not; the message names each file and what is missing in it.
    """
    missing = [*_missing_names(package), *_unfit_parameters(package)]
    if missing:
        told = "\n".join(f"  {each}" for each in missing)
        raise click.UsageError(
            f"{package} does not have the interface that the corrected manager needs:\n"
            f"{told}\nnothing was changed; it fits GenGlossary's commit 0bc6536 of 2026-02-10"
        )


def planned(package: Path) -> list[Change]:
    """Return what each file is and becomes."""
    folder = package / "runs"
    return [Change(folder / name, _read(folder / name), module_text(name)) for name in MODULES]


def module_text(name: str) -> str:
    """Return the text of a corrected module: from the wheel's data, or from the clone."""
    shipped = files("runfaults").joinpath("adoptable", name)
    if shipped.is_file():
        return shipped.read_text(encoding="utf-8")
    clone = Path(__file__).parents[2] / "genglossary" / "runs" / name
    return clone.read_text(encoding="utf-8")


def _missing_names(package: Path) -> Iterator[str]:
    own = {f"genglossary.runs.{name.removesuffix('.py')}" for name in MODULES}
    wanted: dict[str, set[str]] = {}
    for name in MODULES:
        for node in ast.walk(ast.parse(module_text(name))):
            if isinstance(node, ast.ImportFrom) and (node.module or "").startswith("genglossary."):
                assert node.module is not None, "it has a beginning"
                if node.module not in own:
                    wanted.setdefault(node.module, set()).update(each.name for each in node.names)
    for module, names in sorted(wanted.items()):
        file = Path(*module.split(".")[1:]).with_suffix(".py")
        if not (package / file).is_file():
            yield f"{file}: there is no such file"
            continue
        defined = _definitions(package / file)
        for name in sorted(names - defined.keys()):
            yield f"{file}: it defines no {name}"


def _unfit_parameters(package: Path) -> Iterator[str]:
    for (file, name), expected in PARAMETERS.items():
        function = _definitions(package / file).get(name)
        if not isinstance(function, ast.FunctionDef):
            if "." in name and name.partition(".")[0] in _definitions(package / file):
                yield f"{file}: it defines no {name}"
            continue
        given = tuple(each.arg for each in (*function.args.args, *function.args.kwonlyargs))
        ordered = given[: len(expected)] if file.startswith("db/") else given
        if not set(expected) <= set(ordered) or (file.startswith("db/") and ordered != expected):
            yield (
                f"{file}:{function.lineno}: {name} takes ({', '.join(given)}), and is called "
                f"with ({', '.join(expected)})"
            )


def _definitions(file: Path) -> dict[str, ast.stmt]:
    """Return what a file defines: names, and methods as `Class.method`."""
    try:
        tree = ast.parse(file.read_bytes())
    except (OSError, SyntaxError, ValueError):
        return {}
    found: dict[str, ast.stmt] = {}
    for node in tree.body:
        if isinstance(node, ast.FunctionDef | ast.ClassDef):
            found[node.name] = node
        elif isinstance(node, ast.Assign):
            found |= {each.id: node for each in node.targets if isinstance(each, ast.Name)}
        elif isinstance(node, ast.AnnAssign) and isinstance(node.target, ast.Name):
            found[node.target.id] = node
        if isinstance(node, ast.ClassDef):
            methods = [each for each in node.body if isinstance(each, ast.FunctionDef)]
            found |= {f"{node.name}.{method.name}": method for method in methods}
    return found


def _read(file: Path) -> str:
    try:
        return file.read_text(encoding="utf-8") if file.exists() else ""
    except UnicodeDecodeError as error:
        raise click.UsageError(
            f"{file} is not UTF-8 text, which every module of GenGlossary is: {error.reason} at "
            f"byte {error.start}; nothing was changed"
        ) from None


def _write(changes: list[Change]) -> None:
    """Write all files or none: a checkout with half of them would not import.

    Raises:
        OSError: They cannot be written, and nothing was changed.
    """
    with TemporaryDirectory(prefix=".adopt-", dir=changes[0].path.parent) as folder:
        for change in changes:
            new = Path(folder, change.path.name)
            new.write_text(change.after, encoding="utf-8")
            if change.path.exists():
                shutil.copymode(change.path, new)
        for change in changes:
            Path(folder, change.path.name).replace(change.path)


def _diff(change: Change, checkout: Path) -> str:
    name = change.path.relative_to(checkout).as_posix()
    lines = difflib.unified_diff(
        change.before.splitlines(keepends=True),
        change.after.splitlines(keepends=True),
        f"a/{name}" if change.before else "/dev/null",
        f"b/{name}",
    )
    return "".join(lines)


def _count(changes: list[Change]) -> str:
    added = removed = 0
    for change in changes:
        for line in difflib.ndiff(change.before.splitlines(), change.after.splitlines()):
            added += line.startswith("+ ")
            removed += line.startswith("- ")
    return f"{len(changes)} files: {added} lines added, {removed} removed"


def _require_committed(checkout: Path, changes: list[Change]) -> None:
    """See that git can undo what will be written.

    Raises:
        click.UsageError: The folder is in no git repository, or a file has uncommitted changes.
    """
    paths = [str(change.path.relative_to(checkout)) for change in changes]
    git = ["git", "-C", str(checkout), "status", "--porcelain", "--ignored", "--", *paths]
    try:
        answer = subprocess.run(git, capture_output=True, text=True, check=False)  # noqa: S603  # paths, no shell
    except FileNotFoundError:
        raise click.UsageError(
            "git is not installed, so this could not be undone; nothing was changed"
        ) from None
    if answer.returncode != 0:
        raise click.UsageError(
            f"git does not know these files of {checkout}, so this could not be undone; nothing "
            f"was changed: {answer.stderr.strip()}"
        )
    if answer.stdout.strip():
        raise click.UsageError(
            f"commit or stash these changes first, so that this can be undone; nothing was "
            f"changed:\n{answer.stdout.rstrip()}"
        )
