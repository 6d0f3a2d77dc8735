"""Packages that only one target needs."""

from __future__ import annotations

import importlib
from typing import Any


def package(name: str, extra: str) -> Any:  # noqa: ANN401  # a package without types of its own
    """Import a package, or a module of it.

    Args:
        name: The module, dotted in full.
        extra: The extra of runfaults that installs it.

    Raises:
        LookupError: if it is not installed; the message says how to install it.
    """
    try:
        return importlib.import_module(name)
    except ImportError as error:
        raise LookupError(
            f"the target {extra} needs a package that is not installed ({error}); install it with "
            f"pip install 'runfaults[{extra}]'"
        ) from error
