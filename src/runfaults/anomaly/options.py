"""What an author says of a call: which faults, and which promises it does not make."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TypedDict

from runfaults.anomaly.volatile import Volatile
from runfaults.sqlite.kinds import KINDS, kind_named
from runfaults.sqlite.likelihood import Likelihood

_CLASSES = {"likely": Likelihood.LIKELY, "possible": Likelihood.POSSIBLE, "all": Likelihood.REMOTE}


class Said(TypedDict, total=False):
    """What an author writes beside the call: see `Options`.

    Attributes:
        kinds: Names of fault kinds, or one of `likely` and `possible`; without it all of them.
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
        kinds: Names of the fault kinds.
        least: How likely a fault has to be where it strikes.
        atomic: A call that raises has changed nothing.
        recovers: The same call on the same object works afterwards.
        endless: The call tries again as long as the fault lasts.
        volatile: Columns that are not compared, besides those that differ between clean runs.
        patience: Seconds without an operation and without computing, after which a call hangs.
    """

    kinds: tuple[str, ...] = tuple(KINDS)
    least: Likelihood = Likelihood.REMOTE
    atomic: bool = True
    recovers: bool = True
    endless: bool = False
    volatile: Volatile = field(default_factory=Volatile)
    patience: float = 2.0

    @classmethod
    def of(cls, said: Said) -> Options:
        """Read what an author writes.

        Raises:
            ValueError: if a kind does not exist.
        """
        words = said.get("kinds", "").replace(",", " ").split()
        names = tuple(kind_named(word).name for word in words if word not in _CLASSES)
        classes = [_CLASSES[word] for word in words if word in _CLASSES]
        least = Likelihood.MISTAKE if names else Likelihood.REMOTE
        return cls(
            kinds=names or tuple(KINDS),
            least=max(classes) if classes else least,
            atomic=said.get("atomic", True),
            recovers=said.get("recovers", True),
            endless=said.get("endless", False),
            volatile=Volatile.parse(said.get("volatile", "")),
            patience=said.get("patience", 2.0),
        )
