"""Hypothesis profiles, and pytester for the tests of the plugin.

`ci` is the same every time; `dev` looks for news and remembers what failed; `nightly` looks long.
Chosen by HYPOTHESIS_PROFILE, else `ci` where CI is set, else `dev`.
"""

from __future__ import annotations

import os

from hypothesis import HealthCheck, settings

pytest_plugins = ["pytester"]

# A deadline or a draw time is wall time: the machine's, not ours.
_ANY_SPEED = {"deadline": None, "suppress_health_check": [HealthCheck.too_slow]}

settings.register_profile("ci", max_examples=40, derandomize=True, print_blob=True, **_ANY_SPEED)
settings.register_profile("dev", max_examples=40, **_ANY_SPEED)
settings.register_profile("nightly", max_examples=5_000, **_ANY_SPEED)
settings.load_profile(
    os.environ.get("HYPOTHESIS_PROFILE") or ("ci" if os.environ.get("CI") else "dev")
)
