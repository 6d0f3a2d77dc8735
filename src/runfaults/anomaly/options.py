"""What an author says of a call: which faults, and which promises it does not make."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TypedDict

from runfaults.anomaly.volatile import Volatile
from runfaults.sqlite.kinds import kind_named
from runfaults.sqlite.likelihood import Likelihood

_CLASSES = {"likely": Likelihood.LIKELY, "possible": Likelihood.POSSIBLE, "all": Likelihood.REMOTE}


class Said(TypedDict, total=False):
    """What an author writes beside the call: see `Options`.

    Attributes:
        kinds: Names of fault kinds, or one of `likely`, `possible` and `all`; without it all are
            tried, and a test does not fail by the remote ones.
        atomic: False if a part may stay of a call that raised, which the same call completes.
        recovers: False if the same call need not work on the same object afterwards.
        endless: True if it tries again as long as the fault lasts.
        volatile: Names of columns that are not compared, as `updated_at accounts.token`.
        patience: Seconds without an operation and without computing, after which a call hangs.
    """

    kinds: str
    atomic: bool
    recovers: bool
    endless: bool
    volatile: str
    patience: float


@dataclass(frozen=True, slots=True)
class Options:
    """What is tried, and what is promised.

    Attributes:
        kinds: What the author wrote; without a word all are tried, and the remote ones only told.
        named: Fault kinds that are tried however likely they are.
        least: Others have to be as likely as this where they strike; None if no others are tried.
        atomic: A call that raises has changed nothing.
        recovers: The same call on the same object works afterwards.
        endless: The call tries again as long as the fault lasts.
        volatile: Columns that are not compared, besides those that differ between clean runs.
        patience: Seconds without an operation and without computing, after which a call hangs.
        whole: It is a whole test: only that it ends, leaves no lock and keeps databases sound.
    """

    kinds: str = ""
    named: frozenset[str] = frozenset()
    least: Likelihood | None = Likelihood.REMOTE
    atomic: bool = True
    recovers: bool = True
    endless: bool = False
    volatile: Volatile = field(default_factory=Volatile)
    patience: float = 2.0
    whole: bool = False

    @classmethod
    def of(cls, said: Said) -> Options:
        """Read what an author writes.

        Raises:
            ValueError: if a kind does not exist.
        """
        words = said.get("kinds", "").replace(",", " ").split()
        names = [kind_named(word).name for word in words if word not in _CLASSES]
        classes = [_CLASSES[word] for word in words if word in _CLASSES]
        return cls(
            kinds=" ".join(words),
            named=frozenset(names),
            least=max(classes, default=None if names else Likelihood.REMOTE),
            atomic=said.get("atomic", True),
            recovers=said.get("recovers", True),
            endless=said.get("endless", False),
            volatile=Volatile.parse(said.get("volatile", "")),
            patience=said.get("patience", 2.0),
        )

    def tries(self, kind: str, likelihood: Likelihood) -> bool:
        """Whether a fault is tried at an operation where it is as likely as this."""
        return kind in self.named or (self.least is not None and likelihood <= self.least)

    def fails_by(self, kind: str, likelihood: Likelihood) -> bool:
        """Whether a test fails by it: by a remote one only if its author has asked for it."""
        tried = self.tries(kind, likelihood)
        return tried and (self.kinds != "" or likelihood < Likelihood.REMOTE)
