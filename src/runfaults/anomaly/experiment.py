"""Every fault at every operation of a call, the likely ones first, each on fresh state."""

from __future__ import annotations

import random
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace

from runfaults.anomaly.clean_runs import CleanRuns, clean_runs, require_fresh, require_own_files
from runfaults.anomaly.ending import Raised, Returned
from runfaults.anomaly.observation import Observation
from runfaults.anomaly.observe import Order, UnsuitableError
from runfaults.anomaly.options import Options
from runfaults.anomaly.outcome import Outcome
from runfaults.anomaly.promises import Broken, Evidence, broken
from runfaults.anomaly.watch import Orders
from runfaults.model import Operation
from runfaults.sqlite.kinds import KINDS
from runfaults.sqlite.likelihood import Likelihood
from runfaults.sqlite.strike import Strike
from runfaults.sqlite.survey import Surveyed

Run = Callable[[Order], Observation]
"""Performs one repetition on fresh state."""

SURVEY = Orders(kinds=tuple(KINDS))
"""The first clean run: what can strike where."""

_TIMES_THE_CLEAN_RUN, _AND = 50, 500
"""A call that performs so many operations, and so many more, does not end."""
_STRIKES_OF_A_LASTING_FAULT = 10
"""Where the call promises to try again without end: then the fault ends."""
_LEARNT_FOR = 0.5
"""Seconds: behind them a clock with whole seconds may show another one."""


@dataclass(frozen=True, slots=True)
class Selection:
    """Which faults are tried.

    Attributes:
        only: This one.
        sample: So many of all, drawn at random; None for all.
        is_spent: Whether the time is up.
    """

    only: Strike | None = None
    sample: int | None = None
    is_spent: Callable[[], bool] = lambda: False


class Experiment:
    """Runs a call cleanly, then once for each fault at each operation where it can strike."""

    def __init__(
        self, run: Run, first: Observation, options: Options, selection: Selection = Selection()
    ) -> None:
        """Begin with the clean runs.

        Args:
            run: Performs a repetition.
            first: What the survey has shown.
            options: What the author says.
            selection: Which faults are tried.

        Raises:
            UnsuitableError: if there is nothing to strike, or nothing to compare with.
        """
        self._perform, self._first = run, first
        self._options, self._selection = options, selection
        self._files = set(first.paths)
        require_points(first, options)
        # Surveyed too: the first run in a process may do what no later one does.
        second = self._run(self._order(SURVEY, twice=not options.whole))
        require_points(second, options)
        self.clean: CleanRuns = clean_runs(first, second, options)
        if not options.whole:
            _require_changes(self.clean)
        self._learnt_at = time.monotonic()
        self._confirmed: set[str] = set()
        self.not_tried = 0
        """How many faults were left when the time was up."""
        self.unmeasured = _unmeasured(self.clean.points)
        """Operations that fail in reality too, but that no fault strikes."""

    def _run(self, order: Order) -> Observation:
        observation = self._perform(order)
        if not self._options.whole:
            require_own_files(self._first, self._files, observation)
        self._files.update(observation.paths)
        return observation

    def outcomes(self) -> Iterator[Outcome]:
        """What came of each fault.

        Raises:
            UnsuitableError: if a repetition does not begin as the first run did.
        """
        strikes = self._strikes()
        for index, (strike, seen) in enumerate(strikes):
            if self._selection.is_spent():
                self.not_tried = len(strikes) - index
                return
            outcome = self._try(strike, seen)
            yield outcome
            lasting = strike._replace(lasting=True)
            if outcome.returned and not outcome.broken and self._may_last(strike):
                yield self._try(lasting, seen)

    def _may_last(self, strike: Strike) -> bool:
        """A call that survives a fault has tried again: then it may meet it again."""
        return KINDS[strike.kind].lasts and not strike.lasting and self._selection.only is None

    def _strikes(self) -> list[tuple[Strike, Surveyed]]:
        possible = [
            (likelihood, Strike(kind, seen.number), seen)
            for seen in self.clean.points
            for kind, likelihood in _wanted(seen, self._options)
        ]
        only, sample = self._selection.only, self._selection.sample
        if only is not None:
            return [self._only(only)]
        if sample is not None and sample < len(possible):
            possible = random.Random(0).sample(possible, sample)  # noqa: S311  # the same each time
        possible.sort(key=lambda each: (each[0], each[1].at[::-1]))
        return [(strike, seen) for _, strike, seen in possible]

    def _only(self, strike: Strike) -> tuple[Strike, Surveyed]:
        for seen in self.clean.points:
            if seen.number == strike.at:
                if strike.kind in seen.kinds:
                    return strike, seen
                can = ", ".join(seen.kinds) or "nothing"
                raise UnsuitableError(f"{strike}: at {seen} can strike: {can}")
        raise UnsuitableError(
            f"{strike}: the clean run performs {len(self.clean.points)} operations, and none of "
            f"them is {strike.at}"
        )

    # --- one fault ----------------------------------------------------------------------------

    def _try(self, strike: Strike, seen: Surveyed) -> Outcome:
        observation = self._fresh(strike, seen)
        outcome = self._outcome(strike, seen, observation)
        if not outcome.broken:
            return outcome
        promise = outcome.broken[0].promise
        if promise in self._confirmed:
            if time.monotonic() - self._learnt_at > _LEARNT_FOR:
                self._learn()
                outcome = self._outcome(strike, seen, observation)
            return outcome
        return self._confirm(strike, seen, observation, promise)

    def _confirm(
        self, strike: Strike, seen: Surveyed, observation: Observation, promise: str
    ) -> Outcome:
        """A promise is called broken when it was so twice, and not by what differs anyhow."""
        self._learn()
        outcome = self._outcome(strike, seen, observation)
        if not outcome.broken:
            return outcome
        patience = 3 * self._options.patience
        again = self._outcome(strike, seen, self._fresh(strike, seen, patience))
        if again.unknown or (again.broken and again.broken[0].promise == promise):
            self._confirmed.add(promise)
            return replace(again, broken=again.broken or outcome.broken, unknown="")
        return replace(
            outcome, broken=(), unknown=f"{outcome.broken[0].what}; the second time it did not"
        )

    def _learn(self) -> None:
        """Compare one more clean run: what differs now too is volatile."""
        self.clean = self.clean.learnt_from(self._run(self._order(Orders())))
        self._learnt_at = time.monotonic()

    def _fresh(self, strike: Strike, seen: Surveyed, patience: float | None = None) -> Observation:
        orders = Orders(
            strike=strike,
            shape=seen.shape,
            limit=_TIMES_THE_CLEAN_RUN * self.clean.operations + _AND,
        )
        if self._options.endless:
            orders = orders._replace(lifted_after=_STRIKES_OF_A_LASTING_FAULT)
        order = self._order(orders)
        observation = self._run(order._replace(patience=patience or order.patience))
        if not self._options.whole and not self.clean.same(
            self.clean.padded(observation.before), self.clean.before
        ):
            self._learn()
            require_fresh(self.clean, observation, f"the repetition with {strike}")
        return observation

    def _order(self, orders: Orders, *, twice: bool = False) -> Order:
        return Order(orders, twice, self._options.recovers, self._options.patience)

    def _outcome(self, strike: Strike, seen: Surveyed, observation: Observation) -> Outcome:
        unknown = _unknown(observation)
        if unknown:
            return Outcome(strike, seen, unknown=unknown)
        takes_effect = KINDS[strike.kind].takes_effect
        found = tuple(broken(Evidence(self.clean, observation, self._options, takes_effect)))
        return Outcome(
            strike,
            seen,
            found,
            unknown="" if found else _unreadable(observation),
            remarks=tuple(_remarks(self.clean, observation, found)),
            returned=isinstance(observation.ending, Returned),
        )


def require_points(first: Observation, options: Options) -> None:
    """See that the call has operations that can be struck.

    Raises:
        UnsuitableError: saying why there is none.
    """
    if any(_wanted(seen, options) for seen in first.points):
        return
    if not first.points:
        raise UnsuitableError(
            "the call performed no operation on a connection that was opened inside of the test, "
            "so nothing would be tested: open connections in the test or in fixtures of the scope "
            "`function`, by `sqlite3.connect`; close those of before (Django: `connection.close()`,"
            " SQLAlchemy: `engine.dispose()`)"
        )
    if not any(seen.kinds for seen in first.points):
        raise UnsuitableError(
            f"none of the call's {len(first.points)} operations can fail: they are on databases in "
            "memory, which no other connection can lock and no disk holds; give the test a file, "
            "as `tmp_path / 'test.db'`"
            if any(seen.in_memory for seen in first.points)
            else f"none of the call's {len(first.points)} operations can be struck:\n"
            + "\n".join(not_struck(first.points))
        )
    can = sorted({kind for seen in first.points for kind in seen.kinds})
    raise UnsuitableError(
        f"none of {options.kinds} can strike this call; what can: {', '.join(can)}"
    )


def _require_changes(clean: CleanRuns) -> None:
    """See that some of what a call changes is changed where a fault can strike.

    Raises:
        UnsuitableError: if nothing is: a pass would say nothing.
    """
    struck = [seen for seen in clean.points if seen.kinds]
    if clean.changes and not any(
        seen.writes or seen.point.operation is Operation.COMMIT for seen in struck
    ):
        raise UnsuitableError(
            "the call changes the database, but by no operation that a fault can strike:\n"
            + "\n".join(not_struck(seen for seen in clean.points if not seen.kinds))
        )


def not_struck(points: Iterable[Surveyed]) -> list[str]:
    """The operations that no fault strikes, and why, a line each."""
    return list(
        dict.fromkeys(
            f"  {seen} ({seen.place.partition(' in ')[0] or 'no line of yours'}): {seen.refusal}"
            for seen in points
            if seen.refusal
        )
    )


def _unmeasured(points: Iterable[Surveyed]) -> list[str]:
    return list(
        dict.fromkeys(
            str(seen)
            for seen in points
            if "not measured" in seen.refusal and seen.point.operation is not Operation.FETCH
        )
    )


def _wanted(seen: Surveyed, options: Options) -> Sequence[tuple[str, Likelihood]]:
    return [
        (kind, likelihood)
        for kind, likelihood in seen.kinds.items()
        if options.tries(kind, likelihood)
    ]


def _unknown(observation: Observation) -> str:
    if observation.changed:
        return f"the point was not reached again: {observation.changed}"
    return "" if observation.struck else "the point was not reached again"


def _unreadable(observation: Observation) -> str:
    return "the database could not be read afterwards" if observation.now is None else ""


def _remarks(
    clean: CleanRuns, observation: Observation, found: tuple[Broken, ...]
) -> Iterator[str]:
    open_more = observation.left.transactions > clean.left.transactions
    if open_more and len(observation.left.locked) <= len(clean.left.locked):
        yield "a transaction is left open; it has no lock"
    if not found and isinstance(observation.ending, Raised | Returned):
        yield from observation.deaths
