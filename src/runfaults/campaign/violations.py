"""Turns the smallest witness of each broken rule into a violation to be shown and replayed."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import replace
from pathlib import Path

from runfaults.campaign.campaign import Campaign
from runfaults.campaign.players import open_player
from runfaults.explore.findings import Findings, schedule_order
from runfaults.explore.runner import Runner
from runfaults.explore.shrink import shrink
from runfaults.explore.trial import Witness
from runfaults.model import History, Judgement, Scenario, Schedule, Verdict, Violation
from runfaults.oracle.rules import RULES
from runfaults.scenario.file import dump_scenario


def violations(
    campaign: Campaign, found: Findings, rules: set[str], save_to: Path | None
) -> Iterable[Violation]:
    """The smallest witness of each of these rules, once, minimised, smallest first.

    Args:
        campaign: What was run.
        found: What it found.
        rules: Names of the rules that are reported.
        save_to: Folder for the scenario files; None to save none.
    """
    ordered = sorted(
        ((*key, witness) for key, witness in found.witnesses.items() if key[0] in rules),
        key=lambda each: (schedule_order(each[2].schedule), each[0]),
    )
    if not ordered:
        return
    with open_player(campaign.target, campaign.player) as player:
        runner = Runner(player)
        smallest = [_smallest(runner, *each) for each in ordered]
        yield from show(campaign.target, runner, smallest, save_to)


def show(
    target: str, runner: Runner, witnesses: Iterable[Witness], save_to: Path | None
) -> Iterable[Violation]:
    """Make a violation of each witness; of several with one schedule, only of the first."""
    shown: set[str] = set()
    names: set[str] = set()
    for witness in witnesses:
        text = str(witness.schedule)
        if text not in shown:
            shown.add(text)
            violation = _violation(target, witness, runner, save_to, names)
            names.add(violation.scenario.name)
            yield violation


def minimal_witness(runner: Runner, rule: str, schedule: Schedule) -> Witness:
    """Shrink a schedule for as long as it breaks the rule."""
    return runner.run(shrink(runner, schedule, {rule}).schedule, with_places=True).witness()


def _smallest(runner: Runner, rule: str, verdict: Verdict, witness: Witness) -> Witness:
    if verdict is Verdict.BROKEN:
        return minimal_witness(runner, rule, witness.schedule)
    # An unknown may have cost the hang's whole real time: once is enough.
    return witness


def _violation(
    target: str,
    witness: Witness,
    runner: Runner,
    save_to: Path | None,
    taken: set[str],
) -> Violation:
    verdict = witness.verdict
    against = [each for each in witness.judgements if each.verdict is verdict]
    scenario = Scenario(
        name=_file_name(f"{target.rpartition(':')[2]}-{against[0].rule}", taken),
        symptom=_symptom(against[0]),
        target=target,
        schedule=witness.schedule,
        expect=verdict,
        rules=tuple(each.rule for each in against),
    )
    saved_to = None
    if save_to is not None:
        save_to.mkdir(parents=True, exist_ok=True)
        path = save_to / f"{scenario.name}.toml"
        path.write_text(dump_scenario(scenario), encoding="utf-8")
        saved_to = str(path)
    return Violation(
        scenario,
        witness.history,
        witness.judgements,
        neighbour=_passing_neighbour(runner, witness.schedule),
        saved_to=saved_to,
    )


def _symptom(judgement: Judgement) -> str:
    """What a user sees; where nobody wrote that down, or nobody knows, why it was judged so."""
    sentences = {rule.name: rule.symptom for rule in RULES}
    known = judgement.verdict is Verdict.BROKEN and sentences.get(judgement.rule)
    return known or judgement.reason


def _file_name(text: str, taken: set[str]) -> str:
    name = re.sub(r"[^A-Za-z0-9_.]+", "-", text).strip("-")
    return next(
        free
        for free in (name, *(f"{name}-{number}" for number in range(2, len(taken) + 3)))
        if free not in taken
    )


def _passing_neighbour(runner: Runner, schedule: Schedule) -> History | None:
    """The same schedule without its faults and deaths, if that can happen and passes."""
    if not (schedule.faults or schedule.deaths):
        return None
    trial = runner.run(replace(schedule, faults=(), deaths=()), with_places=True)
    return trial.history if trial.verdict is Verdict.HOLDS and trial.playable else None
