"""Imports time-machine without its pytest plugin, in a process that runs no tests.

time-machine imports all of pytest where that is installed, for its fixture: most of the time that a
command takes to start. In a process that has pytest already, nothing is kept from it.
"""

from __future__ import annotations

import importlib
import sys
from types import ModuleType
from typing import cast

if "pytest" not in sys.modules:
    sys.modules["pytest"] = cast("ModuleType", None)
    try:
        importlib.import_module("time_machine")
    finally:
        del sys.modules["pytest"]
