"""Turns the smallest witness of each broken rule into a violation to be shown and replayed."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import replace
from pathlib import Path

from runfaults.explore.findings import Findings, Witness, schedule_order
from runfaults.explore.minimise import minimise
from runfaults.explore.scenario_file import dump_scenario
from runfaults.model import History, Judgement, Scenario, Verdict, Violation
from runfaults.oracle.judge import judge
from runfaults.oracle.rules import RULES
from runfaults.sim.world import Simulation
from runfaults.targets import target_named


def violations(
    target: str, found: Findings, rules: set[str], save_to: Path | None
) -> Iterable[Violation]:
    """The smallest witness of each of these rules, once, minimised, smallest first.

    Args:
        target: Name of the system under test.
        found: What the exploration found.
        rules: Names of the rules that are reported.
        save_to: Folder for the scenario files; None to save none.
    """
    chosen: dict[str, Witness] = {}
    for (rule, _), witness in found.witnesses.items():
        if rule in rules:
            chosen[str(witness.history.schedule)] = witness
    ordered = sorted(chosen.values(), key=lambda each: schedule_order(each.history.schedule))
    if not ordered:
        return
    with Simulation(target_named(target)) as simulation:
        shown: set[str] = set()
        for witness in ordered:
            smallest = _minimised(simulation, witness)
            text = str(smallest.history.schedule)
            if text not in shown:
                shown.add(text)
                yield _violation(target, smallest, simulation, save_to)


def _minimised(simulation: Simulation, witness: Witness) -> Witness:
    if _verdict(witness) is not Verdict.BROKEN:
        # An unknown may have cost the hang's whole real time: once is enough.
        return witness
    minimal = minimise(simulation, witness.history.schedule)
    history = simulation.run(minimal.schedule, with_places=True).history
    return Witness(history, judge(history))


def _verdict(witness: Witness) -> Verdict:
    return Verdict.worst(each.verdict for each in witness.judgements)


def _violation(
    target: str, witness: Witness, simulation: Simulation, save_to: Path | None
) -> Violation:
    verdict = _verdict(witness)
    against = [each for each in witness.judgements if each.verdict is verdict]
    scenario = Scenario(
        name=_file_name(f"{target.rpartition(':')[2]}-{against[0].rule}"),
        symptom=_symptom(against[0]),
        target=target,
        schedule=witness.history.schedule,
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
        neighbour=_passing_neighbour(simulation, witness.history),
        saved_to=saved_to,
    )


def _symptom(judgement: Judgement) -> str:
    """What a user sees; where nobody wrote that down, or nobody knows, why it was judged so."""
    sentences = {rule.name: rule.symptom for rule in RULES}
    known = judgement.verdict is Verdict.BROKEN and sentences.get(judgement.rule)
    return known or judgement.reason


def _file_name(text: str) -> str:
    return re.sub(r"[^A-Za-z0-9_.]+", "-", text).strip("-")


def _passing_neighbour(simulation: Simulation, history: History) -> History | None:
    """The same schedule without its faults, if that can happen and passes."""
    schedule = history.schedule
    if not schedule.faults:
        return None
    execution = simulation.run(replace(schedule, faults=()), with_places=True)
    passes = Verdict.worst(each.verdict for each in judge(execution.history)) is Verdict.HOLDS
    return execution.history if passes and not execution.unreached else None
