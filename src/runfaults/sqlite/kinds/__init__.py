"""The catalogue of fault kinds: one file each."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

from runfaults.sqlite.kind import FaultKind
from runfaults.sqlite.kinds.busy import Busy
from runfaults.sqlite.kinds.full import Full
from runfaults.sqlite.kinds.interrupt import Interrupt
from runfaults.sqlite.kinds.ioerr_write import IoerrWrite
from runfaults.sqlite.kinds.lost_acknowledgement import LostAcknowledgement

_ALL: tuple[FaultKind, ...] = (
    Busy(),
    IoerrWrite(),
    Full(),
    Interrupt(),
    LostAcknowledgement(),
)

KINDS: Mapping[str, FaultKind] = MappingProxyType({kind.name: kind for kind in _ALL})
"""Every fault kind by its name."""


def kind_named(name: str) -> FaultKind:
    """The kind of this name.

    Raises:
        ValueError: naming the kinds there are.
    """
    try:
        return KINDS[name]
    except KeyError:
        known = ", ".join(KINDS)
        raise ValueError(f"there is no fault kind {name!r}; the kinds are: {known}") from None
