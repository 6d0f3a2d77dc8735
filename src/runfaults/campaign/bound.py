"""A bound: strategies under a name."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace

from runfaults.explore.job import ALL_COUNTS, JOURNALS, Chosen, Scope
from runfaults.explore.runner import PlayerKind
from runfaults.explore.samples import Samples
from runfaults.explore.strategy import Particular, Strategy
from runfaults.model import Ending
from runfaults.sim.acts import ACTS
from runfaults.sim.misfortunes import SIMULATED_KINDS
from runfaults.sim.stage import ActKind
from runfaults.sqlite.slow import Slow

_SINGLE_ACTS = tuple(
    name for name, act in ACTS.items() if not (act.awaited or act.to_task or act.of_process)
)

_AT_ONCE = tuple(name for name in SIMULATED_KINDS if name != Slow.name)

EVERYTHING = Scope(_AT_ONCE, _SINGLE_ACTS, ALL_COUNTS, tuple(Ending), JOURNALS)
"""All that a simulation can make happen, but for slow operations: six in a row are no minute."""


@dataclass(frozen=True, slots=True)
class Bound:
    """Strategies under a name.

    Attributes:
        name: As given to `--bound`.
        strategies: What is run, one after the other; one player plays all of them.
    """

    name: str
    strategies: tuple[Strategy, ...]

    @property
    def player(self) -> PlayerKind:
        """The player that makes its schedules happen."""
        return self.strategies[0].player

    def describe(self) -> str:
        """The bound in words, a line for each strategy."""
        return "\n".join(strategy.describe() for strategy in self.strategies)

    def limited_to(self, chosen: Chosen) -> Bound:
        """The same with what was chosen; with its own where nothing was."""
        limited = self._with_scopes(lambda scope: scope.limited_to(chosen))
        return replace(limited, strategies=tuple(map(_leaving_to_others, limited.strategies)))

    def seeded(self, seed: int) -> Bound:
        """The same with another seed in every schedule, and other samples."""
        return self._with_scopes(lambda scope: replace(scope, seed=seed))

    def sampled(self, samples: int | None, depth: int | None) -> Bound:
        """The same with so many samples of that depth; None for those that it has.

        Raises:
            ValueError: for a depth without any samples, or samples where no simulation plays.
        """
        samplings = (each for each in self.strategies if isinstance(each, Samples))
        own = next(samplings, Samples(EVERYTHING, 0))
        sampling = replace(
            own,
            samples=own.samples if samples is None else samples,
            depth=own.depth if depth is None else depth,
        )
        if not sampling.samples and depth is not None:
            raise ValueError(
                f"a depth of {depth}, but no samples: add --samples N, or leave out the depth"
            )
        if sampling.samples and self.player is not sampling.player:
            raise ValueError(
                f"the bound {self.name} takes no samples: they are drawn for a simulation, and its "
                f"schedules are played by: {self.player}; take them with another bound"
            )
        others = tuple(each for each in self.strategies if not isinstance(each, Samples))
        return replace(self, strategies=(*others, sampling) if sampling.samples else others)

    def _with_scopes(self, change: Callable[[Scope], Scope]) -> Bound:
        changed = (replace(each, scope=change(each.scope)) for each in self.strategies)
        return replace(self, strategies=tuple(dict.fromkeys(changed)))


def _leaving_to_others(strategy: Strategy) -> Strategy:
    """The strategy without the acts that only another one can place."""
    acts = tuple(act for act in strategy.scope.acts if _places(strategy, ACTS[act]))
    return replace(strategy, scope=replace(strategy.scope, acts=acts))


def _places(strategy: Strategy, act: ActKind) -> bool:
    if isinstance(strategy, Particular):
        return strategy.places(act)
    return not (act.awaited or act.to_task or act.of_process)
