"""Public: Hypothesis strategies for schedules and programs, and the bench for schedules."""

from runfaults.testing.bench import Bench, DoesNotHoldError, Trial, bench_for
from runfaults.testing.programs import programs
from runfaults.testing.strategies import (
    CANCELS,
    LOCK_ERRORS,
    acts_after,
    faults_after,
    preemptions_after,
    schedules,
    steer,
)

__all__ = [
    "CANCELS",
    "LOCK_ERRORS",
    "Bench",
    "DoesNotHoldError",
    "Trial",
    "acts_after",
    "bench_for",
    "faults_after",
    "preemptions_after",
    "programs",
    "schedules",
    "steer",
]
