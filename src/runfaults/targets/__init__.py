"""Adapters to the systems under test."""

from __future__ import annotations

import importlib
import importlib.util
import sys
from pathlib import Path
from types import ModuleType

from runfaults.targets.genglossary import GenGlossary
from runfaults.targets.target import Target

TARGETS: dict[str, type[Target]] = {GenGlossary.name: GenGlossary}


def target_named(name: str) -> Target:
    """The target of that name: a built-in one, `package.module:Class` or `path/to/file.py:Class`.

    Raises:
        LookupError: if there is none, naming the built-in ones and the other forms.
    """
    if name in TARGETS:
        return TARGETS[name]()
    place, colon, attribute = name.rpartition(":")
    if not colon:
        raise LookupError(
            f"there is no target {name!r}; built-in targets are: {', '.join(TARGETS)}; "
            "your own is given as package.module:Class or path/to/file.py:Class"
        )
    module = _module_at(place)
    if not hasattr(module, attribute):
        raise LookupError(f"{place} has no class {attribute!r}")
    return getattr(module, attribute)()


def _module_at(place: str) -> ModuleType:
    if not place.endswith(".py"):
        try:
            return importlib.import_module(place)
        except ImportError as error:
            raise LookupError(f"the target's module cannot be imported: {error}") from error
    path = Path(place).resolve()
    if not path.is_file():
        raise LookupError(f"there is no file {place}")
    module_name = f"runfaults_target_{path.stem}"
    if module_name in sys.modules:
        return sys.modules[module_name]
    spec = importlib.util.spec_from_file_location(module_name, path)
    if spec is None or spec.loader is None:
        raise LookupError(f"{place} is no Python file")
    module = importlib.util.module_from_spec(spec)
    sys.modules[module_name] = module
    spec.loader.exec_module(module)
    return module
