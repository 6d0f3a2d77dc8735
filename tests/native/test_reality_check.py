"""Every kind at every point by its real cause, and causes that no kind stands for."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from runfaults.campaign.bounds import bound_named
from runfaults.campaign.campaign import Campaign
from runfaults.campaign.conclude import check
from runfaults.campaign.replay import replay
from runfaults.campaign.running import Options
from runfaults.explore.job import Chosen, Scope
from runfaults.model import CheckResult, Journal, Verdict
from runfaults.model.listener import Listener
from runfaults.native.causes import RealCauses
from runfaults.scenario.file import load_scenario
from runfaults.sqlite.kinds import KINDS
from runfaults.sqlite.real.lasting import CAUSES

pytestmark = pytest.mark.timeout(180)

ONE_TRY = "tests/controls/one_try.py:OneTry"


def checked(
    target: str,
    causes: tuple[str, ...],
    *,
    kinds: tuple[str, ...] = (),
    journal: Journal = Journal.DELETE,
    save_to: Path | None = None,
) -> CheckResult:
    strategy = RealCauses(Scope((*kinds, *causes), (), journals=(journal,)))
    campaign = Campaign(target, (strategy,))
    return check(campaign, Options(processes=1), Listener(), save_to=save_to)


def test_the_corrected_manager_holds_under_real_faults() -> None:
    causes = ("moved-away", "short-write", "no-descriptors")
    result = checked("genglossary", causes, kinds=tuple(KINDS), journal=Journal.WAL)
    assert result.verdict is Verdict.HOLDS, [v.scenario.symptom for v in result.violations]
    assert result.notes == ()
    had = {cell.kind for cell in result.coverage if not cell.impossible}
    assert {"busy", "full", "ioerr-write", "short-write", "moved-away"} <= had


def test_what_cannot_be_had_is_said() -> None:
    causes = ("disk-full", "read-only-folder")
    result = checked("genglossary", causes, kinds=("locked",))
    had = {cell.kind for cell in result.coverage if not cell.impossible}
    reasons = {cell.kind: cell.impossible for cell in result.coverage if cell.impossible}
    assert had | reasons.keys() == {*causes, "locked"} - ({"locked"} - reasons.keys())
    refused = "read-only-folder" if os.geteuid() == 0 else "disk-full"
    assert reasons[refused].startswith("not available here: ")


def test_one_try_at_recording_does_not_survive_a_short_write(tmp_path: Path) -> None:
    result = checked(ONE_TRY, ("short-write",), save_to=tmp_path)
    assert result.verdict is Verdict.BROKEN
    violation = result.violations[0]
    assert violation.evidence == "shown with a real cause (short-write), inside of the simulation"
    assert violation.saved_to is not None
    scenario = load_scenario(Path(violation.saved_to))
    assert scenario.schedule.faults[0].kind == "short-write"
    assert replay(scenario).matches(scenario)


TRUSTING = """
import contextlib, sqlite3, sys, time
sys.path.append({folder!r})
from autocommit_threads import Innocent, Runner, Stopped

class Trusting(Runner):
    @contextlib.contextmanager
    def _transaction(self):
        with self._connected() as connection:
            try:
                {begin}
                yield connection
                connection.execute("COMMIT")
            finally:
                if connection.in_transaction:
                    connection.rollback()

    def _insist(self, *statements, **values):
        while True:
            try:
                with self._transaction() as connection:
                    for statement in statements:
                        rows = connection.execute(statement, values).fetchall()
                return rows[0] if rows else None
            except sqlite3.ProgrammingError:
                raise  # no repetition mends a mistake of the program
            except (sqlite3.Error, MemoryError):
                time.sleep(1)

    def _perform(self, run):
        try:
            with contextlib.closing(self._connect()) as connection:
                self._work(connection, run, lambda: run in self._cancelled, Stopped)
        except sqlite3.ProgrammingError:
            raise
        except Stopped:
            return "stopped"
        except BaseException:
            return "failed"
        return "done"

class Target(Innocent):
    runner = Trusting
"""


BEGINNINGS = {
    "at once": 'connection.execute("BEGIN IMMEDIATE")',
    "read first": 'connection.execute("BEGIN"); connection.execute("SELECT * FROM jobs")',
    "write first": 'connection.execute("BEGIN"); connection.execute("DELETE FROM jobs WHERE 0")',
}


@pytest.mark.parametrize(
    ("beginning", "journal"),
    [
        *((each, Journal.DELETE) for each in BEGINNINGS),
        ("at once", Journal.WAL),
        *(
            pytest.param(each, Journal.WAL, marks=pytest.mark.nightly)
            for each in BEGINNINGS
            if each != "at once"
        ),
    ],
)
def test_a_program_that_takes_no_error_for_its_own_meets_none_of_the_harness(
    beginning: str, journal: Journal, tmp_path: Path
) -> None:
    """Its connections are for one thread each, and it closes them while a cause is there."""
    path = tmp_path / "trusting.py"
    folder = str(Path("tests/innocents").resolve())
    path.write_text(TRUSTING.format(folder=folder, begin=BEGINNINGS[beginning]))
    kinds = ("ioerr-write", "ioerr-fsync", "full", "interrupt", "lost-acknowledgement")
    result = checked(f"{path}:Target", ("no-page-left",), kinds=kinds, journal=journal)
    assert result.verdict is Verdict.HOLDS, [v.scenario.symptom for v in result.violations]
    assert result.notes == ()
    had = {cell.kind for cell in result.coverage if not cell.impossible}
    assert had == {*kinds, "no-page-left"}


def test_a_rule_that_the_target_is_exempt_from_is_not_reported(tmp_path: Path) -> None:
    """It did not judge, so it neither holds nor is broken."""
    path = tmp_path / "exempted.py"
    path.write_text(
        "import sys\n"
        f"sys.path.append({str(Path(ONE_TRY).parent.resolve())!r})\n"
        "from one_try import OneTry\n"
        "class Exempted(OneTry):\n"
        "    exempt = {'succeeded-never-failed': 'it is known to'}\n"
    )
    result = checked(f"{path}:Exempted", ("short-write",))
    assert "succeeded-never-failed" not in result.rules
    assert not any("succeeded-never-failed" in each.scenario.rules for each in result.violations)


def test_every_cause_has_a_name_of_its_own() -> None:
    assert len(CAUSES) == 8
    assert not CAUSES.keys() & KINDS.keys()


def test_the_bound_has_every_cause() -> None:
    (strategy,) = bound_named("real").strategies
    assert isinstance(strategy, RealCauses)
    assert strategy.scope.kinds == (*KINDS, *CAUSES)


def test_only_the_kinds_that_are_asked_for_are_provoked() -> None:
    (strategy,) = bound_named("real").limited_to(Chosen(("busy", "short-write"))).strategies
    assert strategy.describe().startswith(
        "busy once at every point, by its real cause; short-write around every operation; "
    )
