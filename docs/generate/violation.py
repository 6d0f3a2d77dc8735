"""The picture of a violation that README.md shows."""

from __future__ import annotations

from pathlib import Path

from runfaults.campaign.replay import replay
from runfaults.report.picture import draw_svg
from runfaults.scenario.file import load_scenario

SCENARIO = Path(__file__).parents[2] / "faults/controls/one-try-calls-success-failure.toml"


def violation_picture() -> str:
    """What `runfaults draw` makes of the scenario."""
    trial = replay(load_scenario(SCENARIO))
    return draw_svg(trial.history, trial.judgements)
