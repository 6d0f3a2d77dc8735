from __future__ import annotations

import subprocess
import sys

from runfaults.cli import COMMANDS


def test_importing_a_command_does_not_import_what_draws_its_report() -> None:
    """The command's help must not wait for libraries that it does not use."""
    modules = (*(f"cli.{module}" for module in COMMANDS.values()), "report.html", "testing.bench")
    imports = "; ".join(f"import runfaults.{module}" for module in modules)
    loaded = "print(*{name.partition('.')[0] for name in sys.modules})"
    done = subprocess.run(
        [sys.executable, "-c", f"import sys; {imports}; {loaded}"],
        capture_output=True,
        check=True,
        text=True,
    )
    assert not {"rich", "jinja2", "markupsafe", "resvg_py"} & set(done.stdout.split())
    assert "runfaults" in done.stdout.split()
