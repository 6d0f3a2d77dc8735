"""The SQLite library that the interpreter's `sqlite3` module uses, for `ctypes`."""

from __future__ import annotations

import ctypes
import importlib
from functools import cache

from runfaults.sqlite.real.recipe import Unavailable


@cache
def engine_library() -> ctypes.CDLL:
    """The library, through the extension module that is linked with it.

    Raises:
        Unavailable: if its functions cannot be reached, as where SQLite is linked statically and
            its symbols are hidden.
    """
    file = getattr(importlib.import_module("_sqlite3"), "__file__", None)
    library = ctypes.CDLL(file)
    try:
        version = library.sqlite3_libversion
    except AttributeError:
        raise Unavailable("the functions of this interpreter's SQLite are not exported") from None
    version.restype = ctypes.c_char_p
    return library
