"""The page of the command `runfaults`, made from its options."""

from __future__ import annotations

import inspect
from collections.abc import Iterator

import click
from wording import HEAD, code, table

from runfaults.cli import COMMANDS, cli

_INTRODUCTION = """\
# Command line

{head}
In a clone, put `uv run` in front: `uv run runfaults check`.
"""


def command_line_page() -> str:
    """The page, in Markdown."""
    return "\n".join([_INTRODUCTION.format(head=HEAD), *_whole(), *_commands()])


def _whole() -> Iterator[str]:
    yield f"{_text(cli)}\n"
    yield f"{cli.epilog}\n"


def _commands() -> Iterator[str]:
    group = click.Context(cli, info_name="runfaults")
    for name in COMMANDS:
        command = cli.get_command(group, name)
        assert command is not None, name
        context = click.Context(command, info_name=name, parent=group)
        usage = " ".join(command.collect_usage_pieces(context))
        yield f"## runfaults {name}\n"
        yield f"```text\nrunfaults {name} {usage}\n```\n"
        yield f"{_text(command)}\n"
        records = [option.get_help_record(context) for option in command.get_params(context)]
        yield table(
            ["option", "meaning"], [[code(names), text] for names, text in filter(None, records)]
        )


def _text(command: click.Command) -> str:
    """Its help; click marks with a backspace what it must not wrap."""
    return inspect.cleandoc(command.help or "").replace("\b\n", "")
