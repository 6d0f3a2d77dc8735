"""Makes the programs importable: to tests that vary them, and where a life has its own process."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

HERE = str(Path(__file__).parent)

sys.path.append(HERE)


@pytest.fixture(autouse=True)
def _programs_can_be_imported_elsewhere(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PYTHONPATH", HERE)
