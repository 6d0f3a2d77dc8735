"""A bug of one line in each of the right programs is caught by what the programs are swept with."""

from __future__ import annotations

from pathlib import Path

import pytest
from test_innocents import CHEAP, HERE

from runfaults.campaign.campaign import Campaign
from runfaults.campaign.running import Options, run_campaign
from runfaults.model import Verdict
from runfaults.model.listener import Listener

PLANTED = [
    (
        "asyncio_loop",
        'outcome = "cancelled" if number in self._halted else ending',
        "outcome = ending",
        "accepted-cancel-is-cancelled",
    ),
    (
        "autocommit_threads",
        "        self._record(run, outcome)\n        self._tell(run, outcome)\n",
        "        self._tell(run, outcome)\n        self._record(run, outcome)\n",
        "signal-matches-record",
    ),
    ("polling_worker", "CREATE UNIQUE INDEX", "CREATE INDEX", "one-active-run"),
    ("polling_worker", "WHERE id = ? AND open", "WHERE id = ?", "accepted-cancel-is-cancelled"),
    (
        "pooled_wal",
        '                self._settle(run, "cancelled")\n',
        "",
        "eventually-terminal",
    ),
    (
        "shared_connection",
        "SET status = ? WHERE id = ? AND status = 'active'\"",
        'SET status = ? WHERE id = ?"',
        "terminal-is-final",
    ),
    (
        "shared_connection",
        "return active in ([], [(number,)])",
        "return not active",
        "start-answers-truthfully",
    ),
    ("sqlalchemy_engine", "            self._engine.dispose()\n", "", "nothing-leaks"),
    (
        "text_ids",
        "self._results[number] = status.name",
        "self._results[number] = 'SUCCESS'",
        "signal-matches-record",
    ),
]


@pytest.mark.nightly
@pytest.mark.parametrize(("program", "right", "wrong", "rule"), PLANTED)
def test_it_is_caught(program: str, right: str, wrong: str, rule: str, tmp_path: Path) -> None:
    source = (HERE / program).with_suffix(".py").read_text()
    assert source.count(right) == 1
    path = tmp_path / f"planted_{program}.py"
    path.write_text(source.replace(right, wrong))
    found = run_campaign(
        Campaign(f"{path}:Innocent", CHEAP), Options(processes=1), Listener()
    ).found
    assert found.tally(rule).verdict is Verdict.BROKEN
