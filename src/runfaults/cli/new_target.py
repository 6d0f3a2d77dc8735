"""`runfaults new-target`: write an adapter to begin with, and the words that its runs show."""

from __future__ import annotations

import ast
import re
import sqlite3
import sys
from contextlib import closing, suppress
from importlib.resources import files
from pathlib import Path

import click

from runfaults.cli.overheard import target_apart
from runfaults.explore.probe import vocabulary_of
from runfaults.explore.proposal import NoProposalError, source_of
from runfaults.report.console import print_lines
from runfaults.report.typed import typed
from runfaults.sim.simulation import Simulation
from runfaults.targets import target_named
from runfaults.targets.target import TargetError

_STYLES = {"thread": "thread", "pool": "pool", "polling": "polling", "asyncio": "asyncio_loop"}
"""The file for each way of working: the first has a whole target, the others have a system each."""

_IMPORTS = re.compile(r"^import .*?(?=\n\nfrom runfaults)", re.DOTALL | re.MULTILINE)
_SYSTEM = re.compile(r"^class Jobs:.*?(?=\n\n\n# -)", re.DOTALL | re.MULTILINE)
_CLOSE = '''
    def close(self) -> None:
        """End this life of the system in good order."""
        self.jobs.close()
'''

_CLASS = "MyTarget"
_AUDIT = 'Audit("{}", key="{}", status="{}")'
_CONFIRM = "# As its clean runs show it: see whether the words mean that."


@click.command("new-target")
@click.argument("file", type=click.Path(dir_okay=False, path_type=Path))
@click.option(
    "--style",
    type=click.Choice(list(_STYLES)),
    help="How the system works: a thread for each job, a pool of threads, a worker that polls a "
    "table, or an event loop in a thread.",
)
@click.option("--table", help="The table with a row for each job.")
@click.option("--columns", metavar="ID,STATUS", help="Its columns with the id and the status.")
@click.option(
    "--words",
    is_flag=True,
    help="Write no new file: write into FILE, or FILE:CLASS, what its clean runs show of the "
    "words that it records.",
)
def command(
    *, file: Path, style: str | None, table: str | None, columns: str | None, words: bool
) -> None:
    """Write a target for your own job runner to FILE. It runs as it is.

    What no option says is asked, where standard input is a terminal.
    """
    if words:
        path, name = _named(file)
        told = _write_words(path, name)
        print_lines(f"{path}: vocabulary = {told}; see whether the words mean that")
        return
    if file.suffix != ".py":
        raise click.UsageError(f"{file}: give the file a name that ends in .py")
    if file.exists():
        raise click.UsageError(f"{file} exists already; nothing was written")
    style = style or _ask(
        "How does the job runner do its work?", "thread", click.Choice(list(_STYLES))
    )
    table = _identifier(table or _ask("Which table has a row for each job?", "jobs"), "--table")
    columns = columns or _ask("Which columns of that table are the id and the status?", "id,state")
    key, _, status = columns.partition(",")
    text = _skeleton(style)
    key, status = _identifier(key, "--columns"), _identifier(status, "--columns")
    replaced = {
        "FILE": str(file),
        _AUDIT.format("job_table", "job_id", "job_state"): _AUDIT.format(table, key, status),
        "job_table": _in_sql(table),
        "job_id": _in_sql(key),
        "job_state": _in_sql(status),
    }
    for name, value in replaced.items():
        text = text.replace(name, value)
    file.write_text(text, encoding="utf-8")
    _write_words(file, _CLASS)
    print_lines(f"wrote {file}; now try:")
    print_lines(f"    {typed(('check', '--target', f'{file}:{_CLASS}', '--bound', 'quick'))}")


def _skeleton(style: str) -> str:
    """The target, with the system that works in this way."""
    whole, own = (
        files("runfaults.targets.skeletons").joinpath(f"{_STYLES[each]}.py").read_text("utf-8")
        for each in ("thread", style)
    )
    if whole == own:
        return whole
    imports, system = own.partition("annotations\n\n")[2].rstrip().split("\n\n\n", 1)
    whole = _IMPORTS.sub(lambda _: imports, whole)
    whole = _SYSTEM.sub(lambda _: system, whole)
    if "'queued'" in system:
        whole = whole.replace('active="running"', 'active=("queued", "running")')
    return f"{whole}{_CLOSE}" if "def close(" in system else whole


def _ask(question: str, default: str, choices: click.Choice[str] | None = None) -> str:
    if not sys.stdin.isatty():
        return default
    answer: str = click.prompt(question, default=default, type=choices)
    return answer


def _identifier(name: str, option: str) -> str:
    if not re.fullmatch(r"[A-Za-z_]\w*", name.strip()):
        what = "ID,STATUS: two names" if option == "--columns" else "a name"
        raise click.UsageError(
            f"{option} has {name!r}, which is not a name; give {what} of letters, digits and _; "
            "any SQL expression can be written into the file afterwards"
        )
    return name.strip()


def _in_sql(name: str) -> str:
    """The name, in brackets if it is a word that SQL has reserved, such as `order`."""
    with closing(sqlite3.connect(":memory:")) as connection, suppress(sqlite3.OperationalError):
        connection.execute(f"CREATE TABLE {name} ({name})")
        return name
    return f"[{name}]"


def _named(file: Path) -> tuple[Path, str]:
    path, _, name = str(file).rpartition(":")
    return (Path(path), name) if path else (file, _CLASS)


def _write_words(file: Path, name: str) -> str:
    """Let the target run without faults, and write down what its words seem to mean.

    Returns:
        What was written, without its indentation.

    Raises:
        TargetError: it cannot be tested, or its words do not show what they mean.
    """
    if not file.exists():
        raise click.UsageError(f"there is no file {file}")
    lines = file.read_text("utf-8").splitlines(keepends=True)
    first, last, indent = _place_of_words(file, name)
    address = f"{file}:{name}"
    try:
        with target_apart(), Simulation(target_named(address)) as simulation:
            vocabulary = vocabulary_of(simulation)
    except NoProposalError as error:
        raise TargetError(f"target {address}: {error}") from error
    first -= first > 0 and lines[first - 1].strip() == _CONFIRM
    lines[first:last] = [f"{indent}{_CONFIRM}\n", f"{indent}vocabulary = {source_of(vocabulary)}\n"]
    if not any(re.search(r"import.*\bVocabulary\b|^ +Vocabulary,$", line) for line in lines):
        begin = next((n for n, line in enumerate(lines) if line.startswith("from runfaults")), 0)
        lines.insert(begin, "from runfaults.targets import Vocabulary\n")
    file.write_text("".join(lines), encoding="utf-8")
    return source_of(vocabulary)


def _place_of_words(file: Path, name: str) -> tuple[int, int, str]:
    """The lines that the declaration takes, or the place for it, and its indentation.

    Raises:
        TargetError: the file has no such class, or that has no `audit`.
    """
    for node in ast.walk(ast.parse(file.read_bytes())):
        if isinstance(node, ast.ClassDef) and node.name == name:
            declared = _assignment(node, "vocabulary")
            if declared is not None:
                last = declared.end_lineno or declared.lineno
                return declared.lineno - 1, last, " " * declared.col_offset
            audit = _assignment(node, "audit")
            if audit is not None:
                last = audit.end_lineno or audit.lineno
                return last, last, " " * audit.col_offset
    raise TargetError(f"{file} has no class {name} with an `audit`: the words follow that line")


def _assignment(node: ast.ClassDef, name: str) -> ast.stmt | None:
    for each in node.body:
        targets = each.targets if isinstance(each, ast.Assign) else ()
        if any(isinstance(target, ast.Name) and target.id == name for target in targets):
            return each
    return None
