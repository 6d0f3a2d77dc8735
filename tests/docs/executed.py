"""What the blocks of a page should say: commands are run, files are read.

- A console block is run: each `$ ` line is a command (`> ` continues it), what follows is its
  output. All blocks of a page are one bash session in a temporary folder with copies of `COPIED`.
- `<!-- not run: why -->` above it leaves it alone.
- `<!-- write: PATH -->` puts the block into that file of the session's folder.
- `<!-- file: PATH -->` is the text of that file; `PATH#Name` of one class or function in it.
- `<!-- needs: PACKAGE ... -->` anywhere: the page is left alone where these are not installed.
- `<!-- measured: PATH, last N lines -->` is the end of a file that says how it was obtained.
"""

from __future__ import annotations

import ast
import os
import re
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from pathlib import Path

from markdown_page import REPOSITORY, Block, blocks_of

COPIED = ("faults", "tests/controls", "docs")
COLUMNS = 100
SECONDS = 570

_MARK = "---- end of command ----"
_UNSTABLE = [
    (re.compile(r"in (\d+ min )?\d+(\.\d+)? ?s\b"), "in TIME"),
    (re.compile(r"(Python|SQLite|runfaults) \d+\.\d+[\w.]*"), r"\1 VERSION"),
    (re.compile(r"\.py:\d+ in"), ".py:LINE in"),
    (re.compile(r"\s+"), " "),
]

_PROGRESS = re.compile(r"\[\d+:\d\d\] ")
"""What only a slow machine prints: a line every ten seconds."""


def stable(text: str) -> str:
    """The part of an output that is the same on every machine; the line breaks are not."""
    for pattern, replacement in _UNSTABLE:
        text = pattern.sub(replacement, text)
    return text.strip()


def texts_of(page: str) -> dict[Block, str]:
    """What each block of the page that is not free text should say."""
    blocks = blocks_of(page)
    texts = {block: _file(block.argument) for block in blocks if block.directive == "file"}
    texts |= {block: _measured(block.argument) for block in blocks if block.directive == "measured"}
    return texts | _played(blocks)


def differing(page: str) -> dict[Block, str]:
    """What has to change, block by block."""
    return {
        block: text for block, text in texts_of(page).items() if stable(text) != stable(block.text)
    }


def _file(argument: str) -> str:
    path, _, name = argument.partition("#")
    source = (REPOSITORY / path).read_text("utf-8")
    if not name:
        return source
    for node in ast.parse(source).body:
        if isinstance(node, ast.ClassDef | ast.FunctionDef) and node.name == name:
            return f"{ast.get_source_segment(source, node)}\n"
    raise LookupError(f"{path} has no class or function {name}")


def _measured(argument: str) -> str:
    path, _, lines = argument.partition(", last ")
    text = (REPOSITORY / path).read_text("utf-8")
    return "".join(text.splitlines(keepends=True)[-int(lines.split()[0]) :])


def _played(blocks: list[Block]) -> dict[Block, str]:
    """Run the console blocks, one after the other, in one session."""
    script = ["exec 2>&1"]
    played: list[tuple[Block, list[str]]] = []
    for block in blocks:
        if block.directive == "write":
            script.append(_writing(block))
        elif block.is_console:
            commands = _commands(block)
            played.append((block, commands))
            script += [f"{each}\nlast=$?; echo; echo '{_MARK}'; (exit $last)" for each in commands]
    if not played:
        return {}
    outputs = iter(_output("\n".join(script)).split(f"\n{_MARK}\n"))
    return {block: _with_outputs(commands, outputs) for block, commands in played}


def _writing(block: Block) -> str:
    folder = Path(block.argument).parent
    return f"mkdir -p {folder} && cat > {block.argument} <<'END_OF_BLOCK'\n{block.text}END_OF_BLOCK"


def _commands(block: Block) -> list[str]:
    commands: list[str] = []
    for line in block.text.splitlines():
        if line.startswith("$ "):
            commands.append(line.removeprefix("$ "))
        elif line.startswith("> ") and commands:
            commands[-1] += "\n" + line.removeprefix("> ")
    return commands


def _with_outputs(commands: list[str], outputs: Iterator[str]) -> str:
    parts: list[str] = []
    for command, output in zip(commands, outputs, strict=False):
        printed = output.strip("\n").splitlines()
        lines = [line.rstrip() for line in printed if not _PROGRESS.match(line)]
        shown = "$ " + command.replace("\n", "\n> ")
        parts += [shown, *lines]
    return "\n".join(parts) + "\n"


def _output(script: str) -> str:
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name).resolve() / "runfaults"
        for each in COPIED:
            shutil.copytree(
                REPOSITORY / each, folder / each, ignore=shutil.ignore_patterns("__pycache__")
            )
        kept = {k: v for k, v in os.environ.items() if k in {"PATH", "HOME"} or k[:3] == "UV_"}
        surroundings = {
            "COLUMNS": str(COLUMNS),
            "LC_ALL": "C.UTF-8",
            "NO_COLOR": "1",
            "UV_NO_SYNC": "1",
            "UV_OFFLINE": "1",
            "UV_PROJECT": str(REPOSITORY),
        }
        ended = subprocess.run(
            ["bash", "-c", script],
            cwd=folder,
            env=kept | surroundings,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=SECONDS,
            check=False,
        )
        return ended.stdout.replace(str(folder), "/home/you/runfaults")
