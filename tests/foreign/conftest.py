"""Lets these tests import `small_checks`, and the small programs beside them, which are targets."""

from __future__ import annotations

import sys
from pathlib import Path

sys.path += [str(Path(__file__).parent), str(Path(__file__).parents[1])]
