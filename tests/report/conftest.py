"""Makes `sample_histories` importable, which pytest's importlib mode does not; stops clocks."""

import sys
from pathlib import Path

import pytest

from runfaults.report.progress import PipeProgress

sys.path.append(str(Path(__file__).parent))


@pytest.fixture(autouse=True)
def _no_line_by_real_time(monkeypatch: pytest.MonkeyPatch) -> None:
    """A test's clock stands still between two steps: no thread tells in between."""
    monkeypatch.setattr(PipeProgress, "_keep_telling", lambda *_: None)
