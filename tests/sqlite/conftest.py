"""Makes `armed_worker` importable, in spawned children too: they are given our `sys.path`."""

import sys
from pathlib import Path

sys.path.append(str(Path(__file__).parent))
