"""The catalogue of fault kinds: one file each."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

from runfaults.sqlite.gate import FaultKind
from runfaults.sqlite.kinds.busy import Busy
from runfaults.sqlite.kinds.busy_recovery import BusyRecovery
from runfaults.sqlite.kinds.busy_snapshot import BusySnapshot
from runfaults.sqlite.kinds.cantopen import Cantopen
from runfaults.sqlite.kinds.closed import Closed
from runfaults.sqlite.kinds.corrupt import Corrupt
from runfaults.sqlite.kinds.full import Full
from runfaults.sqlite.kinds.interrupt import Interrupt
from runfaults.sqlite.kinds.ioerr_fsync import IoerrFsync
from runfaults.sqlite.kinds.ioerr_read import IoerrRead
from runfaults.sqlite.kinds.ioerr_write import IoerrWrite
from runfaults.sqlite.kinds.locked import Locked
from runfaults.sqlite.kinds.lost_acknowledgement import LostAcknowledgement
from runfaults.sqlite.kinds.nomem import Nomem
from runfaults.sqlite.kinds.notadb import Notadb
from runfaults.sqlite.kinds.readonly import Readonly
from runfaults.sqlite.likelihood import CataloguedKind

_ALL: tuple[CataloguedKind, ...] = (
    Busy(),
    BusySnapshot(),
    BusyRecovery(),
    Locked(),
    IoerrRead(),
    IoerrWrite(),
    IoerrFsync(),
    Full(),
    Readonly(),
    Cantopen(),
    Corrupt(),
    Notadb(),
    Interrupt(),
    Nomem(),
    Closed(),
    LostAcknowledgement(),
)

KINDS: Mapping[str, CataloguedKind] = MappingProxyType({kind.name: kind for kind in _ALL})
"""Every fault kind by its name."""


def kind_named(name: str, kinds: Mapping[str, FaultKind] = KINDS) -> FaultKind:
    """The kind of this name.

    Raises:
        ValueError: naming the kinds there are.
    """
    try:
        return kinds[name]
    except KeyError:
        known = ", ".join(kinds)
        raise ValueError(f"there is no fault kind {name!r}; the kinds are: {known}") from None
