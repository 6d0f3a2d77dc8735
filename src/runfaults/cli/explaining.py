"""Prints what was understood of a target."""

from __future__ import annotations

import shutil
import textwrap

import click

from runfaults.campaign.campaign import Campaign
from runfaults.explore.runner import PlayerKind
from runfaults.explore.understanding import understood
from runfaults.user_code import unheard

_WIDTH = 12


def print_understanding(campaign: Campaign) -> None:
    """Print it, a paragraph for each topic.

    Raises:
        TargetError: the target cannot be tested.
    """
    with (
        unheard(wanted=campaign.redact),
        campaign.open_player(PlayerKind.SIMULATION) as player,
    ):
        told = understood(player)
    click.echo(f"target {player.target.name}, as its clean runs show it")
    columns = shutil.get_terminal_size((100, 24)).columns
    for topic, text in told:
        click.echo(
            textwrap.fill(
                text,
                columns,
                initial_indent=f"  {topic}".ljust(_WIDTH),
                subsequent_indent=" " * _WIDTH,
                break_on_hyphens=False,
                break_long_words=False,
            )
        )
