"""How much a campaign runs: each bound is a name for a few strategies."""

from __future__ import annotations

import re
from collections.abc import Callable, Collection
from dataclasses import dataclass, replace

from runfaults.crash.deaths import Deaths
from runfaults.explore.job import ALL_COUNTS, CANCELS, JOURNALS, Allowance, Scope
from runfaults.explore.samples import Samples
from runfaults.explore.search import Search
from runfaults.explore.strategy import Strategy
from runfaults.explore.sweep import Sweep
from runfaults.model import Ending
from runfaults.native.causes import RealCauses
from runfaults.sim.acts import ACTS
from runfaults.sqlite.kinds import KINDS
from runfaults.sqlite.real.lasting import EVERY_KIND


@dataclass(frozen=True, slots=True)
class Bound:
    """Strategies under a name.

    Attributes:
        name: As given to `--bound`.
        strategies: What is run, one after the other.
    """

    name: str
    strategies: tuple[Strategy, ...]

    def describe(self) -> str:
        """The bound in words, a line for each strategy."""
        return "\n".join(strategy.describe() for strategy in self.strategies)

    def limited_to(self, kinds: Collection[str], acts: Collection[str]) -> Bound:
        """The same with these fault kinds and acts; with its own where none are given."""
        return self._with_scopes(lambda scope: scope.limited_to(kinds, acts))

    def seeded(self, seed: int) -> Bound:
        """The same with another seed in every schedule, and other samples."""
        return self._with_scopes(lambda scope: replace(scope, seed=seed))

    def sampled(self, samples: int | None, depth: int | None) -> Bound:
        """The same with so many samples of that depth; None for those that it has.

        Raises:
            ValueError: for a depth without any samples.
        """
        samplings = (each for each in self.strategies if isinstance(each, Samples))
        own = next(samplings, Samples(_ALL, 0))
        sampling = replace(
            own,
            samples=own.samples if samples is None else samples,
            depth=own.depth if depth is None else depth,
        )
        if not sampling.samples and depth is not None:
            raise ValueError(
                f"a depth of {depth}, but no samples to look so deep: say how many, or leave the "
                "depth out"
            )
        others = tuple(each for each in self.strategies if not isinstance(each, Samples))
        return replace(self, strategies=(*others, sampling) if sampling.samples else others)

    def _with_scopes(self, change: Callable[[Scope], Scope]) -> Bound:
        changed = tuple(replace(each, scope=change(each.scope)) for each in self.strategies)
        return replace(self, strategies=changed)


_EVERY_KIND = Scope(tuple(KINDS), CANCELS, ALL_COUNTS)
_ALL = Scope(tuple(KINDS), tuple(ACTS), ALL_COUNTS, tuple(Ending), JOURNALS)

_RACING = Scope(
    acts=(
        "cancel",
        "cancel-api",
        "cancel-twice",
        "close",
        "read",
        "start",
        "start-elsewhere",
        "subscribe",
    )
)

INTERRUPTED = Search(_RACING, Allowance(0, 1, 0))
"""Every act at every moment."""

RACES = Search(_RACING, Allowance(0, 1, 1))
"""Every act at every moment, and once more with one thread paused somewhere."""

STRUCK_RACES = Search(
    Scope(kinds=("busy", "lost-acknowledgement")), Allowance(1, 1, 1), reduce=True
)
"""A cancel at every moment, one fault anywhere, one thread paused somewhere."""

STRUCK_ACTS = Search(
    Scope(acts=("cancel-twice", "close", "read", "start", "start-elsewhere", "subscribe")),
    Allowance(1, 1, 0),
    reduce=True,
)
"""A lock error anywhere, and any act but the cancels of the sweep at every moment."""

KEPT_UNDONE_DONE = ("busy", "ioerr-write", "lost-acknowledgement")
"""A kind for each thing that a failing COMMIT can leave: the transaction open, undone, or done."""

_COMMITS = Scope(kinds=KEPT_UNDONE_DONE)

_THREE_NUMBERS = re.compile(r"(\d),(\d),(\d)")

BOUNDS = {
    bound.name: bound
    for bound in (
        Bound(
            "quick",
            (
                Sweep(
                    replace(
                        _EVERY_KIND, counts=(1, None), endings=(Ending.SUCCEEDS, Ending.RAISES)
                    ),
                    paired_counts=(1,),
                ),
                INTERRUPTED,
            ),
        ),
        Bound(
            "default",
            (
                Sweep(
                    replace(
                        _EVERY_KIND,
                        endings=(
                            Ending.SUCCEEDS,
                            Ending.RAISES,
                            Ending.NOTICES_CANCEL,
                            Ending.LEAVES_TRANSACTION_OPEN,
                        ),
                    ),
                    KEPT_UNDONE_DONE,
                    (1,),
                ),
                INTERRUPTED,
                replace(RACES, reduce=True),
                STRUCK_ACTS,
            ),
        ),
        # For work with hundreds of points: each fault once, each cancel once, no pairs.
        Bound("single", (Sweep(replace(_EVERY_KIND, counts=(1,)), paired_counts=()),)),
        Bound(
            "nightly",
            (
                Sweep(replace(_ALL, acts=CANCELS)),
                RACES,
                STRUCK_RACES,
                STRUCK_ACTS,
                Samples(_ALL, 5_000),
            ),
        ),
        Bound(
            "real",
            (
                RealCauses(
                    Scope(
                        tuple(EVERY_KIND),
                        (),
                        endings=(Ending.SUCCEEDS, Ending.RAISES),
                        journals=JOURNALS,
                    )
                ),
            ),
        ),
        Bound(
            "crash",
            (Deaths(Scope((), CANCELS, endings=tuple(Ending), journals=JOURNALS)),),
        ),
        # For a night, several cores or a cluster: docs/reference/exhausted.md has its numbers.
        Bound(
            "deep",
            (
                Search(Scope(), Allowance(1, 2, 2), reduce=True),
                Search(_COMMITS, Allowance(2, 1, 1), reduce=True),
                Search(Scope(kinds=KEPT_UNDONE_DONE[1:]), Allowance(1, 1, 2), reduce=True),
                Search(
                    Scope(endings=tuple(Ending), journals=JOURNALS),
                    Allowance(2, 1, 1),
                    reduce=True,
                ),
            ),
        ),
    )
}


def bound_named(name: str) -> Bound:
    """The bound of that name, or the one that three numbers stand for.

    `2,1,1` stands for all schedules with at most two faults, one cancel and one preemption.

    Raises:
        LookupError: naming the bounds there are.
    """
    if numbers := _THREE_NUMBERS.fullmatch(name):
        return Bound(name, (Search(Scope(), Allowance(*map(int, numbers.groups())), reduce=True),))
    if name not in BOUNDS:
        raise LookupError(
            f"there is no bound {name!r}; bounds are: {', '.join(BOUNDS)}, and three numbers "
            "FAULTS,CANCELS,PREEMPTIONS such as 1,1,1 for everything up to them"
        )
    return BOUNDS[name]
