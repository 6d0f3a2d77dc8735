"""Turns the smallest witness of each broken rule into a violation to be shown and replayed."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import replace
from pathlib import Path

from runfaults.explore.findings import Findings, Witness, schedule_order
from runfaults.explore.minimise import minimise
from runfaults.explore.scenario_file import dump_scenario
from runfaults.explore.simplest import simplest
from runfaults.model import History, Judgement, Scenario, Schedule, Verdict, Violation
from runfaults.oracle.judge import judge
from runfaults.oracle.rules import RULES
from runfaults.sim.simulation import Simulation
from runfaults.targets import target_named

MANY_ELEMENTS = 4
"""From so many on a schedule is more than a person reads in a minute."""


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
    ordered = sorted(
        ((rule, witness) for (rule, _), witness in found.witnesses.items() if rule in rules),
        key=lambda each: (schedule_order(each[1].history.schedule), each[0]),
    )
    if not ordered:
        return
    with Simulation(target_named(target)) as simulation:
        smallest = [_minimised(simulation, rule, witness) for rule, witness in ordered]
        yield from show(target, simulation, smallest, save_to)


def show(
    target: str, simulation: Simulation, witnesses: Iterable[Witness], save_to: Path | None
) -> Iterable[Violation]:
    """Make a violation of each witness; of several with one schedule, only of the first."""
    shown: set[str] = set()
    names: set[str] = set()
    for witness in witnesses:
        text = str(witness.history.schedule)
        if text not in shown:
            shown.add(text)
            violation = _violation(target, witness, simulation, save_to, names)
            names.add(violation.scenario.name)
            yield violation


def minimal_witness(simulation: Simulation, rule: str, schedule: Schedule) -> Witness:
    """Shrink a schedule for as long as it breaks the rule.

    An exhaustive search meets the smallest ones. A sample meets one wherever it happens to be, so
    of many elements it is sought whether fewer do, in other places.
    """
    minimal = minimise(simulation, schedule, rule)
    if minimal.schedule.size >= MANY_ELEMENTS:
        nearby = simplest(simulation, minimal.schedule, frozenset({rule}))
        minimal = minimise(simulation, nearby, rule)
    history = simulation.run(minimal.schedule, with_places=True).history
    return Witness(history, judge(history))


def _minimised(simulation: Simulation, rule: str, witness: Witness) -> Witness:
    if _verdict(witness) is not Verdict.BROKEN:
        # An unknown may have cost the hang's whole real time: once is enough.
        return witness
    return minimal_witness(simulation, rule, witness.history.schedule)


def _verdict(witness: Witness) -> Verdict:
    return Verdict.worst(each.verdict for each in witness.judgements)


def _violation(
    target: str,
    witness: Witness,
    simulation: Simulation,
    save_to: Path | None,
    taken: set[str],
) -> Violation:
    verdict = _verdict(witness)
    against = [each for each in witness.judgements if each.verdict is verdict]
    scenario = Scenario(
        name=_file_name(f"{target.rpartition(':')[2]}-{against[0].rule}", taken),
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


def _file_name(text: str, taken: set[str]) -> str:
    name = re.sub(r"[^A-Za-z0-9_.]+", "-", text).strip("-")
    return next(
        free
        for free in (name, *(f"{name}-{number}" for number in range(2, len(taken) + 3)))
        if free not in taken
    )


def _passing_neighbour(simulation: Simulation, history: History) -> History | None:
    """The same schedule without its faults, if that can happen and passes."""
    schedule = history.schedule
    if not schedule.faults:
        return None
    execution = simulation.run(replace(schedule, faults=()), with_places=True)
    passes = Verdict.worst(each.verdict for each in judge(execution.history)) is Verdict.HOLDS
    return execution.history if passes and not execution.unreached else None
