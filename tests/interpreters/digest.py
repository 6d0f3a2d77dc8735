"""Run bounds and print of each a digest of all its histories: equal on every interpreter.

`uv run python tests/interpreters/digest.py single default` prints a line a bound. A digest does not
depend on the order in which schedules run.
"""

from __future__ import annotations

import hashlib
import sys
import time
from unittest.mock import patch

from runfaults.campaign.bounds import bound_named
from runfaults.campaign.campaign import Campaign
from runfaults.campaign.running import Options, run_campaign
from runfaults.explore.findings import Findings
from runfaults.explore.trial import Trial
from runfaults.model.listener import Silence


def digest(target: str, bound: str) -> tuple[int, str, str]:
    """The schedules of a bound, their verdicts, and the digest of their histories."""
    total = 0
    add = Findings.add

    def note(found: Findings, trial: Trial) -> None:
        nonlocal total
        text = f"{trial.schedule}\n{trial.history.text()}"
        total += int.from_bytes(hashlib.sha256(text.encode()).digest())
        add(found, trial)

    campaign = Campaign(target, bound_named(bound).strategies)
    with patch.object(Findings, "add", note):
        outcome = run_campaign(campaign, Options(processes=1), Silence())
    verdicts = outcome.found.verdicts
    told = ", ".join(f"{number} {each}" for each, number in sorted(verdicts.items()))
    return verdicts.total(), told, f"{total % 2**64:016x}"


if __name__ == "__main__":
    for name in sys.argv[1:]:
        began = time.monotonic()
        schedules, found, told = digest("genglossary", name)
        seconds = time.monotonic() - began
        print(f"{name}: {schedules} schedules, {found}, histories {told}; {seconds:.0f} s")
