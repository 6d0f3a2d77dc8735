"""Numbers of things in words."""

from __future__ import annotations

import pytest

from runfaults.model.counting import counted


@pytest.mark.parametrize(
    ("number", "text"), [(0, "0 schedules"), (1, "1 schedule"), (2_000, "2,000 schedules")]
)
def test_one_thing_is_singular(number: int, text: str) -> None:
    assert counted(number, "schedule") == text
