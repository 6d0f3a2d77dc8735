"""Public: Hypothesis strategies for schedules, and the bench to run them on."""

from runfaults.testing.bench import Bench, DoesNotHoldError, Trial, bench_for
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
    "schedules",
    "steer",
]
