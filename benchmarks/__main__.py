"""Measure everything and write the tables of the README: `python benchmarks [pytest options]`."""

from __future__ import annotations

import json
import os
import platform
import sqlite3
import subprocess
import sys
import tempfile
from datetime import UTC, datetime
from pathlib import Path

from table import tables

HERE = Path(__file__).parent
README = HERE / "README.md"
BEGIN, END = "<!-- measured: begin -->\n", "<!-- measured: end -->\n"


def main() -> int:
    """Run the benchmarks; the exit code of pytest."""
    load = os.getloadavg()[0]
    with tempfile.TemporaryDirectory() as folder:
        report = Path(folder) / "report.json"
        command = [
            *(sys.executable, "-m", "pytest", str(HERE), "-p", "no:cacheprovider"),
            "--override-ini=python_files=bench_*.py",
            "--override-ini=timeout=0",
            "--benchmark-columns=min,median,rounds",
            f"--benchmark-json={report}",
            *sys.argv[1:],
        ]
        code = subprocess.run(command, check=False).returncode
        if code == 0:
            document = json.loads(report.read_text("utf-8"))
            README.write_text(_renewed(README.read_text("utf-8"), document, load), "utf-8")
    return code


def _renewed(page: str, document: dict[str, object], load: float) -> str:
    head, _, rest = page.partition(BEGIN)
    _, _, tail = rest.partition(END)
    when = (
        f"Obtained on {datetime.now(UTC):%Y-%m-%d} on {platform.system()} {platform.machine()} "
        f"with {os.cpu_count()} cores, Python {platform.python_version()}, SQLite "
        f"{sqlite3.sqlite_version}; the load average was {load:.1f} when it began."
    )
    return f"{head}{BEGIN}\n{when}\n\n{tables(document)}\n\n{END}{tail}"


if __name__ == "__main__":
    sys.exit(main())
