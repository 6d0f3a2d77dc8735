"""Makes the controls importable: pytest's importlib mode leaves `sys.path` alone."""

import sys
from pathlib import Path

sys.path += [str(Path(__file__).parents[1]), str(Path(__file__).parent)]
