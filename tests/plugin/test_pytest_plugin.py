from __future__ import annotations

import textwrap
from pathlib import Path

import pytest

PLANTED = Path(__file__).parents[1] / "planted.py"

FAILS = "fault busy at run execute UPDATE jobs"


@pytest.fixture(autouse=True)
def project(pytester: pytest.Pytester) -> None:
    """A project whose target records a succeeded run as failed if its record meets a lock."""
    pytester.makeini(
        f"""
        [pytest]
        addopts = --strict-markers -p no:cacheprovider
        filterwarnings = error
        timeout = 50
        timeout_method = thread
        runfaults_target = {PLANTED}:Jobs
        """
    )


def scenario(path: Path, expect: str = "holds", **change: str) -> None:
    fault = {"kind": "busy", "at": "run execute UPDATE jobs"} | change
    path.parent.mkdir(exist_ok=True)
    path.write_text(
        textwrap.dedent(
            f"""
            name = "{path.stem}"
            symptom = "The work is done, and the page says failed"
            target = "{PLANTED}:Jobs"
            expect = "{expect}"

            [[fault]]
            """
        )
        + "\n".join(f'{key} = "{value}"' for key, value in fault.items())
    )


def test_each_scenario_file_is_a_test(pytester: pytest.Pytester) -> None:
    scenario(pytester.path / "faults" / "known.toml", expect="broken")
    scenario(pytester.path / "faults" / "new.toml")
    scenario(pytester.path / "faults" / "never-reached.toml", at="run commit #9")
    scenario(pytester.path / "faults" / "typing-error.toml", knid="busy")
    (pytester.path / "faults" / "pyproject.toml").write_text('[project]\nname = "x"\n')
    result = pytester.runpytest_inprocess("faults", "-v")
    result.assert_outcomes(passed=1, failed=3)
    result.stdout.fnmatch_lines(
        [
            "*new: the file expects the verdict holds, but it is broken*",
            "*The work is done, and the page says failed*",
            "*time/s*user*run*database*",
            "*database is locked*",
            "*schedule: pipeline succeeds; fault busy at run execute UPDATE jobs*",
            "*= runfaults =*",
            "2 schedules tried: 2 broken",
        ],
        consecutive=False,
    )
    output = result.stdout.str()
    assert "never reached: busy at run commit #9" in output
    assert "typing-error.toml:" in output
    assert "unknown key 'knid'" in output
    assert "bench.py" not in output  # where the harness noticed it is no news


def test_a_marked_test_runs_for_each_scenario_and_says_more(pytester: pytest.Pytester) -> None:
    scenario(pytester.path / "faults" / "known.toml", expect="broken")
    scenario(pytester.path / "faults" / "new.toml")
    pytester.makepyfile(
        """
        import pytest

        @pytest.mark.runfaults_scenarios("faults")
        def test_as_expected():
            pass

        @pytest.mark.runfaults_scenarios("faults/known.toml")
        def test_more(replayed):
            assert not replayed.scenario.schedule.acts
        """,
        test_empty="""
        import pytest

        @pytest.mark.runfaults_scenarios("nowhere")
        def test_nothing():
            pass
        """,
    )
    result = pytester.runpytest_inprocess("-v", "--continue-on-collection-errors", "-k", "test_")
    result.assert_outcomes(passed=2, failed=1, errors=1)
    result.stdout.fnmatch_lines(
        [
            "*no scenario files (?.toml) in ('nowhere',)*",
        ]
    )
    output = result.stdout.str()
    assert "test_as_expected[known] PASSED" in output
    assert "new: the file expects the verdict holds, but it is broken" in output


@pytest.mark.nightly
def test_a_false_property_is_saved_and_counted_by_all_workers(pytester: pytest.Pytester) -> None:
    pytester.makepyfile(
        f"""
        from hypothesis import given, settings
        from runfaults.model import Schedule
        from runfaults.strategies import schedules
        from hypothesis import strategies as st

        @settings(database=None, derandomize=True, deadline=None, max_examples=5)
        @given(st.just(Schedule.parse("pipeline succeeds; {FAILS}")))
        def test_false(bench, schedule):
            bench.run(schedule).assert_holds("succeeded-never-failed")

        def test_true(bench):
            bench.run(Schedule()).assert_holds()
        """
    )
    result = pytester.runpytest_subprocess("-n", "2", "--runfaults-save", "found")
    result.assert_outcomes(passed=1, failed=1)
    (saved,) = (pytester.path / "found").iterdir()
    output = result.stdout.str()
    assert saved.name == "Jobs-succeeded-never-failed.toml"
    assert f"to reproduce: runfaults replay {saved}" in output
    assert f"saved: {saved}" in output
    assert f"schedule=Schedule.parse('pipeline succeeds; {FAILS}')" in output
    assert "succeeded-never-failed is broken: " in output
    assert "time/s" in output
    result.stdout.re_match_lines([r"\d+ schedules tried: \d+ broken, 1 holds"])
    again = pytester.runpytest_inprocess("found", "-q")
    again.assert_outcomes(passed=1)


def test_configured_folders_are_collected_unless_others_are_named(
    pytester: pytest.Pytester,
) -> None:
    scenario(pytester.path / "faults" / "known.toml", expect="broken")
    (pytester.path / "faults" / "empty.toml").write_text("")
    pytester.makepyfile(test_other="def test_other(): pass")
    pytester.makeini("[pytest]\ntestpaths = test_other.py\nrunfaults_scenarios = faults\n")
    pytester.runpytest_subprocess("test_other.py").assert_outcomes(passed=1)
    result = pytester.runpytest_subprocess("-v")
    result.assert_outcomes(passed=2, failed=1)
    assert "empty.toml:1: the file needs `name`" in result.stdout.str()


def test_without_the_plugin_nothing_is_left(pytester: pytest.Pytester) -> None:
    scenario(pytester.path / "faults" / "known.toml", expect="broken")
    pytester.makeini("[pytest]\n")
    pytester.makepyfile(
        """
        import sys

        def test_not_even_a_module():
            assert [name for name in sys.modules if name.startswith("runfaults")] == []
        """
    )
    result = pytester.runpytest_subprocess("-p", "no:runfaults", "-v", ".")
    result.assert_outcomes(passed=1)
    assert "runfaults" not in result.stdout.str().replace(str(pytester.path), "")
    helped = pytester.runpytest_subprocess("-p", "no:runfaults", "--help").stdout.str()
    assert "runfaults" not in helped.replace(str(pytester.path), "")


def test_it_costs_nothing_until_it_is_used(pytester: pytest.Pytester) -> None:
    pytester.makepyfile(
        """
        import sys

        def test_only_the_plugin_is_imported():
            ours = {name for name in sys.modules if name.startswith("runfaults")}
            every_fault = "runfaults.pytest_every_fault"
            of_every_fault = {every_fault, f"{every_fault}.plugin", f"{every_fault}.options"}
            assert ours == {"runfaults", "runfaults.pytest_plugin", *of_every_fault}
            assert "hypothesis" not in sys.modules
        """
    )
    result = pytester.runpytest_subprocess()
    result.assert_outcomes(passed=1)
    assert "schedules tried" not in result.stdout.str()


def test_it_lives_with_frozen_time_timeouts_and_its_neighbours(pytester: pytest.Pytester) -> None:
    pytester.makepyfile(
        f"""
        import datetime, gc, logging, random, sqlite3, threading, time
        import pytest
        from freezegun import freeze_time
        from runfaults.model import Schedule

        REAL = (threading.Lock, time.sleep, sqlite3.connect, threading.Thread.start)
        SCHEDULE = Schedule.parse("pipeline succeeds; {FAILS} x2; act cancel at run commit")
        digests = []

        def test_plain(bench):
            digests.append(bench.run(SCHEDULE).history.digest())

        @freeze_time("2001-02-03")
        def test_frozen_before(bench):
            digests.append(bench.run(SCHEDULE).history.digest())
            assert datetime.date.today() == datetime.date(2001, 2, 3)

        def test_frozen_inside(bench):
            bench.run(Schedule())
            with freeze_time("2001-02-03"):
                digests.append(bench.run(SCHEDULE).history.digest())
                assert time.time() == 981158400
            digests.append(bench.run(SCHEDULE).history.digest())

        def test_the_same_history_each_time():
            assert len(set(digests)) == 1 and len(digests) == 4

        def test_nothing_is_left():
            assert REAL == (threading.Lock, time.sleep, sqlite3.connect, threading.Thread.start)
            assert gc.isenabled()
            assert abs(time.time() - datetime.datetime.now().timestamp()) < 60
            assert time.time() > 1_700_000_000

        def test_the_random_module_is_left_as_it_was(bench):
            random.seed(7)
            expected = random.random()
            random.seed(7)
            bench.run(Schedule())
            assert random.random() == expected

        @pytest.mark.timeout(30, method="thread")
        def test_under_a_timeout(bench):
            bench.run(SCHEDULE)
        """
    )
    pytester.runpytest_subprocess("-v").assert_outcomes(passed=7)


TINY = """
from runfaults.campaign.bound import Bound
from runfaults.campaign.bounds import BOUNDS
from runfaults.explore.job import Scope
from runfaults.explore.sweep import Sweep

BOUNDS["tiny"] = Bound("tiny", (Sweep(Scope(acts=())),))
"""


def test_a_sweep_runs_the_bound_that_is_asked_for(pytester: pytest.Pytester) -> None:
    pytester.makeconftest(TINY)
    pytester.makepyfile(
        """
        import runfaults.campaign.conclude

        def test_sweep(sweep, monkeypatch):
            check, seeds = runfaults.campaign.conclude.check, []

            def spy(campaign, *arguments, **named):
                seeds.extend(strategy.scope.seed for strategy in campaign.strategies)
                return check(campaign, *arguments, **named)

            monkeypatch.setattr("runfaults.campaign.conclude.check", spy)
            result = sweep()
            assert result.finished
            assert result.schedules.broken
            assert seeds == [3]
        """
    )
    options = ("--runfaults-bound", "tiny", "--runfaults-seed", "3", "--runfaults-save", "found")
    result = pytester.runpytest_inprocess(*options)
    result.assert_outcomes(passed=1)
    result.stdout.re_match_lines([r"\d+ schedules tried: \d+ broken, \d+ holds"])
    assert list((pytester.path / "found").iterdir())


def test_a_sweep_that_must_hold_names_what_is_broken_and_what_to_type(
    pytester: pytest.Pytester,
) -> None:
    pytester.makeconftest(TINY)
    pytester.makepyfile("def test_sweep(sweep): sweep.assert_holds()")
    options = ("--runfaults-bound", "tiny", "--runfaults-save", "found")
    result = pytester.runpytest_inprocess(*options)
    result.assert_outcomes(failed=1)
    result.stdout.fnmatch_lines(
        [
            "*: broken by * schedules*",
            "*1. succeeded-never-failed, *: The work succeeded, yet*",
            "*recorded failed at *",
            "*to reproduce: runfaults replay *found*",
            "saved: *found*",
        ]
    )


def test_a_failure_is_shown_at_the_line_of_the_test(pytester: pytest.Pytester) -> None:
    pytester.makeconftest(TINY)
    pytester.makepyfile(
        f"""
        from runfaults.model import Schedule

        def test_it(bench):
            bench.run(Schedule.parse("pipeline succeeds; {FAILS}; act read")).assert_holds()
        """
    )
    result = pytester.runpytest_inprocess()
    result.stdout.fnmatch_lines(
        [
            f"E *schedule: pipeline succeeds; {FAILS}",
            f"E *made simpler from: pipeline succeeds; {FAILS}; act read",
            "test_a_failure_is_shown_at_the_line_of_the_test.py:4: DoesNotHoldError",
        ]
    )
    assert "bench.py:" not in result.stdout.str()


def test_a_sweep_keeps_to_its_budget(pytester: pytest.Pytester) -> None:
    pytester.makeconftest(TINY)
    pytester.makepyfile("def test_sweep(sweep): assert sweep().not_reached")
    options = ("--runfaults-bound", "tiny", "--runfaults-budget")
    pytester.runpytest_inprocess(*options, "0.0001s").assert_outcomes(passed=1)
    result = pytester.runpytest_inprocess(*options, "soon")
    result.assert_outcomes(errors=1)
    result.stdout.fnmatch_lines(["*'soon' is not a duration*"])


OWN_RULES = """
from runfaults.oracle import no_rows

never_fails = no_rows("no job fails", "SELECT id FROM jobs WHERE status = 'failed'")
always_there = no_rows("a job has an id", "SELECT id FROM jobs WHERE id IS NULL")
"""


@pytest.mark.parametrize("door", ["option", "ini", "settings", "bench_for"])
def test_rules_of_the_projects_own_judge_too(door: str, pytester: pytest.Pytester) -> None:
    pytester.makepyfile(
        rules=OWN_RULES,
        test_own=f"""
        import pytest
        from runfaults.model import Schedule
        from runfaults.strategies import bench_for

        def test_clean(bench):
            if {door == "bench_for"}:
                bench = bench_for(bench.target, rules=["rules.py:never_fails"])
            bench.run(Schedule.parse("pipeline succeeds")).assert_holds("no-job-fails")
            with pytest.raises(AssertionError, match="no-job-fails is broken: the query found id"):
                bench.run(Schedule.parse("{FAILS}")).assert_holds("no-job-fails")
        """,
    )
    given = ["--runfaults-rule", "rules.py:never_fails"] if door == "option" else []
    if door == "ini":
        with (pytester.path / "tox.ini").open("a") as file:
            file.write("\nrunfaults_rules = rules.py:never_fails\n")
    if door == "settings":
        settings = '[tool.runfaults]\nrules = ["rules.py:never_fails"]\n'
        (pytester.path / "pyproject.toml").write_text(settings)
    result = pytester.runpytest_inprocess("test_own.py", *given)
    result.assert_outcomes(passed=1)


def test_a_rule_that_cannot_be_used_is_an_error_of_its_tests(pytester: pytest.Pytester) -> None:
    pytester.makepyfile(
        test_own="""
        from runfaults.model import Schedule

        def test_clean(bench):
            bench.run(Schedule())
        """
    )
    result = pytester.runpytest_inprocess("--runfaults-rule", "nowhere.py:rule")
    result.assert_outcomes(failed=1)
    result.stdout.fnmatch_lines(["*RuleError: rule nowhere.py:rule: there is no file nowhere.py*"])


ENDS = {
    "os._exit(0)": "*was ended by os._exit(0) at */ends.py:*",
    "os.abort()": "*died of SIGABRT at */ends.py:*",
    "signal.raise_signal(signal.SIGSEGV)": "*died of SIGSEGV at */ends.py:*",
    "sys.exit(0)": "*raised SystemExit: 0 at */ends.py:*",
}


@pytest.mark.parametrize(
    ("ends", "told", "place"),
    [
        pytest.param(ends, told, place, marks=pytest.mark.nightly if repeats else ())
        for number, (ends, told) in enumerate(ENDS.items())
        for place, repeats in (("prepared", False), ("imported", number > 0))
    ],
)
def test_a_target_that_ends_its_process_fails_the_tests_and_not_pytest(
    pytester: pytest.Pytester, ends: str, told: str, place: str
) -> None:
    pytester.makepyfile(
        ends=f"""
        import importlib.util, os, signal, sys
        spec = importlib.util.spec_from_file_location("planted", {str(PLANTED)!r})
        planted = importlib.util.module_from_spec(spec)
        sys.modules["planted"] = planted
        spec.loader.exec_module(planted)

        class Ends(planted.Jobs):
            def prepare(self, database):
                {ends}

        {"pass" if place == "prepared" else ends}
        """,
        test_ends="""
        from runfaults.model import Schedule

        def test_bench(bench):
            bench.run(Schedule())

        def test_sweep(sweep):
            sweep()

        def test_innocent():
            pass
        """,
    )
    scenario(pytester.path / "faults" / "played.toml")
    result = pytester.runpytest_subprocess(
        "faults", "test_ends.py", "--runfaults-target", "ends.py:Ends", "--runfaults-bound=0,0,0"
    )
    result.assert_outcomes(failed=3, passed=1)
    result.stdout.fnmatch_lines([told])
    assert result.ret == pytest.ExitCode.TESTS_FAILED
