"""`runfaults compare` from the door."""

from __future__ import annotations

from pathlib import Path

import pytest
from in_this_process import PLAIN, runfaults

from runfaults.campaign import compare


def test_a_second_one_that_cannot_be_tested_is_told_before_the_first_takes_its_time(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    ran: list[object] = []
    monkeypatch.setattr(compare, "run_campaign", lambda *given: ran.append(given))
    ended = runfaults("compare", PLAIN, "--source", tmp_path)
    assert ended.returncode == 2
    assert f"{tmp_path}: no class RunManager" in ended.stderr
    assert "give the folder of a checkout" in ended.stderr
    assert ran == []
