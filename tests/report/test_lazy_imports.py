from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import runfaults.report

MODULES = sorted(path.stem for path in Path(runfaults.report.__file__).parent.glob("[!_]*.py"))


def test_importing_a_report_does_not_import_what_draws_it() -> None:
    """The command's help must not wait for libraries that it does not use."""
    imports = "; ".join(f"import runfaults.report.{module}" for module in MODULES)
    loaded = "print(*{name.partition('.')[0] for name in sys.modules})"
    done = subprocess.run(
        [sys.executable, "-c", f"import sys; {imports}; {loaded}"],
        capture_output=True,
        check=True,
        text=True,
    )
    assert not {"rich", "jinja2", "markupsafe", "resvg_py"} & set(done.stdout.split())
    assert "runfaults" in done.stdout.split()
