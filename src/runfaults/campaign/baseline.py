"""Violations that are known: a project adopts the gate today, and only new ones fail."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, NamedTuple

import tomli_w

from runfaults.campaign.campaign import Campaign
from runfaults.campaign.causes import Causes, by_cause
from runfaults.campaign.violations import minimal_witness, show
from runfaults.explore.findings import MAX_SHAPES, Findings, schedule_order, shape
from runfaults.explore.runner import Runner
from runfaults.explore.trial import Witness
from runfaults.model import CheckResult, Journal, Schedule, Verdict
from runfaults.reading import UnreadableError, read, read_toml
from runfaults.scenario.saving import ScenarioFolder

_HEAD = """\
# Known violations. `runfaults check --baseline THIS_FILE` fails only on others; with
# --update-baseline it writes this file anew.

"""


class BaselineError(ValueError):
    """A baseline file that cannot be used; the message says why and what to do."""


class Known(NamedTuple):
    """The mark of a violation, which changes of the target's line numbers leave alone.

    Attributes:
        rule: Name of the broken rule.
        schedule: The minimal schedule's ending and shape: neither ordinals nor moments of acts.
    """

    rule: str
    schedule: str

    @classmethod
    def of(cls, rule: str, schedule: Schedule) -> Known:
        """The mark of a minimal schedule."""
        journal = "" if schedule.journal is Journal.DELETE else f"; journal {schedule.journal}"
        parts = filter(None, (f"pipeline {schedule.pipeline}", shape(schedule)))
        return cls(rule, "; ".join(parts) + journal)


@dataclass(frozen=True, slots=True)
class Baseline:
    """The known violations of one project.

    Attributes:
        path: Their file.
        known: The violations.
        update: Whether the file is to be written anew; every violation counts as known then.
    """

    path: Path
    known: frozenset[Known] = frozenset()
    update: bool = False


def load_baseline(path: Path, *, update: bool = False) -> Baseline:
    """Read a baseline; if it is to be updated, it need not be there yet.

    Raises:
        BaselineError: if it is missing or is no baseline.
    """
    if update and not path.exists():
        return Baseline(path, update=True)
    if not path.exists():
        raise BaselineError(
            f"there is no baseline {path}; --update-baseline writes one with today's violations"
        )
    try:
        document = read_toml(read(path))
        if document.keys() - {"known"}:
            raise BaselineError(f"{path}: unknown keys; a baseline has tables [[known]] only")
        known = frozenset(_known(entry) for entry in document.get("known", []))
    except (UnreadableError, TypeError) as error:
        raise BaselineError(f"{path} cannot be read as a baseline: {error}") from error
    return Baseline(path, known, update)


def without_known(  # what is shown, of what, and how
    campaign: Campaign,
    runner: Runner,
    result: CheckResult,
    found: Findings,
    causes: Causes,
    baseline: Baseline,
    save_to: ScenarioFolder | None,
    should_stop: Callable[[], bool],
) -> CheckResult:
    """Show only what the baseline does not know, and say in remarks what it does know.

    A rule that is broken in known ways only is taken out of the result, and so are the schedules
    that break it, if nothing else is broken.
    """
    occurring = _current(runner, found, result.rules, should_stop)
    if baseline.update:
        kept = frozenset[Known]() if result.finished else baseline.known
        updated = replace(baseline, known=kept | occurring.keys())
        try:
            _write(updated)
        except OSError as error:
            baseline = replace(baseline, update=False)
            unwritten = f"the baseline {baseline.path} could not be written: {error.strerror}"
            result = replace(result, unwritten=(*result.unwritten, f"{unwritten}; {_AGAIN}"))
        else:
            baseline = updated
    new = {each: occurring[each] for each in occurring if each not in baseline.known}
    unjudged = [
        witness
        for (rule, verdict), witness in found.witnesses.items()
        if verdict is Verdict.UNKNOWN and rule in result.rules
    ]
    told = (*by_cause(new.values(), causes, runner), *((witness, None) for witness in unjudged))
    violations = tuple(show(campaign, runner, told, save_to, should_stop))
    old = {each.rule for each in occurring} - {each.rule for each in new}
    return replace(
        result,
        schedules=result.schedules if new else result.schedules._replace(broken=0),
        rules={rule: tally for rule, tally in result.rules.items() if rule not in old},
        violations=violations,
        set_aside=0 if new else result.schedules.broken,
        remarks=(
            *result.remarks,
            *_remark_known(result, baseline, old),
            *_remark_fixed(result, found, baseline, occurring),
        ),
    )


_AGAIN = "it is as it was; make room, or name another file, and run the same again"


def _current(
    runner: Runner, found: Findings, rules: Iterable[str], should_stop: Callable[[], bool]
) -> dict[Known, Witness]:
    """Every violation that was found, minimised, smallest first for each rule."""
    occurring: dict[Known, Witness] = {}
    for rule in rules:
        schedules = found.smallest_by_shape.get(rule, {}).values()
        for schedule in sorted(schedules, key=schedule_order):
            witness = minimal_witness(runner, rule, schedule, should_stop)
            occurring.setdefault(Known.of(rule, witness.schedule), witness)
    return occurring


def _remark_known(result: CheckResult, baseline: Baseline, old: Iterable[str]) -> Iterable[str]:
    for rule in sorted(old):
        tally = result.rules[rule]
        yield (
            f"{rule} is broken by {tally.broken:,} of {tally.total:,} schedules in ways that "
            f"{baseline.path} knows: set aside"
        )
    if baseline.update:
        yield f"{baseline.path} was written: every violation of today counts as known from now on"


def _remark_fixed(
    result: CheckResult, found: Findings, baseline: Baseline, occurring: Iterable[Known]
) -> Iterable[str]:
    """Name what the baseline knows and a finished campaign did not find."""
    if not result.finished:
        return
    for each in sorted(baseline.known - set(occurring)):
        smallest_by_shape = found.smallest_by_shape.get(each.rule, {})
        if each.rule in result.rules and len(smallest_by_shape) < MAX_SHAPES:
            yield (
                f"{baseline.path} knows a violation that no longer occurs: {each.rule} under "
                f"'{each.schedule}'; --update-baseline removes it"
            )


def _known(entry: Mapping[str, Any]) -> Known:
    rule, schedule = entry.get("rule"), entry.get("schedule")
    if (
        not isinstance(rule, str)
        or not isinstance(schedule, str)
        or len(entry) != len(Known._fields)
    ):
        raise TypeError("each [[known]] needs `rule` and `schedule`, two texts, and nothing else")
    return Known(rule, schedule)


def _write(baseline: Baseline) -> None:
    entries = [f"[[known]]\n{tomli_w.dumps(each._asdict())}" for each in sorted(baseline.known)]
    baseline.path.parent.mkdir(parents=True, exist_ok=True)
    half_written = baseline.path.with_name(f"{baseline.path.name}.{os.getpid()}.new")
    try:
        half_written.write_text(_HEAD + "\n".join(entries), encoding="utf-8")
        half_written.replace(baseline.path)
    except OSError:
        half_written.unlink(missing_ok=True)
        raise
