from __future__ import annotations

import os
import shutil
from pathlib import Path

from planted_races import CONTROLS
from runfaults.explore.job import Scope
from runfaults.explore.sweep import Sweep
from runfaults.model import EarlyEnd, Verdict
from small_checks import checked

DYING = """
import os
import signal
from pathlib import Path
from plain_manager import PlainManager, PlainTarget

HERE = Path(__file__).parent
PARENT = {parent}


class DyingManager(PlainManager):
    def decide(self, job, ending):
        if os.getpid() != PARENT and self.may_die():
            os.kill(os.getpid(), signal.SIGKILL)
        return super().decide(job, ending)

    def may_die(self):
        return {may_die}


class Dying(PlainTarget):
    manager = DyingManager


def once():
    try:
        (HERE / "died").touch(exist_ok=False)
    except FileExistsError:
        return False
    return True
"""

SMALL = Sweep(Scope(acts=()))


def dying_target(folder: Path, may_die: str) -> str:
    shutil.copy(CONTROLS / "plain_manager.py", folder)
    path = folder / "dying.py"
    path.write_text(DYING.format(parent=os.getpid(), may_die=may_die))
    return f"{path}:Dying"


def test_what_a_dying_worker_had_in_hand_is_run_again(tmp_path: Path) -> None:
    healthy = checked(dying_target(tmp_path, "False"), SMALL)
    other = tmp_path / "other"
    other.mkdir()
    result = checked(dying_target(other, "once()"), SMALL, processes=2)
    assert (other / "died").exists()
    assert result.finished
    assert result.verdict is Verdict.HOLDS
    assert result.schedules == healthy.schedules


def test_workers_that_keep_dying_end_the_exploration_and_not_its_result(tmp_path: Path) -> None:
    result = checked(dying_target(tmp_path, "True"), SMALL, processes=2)
    assert result.interrupted is EarlyEnd.DEATHS
    assert result.verdict is Verdict.UNKNOWN
    (told,) = [each for each in result.remarks if "worker processes died 3 times with" in each]
    assert "--jobs 1 shows why" in told
