"""Runs CPython's own tests of `sqlite3` with every connection watched; started as a program.

Its arguments are the tests to leave out. It prints how many tests ran and how many operations
passed the gate.
"""

from __future__ import annotations

import importlib
import sys
import unittest
from collections.abc import Iterator

from runfaults.sqlite import Call, FaultKind, connections_through


class Onlooker:
    """A gate that lets everything pass."""

    def __init__(self) -> None:
        self.calls = 0

    def before(self, call: Call) -> FaultKind | None:
        self.calls += 1
        return None

    def after(self, call: Call, error: BaseException | None) -> None:
        pass

    def busy(self, call: Call, waited: int) -> bool:
        return False


def main(excluded: frozenset[str]) -> int:
    test_sqlite3 = importlib.import_module("test.test_sqlite3")

    gate = Onlooker()
    with connections_through(gate):
        found = unittest.defaultTestLoader.loadTestsFromModule(test_sqlite3)
        chosen = unittest.TestSuite(
            test
            for test in _tests(found)
            if test.id().removeprefix("test.test_sqlite3.") not in excluded
        )
        result = unittest.TextTestRunner(stream=sys.stderr, verbosity=0).run(chosen)
    sys.stdout.write(f"{result.testsRun} {gate.calls}\n")
    return 0 if result.wasSuccessful() and result.testsRun else 1


def _tests(suite: unittest.TestSuite) -> Iterator[unittest.TestCase]:
    for one in suite:
        if isinstance(one, unittest.TestSuite):
            yield from _tests(one)
        elif isinstance(one, unittest.TestCase):
            yield one


if __name__ == "__main__":
    sys.exit(main(frozenset(sys.argv[1:])))
