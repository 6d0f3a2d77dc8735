"""Lets these tests import the small programs beside them, which are targets, not tests."""

from __future__ import annotations

import sys
from pathlib import Path

sys.path.append(str(Path(__file__).parent))
