"""pytest: a test bench as fixture, scenario files as tests, failures with their timeline.

Loading this costs pytest nothing but this file: everything else is imported when a test needs it.
"""

from __future__ import annotations

import contextlib
import re
import sys
from collections import Counter
from collections.abc import Generator, Iterable, Iterator
from contextlib import suppress
from math import inf
from pathlib import Path
from typing import TYPE_CHECKING, cast

import pytest

if TYPE_CHECKING:
    from runfaults.testing.bench import Bench, Trial
    from runfaults.testing.sweeping import Sweep

pytest_plugins = (
    "runfaults.pytest_every_fault.options",
    "runfaults.pytest_every_fault.plugin",
)

_MARKER = "runfaults_scenarios"
_SYMPTOM = re.compile(r"^symptom\s*=", re.MULTILINE)
"""A mark that each scenario file has and no other TOML file, typing errors included."""

_TRIED, _SAVED = "runfaults_tried", "runfaults_saved"
"""Attributes of a test report that bring results from the workers of pytest-xdist."""


class UnexpectedVerdictError(AssertionError):
    """A scenario did not go as its file says."""


# --- options ----------------------------------------------------------------------------------


def pytest_addoption(parser: pytest.Parser) -> None:
    """Options on the command line and in the ini file."""
    group = parser.getgroup("runfaults", "schedules of faults, cancels and preemptions")
    add = group.addoption
    add("--runfaults-target", metavar="TARGET", help="system under test, instead of the ini's")
    add(
        "--runfaults-rule",
        metavar="FILE.py:NAME",
        action="append",
        default=[],
        help="a rule of your own that judges too; may be repeated",
    )
    add("--runfaults-bound", metavar="NAME", default="quick", help="what `sweep` runs")
    add("--runfaults-budget", metavar="TIME", help="when `sweep` stops, such as 60s, 5m or 1.5h")
    add("--runfaults-seed", metavar="N", type=int, default=0, help="seed of `sweep`'s schedules")
    add("--runfaults-save", metavar="FOLDER", help="save failing schedules as scenario files")
    add(
        "--runfaults-redact",
        action="store_true",
        help="leave values of the user's data out of what is told, as --redact of a command does",
    )
    parser.addini(
        "runfaults_target",
        "name of the system under test; without it that of [tool.runfaults], else genglossary",
        default="",
    )
    parser.addini("runfaults_rules", "rules of your own, as FILE.py:NAME", type="args")
    parser.addini("runfaults_redact", "what --runfaults-redact does", type="bool", default=False)
    parser.addini("runfaults_save", "folder for failing schedules, as scenario files", default="")
    parser.addini(
        "runfaults_scenarios", "folders of scenario files, each of which is a test", type="args"
    )


def pytest_configure(config: pytest.Config) -> None:
    """Register the marker and the summary; collect the configured folders if none are named."""
    config.addinivalue_line(
        "markers",
        f"{_MARKER}(*paths): run the test once for each scenario file, after the scenario went as "
        "its file says",
    )
    config.pluginmanager.register(_Summary(), "runfaults-summary")
    if config.args_source is not pytest.Config.ArgsSource.ARGS:
        config.args.extend(str(folder) for folder in _scenario_folders(config))


def pytest_sessionstart(session: pytest.Session) -> None:
    """Leave values out of all that is told, from the collection on, if that is asked for."""
    if _redacts(session.config):
        from runfaults.user_code import redact

        redact(wanted=True)
        session.config.add_cleanup(lambda: redact(wanted=False))


def _option(config: pytest.Config, name: str) -> str:
    return cast("str", config.getoption(name) or config.getini(name))


def _redacts(config: pytest.Config) -> bool:
    if config.getoption("runfaults_redact") or config.getini("runfaults_redact"):
        return True
    project = config.rootpath / "pyproject.toml"
    if not project.exists() or b"runfaults" not in project.read_bytes():
        return False  # without an import, which costs all who have this installed
    from runfaults.campaign.settings import SettingsError, load_settings

    with suppress(SettingsError):  # who uses them says so
        return load_settings(config.rootpath).redact
    return False


def _own_rules(config: pytest.Config) -> tuple[str, ...]:
    from runfaults.campaign.settings import load_settings

    given = cast("list[str]", config.getini("runfaults_rules"))
    more = cast("list[str]", config.getoption("runfaults_rule"))
    return tuple(dict.fromkeys((*load_settings(config.rootpath).rules, *given, *more)))


def _scenario_folders(config: pytest.Config) -> list[Path]:
    folders = cast("list[str]", config.getini("runfaults_scenarios"))
    return [config.rootpath / folder for folder in folders]


def _save_to(config: pytest.Config) -> Path | None:
    folder = _option(config, "runfaults_save")
    return config.rootpath / folder if folder else None


# --- fixtures ---------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def runfaults_target(pytestconfig: pytest.Config) -> str:
    """Name of the system under test; override it at will.

    It is that of `--runfaults-target`, else of the ini, else of `[tool.runfaults]`.
    """
    from runfaults.campaign.settings import load_settings

    given = _option(pytestconfig, "runfaults_target")
    return given or load_settings(pytestconfig.rootpath).tested or "genglossary"


@pytest.fixture(scope="module")
def runfaults_rules(pytestconfig: pytest.Config) -> tuple[str, ...]:
    """Rules of your own that judge too: those of `[tool.runfaults]`, the ini, the command line."""
    return _own_rules(pytestconfig)


@pytest.fixture(scope="module")
def bench(runfaults_target: str, runfaults_rules: tuple[str, ...]) -> Bench:
    """Runs schedules: `bench.run(schedule).assert_holds("succeeded-never-failed")`."""
    from runfaults.testing.bench import bench_for

    return bench_for(runfaults_target, runfaults_rules)


@pytest.fixture(scope="module")
def sweep(
    runfaults_target: str, runfaults_rules: tuple[str, ...], pytestconfig: pytest.Config
) -> Sweep:
    """Runs every schedule of `--runfaults-bound`: `sweep.assert_holds()`.

    A failure names what is broken, where, and by which schedule. `sweep()` returns the result
    instead, whatever it is. `--runfaults-budget` ends it early; `not_reached` says what is left.
    """
    from runfaults.campaign.budget import parse_duration
    from runfaults.testing.sweeping import Sweep

    time = cast("str | None", pytestconfig.getoption("runfaults_budget"))
    return Sweep(
        runfaults_target,
        runfaults_rules,
        cast("str", pytestconfig.getoption("runfaults_bound")),
        parse_duration(time) if time else inf,
        cast("int", pytestconfig.getoption("runfaults_seed")),
        _save_to(pytestconfig),
    )


# --- scenario files as tests ------------------------------------------------------------------


def pytest_collect_file(file_path: Path, parent: pytest.Collector) -> ScenarioFile | None:
    """Collect scenario files; no other TOML file, such as `pyproject.toml`."""
    if file_path.suffix != ".toml" or not _is_scenario(file_path, parent.config):
        return None
    return ScenarioFile.from_parent(parent, path=file_path)  # pyright: ignore[reportUnknownMemberType]  # pytest types it loosely


def _is_scenario(path: Path, config: pytest.Config) -> bool:
    if any(path.is_relative_to(folder) for folder in _scenario_folders(config)):
        return True
    from runfaults.reading import UnreadableError, read

    with suppress(UnreadableError):
        return _SYMPTOM.search(read(path)) is not None
    return False


class ScenarioFile(pytest.File):
    """A scenario file: one test."""

    def collect(self) -> Iterable[ScenarioItem]:
        """The one test."""
        yield ScenarioItem.from_parent(self, name=self.path.stem)  # pyright: ignore[reportUnknownMemberType]  # pytest types it loosely


class ScenarioItem(pytest.Item):
    """Plays a scenario; passes if it goes as its file says."""

    def runtest(self) -> None:
        """Play it."""
        assert_expected(_replay(self.path, self.config))

    def repr_failure(  # pyright: ignore[reportIncompatibleMethodOverride]  # as pytest documents it
        self, excinfo: pytest.ExceptionInfo[BaseException]
    ) -> str:
        """The message tells it all: what happened, not where in the harness it was noticed."""
        from runfaults.explore.trial import NotPlayableError
        from runfaults.report.steps import printable
        from runfaults.scenario.file import ScenarioError

        told = (UnexpectedVerdictError, NotPlayableError, ScenarioError, LookupError)
        if isinstance(excinfo.value, told):
            return printable(str(excinfo.value))
        return str(super().repr_failure(excinfo))

    def reportinfo(self) -> tuple[Path, int, str]:
        """The file, its first line and its name."""
        return self.path, 0, f"scenario {self.name}"


def _replay(path: Path, config: pytest.Config) -> Trial:
    from runfaults.scenario.file import load_scenario
    from runfaults.targets.optional import MissingPackageError
    from runfaults.testing.bench import bench_for

    scenario = load_scenario(path)
    target = cast("str | None", config.getoption("runfaults_target"))
    try:
        rules = dict.fromkeys((*scenario.own_rules, *_own_rules(config)))
        return bench_for(target or scenario.target, rules).replay(scenario)
    except MissingPackageError as error:
        pytest.skip(str(error))


def assert_expected(replayed: Trial) -> None:
    """Raise UnexpectedVerdictError unless it went as the file says."""
    from runfaults.testing.bench import failure_text

    scenario = replayed.scenario
    if scenario is None or replayed.matches(scenario):
        return
    of_rules = f" of {', '.join(scenario.rules)}" if scenario.rules else ""
    failing = replayed.failing()
    told = failure_text(replayed.history, failing)
    raise UnexpectedVerdictError(
        f"{scenario.name}: the file expects the verdict {scenario.expect}{of_rules}, but it is "
        f"{replayed.verdict}\nsymptom: {scenario.symptom}\n{told}"
    )


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """Run a marked test once for each scenario file."""
    marker = metafunc.definition.get_closest_marker(_MARKER)
    if marker is None:
        return
    files = [file for given in marker.args for file in _files(metafunc.config.rootpath / given)]
    if not files:
        pytest.fail(f"{_MARKER}: no scenario files (*.toml) in {marker.args}", pytrace=False)
    if "replayed" not in metafunc.fixturenames:  # it may be marked and take no argument
        metafunc.fixturenames.append("replayed")
    metafunc.parametrize("replayed", files, ids=[file.stem for file in files], indirect=True)


def _files(given: Path) -> list[Path]:
    return [given] if given.is_file() else sorted(given.rglob("*.toml"))


@pytest.fixture
def replayed(request: pytest.FixtureRequest) -> Trial:
    """The outcome of the scenario of a test that is marked with `runfaults_scenarios`."""
    return _replay(cast("Path", request.param), request.config)


@pytest.hookimpl(wrapper=True)
def pytest_pyfunc_call(pyfuncitem: pytest.Function) -> Generator[None, object, object]:
    """Before a marked test says anything itself, its scenario must have gone as expected."""
    if pyfuncitem.get_closest_marker(_MARKER) is not None:
        replayed = cast("Trial | None", pyfuncitem.funcargs.get("replayed"))
        assert_expected(
            replayed
            or _replay(cast("Path", pyfuncitem.callspec.params["replayed"]), pyfuncitem.config)
        )
    return (yield)


# --- after each test --------------------------------------------------------------------------


@pytest.hookimpl(wrapper=True)
def pytest_runtest_protocol(
    item: pytest.Item, nextitem: pytest.Item | None
) -> Generator[None, object, object]:
    """Give the process its own threads, clocks and connections back after each test."""
    try:
        return (yield)
    finally:
        module = sys.modules.get("runfaults.testing.bench")
        if module is not None and not (
            isinstance(item, ScenarioItem) and isinstance(nextitem, ScenarioItem)
        ):
            module.leave_simulation()


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(
    item: pytest.Item, call: pytest.CallInfo[None]
) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """Count what was tried; save the schedules that failed."""
    if "runfaults.testing.bench" not in sys.modules:
        return (yield)
    from runfaults.testing.bench import take_tally
    from runfaults.user_code import unheard

    # A failure plays its schedule to say what happened; pytest captures no more by now.
    with unheard() if call.excinfo is not None else contextlib.nullcontext():
        report = yield
        tried = take_tally()
        _save_failures(item, call, report)
    if tried:
        setattr(report, _TRIED, {str(verdict): count for verdict, count in tried.items()})
    return report


def _save_failures(
    item: pytest.Item, call: pytest.CallInfo[None], report: pytest.TestReport
) -> None:
    """Save the schedules that failed, and say in the report where."""
    from runfaults.report.typed import typed
    from runfaults.testing.bench import DoesNotHoldError
    from runfaults.testing.sweeping import BrokenBoundError

    folder = _save_to(item.config)
    errors = [] if call.excinfo is None else list(_flat(call.excinfo.value))
    swept = [path for each in errors if isinstance(each, BrokenBoundError) for path in each.saved]
    failures = [error for error in errors if isinstance(error, DoesNotHoldError)]
    setattr(report, _SAVED, swept)
    if folder is not None and failures:
        saved: list[str] = []
        for failure in failures:
            try:
                saved.append(str(failure.save(folder)))
            except OSError as error:
                told = f"{error.filename or folder} could not be written: {error.strerror}"
                report.sections.append(("runfaults", told))
        setattr(report, _SAVED, [*swept, *saved])
        report.sections += [
            ("runfaults", f"to reproduce: {typed(('replay', path))}") for path in saved
        ]


def _flat(error: BaseException) -> Iterator[BaseException]:
    """The error, or those of a group: Hypothesis raises one where it found several."""
    if isinstance(error, BaseExceptionGroup):
        group = cast("BaseExceptionGroup[BaseException]", error)
        for one in group.exceptions:
            yield from _flat(one)
    else:
        yield error


class _Summary:
    """Adds up what the tests tried, in this process or in the workers of pytest-xdist."""

    def __init__(self) -> None:
        self._tried: Counter[str] = Counter()
        self._saved: list[str] = []

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        """Hear of one phase of one test."""
        self._tried.update(getattr(report, _TRIED, {}))
        self._saved += getattr(report, _SAVED, [])

    def pytest_terminal_summary(self, terminalreporter: pytest.TerminalReporter) -> None:
        """Say what was explored, if anything was."""
        if not self._tried:
            return
        from runfaults.model.counting import counted
        from runfaults.report.steps import printable

        counts = ", ".join(f"{count:,} {verdict}" for verdict, count in sorted(self._tried.items()))
        terminalreporter.section("runfaults")
        terminalreporter.line(f"{counted(self._tried.total(), 'schedule')} tried: {counts}")
        for path in self._saved:
            terminalreporter.line(printable(f"saved: {path}"))
