"""Runs a whole bound in a test, and says what is broken."""

from __future__ import annotations

import warnings
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from textwrap import indent

from runfaults.campaign import conclude
from runfaults.campaign.bounds import bound_named
from runfaults.campaign.budget import Budget
from runfaults.campaign.campaign import Campaign
from runfaults.campaign.running import Options
from runfaults.model import CheckResult, Verdict, Violation
from runfaults.model.listener import Listener
from runfaults.model.verdict import OF_ONE_HISTORY
from runfaults.report.console import broken, readable_width
from runfaults.report.explain import explain
from runfaults.report.steps import printable
from runfaults.report.wording import describe_printed, describe_where, headline, replay_command
from runfaults.testing.bench import MARGIN, bench_for, leave_simulation
from runfaults.testing.first_look import require_survived
from runfaults.testing.untold import untold
from runfaults.user_code import redacting


class BrokenBoundError(AssertionError):
    """A rule is broken, or could not be judged; the message says which, where, and by what.

    Attributes:
        saved: The scenario files of the violations.
    """

    def __init__(self, result: CheckResult) -> None:
        super().__init__(printable("\n".join(_told(result))))
        self.saved = [each.saved_to for each in result.violations if each.saved_to is not None]


@dataclass(frozen=True, slots=True)
class Sweep:
    """Every schedule of a bound, in this process, as befits a test.

    Attributes:
        target: Name of the system under test.
        rules: Addresses of rules of the user's own.
        bound: Name of the bound.
        seconds: The budget: when it stops, and the result's `not_reached` says what is left.
        seed: Of the schedules.
        save_to: Folder for the scenario files of violations; None to save none.
    """

    target: str
    rules: tuple[str, ...]
    bound: str
    seconds: float
    seed: int
    save_to: Path | None

    def __call__(self) -> CheckResult:
        """Run the bound; the result, whatever it is."""
        leave_simulation()
        require_survived(self.target, self.rules)
        seeded = bound_named(self.bound).seeded(self.seed)
        with untold():
            result = conclude.check(
                Campaign(self.target, seeded.strategies, own=self.rules, redact=redacting()),
                Options(processes=1, should_stop=Budget(self.seconds).spent),
                Listener(),
                save_to=self.save_to,
            )
        tried = bench_for(self.target, self.rules).tried
        for verdict in OF_ONE_HISTORY:
            tried[verdict] += getattr(result.schedules, verdict)
        for failure in result.unwritten:
            warnings.warn(failure, stacklevel=2)
        return result

    def assert_holds(self) -> CheckResult:
        """Run the bound; the result, if no rule is broken as far as the budget went.

        Raises:
            BrokenBoundError: if one is, or if that is unknown.
        """
        __tracebackhide__ = True
        result = self()
        if result.verdict not in {Verdict.HOLDS, Verdict.UNFINISHED}:
            raise BrokenBoundError(result)
        return result


def _told(result: CheckResult) -> Iterator[str]:
    yield f"{result.target}: {headline(result)}"
    for number, violation in enumerate(result.violations, 1):
        yield ""
        yield from _violation(number, violation)
    if result.violations and not any(each.saved_to for each in result.violations):
        yield "\nto save each as a scenario, for `runfaults replay`: pytest --runfaults-save FOLDER"


def _violation(number: int, violation: Violation) -> Iterator[str]:
    rules = ", ".join(judgement.rule for judgement in violation.failing)
    columns = readable_width(MARGIN)
    yield broken(f"{number}. {rules}: {violation.scenario.symptom}", columns, hanging=3)
    for line in describe_where(violation):
        yield broken(line, columns, hanging=2, indent="   ")
    yield broken(explain(violation.history, violation.judgements), columns, indent="   ")
    if printed := describe_printed(violation.history):
        yield f"   the target printed:\n{indent(printed, '     ')}"
    yield f"   schedule: {violation.scenario.schedule}"
    if command := replay_command(violation):
        yield f"   to reproduce: {command}"
