"""Makes `small_checks` and `planted_races` importable.

pytest's importlib mode leaves `sys.path` alone.
"""

import sys
from pathlib import Path

sys.path += [str(folder) for folder in Path(__file__).parents[:2]]
