"""Numbers of things in words."""

from __future__ import annotations


def counted(number: int, what: str) -> str:
    """The number with its noun, `1 schedule` or `2,000 schedules`.

    Args:
        number: How many.
        what: The noun for one of them.
    """
    return f"{number:,} {what}{'s' * (number != 1)}"
