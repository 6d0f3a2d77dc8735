"""Makes `soak_journals` and `small_checks` importable: importlib mode leaves `sys.path` alone."""

import sys
from pathlib import Path

sys.path += [str(Path(__file__).parent), str(Path(__file__).parents[1])]
