"""What a checkout's completion signals look like is read from its code."""

from __future__ import annotations

from pathlib import Path

import pytest
from test_checkout import Copy

from runfaults.explore.runner import Runner
from runfaults.model import EventKind, Schedule
from runfaults.sim.simulation import Simulation
from runfaults.targets import target_named
from runfaults.targets.target import remarks

LISTENS = """
from genglossary.runs.log_stream import *

def stream(manager, run_id):
    queue = manager.register_subscriber(run_id)
    while True:
        message = queue.get(timeout=1)
        if {test}:
            break
        yield message
"""

TRANSLATED = '''\
class Sign(Enum):
    LINE, END = "line", "end"


def _put(queue: LogQueue, message: LogMessage) -> None:
    """Drop a line that finds the queue full; make room for a completion signal."""
    if message.get("complete"):
        message = {signal}
'''

FORMS = {
    'message.get("event") == "done"': '{"event": "done", "state": message.get("db_status")}',
    'message["event"] in ("done", "gone")': '{"event": "done", "state": message.get("db_status")}',
    'message["over"]': '{"over": True, "db_status": message.get("db_status")}',
    'message[0] == "end"': '("end", message.get("db_status"))',
    "message is Sign.END": "Sign.END",
    "message is None": "None",
}
TWICE = "_put(queue, signal)\n                _put(queue, signal)"


@pytest.fixture
def copy(tmp_path: Path) -> Copy:
    return Copy(tmp_path)


def heard(copy: Copy) -> tuple[list[str], set[str]]:
    """What a subscriber is told in a clean run, and the rules that are broken."""
    with Simulation(target_named(f"source:{copy.folder}")) as simulation:
        trial = Runner(simulation).run(Schedule())
    events = trial.execution.history.events
    return [e.value for e in events if e.kind is EventKind.SIGNAL], {
        judgement.rule for judgement in trial.failing()
    }


@pytest.mark.parametrize(("test", "signal"), FORMS.items(), ids=FORMS)
def test_whoever_listens_shows_which_message_it_is(copy: Copy, test: str, signal: str) -> None:
    (copy.package / "listens.py").write_text(LISTENS.format(test=test), "utf-8")
    file = "runs/log_stream.py"
    old, _, _ = TRANSLATED.partition("    if message.get")
    old = old[old.index("def _put") :]
    copy.edit(file, old, TRANSLATED.replace("{signal}", signal))
    copy.edit(file, "from queue", "from enum import Enum\nfrom queue")
    status = "completed" if "db_status" in signal else ""
    assert heard(copy) == ([status], set())
    read = test.replace('"', "'")
    assert f"a completion signal is what src/genglossary/listens.py:8 ends with: {read}" in remarks(
        target_named(f"source:{copy.folder}")
    )
    copy.edit(
        file,
        "(run_id, ()):\n                _put(queue, signal)",
        f"(run_id, ()):\n                {TWICE}",
    )
    assert heard(copy) == ([status, status], {"signal-matches-record"})


def test_where_nobody_listens_the_messages_themselves_show_it(copy: Copy) -> None:
    copy.edit_everywhere('"complete"', '"is_over"')
    assert heard(copy) == (["completed"], set())
    assert "a completion signal is a message with `is_over`" in remarks(
        target_named(f"source:{copy.folder}")
    )
