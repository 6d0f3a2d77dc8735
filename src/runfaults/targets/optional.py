"""Packages that only one target needs."""

from __future__ import annotations

import importlib
from typing import Any


class MissingPackageError(LookupError):
    """A target needs a package that is not installed; the message says how to install it."""


def package(name: str, extra: str) -> Any:  # noqa: ANN401  # a package without types of its own
    """Import a package, or a module of it.

    Args:
        name: The module, dotted in full.
        extra: The extra of runfaults that installs it.

    Raises:
        MissingPackageError: if it is not installed.
    """
    try:
        return importlib.import_module(name)
    except ImportError as error:
        raise MissingPackageError(
            f"the target {extra} needs a package that is not installed ({error}); install it with "
            f"pip install 'runfaults[{extra}]'"
        ) from error
