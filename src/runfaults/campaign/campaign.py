"""A campaign, and the way to run one of its jobs in this process."""

from __future__ import annotations

from collections.abc import Collection
from contextlib import AbstractContextManager
from dataclasses import dataclass, replace

from runfaults.campaign.placing import place
from runfaults.campaign.players import open_player
from runfaults.explore.findings import Findings
from runfaults.explore.job import Job
from runfaults.explore.runner import OutOfTimeError, Player, PlayerKind, Runner
from runfaults.explore.strategy import Particular, Strategy
from runfaults.model import Journal
from runfaults.user_code import Interrupted, interruptions


@dataclass(frozen=True, slots=True)
class Campaign:
    """A target, and strategies to explore it with. It travels to the processes that run jobs.

    Attributes:
        target: Name of the system under test.
        strategies: Which schedules are run, one strategy after the other.
        rules: Names of the rules that judge; None for all.
        own: Addresses of rules of the user's own, `path.py:name`.
        redact: Whether values of the user's data are left out of what is found.
    """

    target: str
    strategies: tuple[Strategy, ...]
    rules: tuple[str, ...] | None = None
    own: tuple[str, ...] = ()
    redact: bool = False

    @property
    def player(self) -> PlayerKind:
        """The player that makes its schedules happen."""
        (kind,) = {strategy.player for strategy in self.strategies}
        return kind

    def runner(self, player: Player) -> Runner:
        """Runs its schedules, and judges them by its rules."""
        return Runner(player, self.rules, self.open_player)

    def open_player(
        self, kind: PlayerKind | None = None, within: str | None = None
    ) -> AbstractContextManager[Player]:
        """The player of its schedules, or one of another kind, to be entered; see `open_player`."""
        return open_player(
            self.target, kind or self.player, own=self.own, within=within, redact=self.redact
        )

    def of_target(self, offered: Collection[str], journal: Journal) -> Campaign:
        """The same for a target that offers these acts and endings, and chooses this journal.

        One without an event loop has no tasks, one that is alone no other process.
        """
        fitted = tuple(
            replace(strategy, scope=strategy.scope.of_target(offered, journal))
            for strategy in self.strategies
            if not isinstance(strategy, Particular) or strategy.suits(offered)
        )
        return replace(self, strategies=fitted or self.strategies)

    def jobs(self, runner: Runner) -> list[Job]:
        """The jobs of all strategies that are known from the beginning."""
        return [
            job._replace(strategy=number)
            for number, strategy in enumerate(self.strategies)
            for job in strategy.jobs(runner)
        ]

    def run(self, runner: Runner, job: Job) -> Findings:
        """Run one job; what it found is partial if time was over meanwhile, or Ctrl-C came."""
        found = Findings()
        strategy = self.strategies[job.strategy]
        try:
            with interruptions.breaking_off():
                strategy.run(runner, job, found)
                place(runner, found)
        except (OutOfTimeError, Interrupted):
            found.partial = True
        found.belong_to(strategy.describe())
        follow_ups = (each._replace(strategy=job.strategy) for each in found.follow_ups)
        found.follow_ups = dict.fromkeys(follow_ups)
        return found
