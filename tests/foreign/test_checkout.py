"""`--source`: copies of our own GenGlossary, changed in ways in which versions really differ."""

# ruff: noqa: E501 - the lines replaced are somebody else's

from __future__ import annotations

import re
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from runfaults.campaign.campaign import Campaign
from runfaults.campaign.conclude import check
from runfaults.campaign.running import Options
from runfaults.explore.job import Scope
from runfaults.explore.runner import Runner
from runfaults.explore.sweep import Sweep
from runfaults.model import CheckResult, Ending, EventKind, Schedule, Verdict
from runfaults.model.listener import Listener
from runfaults.sim.simulation import Simulation
from runfaults.strategies import bench_for
from runfaults.targets import target_named
from runfaults.targets.target import TargetError, remarks, traits

SRC = Path(__file__).parents[2] / "src"
MANAGER = "runs/manager.py"
EXECUTOR = "runs/executor.py"
REPOSITORY = "db/runs_repository.py"
SCHEMA = "db/schema.py"

SMALL = Sweep(Scope(acts=("cancel",), endings=(Ending.NOTICES_CANCEL,)))
CLEAN = Sweep(Scope(kinds=(), acts=()))

Change = Callable[["Copy"], None]


class Copy:
    """A copy of our GenGlossary package, to be changed."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.package = folder / "src" / "genglossary"
        shutil.copytree(
            SRC / "genglossary", self.package, ignore=shutil.ignore_patterns("__pycache__")
        )

    def edit(self, file: str, old: str, new: str) -> None:
        path = self.package / file
        text = path.read_text("utf-8")
        assert old in text, f"{file} has changed: there is no {old!r} in it any more"
        path.write_text(text.replace(old, new), "utf-8")

    def edit_everywhere(self, old: str, new: str) -> None:
        for path in self.package.rglob("*.py"):
            text = path.read_text("utf-8")
            path.write_text(text.replace(old, new), "utf-8")

    def remove_method(self, file: str, name: str) -> None:
        path = self.package / file
        text, count = re.subn(
            rf"    def {name}\(.*?(?=\n    def |\n    # |\n    @|\n\n\n|\Z)",
            "",
            path.read_text("utf-8"),
            flags=re.DOTALL,
        )
        assert count == 1, f"{file} has no method {name}"
        path.write_text(text, "utf-8")

    def check(self, strategy: Sweep = SMALL) -> CheckResult:
        return check(
            Campaign(f"source:{self.folder}", (strategy,)), Options(processes=1), Listener()
        )


@pytest.fixture
def copy(tmp_path: Path) -> Copy:
    return Copy(tmp_path)


def unchanged(copy: Copy) -> None:
    del copy


def renamed_executor_arguments(copy: Copy) -> None:
    copy.edit(
        EXECUTOR,
        "        conn: sqlite3.Connection,\n        scope:",
        "        database: sqlite3.Connection,\n        steps_wanted:",
    )
    copy.edit(
        MANAGER,
        "doc_root=self.doc_root,\n                document_ids",
        "root=self.doc_root,\n                document_ids",
    )


def connection_by_keyword(copy: Copy) -> None:
    copy.edit(
        MANAGER,
        "                conn,\n                run.scope,\n",
        "                conn=conn,\n                scope=run.scope,\n",
    )
    copy.edit(
        MANAGER,
        "                ExecutionContext(run_id=run.id",
        "                context=ExecutionContext(run_id=run.id",
    )


def no_cancel_exception(copy: Copy) -> None:
    copy.edit_everywhere("PipelineCancelledException", "_Stopped")
    copy.edit(MANAGER, "    _Stopped,\n", "")
    copy.edit(
        MANAGER,
        "@dataclass(slots=True)\nclass _Run",
        "class _Stopped(Exception):\n    pass\n\n\n@dataclass(slots=True)\nclass _Run",
    )


def more_constructor_arguments(copy: Copy) -> None:
    copy.edit(
        MANAGER,
        "        db_path: str,\n        doc_root",
        "        registry: dict,\n        db_path: str,\n        strict: bool,\n        doc_root",
    )
    copy.edit(MANAGER, '        doc_root: str = ".",', "        doc_root: str,")
    copy.edit(MANAGER, '        llm_provider: str = "ollama",', "        llm_provider: str,")
    copy.edit(MANAGER, '        llm_model: str = "",', "        llm_model: str,")


def imports_that_are_missing(copy: Copy) -> None:
    copy.edit(
        EXECUTOR,
        "logger = logging",
        "import no_such_tokeniser\n"
        "from no_such_llm_client.chat import Client, retried\n\n"
        "class Remote(Client):\n"
        "    @retried(times=3)\n"
        "    def ask(self): ...\n\n"
        "SPLIT = no_such_tokeniser.load('ja')\n"
        "try:\n    import no_such_accelerator\nexcept ImportError:\n    no_such_accelerator = None\n"
        "assert no_such_accelerator is None\n"
        "logger = logging",
    )


def functions_moved(copy: Copy) -> None:
    (copy.package / "pipeline").mkdir()
    (copy.package / "pipeline" / "__init__.py").touch()
    (copy.package / "runs" / "executor.py").rename(copy.package / "pipeline" / "stages.py")
    copy.edit_everywhere("genglossary.runs.executor", "genglossary.pipeline.stages")
    (copy.package / "db" / "tables").mkdir()
    (copy.package / "db" / "tables" / "__init__.py").touch()
    (copy.package / "db" / "runs_repository.py").rename(copy.package / "db" / "tables" / "runs.py")
    copy.edit_everywhere(
        "from genglossary.db import runs_repository",
        "from genglossary.db.tables import runs as runs_repository",
    )
    copy.edit_everywhere("genglossary.db.runs_repository", "genglossary.db.tables.runs")


def other_status_helpers(copy: Copy) -> None:
    copy.edit_everywhere("complete_run_if_not_cancelled", "finish_unless_cancelled")
    copy.edit_everywhere("update_run_status_if_active", "move_on")
    copy.edit_everywhere("update_run_status", "set_run_status")
    copy.edit(REPOSITORY, "def cancel_run(", "def write_cancelled(")


def no_close(copy: Copy) -> None:
    copy.remove_method(MANAGER, "close")


def progress_writes(copy: Copy) -> None:
    copy.edit(
        EXECUTOR,
        "    cancel_event: Event\n",
        "    cancel_event: Event\n    progress: Callable[[int, int, str], None] = print\n",
    )
    copy.edit(
        MANAGER,
        "        executor = self._make_executor()\n",
        "        def progress(current: int, total: int, step: str) -> None:\n"
        "            with immediate_transaction(conn):\n"
        "                conn.execute(\n"
        "                    'UPDATE runs SET progress_current = ?, progress_total = ?,'\n"
        "                    ' current_step = ? WHERE id = ?', (current, total, step, run.id))\n\n"
        "        executor = self._make_executor()\n",
    )
    copy.edit(
        MANAGER,
        "cancel_event=run.cancel_event)",
        "cancel_event=run.cancel_event, progress=progress)",
    )


def many_more_tables(copy: Copy) -> None:
    copy.edit(
        SCHEMA,
        "_TABLES = (\n",
        "_MORE = tuple(\n"
        "    f'CREATE TABLE IF NOT EXISTS {name} (id INTEGER PRIMARY KEY, status TEXT, run_id INT)'\n"
        "    for name in ('a_run_log', 'run_steps', 'running_costs', *(f'more_{n}' for n in range(40)))\n"
        ")\n"
        "_TABLES = (\n    *_MORE,\n",
    )


def no_interrupted_status(copy: Copy) -> None:
    allow_only(copy, "pending", "running", "completed", "cancelled", "failed")


def allow_only(copy: Copy, *statuses: str) -> None:
    default = "status TEXT NOT NULL DEFAULT 'pending'"
    copy.edit(SCHEMA, default, f"{default} CHECK (status IN {statuses})")


HARMLESS: list[Change] = [
    unchanged,
    renamed_executor_arguments,
    connection_by_keyword,
    no_cancel_exception,
    more_constructor_arguments,
    imports_that_are_missing,
    functions_moved,
    other_status_helpers,
    no_close,
    progress_writes,
    many_more_tables,
    no_interrupted_status,
]


@pytest.mark.parametrize("change", HARMLESS, ids=lambda change: change.__name__)
def test_a_harmless_change_holds(copy: Copy, change: Change) -> None:
    change(copy)
    result = copy.check()
    assert [str(each.scenario.symptom) for each in result.violations] == []
    assert result.verdict is Verdict.HOLDS
    assert result.notes == ()
    assert result.schedules.total > 30


def one_transaction_for_work_and_record(copy: Copy) -> None:
    """The bug that this project began with: an error while recording success is called failure."""
    copy.remove_method(MANAGER, "_execute_run")
    copy.edit(
        MANAGER,
        "    # Running\n",
        "    # Running\n\n"
        "    def _execute_run(self, run_id, scope, document_ids=None):\n"
        "        run = self._waiting.pop(run_id)\n"
        "        conn = get_connection(self.db_path)\n"
        "        try:\n"
        "            update_run_status(conn, run.id, 'running')\n"
        "            conn.commit()\n"
        "            self._run_pipeline(conn, run)\n"
        "            update_run_status_if_active(conn, run.id, 'completed')\n"
        "            conn.commit()\n"
        "        except Exception as error:\n"
        "            conn.rollback()\n"
        "            update_run_status(conn, run.id, 'failed', error_message=str(error))\n"
        "            conn.commit()\n"
        "        finally:\n"
        "            conn.close()\n"
        "            self._conclude(run, _Outcome('completed'))\n",
    )


def test_the_bug_put_back_is_found(copy: Copy) -> None:
    one_transaction_for_work_and_record(copy)
    result = copy.check()
    assert result.verdict is Verdict.BROKEN
    assert result.rules["succeeded-never-failed"].verdict is Verdict.BROKEN
    assert result.rules["cancelled-never-failed"].verdict is Verdict.BROKEN


def takes_what_a_closed_client_raises_for_a_failure(copy: Copy) -> None:
    copy.edit(
        MANAGER,
        'return _Outcome("cancelled") if run.cancel_event.is_set() else ending',
        'late = run.cancel_event.is_set() and ending.status == "completed"\n'
        '            return _Outcome("cancelled") if late else ending',
    )


@pytest.mark.parametrize(
    ("change", "verdict"),
    [
        (takes_what_a_closed_client_raises_for_a_failure, Verdict.BROKEN),
        (unchanged, Verdict.HOLDS),
    ],
)
def test_the_executor_s_client_is_closed_by_a_cancel(
    copy: Copy, change: Change, verdict: Verdict
) -> None:
    change(copy)
    with Simulation(target_named(f"source:{copy.folder}")) as simulation:
        trial = Runner(simulation).run(
            Schedule.parse("pipeline raises-when-closed; act cancel at run reach pipeline")
        )
    told = {each.rule: each.verdict for each in trial.judgements}
    assert told["cancelled-never-failed"] is verdict


def test_the_result_names_what_was_stubbed_and_who_wanted_it(copy: Copy) -> None:
    imports_that_are_missing(copy)
    remarks = copy.check(CLEAN).remarks
    for package in ("no_such_tokeniser", "no_such_llm_client"):
        expected = f"{package} is not installed and was stubbed (imported by src/genglossary/runs/executor.py)"
        assert expected in remarks
    assert not any("no_such_accelerator" in remark for remark in remarks)


def test_a_version_without_close_is_not_told_to_join_a_thread_that_is_not_started(
    copy: Copy,
) -> None:
    copy.remove_method(MANAGER, "close")
    target = target_named(f"source:{copy.folder}")
    schedule = Schedule.parse("pipeline succeeds; act close at user spawn run")
    with Simulation(target) as simulation:
        trial = Runner(simulation).run(schedule)
    assert trial.failing() == (), trial.judgements


def test_the_result_names_the_rules_that_make_no_sense_and_why(copy: Copy) -> None:
    no_interrupted_status(copy)
    copy.remove_method(MANAGER, "register_subscriber")
    result = copy.check(CLEAN)
    assert "orphan-is-interrupted-not-failed" not in result.rules
    assert "signal-matches-record" not in result.rules
    assert (
        "signal-matches-record does not judge this target: this version has no register_subscriber"
        in result.remarks
    )


def test_a_run_that_needs_a_missing_package_is_no_proof(copy: Copy) -> None:
    copy.edit(MANAGER, "logger = logging", "import no_such_cache\nlogger = logging")
    copy.edit(
        MANAGER,
        '        if self._is_closed():\n            raise RuntimeError("This run manager is closed',
        '        no_such_cache.clear()\n        if self._is_closed():\n            raise RuntimeError("This run manager is closed',
    )
    with pytest.raises(TargetError, match=r"managing a run uses no_such_cache\.clear") as raised:
        copy.check()
    command = f"uv run --with no_such_cache runfaults check --source {copy.folder}"
    assert str(raised.value).endswith(command)


def test_an_import_that_a_stand_in_cannot_satisfy_names_the_command(copy: Copy) -> None:
    copy.edit(
        MANAGER, "logger = logging", "from no_such_cache import SIZE\nlogger = SIZE + logging"
    )
    with pytest.raises(TargetError, match="cannot be imported: TypeError") as raised:
        copy.check()
    assert "no_such_cache is not installed here, which may be why" in str(raised.value)
    assert "uv run --with no_such_cache runfaults check" in str(raised.value)


def test_a_stand_in_that_another_adapter_imports_is_not_held_against_this_one(copy: Copy) -> None:
    imports_that_are_missing(copy)
    one, other = (target_named(f"source:{copy.folder}") for _ in range(2))
    with Simulation(one) as simulation:
        assert traits(other).exempt is not None
        assert simulation.play(Schedule()).history.events


def test_no_file_of_the_checkout_is_written(copy: Copy) -> None:
    before = sorted(copy.folder.rglob("*"))
    copy.check(CLEAN)
    assert sorted(copy.folder.rglob("*")) == before


def test_what_was_imported_before_is_back_afterwards(copy: Copy) -> None:
    import genglossary.runs.manager

    before = sys.modules["genglossary.runs.manager"]
    path = list(sys.path)
    target = target_named(f"source:{copy.folder}")
    assert remarks(target)
    with Simulation(target):
        assert sys.modules["genglossary.runs.manager"] is not before
        assert str(copy.package.parent) in sys.path
        assert remarks(target_named(f"source:{copy.folder}")) == remarks(target)
    assert sys.modules["genglossary.runs.manager"] is before is genglossary.runs.manager
    assert sys.path == path


def called_failed_whatever_happens(copy: Copy) -> None:
    copy.edit(MANAGER, '_Outcome("completed")', '_Outcome("failed")')


@pytest.mark.parametrize(
    ("change", "verdict"),
    [(called_failed_whatever_happens, Verdict.BROKEN), (unchanged, Verdict.HOLDS)],
)
def test_every_schedule_on_a_bench_is_judged_like_the_first(
    copy: Copy, change: Change, verdict: Verdict
) -> None:
    change(copy)
    bench = bench_for(f"source:{copy.folder}")
    for _ in range(3):
        trial = bench.run(Schedule())
        assert [e.subject for e in trial.history.events if e.kind is EventKind.PIPELINE] == [
            "started",
            "returned",
        ]
        assert trial.verdict is verdict
        # Another adapter of the same checkout, and other code of the same names, meanwhile.
        assert traits(target_named(f"source:{copy.folder}")).exempt == {}
        assert traits(target_named(f"source:{SRC}")).exempt == {}


def test_a_folder_without_a_run_manager_is_told_so(tmp_path: Path) -> None:
    (tmp_path / "broken.py").write_text("class RunManager(:\n")
    with pytest.raises(TargetError, match="no class RunManager in any Python file below it"):
        target_named(f"source:{tmp_path}")
    with pytest.raises(TargetError, match=r"there is no folder .*gone; give that of a checkout"):
        target_named(f"source:{tmp_path}/gone")


def test_two_run_managers_are_told_so(copy: Copy) -> None:
    shutil.copytree(copy.package, copy.folder / "old" / "genglossary")
    with pytest.raises(TargetError, match=r"several classes RunManager: old.*give a narrower path"):
        target_named(f"source:{copy.folder}")


def test_statuses_that_nobody_knows_are_told(copy: Copy) -> None:
    allow_only(copy, "pending", "running", "completed", "cancelled", "failed", "paused")
    with pytest.raises(TargetError, match="statuses of unknown meaning: paused"):
        copy.check()


SCENARIO = """
name = "success-recorded-as-failed"
symptom = "A run that succeeded is shown as failed."
target = "genglossary"
[schedule]
pipeline = "succeeds"
[[fault]]
kind = "busy"
at = "run commit #4"
"""


def bisect_step(copy: Copy, tmp_path: Path) -> subprocess.CompletedProcess[str]:
    file = tmp_path / "scenario.toml"
    file.write_text(SCENARIO)
    return subprocess.run(
        [sys.executable, "-m", "runfaults.cli", "replay", "--source", str(copy.folder), str(file)],
        capture_output=True,
        text=True,
        check=False,
    )


def test_replay_tells_git_bisect_good_from_bad_and_from_untestable(
    copy: Copy, tmp_path: Path
) -> None:
    good = bisect_step(copy, tmp_path)
    assert (good.returncode, "holds" in good.stdout) == (0, True), good.stderr
    one_transaction_for_work_and_record(copy)
    bad = bisect_step(copy, tmp_path)
    assert (bad.returncode, "succeeded-never-failed" in bad.stdout) == (1, True), bad.stderr
    copy.edit(MANAGER, "class RunManager", "class ManagerOfRuns")
    untestable = bisect_step(copy, tmp_path)
    assert untestable.returncode == 125
    assert "no class RunManager" in untestable.stderr
