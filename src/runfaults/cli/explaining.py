"""Prints what was understood of a target."""

from __future__ import annotations

import shutil
import textwrap

from runfaults.campaign.campaign import Campaign
from runfaults.cli.overheard import target_apart
from runfaults.explore.runner import PlayerKind
from runfaults.explore.understanding import understood
from runfaults.report.console import print_lines

_WIDTH = 12


def print_understanding(campaign: Campaign) -> None:
    """Print it, a paragraph for each topic.

    Raises:
        TargetError: the target cannot be tested.
    """
    with (
        target_apart(),
        campaign.open_player(PlayerKind.SIMULATION) as player,
    ):
        told = understood(player)
    print_lines(f"target {player.target.name}, as its clean runs show it")
    columns = shutil.get_terminal_size((100, 24)).columns
    for topic, text in told:
        print_lines(
            textwrap.fill(
                text,
                columns,
                initial_indent=f"  {topic}".ljust(_WIDTH),
                subsequent_indent=" " * _WIDTH,
                break_on_hyphens=False,
                break_long_words=False,
            )
        )
