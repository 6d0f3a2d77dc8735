"""Runs the jobs of a campaign, or recalls what they found, and says how far it got."""

from __future__ import annotations

import contextlib
import time
from collections.abc import Callable, Collection, Generator, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from runfaults.campaign.agenda import Agenda
from runfaults.campaign.campaign import Campaign
from runfaults.campaign.fingerprint import fingerprint
from runfaults.campaign.first import FirstSeen
from runfaults.campaign.memory import Cache, Journal, alone_in
from runfaults.campaign.pool import available_cores, run_jobs
from runfaults.campaign.workers import WorkersDiedError
from runfaults.explore.findings import Findings
from runfaults.explore.job import Job
from runfaults.explore.mark import Mark
from runfaults.explore.probe import probe
from runfaults.explore.runner import PlayerKind
from runfaults.explore.strategy import Strategy
from runfaults.model import EarlyEnd, Verdict
from runfaults.model.counting import counted
from runfaults.model.listener import Listener
from runfaults.process_end import HungError
from runfaults.scenario.saving import ScenarioFolder
from runfaults.sim.acts import act_named
from runfaults.sim.database import journal_of
from runfaults.user_code import interruptions


@dataclass(frozen=True, slots=True)
class Options:
    """How a campaign is run; none of it changes what a finished one finds.

    Attributes:
        processes: Number of processes; None for one per core.
        should_stop: Asked again and again; True ends the campaign early.
        accept: Sees the strategies, with the acts that the target offers, before any schedule
            runs; it may refuse.
        on_violation: Called once, when a rule is broken for the first time.
        fail_fast: Whether the first violation that is news ends the campaign.
        is_known: Whether what has a mark is no news, as a baseline may know its cause.
        save_to: Folder for the scenario file of each violation that is told; None to save none.
        cache: Knows what unchanged code was found to do; None to run it again.
        state: Folder for a journal of the finished jobs, which another campaign continues from.
        cluster: Address of a Dask scheduler whose workers run it; None to run it here.
    """

    processes: int | None = None
    should_stop: Callable[[], bool] = lambda: False
    accept: Callable[[tuple[Strategy, ...]], None] = lambda _: None
    on_violation: Callable[[], None] = lambda: None
    fail_fast: bool = False
    is_known: Callable[[Mark], bool] = lambda _: False
    save_to: Path | None = None
    cache: Cache | None = None
    state: Path | None = None
    cluster: str | None = None


@dataclass(frozen=True, slots=True)
class Outcome:
    """The findings of a campaign, and how far it got.

    Attributes:
        found: What was found.
        elapsed: Real seconds that it took.
        not_reached: What was not run, in phrases; empty if it finished.
        left: How many jobs were not run; each has at least one schedule.
        interrupted: What else than the budget ended it early; None if nothing did.
        strategies: Those of the campaign, with the acts that the target offers.
        remarks: Where findings come from that this campaign did not make itself.
        unwritten: What of it could not be kept, a sentence each.
        told: Names under which violations were told of meanwhile.
    """

    found: Findings
    elapsed: float
    not_reached: tuple[str, ...] = ()
    left: int = 0
    interrupted: EarlyEnd | None = None
    remarks: tuple[str, ...] = ()
    strategies: tuple[Strategy, ...] = ()
    unwritten: tuple[str, ...] = ()
    told: Mapping[str, Mark] = field(default_factory=dict[str, Mark])


def run_campaign(campaign: Campaign, options: Options, listener: Listener) -> Outcome:
    """Run every job, and those that follow.

    Args:
        campaign: What to run.
        options: How to run it.
        listener: Hears how far it is.

    Raises:
        TargetError: if the target cannot be tested.
        StateError: if the journal is of another campaign, or another one is using it.
        ClusterError: if the cluster cannot be used.
    """
    began = time.perf_counter()
    with campaign.open_player(PlayerKind.SIMULATION) as player:
        offered = probe(player)
        whole, campaign = campaign, campaign.of_target(offered, journal_of(player.target))
        options.accept(campaign.strategies)
        told = _not_offered(whole, offered)
        remembers = options.cache is not None or options.state is not None
        identity = fingerprint(campaign) if remembers else ""
        known = None if options.cache is None else options.cache.find(identity)
        simulated = campaign.player is PlayerKind.SIMULATION
        jobs = campaign.jobs(campaign.runner(player)) if simulated and known is None else []
    if known is None and not simulated:
        with campaign.open_player() as player:
            jobs = campaign.jobs(campaign.runner(player))
    interruptions.asked_for = True  # for good: from here on there may be findings
    if known is not None:
        return Outcome(
            known,
            time.perf_counter() - began,
            remarks=(*told, _RECALLED),
            strategies=campaign.strategies,
        )
    agenda = Agenda(jobs)
    found = Findings()
    with contextlib.nullcontext() if options.state is None else alone_in(options.state):
        journal = None if options.state is None else Journal(options.state, identity)
        if journal is not None:
            _recall(journal, agenda, found)
        before = agenda.total - len(agenda)
        folder = None if options.save_to is None else ScenarioFolder(options.save_to)
        first = FirstSeen(campaign, listener, folder, options.is_known)
        interrupted, why = _run(campaign, options, listener, agenda, found, first, journal)
    told = (*told, *why)
    unwritten = () if journal is None else journal.unwritten
    if options.cache is not None and not agenda:
        unwritten += options.cache.keep(identity, found)
    if before:
        told = (*told, f"{before:,} of {agenda.total:,} jobs were done before, by the same code")
    return Outcome(
        found,
        time.perf_counter() - began,
        tuple(agenda.unfinished()),
        len(agenda),
        interrupted,
        told,
        campaign.strategies,
        unwritten,
        first.told,
    )


def _not_offered(campaign: Campaign, offered: Collection[str]) -> tuple[str, ...]:
    wanted = dict.fromkeys(act for each in campaign.strategies for act in each.scope.acts)
    kinds = map(act_named, wanted)
    missing = [
        kind.name
        for kind in kinds
        if kind.name not in offered and not (kind.to_task or kind.of_process)
    ]
    if not missing:
        return ()
    return (f"the target's manager offers no {', '.join(missing)}: not among the acts tried",)


def _recall(journal: Journal, agenda: Agenda, found: Findings) -> None:
    """Take over what the journal knows, and the jobs that follow those that it knows."""
    while agenda.waiting:
        job = agenda.take()
        if (its := journal.find(job)) is not None:
            found.merge(its)
            agenda.finish(job, its.follow_ups)
    agenda.requeue()


def _run(  # what there is to run, with what, and where it is kept
    campaign: Campaign,
    options: Options,
    listener: Listener,
    agenda: Agenda,
    found: Findings,
    first: FirstSeen,
    journal: Journal | None,
) -> tuple[EarlyEnd | None, tuple[str, ...]]:
    """Run what is left, and cross it off job by job.

    Returns:
        What ended it early besides the budget, and what is to be said of that.
    """
    listener.start(agenda.sorts.total(), agenda.sorts)
    first.know(found)
    if first.any:
        options.on_violation()
    enough = options.fail_fast

    def should_stop() -> bool:
        return interruptions.count > 0 or options.should_stop() or (enough and first.new)

    with contextlib.ExitStack() as stack:
        if journal is not None:
            stack.callback(journal.close)
        running = _running(campaign, options, agenda, should_stop)
        stack.callback(running.close)
        try:
            for job, its in running:
                found.merge(its)
                if not its.partial:
                    if journal is not None:
                        journal.add(job, its)
                    agenda.finish(job, its.follow_ups)
                    listener.advance(1, agenda.sorts, job.sort, its.verdicts.total())
                listener.note(_activity(found, job))
                before = first.any
                first.look(its)
                if first.any and not before:
                    options.on_violation()
        except (HungError, WorkersDiedError) as error:
            hung = isinstance(error, HungError)
            return EarlyEnd.HANG if hung else EarlyEnd.DEATHS, (str(error),)
    if interruptions.count:
        listener.note("interrupted")
        return EarlyEnd.USER, ()
    return None, (_FAILED_FAST,) if options.fail_fast and first.new and agenda else ()


def _activity(found: Findings, job: Job) -> str:
    """How much was found, and what is being run, in a few words."""
    verdicts = found.verdicts
    parts = [counted(verdicts.total(), "schedule")]
    if broken := verdicts[Verdict.BROKEN]:
        parts.append(f"{broken:,} broken")
    return f"{', '.join(parts)}; {job.group}" if job.group else ", ".join(parts)


_FAILED_FAST = "--fail-fast: the first violation ended it"


def _running(
    campaign: Campaign, options: Options, agenda: Agenda, should_stop: Callable[[], bool]
) -> Generator[tuple[Job, Findings]]:
    """Run jobs where they are meant to run."""
    if options.cluster is None:
        processes = options.processes or len(available_cores())
        return run_jobs(campaign, agenda, processes, should_stop)
    from runfaults.campaign.cluster import run_on_cluster

    return run_on_cluster(campaign, agenda, options.cluster, should_stop)


_RECALLED = (
    "no schedule was run: no code has changed since this check was finished the last time, and its "
    "result was kept; files that the target reads and the environment are not compared: --no-cache "
    "runs it again"
)
