"""The option of every command that judges: rules of the user's own."""

from __future__ import annotations

from typing import Any

import click

from runfaults.campaign.settings import load_settings
from runfaults.cli.overheard import target_apart
from runfaults.oracle.own import own_rules


def _all_own_rules(
    _: click.Context, __: click.Parameter, given: tuple[str, ...]
) -> tuple[str, ...]:
    """The addresses, those of the project's settings first; each is a rule that can be loaded."""
    addresses = tuple(dict.fromkeys((*load_settings().rules, *given)))
    with target_apart():
        own_rules(addresses)
    return addresses


def rule_option(command: Any) -> Any:  # noqa: ANN401  # click's decorators have such types
    """Add `--rule`."""
    return click.option(
        "--rule",
        "own",
        multiple=True,
        metavar="FILE.py:NAME",
        callback=_all_own_rules,
        help="Also judge by this rule of your own. May be repeated; [tool.runfaults] of "
        "pyproject.toml may list more.",
    )(command)
