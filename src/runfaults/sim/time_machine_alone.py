"""Imports time-machine without what it offers to tests, in a process that runs none.

Where they are installed, time-machine imports all of pytest for its fixture, and dateutil for dates
that are given as text: most of the time that a command takes to start. From a process that has them
already nothing is kept.
"""

from __future__ import annotations

import importlib
import sys
from types import ModuleType
from typing import cast

_HEAVY = [name for name in ("pytest", "dateutil.parser") if name not in sys.modules]

for _name in _HEAVY:
    sys.modules[_name] = cast("ModuleType", None)
try:
    importlib.import_module("time_machine")
finally:
    for _name in _HEAVY:
        del sys.modules[_name]
