"""SQLite under faults: connections that fail as the real engine fails, when they are told to."""

from runfaults.sqlite.connection import FaultyConnection
from runfaults.sqlite.cursor import FaultyCursor
from runfaults.sqlite.engine import real_connect
from runfaults.sqlite.gate import Call, FaultKind, Gate
from runfaults.sqlite.hook import connections_through
from runfaults.sqlite.inject import FaultNotInjectedError, Injection, arm, inject
from runfaults.sqlite.kinds import KINDS, kind_named
from runfaults.sqlite.numbering import Point
from runfaults.sqlite.open_connections import OpenConnections
from runfaults.sqlite.plan import FaultPlan, PointCounter
from runfaults.sqlite.statement import Statement
from runfaults.sqlite.strike import Strike
from runfaults.sqlite.survey import Surveyed, survey

__all__ = [
    "KINDS",
    "Call",
    "FaultKind",
    "FaultNotInjectedError",
    "FaultPlan",
    "FaultyConnection",
    "FaultyCursor",
    "Gate",
    "Injection",
    "OpenConnections",
    "Point",
    "PointCounter",
    "Statement",
    "Strike",
    "Surveyed",
    "arm",
    "connections_through",
    "inject",
    "kind_named",
    "real_connect",
    "survey",
]
