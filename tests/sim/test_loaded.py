"""What a session has frozen is searched as what it has not, but only once."""

from __future__ import annotations

import subprocess
import sys

# A process of its own: the suite has frozen what it imported.
SCRIPT = """
import gc
from runfaults.sim import loaded
from runfaults.sim.loaded import found_in_all, frozen

class Thing:
    pass

looks = []
loaded._MANY = 10_000  # fewer than the process has, more than each step adds

def search():
    things = [each for each in gc.get_objects() if type(each) is Thing]
    looks.append(len(things))
    return things

def seen(key="things"):
    looks.clear()
    return len(found_in_all(key, search)), list(looks)

kept = [Thing()]
assert seen() == (1, [1]), "nothing is frozen"
assert frozen() == 0

gc.freeze()
kept.append(Thing())
assert seen() == (2, [2, 0]), "all is looked at, and frozen again"
assert frozen() > 1000

kept.append(Thing())
assert seen() == (3, [1]), "only what is new is looked at"
assert seen("again") == (3, [1, 3, 0]), "what is new is looked at for the first key too"
kept.append(Thing())
assert seen() == (4, [1])
assert seen("again") == (4, [1])

kept += [Thing() for _ in range(10_000)]
assert seen() == (10_004, [10_001, 10_001, 0]), "many are looked at, and frozen"

gc.freeze()
assert seen() == (10_004, [10_004, 0]), "more was frozen"
gc.unfreeze()
kept.append(Thing())
assert seen() == (10_005, [10_005]), "nothing is frozen any more"
assert frozen() == 0
"""


def test_frozen_objects_are_looked_at_once() -> None:
    subprocess.run([sys.executable, "-c", SCRIPT], check=True)
