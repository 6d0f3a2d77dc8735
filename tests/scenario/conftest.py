"""Makes `small_checks` and its neighbours importable: importlib mode leaves `sys.path` alone."""

import sys
from pathlib import Path

sys.path.append(str(Path(__file__).parents[1]))
