"""The command line, called in this process."""

from __future__ import annotations

import sys
from contextlib import chdir, redirect_stderr, redirect_stdout
from io import StringIO
from pathlib import Path
from typing import NamedTuple

import pytest

from runfaults.cli import main
from runfaults.cli.exit_codes import HOLDS

ROOT = Path(__file__).parent.parent.parent
PLAIN = "tests/controls/plain_manager.py:Plain"


class Ended(NamedTuple):
    returncode: object
    stdout: str
    stderr: str


def runfaults(*arguments: object, folder: Path = ROOT) -> Ended:
    """Call the command's main function here."""
    output, errors = StringIO(), StringIO()
    with (
        pytest.MonkeyPatch.context() as patch,
        chdir(folder),
        redirect_stdout(output),
        redirect_stderr(errors),
    ):
        patch.setattr(sys, "argv", ["runfaults", *map(str, arguments)])
        code: object = HOLDS
        try:
            main()
        except SystemExit as end:
            code = end.code
    return Ended(code, output.getvalue(), errors.getvalue())
