"""What a checkout's API does to cancel a run is what the act `cancel-api` plays, and no more."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import Any, cast

import pytest

from runfaults.campaign.campaign import Campaign
from runfaults.campaign.conclude import check
from runfaults.campaign.running import Options
from runfaults.explore.job import Allowance, Scope
from runfaults.explore.search import Search
from runfaults.model import Act, CheckResult, EventKind, Schedule, Verdict
from runfaults.model.listener import Listener
from runfaults.sim.simulation import Simulation
from runfaults.targets import target_named
from runfaults.targets.target import CancelsByRoute, remarks

SRC = Path(__file__).parents[2] / "src"

CANCELS = Search(Scope(kinds=(), acts=("cancel-api",)), Allowance(0, 1, 0), reduce=True)

IMPORTS = """
import sqlite3
from typing import Annotated
from no_such_framework import APIRouter, Depends, HTTPException
from genglossary.db.connection import get_connection
from genglossary.db.runs_repository import cancel_run as record, get_run, update_run_status
from genglossary.runs.manager import RunManager

router = APIRouter()

def manager_of(project: int): ...

def plain(project: int):
    connection = get_connection(str(project))
    yield connection
    connection.close()

def committing(project: int):
    connection = get_connection(str(project))
    yield connection
    connection.commit()
    connection.close()

"""

ASKS = """
@router.delete("/runs/{run_id}")
def stop(run_id: int, manager: RunManager = Depends(manager_of)):
    manager.cancel_run(run_id)
"""

WRITES = """
@router.post("/runs/{run_id}/cancel", status_code=200)
async def stop(
    project: int,
    run_id: int,
    db: sqlite3.Connection = Depends(plain),
    runs: RunManager = Depends(manager_of),
) -> dict:
    if get_run(db, run_id) is None:
        raise HTTPException(status_code=404, detail=f"no run {run_id}")
    runs.cancel_run(run_id)
    record(db, run_id)
    db.commit()
    return {"stopped": True}
"""

FORGETS_TO_COMMIT = WRITES.replace("    db.commit()\n", "")

COMMITS_AFTERWARDS = FORGETS_TO_COMMIT.replace("Depends(plain)", "Depends(committing)")

COMMITS_ANNOTATED = """
@router.delete("/runs/{id}")
def stop(id: int, db: Annotated[sqlite3.Connection, Depends(committing)], manager: RunManager):
    if manager.cancel_run(id):
        record(db, id)
"""

OVERWRITES = WRITES.replace("record(db, run_id)", 'update_run_status(db, run_id, "cancelled")')

REFUSES = WRITES.replace("is None:", "is not None:")


class Copy:
    """A copy of our GenGlossary package with an API."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        ignored = shutil.ignore_patterns("__pycache__")
        shutil.copytree(SRC / "genglossary", folder / "genglossary", ignore=ignored)

    def add(self, *text: str, file: str = "web/endpoints.py") -> None:
        path = self.folder / "genglossary" / file
        path.parent.mkdir(exist_ok=True)
        (path.parent / "__init__.py").touch()
        path.write_text("".join(text), "utf-8")

    def edit(self, file: str, old: str, new: str) -> None:
        path = self.folder / "genglossary" / file
        assert old in path.read_text("utf-8")
        path.write_text(path.read_text("utf-8").replace(old, new), "utf-8")

    def check(self) -> CheckResult:
        return check(
            Campaign(f"source:{self.folder}", (CANCELS,)), Options(processes=1), Listener()
        )

    def told(self) -> list[str]:
        """What the actor of the act does, in one schedule."""
        schedule = Schedule(acts=(Act("cancel-api"),))
        with Simulation(target_named(f"source:{self.folder}")) as simulation:
            events = simulation.play(schedule).history.events
        return [
            f"{event.kind} {event.subject.removeprefix('cancel-api ')} "
            f"{event.value if event.kind is EventKind.REPLY else ''}".rstrip()
            for event in events
            if event.actor == "cancel-api"
            and event.kind in {EventKind.REQUEST, EventKind.REPLY, EventKind.INVOKE}
        ]


@pytest.fixture
def copy(tmp_path: Path) -> Copy:
    return Copy(tmp_path)


def test_a_route_that_only_asks_the_manager_writes_nothing(copy: Copy) -> None:
    copy.add(IMPORTS, ASKS)
    assert copy.told() == [
        "request cancel-api",
        "request cancel",
        "reply cancel False",
        "reply cancel-api None",
    ]
    result = copy.check()
    assert result.verdict is Verdict.HOLDS
    assert "cancel-api calls the route stop in genglossary/web/endpoints.py:26" in result.remarks


def written(told: list[str]) -> list[str]:
    return [line.removeprefix("invoke ") for line in told if "UPDATE" in line or "commit" in line]


@pytest.mark.parametrize("route", [WRITES, COMMITS_AFTERWARDS])
def test_a_route_that_writes_too_does_so_when_it_has_asked(copy: Copy, route: str) -> None:
    copy.add(IMPORTS, route)
    told = copy.told()
    assert told[0] == "request cancel-api"
    assert told.index("reply cancel False") < told.index(
        next(line for line in told if "UPDATE" in line)
    )
    assert written(told) == ["execute UPDATE runs", "commit"]
    assert copy.check().verdict is Verdict.HOLDS


def test_nothing_commits_if_neither_the_route_nor_its_provider_does(copy: Copy) -> None:
    copy.add(IMPORTS, FORGETS_TO_COMMIT)
    assert written(copy.told()) == ["execute UPDATE runs"]


def test_what_the_manager_answers_reaches_the_route(copy: Copy) -> None:
    copy.add(IMPORTS, COMMITS_ANNOTATED)
    told = copy.told()
    assert "reply cancel False" in told
    assert written(told) == ["commit"], "the run was over: refused, so the route does not write"


def test_a_route_that_refuses_is_answered_and_no_manager_is_asked(copy: Copy) -> None:
    copy.add(IMPORTS, REFUSES)
    told = copy.told()
    assert told[-1] == "reply cancel-api raised HTTPException: (404, 'no run 1')"
    assert not any(line.startswith("request cancel ") for line in told)
    assert copy.check().verdict is Verdict.HOLDS


def test_a_route_that_overwrites_what_is_final_is_caught(copy: Copy) -> None:
    copy.add(IMPORTS, OVERWRITES)
    result = copy.check()
    assert result.verdict is Verdict.BROKEN
    assert result.rules["terminal-is-final"].verdict is Verdict.BROKEN


GLOBAL = """
MANAGER = RunManager

@router.delete("/runs/{run_id}")
def stop(run_id: int):
    MANAGER.cancel_run(run_id)
"""

UNPLAYABLE = {
    "": "no route of this checkout calls cancel_run of a manager",
    "\ndef stop(run_id: int, manager: RunManager):\n    manager.cancel_run(run_id)\n": (
        "no route of this checkout calls cancel_run of a manager"
    ),
    GLOBAL: "the manager that it asks is none of its parameters",
    ASKS.replace("    manager", "    await audited()\n    manager").replace("def", "async def"): (
        "it awaits what only a server's event loop provides"
    ),
    ASKS.replace("run_id: int", "run_id: int, body: dict").replace(
        "    manager", "    print(body)\n    manager"
    ): "it uses its parameter 'body', which is not a manager, a connection or a run",
    ASKS.replace("run_id", "which"): "it uses its parameter 'which'",
    ASKS.replace("    manager", "    Depends(run_id)\n    manager"): (
        "it calls Depends, which is not installed here"
    ),
    "raise OSError('no network')\n" + ASKS: ("its module cannot be imported: OSError: no network"),
}


@pytest.mark.parametrize(("route", "why"), UNPLAYABLE.items(), ids=range(len(UNPLAYABLE)))
def test_what_cannot_be_called_is_not_played_and_the_remark_says_why(
    copy: Copy, route: str, why: str
) -> None:
    copy.add(IMPORTS, route)
    target = target_named(f"source:{copy.folder}")
    assert [line for line in remarks(target) if "cancel-api" in line and why in line]
    with Simulation(target) as simulation:
        simulation.play(Schedule())
        assert not isinstance(
            target.open(copy.folder / "runs.db", cast("Any", None)), CancelsByRoute
        )


STREAMS = """
@router.get("/runs/{run_id}/logs")
def lines(run_id: int, db: sqlite3.Connection, manager: RunManager = Depends(manager_of)):
    def stream():
        queue = manager.register_subscriber(run_id)
        try:
            if get_run(db, run_id)["status"] == "completed":
                return
            yield from iter(queue.get, None)
        finally:
            manager.unregister_subscriber(run_id, queue)
    return stream()
"""
NEVER_LOOKS_AGAIN = STREAMS.replace("get_run(db, run_id)", "seen")
NEVER_UNREGISTERS = STREAMS.replace("manager.unregister_subscriber(run_id, queue)", "pass")


@pytest.mark.parametrize(
    ("streams", "verdict"),
    [
        (STREAMS, Verdict.HOLDS),
        (NEVER_LOOKS_AGAIN, Verdict.BROKEN),
        (NEVER_UNREGISTERS, Verdict.BROKEN),
        ("", Verdict.BROKEN),
    ],
)
def test_a_subscriber_that_is_left_is_a_leak_unless_its_stream_takes_it_back(
    copy: Copy, streams: str, verdict: Verdict
) -> None:
    copy.add(IMPORTS, ASKS, streams)
    copy.edit("runs/log_stream.py", "_subscribers.pop(run_id, ())", "_subscribers.get(run_id, ())")
    copy.edit("runs/log_stream.py", "self._subscribers.keys() - self._open_runs", "()")
    result = copy.check()
    assert result.verdict is result.rules["nothing-leaks"].verdict is verdict
    assert len(result.violations) == (verdict is Verdict.BROKEN)
    told = any("is not a leak: lines in" in remark for remark in result.remarks)
    assert told is (verdict is Verdict.HOLDS)
