"""The page of the pytest plugin: options, ini settings, fixtures and markers."""

from __future__ import annotations

import inspect
import re
from collections.abc import Callable
from typing import Any

from wording import HEAD, code, docstring, table

from runfaults import pytest_plugin
from runfaults.pytest_every_fault import options, plugin

_PLUGINS = (pytest_plugin, options, plugin)

_TEXT = """\
# pytest options

{head}
The plugin is there wherever `runfaults` is installed; it needs no import.

## Command line

{options}
## Settings of the ini file

{settings}
## Markers

{markers}
## Fixtures

{fixtures}"""


class _Parser:
    """Stands in for pytest's parser and configuration, and writes down what is registered."""

    def __init__(self) -> None:
        self.options: list[list[str]] = []
        self.settings: list[list[str]] = []
        self.markers: list[str] = []
        self.pluginmanager = self
        self.args_source = None
        self.args: list[str] = []

    def getgroup(self, *_: object) -> _Parser:
        return self

    def addoption(self, name: str, metavar: str = "", **told: object) -> None:
        default = told.get("default")
        self.options.append([code(f"{name} {metavar}".strip()), str(told["help"]), _shown(default)])

    def addini(self, name: str, text: str, **told: object) -> None:
        self.settings.append([code(name), text, _shown(told.get("default"))])

    def addinivalue_line(self, _: str, line: str) -> None:
        self.markers.append(line)

    def register(self, *_: object) -> None:
        """Plugins of the plugin are no part of the page."""

    def getini(self, _: str) -> list[str]:
        return []

    def getoption(self, _: str) -> str:
        return ""


def pytest_options_page() -> str:
    """The page, in Markdown."""
    told: Any = _Parser()
    for each in (pytest_plugin, options):
        each.pytest_addoption(told)
        each.pytest_configure(told)
    return _TEXT.format(
        head=HEAD,
        options=table(["option", "meaning", "default"], told.options),
        settings=table(["setting", "meaning", "default"], told.settings),
        markers="".join(f"- {_marker(line)}\n" for line in told.markers),
        fixtures="\n".join(
            f"### {name}\n\n{docstring(function)}\n" for name, function in _fixtures().items()
        ),
    )


def _shown(default: object) -> str:
    return "" if default in (None, "") else code(default)


def _marker(line: str) -> str:
    name, _, text = line.partition(": ")
    return f"{code(name)}: {text}"


def _fixtures() -> dict[str, Callable[..., object]]:
    """The fixtures by name: pytest offers no public way to tell them from functions."""
    return {
        name: getattr(each, name)
        for each in _PLUGINS
        for name in re.findall(r"@pytest\.fixture(?:\(.*\))?\ndef (\w+)", inspect.getsource(each))
    }
