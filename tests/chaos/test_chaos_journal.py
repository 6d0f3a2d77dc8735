"""The files that the processes of a soak leave."""

from __future__ import annotations

import json
from pathlib import Path

from runfaults.chaos.journal import Entry, line_of, read_journals


def test_journals_are_read_in_order_of_time_and_a_torn_line_is_left_out(tmp_path: Path) -> None:
    late, early = Entry(2, "0.1", "signal", run=1, value="completed"), Entry(1, "1.1", "born")
    torn = json.dumps(Entry(3, "0.1", "left")).encode()[:-4]
    (tmp_path / "worker-0.1.jsonl").write_bytes(line_of(late) + torn)
    (tmp_path / "worker-1.1.jsonl").write_bytes(line_of(early))
    assert read_journals(tmp_path) == [early, late]
