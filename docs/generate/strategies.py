"""The page of the Hypothesis strategies, made from their signatures and docstrings."""

from __future__ import annotations

import inspect
from collections.abc import Iterator

from wording import HEAD, code, docstring

from runfaults import strategies

_INTRODUCTION = """\
# Strategies

{head}
`runfaults.strategies` has what a property test needs: strategies that draw schedules, and a bench
that runs them. Hypothesis shrinks what fails.
"""


def strategies_page() -> str:
    """The page, in Markdown."""
    return "\n".join([_INTRODUCTION.format(head=HEAD), *_sections()])


def _sections() -> Iterator[str]:
    for name in sorted(strategies.__all__, key=lambda name: (name.isupper(), name)):
        thing = getattr(strategies, name)
        yield f"## {name}\n"
        if name.isupper():
            yield f"{', '.join(map(code, thing))}\n"
            continue
        if inspect.isfunction(thing):
            yield f"```text\n{_signature(name, thing)}\n```\n"
        yield f"{docstring(thing)}\n"
        if inspect.isclass(thing):
            for method, function in vars(thing).items():
                if inspect.isfunction(function) and not method.startswith("_"):
                    yield f"### {name}.{method}\n\n{docstring(function)}\n"


def _signature(name: str, function: object) -> str:
    """One parameter a line: what can be given, without types and long defaults."""
    assert callable(function)
    parameters = inspect.signature(function).parameters.values()
    given = [each.name for each in parameters if each.name != "draw"]
    return f"{name}({', '.join(given)})"
