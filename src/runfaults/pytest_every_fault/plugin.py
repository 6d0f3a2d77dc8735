"""Repeats a test, from the setup of its fixtures to their teardown, and reports one run.

Loading this costs pytest nothing but this file: everything else is imported when a test needs it.
"""

from __future__ import annotations

import gc
import os
import shlex
import warnings
from collections.abc import Callable, Generator
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, TypeVar, Unpack, cast

import pytest
from _pytest.runner import runtestprotocol

from runfaults.pytest_every_fault.options import MARKER, SUMMARY, selection_of

if TYPE_CHECKING:
    from runfaults.anomaly.experiment import Experiment
    from runfaults.anomaly.observation import Observation
    from runfaults.anomaly.observe import Order
    from runfaults.anomaly.options import Options, Said
    from runfaults.anomaly.watch import Watch
    from runfaults.sqlite.strike import Strike

_Answer = TypeVar("_Answer")


_CANNOT = "every_fault cannot judge this test"


class _Judged(pytest.skip.Exception):
    """Ends a repetition whose call has been judged: what follows it makes no sense."""


@dataclass(slots=True)
class _Repetition:
    """One run of a test: what it is to do, and what it has shown."""

    order: Order
    watch: Watch
    options: Options | None = None
    observation: Observation | None = None
    unsuitable: str = ""
    """Why the call cannot be judged."""
    trouble: dict[str, str] = field(default_factory=dict[str, str])
    """What failed, by phase."""


@dataclass(slots=True)
class _Finale:
    """The run of a test that is reported.

    Attributes:
        failure: What it fails with; empty if it runs as a plain test.
        doubt: What failed in the first run, and so has to fail in this one.
        summary: A line for the end of the session.
        sections: How many sections of captured output are of repetitions.
        duration: Seconds that the repetitions took.
        called: Whether the test has called `every_fault`.
        ended: Whether the test itself has ended; reports before that are of its subtests.
    """

    failure: str = ""
    doubt: str = ""
    summary: str = ""
    sections: int = 0
    duration: float = 0.0
    called: bool = False
    ended: bool = False


_REPETITION: pytest.StashKey[_Repetition] = pytest.StashKey()
_FINALE: pytest.StashKey[_Finale] = pytest.StashKey()


# --- fixtures ---------------------------------------------------------------------------------


class EveryFault:
    """Calls what a test names, and has it bear what the repetition is to strike it with."""

    def __init__(self, item: pytest.Item) -> None:
        self._item = item

    def __call__(self, call: Callable[[], _Answer], **said: Unpack[Said]) -> _Answer:
        """Call it; return what it returns.

        Args:
            call: What is tested: it either raises and has changed nothing, or all is done.
            said: Which kinds, and which promises the call does not make.
        """
        __tracebackhide__ = True
        from runfaults.anomaly.options import Options

        finale = self._item.stash.get(_FINALE, None)
        if finale is not None:
            finale.called = True
            Options.of(said)  # raises what it has to say
            return call()
        repetition = self._item.stash.get(_REPETITION, None)
        if repetition is None:
            raise RuntimeError("name `every_fault` as an argument of the test: it is run again")
        if repetition.observation is not None:
            repetition.unsuitable = (
                "every_fault was called twice in one test: the second call would meet what the "
                "first has left; write a test for each, or name one call that does both"
            )
            raise _Judged(repetition.unsuitable)
        repetition.options = Options.of(said)
        return _bear(repetition, call)


@pytest.fixture
def every_fault(request: pytest.FixtureRequest) -> EveryFault:
    """A function: calls what it is given, in a run for each fault at each SQLite operation of it.

    `every_fault(lambda: transfer(database, "a", "b", 10), kinds="busy full")`: the test is run
    again for each fault, with fresh fixtures. A call that raises must have changed nothing, one
    that returns must have done all; what the test asserts behind it is asserted in every run in
    which the call returned.
    """
    return EveryFault(cast("pytest.Item", request.node))


@pytest.fixture
def fault(request: pytest.FixtureRequest) -> Strike | None:
    """What strikes the call in this run of the test, such as `busy at #3`; None in a clean run."""
    repetition = request.node.stash.get(_REPETITION, None)
    return None if repetition is None else repetition.order.orders.strike


def _bear(repetition: _Repetition, call: Callable[[], _Answer]) -> _Answer:
    """Perform the call under what the repetition is to strike it with.

    Raises:
        _Judged: if what follows the call makes no sense.
    """
    from runfaults.anomaly.ending import Returned
    from runfaults.anomaly.observe import UnsuitableError, observe

    answers: list[_Answer] = []

    def kept() -> _Answer:
        answers.append(call())
        return answers[-1]

    try:
        observation = observe(kept, repetition.watch, repetition.order)
    except UnsuitableError as error:
        repetition.unsuitable = str(error)
        raise _Judged(str(error)) from error
    repetition.observation = observation
    order = repetition.order
    survey = bool(order.orders.kinds) and not order.twice
    struck = observation.struck and not observation.changed
    if not isinstance(observation.ending, Returned) or not (survey or struck):
        raise _Judged("judged")
    return answers[0]


# --- the repetitions --------------------------------------------------------------------------


@pytest.hookimpl(tryfirst=True)
def pytest_runtest_protocol(item: pytest.Item, nextitem: pytest.Item | None) -> object:
    """Repeat a test that asks for every fault; then run it a last time, and report that run."""
    if not _is_repeated(item):
        return None
    item.ihook.pytest_runtest_logstart(nodeid=item.nodeid, location=item.location)
    finale = _Finale()
    with warnings.catch_warnings():
        # What a struck call has not closed is told by its locks.
        warnings.simplefilter("ignore", ResourceWarning)
        _explore(item, finale)
        gc.collect()
    item.stash[_FINALE] = finale
    if _REPETITION in item.stash:
        del item.stash[_REPETITION]
    runtestprotocol(item, nextitem=nextitem)
    item.ihook.pytest_runtest_logfinish(nodeid=item.nodeid, location=item.location)
    return True


def _is_repeated(item: pytest.Item) -> bool:
    asks = "every_fault" in getattr(item, "fixturenames", ())
    return asks or item.get_closest_marker(MARKER) is not None


class _Subtests:
    """Subtests of a repetition: they fail with the test, for only the last run is reported."""

    def test(self, *_message: object, **_context: object) -> AbstractContextManager[None]:
        return nullcontext()


@pytest.hookimpl(tryfirst=True)
def pytest_pyfunc_call(pyfuncitem: pytest.Function) -> object:
    """Have a marked test bear the fault as a whole."""
    marker = pyfuncitem.get_closest_marker(MARKER)
    repetition = pyfuncitem.stash.get(_REPETITION, None)
    if repetition is not None and "subtests" in pyfuncitem.funcargs:
        pyfuncitem.funcargs["subtests"] = _Subtests()
    if marker is None or repetition is None or repetition.options is not None:
        return None
    if "every_fault" in pyfuncitem.fixturenames:
        pytest.fail("the marker every_fault is for a test without the fixture", pytrace=False)
    from runfaults.anomaly.options import Options

    said = cast("Said", {**dict(zip(("kinds",), marker.args, strict=False)), **marker.kwargs})
    repetition.options = replace(Options.of(said), whole=True)
    _bear(repetition, lambda: pyfuncitem.ihook.pytest_pyfunc_call(pyfuncitem=pyfuncitem))
    return True


def _explore(item: pytest.Item, finale: _Finale) -> None:
    """Run every repetition; the finale learns what came of them."""
    from unittest import TestCase

    from runfaults.anomaly.ending import Returned
    from runfaults.anomaly.experiment import SURVEY, Experiment
    from runfaults.anomaly.observe import Order, UnsuitableError

    if issubclass(getattr(item, "cls", None) or object, TestCase):
        finale.failure = f"{_CANNOT}: write a function or a plain class, not a unittest.TestCase"
        return
    first = _repeat(item, Order(SURVEY, recovers=False), finale)
    seen, options = first.observation, first.options
    if first.unsuitable:
        finale.failure = f"{_CANNOT}: {first.unsuitable}"
        return
    if first.trouble or seen is None or options is None or not isinstance(seen.ending, Returned):
        # A plain run will say so in its own words.
        finale.doubt = "; ".join(first.trouble.values()) or str(seen and seen.ending)
        return

    def run(order: Order) -> Observation:
        repetition = _repeat(item, order, finale)
        if repetition.unsuitable:
            raise UnsuitableError(repetition.unsuitable)
        if repetition.observation is None:
            told = "\n".join(repetition.trouble.values()) or "it was skipped"
            raise UnsuitableError(f"a repetition did not reach its call:\n{told}")
        return replace(repetition.observation, afterwards=repetition.trouble)

    try:
        selection = selection_of(item.config)
        experiment = Experiment(run, seen, options, selection)
        if selection.only is not None:
            kind = selection.only.kind
            options = replace(options, kinds=kind, named=frozenset({kind}))
        _conclude(item, finale, experiment, options)
    except UnsuitableError as error:
        finale.failure = f"{_CANNOT}: {error}"


def _conclude(item: pytest.Item, finale: _Finale, experiment: Experiment, options: Options) -> None:
    """Judge all repetitions together."""
    from runfaults.anomaly.report import report, summary
    from runfaults.model.verdict import Verdict

    outcomes = list(experiment.outcomes())
    finale.summary = summary(outcomes, experiment.not_tried, experiment.unmeasured)
    broken = [each for each in outcomes if each.verdict is Verdict.BROKEN]
    judged = [each for each in outcomes if each.verdict is not Verdict.UNKNOWN]
    if judged and not any(options.fails_by(each.strike.kind, each.likelihood) for each in broken):
        finale.summary += f", all of them remote: '{broken[0].strike}'" if broken else ""
        return
    if not outcomes:
        finale.failure = "every_fault: the time limit was reached before any fault was tried"
        return

    # From the folder of the user, not from that of the configuration.
    nodeid = "::".join([os.path.relpath(item.path), *item.nodeid.split("::")[1:]])

    def command(strike: Strike) -> str:
        return f"pytest {shlex.quote(nodeid)} --every-fault='{strike}'"

    told = report(
        outcomes,
        not_tried=experiment.not_tried,
        volatile=str(experiment.clean.volatile),
        reproduce=command,
    )
    finale.failure = f"every_fault: {told}"


def _repeat(item: pytest.Item, order: Order, finale: _Finale) -> _Repetition:
    """Run a test once, from its fixtures' setup to their teardown, and report nothing."""
    from runfaults.anomaly.watch import Watch
    from runfaults.sqlite.hook import connections_through, modules_with_connect

    repetition = _Repetition(order, Watch())
    item.stash[_REPETITION] = repetition
    with connections_through(repetition.watch, *modules_with_connect()):
        # Behind its parent as the next one, fixtures of a wider scope stay.
        following = cast("pytest.Item", item.parent)
        reports = runtestprotocol(item, log=False, nextitem=following)
    for report in reports:
        finale.sections = len(report.sections)
        finale.duration += report.duration
    return repetition


def _crash(error: pytest.ExceptionInfo[BaseException]) -> str:
    from runfaults.user_code import place_of, redacting, told

    what = told(error.value) if redacting() else error.exconly()
    return f"{what}\n{place_of(error.value).strip()}".rstrip()


# --- the run that is reported -----------------------------------------------------------------


@pytest.hookimpl(wrapper=True, tryfirst=True)
def pytest_runtest_call(item: pytest.Item) -> Generator[None, object, object]:
    """Let the reported run fail with what the repetitions have shown."""
    finale = item.stash.get(_FINALE, None)
    if finale is not None and finale.failure:
        finale.ended = True
        pytest.fail(finale.failure, pytrace=False)
    try:
        result = yield
    finally:
        if finale is not None:
            finale.ended = True
    marked = item.get_closest_marker(MARKER) is not None
    if finale is not None and not finale.called and not marked:
        pytest.fail("the test asks for every_fault and never calls it", pytrace=False)
    if finale is not None and finale.doubt:
        pytest.fail(f"{_CANNOT}: without a fault it failed once: {finale.doubt}", pytrace=False)
    return result


@pytest.hookimpl(wrapper=True, tryfirst=True)
def pytest_runtest_teardown(item: pytest.Item) -> Generator[None, object, object]:
    """End a teardown that waits for what a fault has ended."""
    repetition = item.stash.get(_REPETITION, None)
    if repetition is None or repetition.observation is None:
        return (yield)
    from runfaults.anomaly.watchdog import watchdog

    # An error of pytest's own: behind another one it would leave fixtures standing.
    give_up = pytest.fail.Exception
    with watchdog(lambda: repetition.watch.progress, repetition.order.patience, give_up):
        return (yield)


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(
    item: pytest.Item, call: pytest.CallInfo[None]
) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """Note what fails in a repetition; count their time, and leave out what they have printed."""
    report = yield
    finale, repetition = item.stash.get(_FINALE, None), item.stash.get(_REPETITION, None)
    skipped = call.excinfo is not None and isinstance(call.excinfo.value, pytest.skip.Exception)
    if repetition is not None and call.excinfo is not None and not skipped:
        repetition.trouble[call.when] = _crash(call.excinfo)
    if finale is not None:
        report.sections = report.sections[finale.sections :]
        if call.when == "call" and finale.ended:
            report.duration += finale.duration
            setattr(report, SUMMARY, finale.summary)
    return report
