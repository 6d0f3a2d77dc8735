"""Fault kinds that are tables: in which situation they strike, and what they leave."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from runfaults.sqlite.effect import Effect, nothing
from runfaults.sqlite.errors import sqlite_error
from runfaults.sqlite.gate import Call
from runfaults.sqlite.likelihood import Likelihood
from runfaults.sqlite.real.recipe import Recipe, Unavailable
from runfaults.sqlite.situation import PRAGMAS, Situation, situation_of
from runfaults.sqlite.statement import ASSIGNMENT


class TabledKind:
    """A fault kind given as a table from situations to effects.

    Attributes:
        name: See `FaultKind`.
        summary: See `FaultKind`.
        code: The SQLite (extended) result code that it raises.
        effects: What it leaves in each situation in which it can strike.
        reasons: Why it cannot strike in others, where there is more to say than that it was never
            seen to.
        waiting: Situations in which the engine spends the busy timeout first.
        likelihood: How likely it is where an ordinary program runs.
        takes_effect: See `CataloguedKind`.
        lasts: See `CataloguedKind`.
        made_by: Makes the recipe of its real cause, if that is the same in each situation.
    """

    name: str
    summary: str
    code: int
    effects: Mapping[Situation, Effect]
    reasons: Mapping[Situation, str] = {}
    waiting: frozenset[Situation] = frozenset()
    likelihood: Likelihood = Likelihood.POSSIBLE
    takes_effect: bool = False
    lasts: bool = True
    made_by: Callable[[], Recipe] | None = None

    def refusal(self, call: Call) -> str | None:
        """Why it cannot strike this call; None if it can."""
        situation = situation_of(call)
        if isinstance(situation, str):
            return situation
        if call.statement.verb == ASSIGNMENT and self.effects.get(situation) is nothing:
            return "what an assignment leaves that keeps its transaction was not measured"
        if situation not in self.effects:
            usual = f"{self.name} was never seen at {_words(situation)}"
            if situation in PRAGMAS:
                usual = f"what {self.name} leaves of {call.statement.subject} was not measured"
            return self.reasons.get(situation, usual)
        return self.obstacle(call, situation)

    def obstacle(self, _call: Call, _situation: Situation, /) -> str | None:
        """Why it cannot strike although the situation is one of its own: mostly the journal."""
        return None

    def waits(self, call: Call) -> bool:
        """Whether the engine would have spent the busy timeout."""
        return situation_of(call) in self.waiting

    def likelihood_at(self, _call: Call, /) -> Likelihood:
        """See `CataloguedKind`."""
        return self.likelihood

    def real(self, call: Call) -> Recipe:
        """The recipe that makes it happen for real at this call."""
        situation = situation_of(call)
        # Where it cannot strike, it is made as at a read.
        return self.cause(situation if isinstance(situation, Situation) else Situation.READ)

    def cause(self, _situation: Situation, /) -> Recipe:
        """The recipe that makes it happen for real in a situation.

        Raises:
            Unavailable: if nothing does, or not on this machine.
        """
        if self.made_by is None:
            raise Unavailable("no real cause is known")
        return self.made_by()

    def strike(self, call: Call) -> object:
        """Leave what the real failure leaves, and raise what it raises."""
        situation = situation_of(call)
        assert isinstance(situation, Situation), situation
        self.effects[situation](call)
        # Not in a variable: with its traceback it would keep this frame, and so the call, alive.
        raise self.error()

    def error(self) -> Exception:
        """The exception that it raises."""
        return sqlite_error(self.code)


def _words(situation: Situation) -> str:
    return situation.name.lower().replace("_", " ")
