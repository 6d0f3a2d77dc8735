"""Turns the smallest witness of each cause into a violation to be shown and replayed."""

from __future__ import annotations

import contextlib
import re
from collections import Counter
from collections.abc import Callable, Iterable, Mapping
from dataclasses import replace
from pathlib import Path

from runfaults.campaign.campaign import Campaign
from runfaults.campaign.causes import MAX_CAUSES, Causes, Group, described
from runfaults.campaign.placing import PlacedRunner
from runfaults.explore.findings import Findings, schedule_order
from runfaults.explore.mark import Mark
from runfaults.explore.runner import Runner
from runfaults.explore.shrink import NothingToMinimiseError, shrink
from runfaults.explore.trial import NotPlayableError, Witness
from runfaults.model import Cause, History, Judgement, Scenario, Schedule, Verdict, Violation
from runfaults.oracle.own import addresses_of
from runfaults.oracle.rule import Rule
from runfaults.scenario.saving import ScenarioFolder
from runfaults.scenario.trust import is_asked_for, option_for

Shown = tuple[Witness, Cause | None, Group | None]
"""What shows a violation, what it has in common with others, and these."""


def violations(
    campaign: Campaign,
    runner: Runner,
    found: Findings,
    causes: Causes,
    save_to: ScenarioFolder | None,
    should_stop: Callable[[], bool],
) -> Iterable[Violation]:
    """The smallest schedule of each cause, minimised, the heaviest first; then what is unknown.

    Args:
        campaign: What was run.
        runner: Runs it again.
        found: What it found.
        causes: The causes of that.
        save_to: Takes the scenario files; None to save none.
        should_stop: Asked again and again; True ends the minimising early. A rule of which no cause
            is shown by then is shown as it was found.
    """
    shown: list[Shown] = list(_by_cause(causes, runner, should_stop))
    covered = {rule for _, cause, _ in shown if cause is not None for rule in cause.rules}
    others = sorted(
        (
            (rule, verdict, witness)
            for (rule, verdict), witness in found.witnesses.items()
            if verdict is not Verdict.BROKEN or rule not in covered
        ),
        key=lambda each: (schedule_order(each[2].schedule), each[0]),
    )
    shown += [(_smallest(runner, *each, should_stop), None, None) for each in others]
    names, schedules = Names(causes.told), set[Schedule]()
    for witness, cause, group in shown:
        if witness.schedule not in schedules:  # of several with one schedule, only the first
            schedules.add(witness.schedule)
            neighbour = None if should_stop() else _passing_neighbour(runner, witness.schedule)
            yield violation_of(
                campaign,
                witness,
                runner.rules,
                names,
                save_to,
                neighbour=neighbour,
                cause=cause,
                group=group,
            )


def _by_cause(causes: Causes, runner: Runner, should_stop: Callable[[], bool]) -> Iterable[Shown]:
    for group in causes.groups[:MAX_CAUSES]:
        if should_stop():
            return
        if (witness := _smallest_of(group, causes, runner, should_stop)) is not None:
            yield witness, described(group, witness, causes, runner), group


def _smallest_of(
    group: Group, causes: Causes, runner: Runner, should_stop: Callable[[], bool]
) -> Witness | None:
    """The first schedule of a cause that is reproduced, shrunk while it shows no other cause."""
    placed = PlacedRunner(runner)
    rules = group.rules(causes.order)
    for schedule in group.candidates[:MOST_TRIES]:
        with contextlib.suppress(NothingToMinimiseError, NotPlayableError):
            return shrink(
                placed,
                schedule,
                rules,
                should_stop=should_stop,
                alike=lambda trial: causes.of(trial) is group,
            ).trial.witness()
    return None


MOST_TRIES = 5
"""Schedules of one cause that are played until one is reproduced."""


def recurring(
    runner: Runner, found: Findings, should_stop: Callable[[], bool] = lambda: False
) -> Findings:
    """The findings without violations that are not reproduced: each is unknown, and a doubt.

    Of a rule none of whose violations is reproduced, nothing is known to break it. What there is no
    time for counts as it was found.
    """
    again = replace(
        found,
        verdicts=Counter(found.verdicts),
        rules=Counter(found.rules),
        witnesses=dict(found.witnesses),
        doubts=list(found.doubts),
    )
    for (rule, verdict), witness in found.witnesses.items():
        if verdict is Verdict.BROKEN and not should_stop():
            _require_again(runner, again, rule, witness)
    if not any(verdict is Verdict.BROKEN for _, verdict in +again.rules):
        again.verdicts[Verdict.UNKNOWN] += again.verdicts.pop(Verdict.BROKEN, 0)
    return again


def _require_again(runner: Runner, found: Findings, rule: str, witness: Witness) -> None:
    """Put the first of a rule's schedules that breaks it again in the place of its witness."""
    seen = (sighting.smallest for mark, sighting in found.causes.items() if rule in mark.rules)
    schedules = dict.fromkeys([witness.schedule, *sorted(seen, key=schedule_order)])
    for schedule in list(schedules)[:MAX_CAUSES]:
        trial = runner.run(schedule)
        failing = {each.rule for each in trial.failing() if each.verdict is Verdict.BROKEN}
        if rule in failing and trial.playable:
            found.witnesses[rule, Verdict.BROKEN] = trial.witness()
            return
        found.doubts.append(f"a violation of {rule} was not reproduced; schedule: {schedule}")
        found.rules[rule, Verdict.BROKEN] -= 1
        found.rules[rule, Verdict.UNKNOWN] += 1
    found.rules[rule, Verdict.UNKNOWN] += max(0, found.rules.pop((rule, Verdict.BROKEN)))
    del found.witnesses[rule, Verdict.BROKEN]


class Names:
    """Names of violations, each given once.

    Args:
        told: Those under which some were told of before. A command that a user has copied from
            there must not replay another violation in the end.
    """

    def __init__(self, told: Mapping[str, Mark]) -> None:
        self._told = dict(told)

    def give(self, text: str, group: Group | None = None) -> str:
        """A name that can be one of a file's: that under which one of the group was told of."""
        name = re.sub(r"[^A-Za-z0-9_.]+", "-", text).strip("-")
        numbered = [name, *(f"{name}-{number}" for number in range(2, len(self._told) + 3))]
        marks = () if group is None else [each.mark for each in group.seen]
        before = (each for each in numbered if self._told.get(each) in marks)
        free = next(before, "") or next(each for each in numbered if each not in self._told)
        self._told[free] = _GIVEN
        return free


_GIVEN = Mark((), "")


def _smallest(
    runner: Runner, rule: str, verdict: Verdict, witness: Witness, should_stop: Callable[[], bool]
) -> Witness:
    """Shrink a broken witness for as long as it breaks the rule, and it is not enough."""
    # An unknown may have cost the hang's whole real time: once is enough.
    if verdict is not Verdict.BROKEN or should_stop():
        return witness
    try:
        smallest = shrink(runner, witness.schedule, {rule}, should_stop=should_stop)
        if should_stop():
            return smallest.trial.witness()
        told = runner.run(smallest.schedule, with_places=True)
    except (NothingToMinimiseError, NotPlayableError):
        return witness  # it is reproduced, though not each time
    return (told if told.verdict is smallest.trial.verdict else smallest.trial).witness()


def violation_of(
    campaign: Campaign,
    witness: Witness,
    rules: Iterable[Rule],
    names: Names,
    save_to: ScenarioFolder | None,
    *,
    neighbour: History | None = None,
    cause: Cause | None = None,
    group: Group | None = None,
) -> Violation:
    """Name a witness, and save its scenario.

    Args:
        campaign: What was run.
        witness: What shows it.
        rules: Those that judged.
        names: Gives it one.
        save_to: Takes the scenario file; None to save none.
        neighbour: What happens without its faults, where that passes.
        cause: What it has in common with others.
        group: These.
    """
    verdict = witness.verdict
    failing = [each for each in witness.judgements if each.verdict is verdict]
    target, broken = campaign.target, tuple(each.rule for each in failing)
    scenario = Scenario(
        name=names.give(f"{target.rpartition(':')[2]}-{failing[0].rule}", group),
        symptom=_symptom(failing[0], rules),
        target=target,
        schedule=witness.schedule,
        expect=verdict,
        rules=broken,
        own_rules=addresses_of(broken, campaign.own),
    )
    saved_to = None if save_to is None else save_to.save(scenario)
    return Violation(
        scenario,
        witness.history,
        witness.judgements,
        neighbour=neighbour,
        saved_to=saved_to,
        cause=cause,
        asking=() if saved_to is None else asking(scenario, Path(saved_to)),
    )


def asking(scenario: Scenario, file: Path) -> tuple[str, ...]:
    """What a command must name, as the file may not have it loaded on its own."""
    needed = [(scenario.target, "--target"), *((each, "--rule") for each in scenario.own_rules)]
    words = (option_for(each, option) for each, option in needed if not is_asked_for(each, file))
    return tuple(word for pair in words for word in pair)


def _symptom(judgement: Judgement, rules: Iterable[Rule]) -> str:
    """What a user sees; else, as for an unknown verdict, the reason of the judgement."""
    sentences = {rule.name: rule.symptom for rule in rules}
    known = judgement.verdict is Verdict.BROKEN and sentences.get(judgement.rule)
    return known or judgement.reason


def _passing_neighbour(runner: Runner, schedule: Schedule) -> History | None:
    """The same schedule without its faults and deaths, if that can happen and passes."""
    if not (schedule.faults or schedule.deaths):
        return None
    trial = runner.run(replace(schedule, faults=(), deaths=()), with_places=True)
    return trial.history if trial.verdict is Verdict.HOLDS and trial.playable else None
