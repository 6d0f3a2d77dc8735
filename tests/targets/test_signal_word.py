from __future__ import annotations

from enum import Enum
from typing import Any

import pytest

from runfaults.targets.signal_word import word_in


class State(Enum):
    FAILED = "failed"


@pytest.mark.parametrize(
    ("signal", "word"),
    [
        ({"run_id": 1, "complete": True}, ""),
        ({"run_id": 1, "complete": True, "db_status": "failed"}, "failed"),
        ({"complete": True, "status": "cancelled", "db_status": None}, "cancelled"),
        ({"complete": True, "state": "failed"}, "failed"),
        ({"complete": True, "outcome": State.FAILED}, "failed"),
        ({"complete": True, "level": "error", "message": "done"}, ""),
        ({"complete": True, "level": "error", "result": "completed"}, "completed"),
        ({"complete": True, "before": "running", "state": "completed"}, "completed"),
        ({"complete": True, "asked": "cancelled", "got": "completed"}, ""),
    ],
)
def test_the_word_is_found_whatever_its_key(signal: dict[str, Any], word: str) -> None:
    assert word_in(signal) == word
