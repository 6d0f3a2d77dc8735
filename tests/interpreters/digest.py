"""Run bounds and print of each a digest of all its histories: equal on every interpreter.

`uv run python tests/interpreters/digest.py single default` prints a line a bound. A digest does not
depend on the order in which schedules run.
"""

from __future__ import annotations

import hashlib
import sys
import time
from unittest.mock import patch

from runfaults.explore.bounds import bound_named
from runfaults.explore.campaign import Campaign
from runfaults.explore.findings import Findings
from runfaults.explore.running import Options, run_campaign
from runfaults.explore.trial import Trial
from runfaults.model.listener import Silence


def digest(target: str, bound: str) -> tuple[str, int, str]:
    """The verdict on a target within a bound, the schedules, and the digest of the histories."""
    total = 0
    add = Findings.add

    def note(found: Findings, trial: Trial) -> None:
        nonlocal total
        text = f"{trial.schedule}\n{trial.history.text()}"
        total += int.from_bytes(hashlib.sha256(text.encode()).digest())
        add(found, trial)

    with patch.object(Findings, "add", note):
        campaign = Campaign(target, bound_named(bound).strategies)
        outcome = run_campaign(campaign, Options(processes=1), Silence())
    verdicts = outcome.found.verdicts
    verdict = ", ".join(f"{number} {each}" for each, number in sorted(verdicts.items()))
    return verdict, verdicts.total(), f"{total % 2**256:064x}"[-16:]


if __name__ == "__main__":
    for bound in sys.argv[1:]:
        began = time.monotonic()
        found, schedules, told = digest("genglossary", bound)
        seconds = time.monotonic() - began
        print(f"{bound}: {schedules} schedules, {found}, histories {told}; {seconds:.0f} s")
