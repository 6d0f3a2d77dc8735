"""Adapters to the systems under test."""

from __future__ import annotations

import importlib
import importlib.util
import sys
from pathlib import Path
from types import ModuleType
from zlib import crc32

from runfaults.targets.celery import Celery
from runfaults.targets.checkout import PREFIX, Checkout, enter
from runfaults.targets.dbos import Dbos
from runfaults.targets.django_tasks import DjangoTasks
from runfaults.targets.genglossary import GenGlossary, GenGlossaryReference
from runfaults.targets.huey import Huey
from runfaults.targets.mlflow import Mlflow
from runfaults.targets.target import Target

TARGETS: dict[str, type[Target]] = {
    GenGlossary.name: GenGlossary,
    GenGlossaryReference.name: GenGlossaryReference,
    Huey.name: Huey,
    DjangoTasks.name: DjangoTasks,
    Celery.name: Celery,
    Mlflow.name: Mlflow,
    Dbos.name: Dbos,
}


def target_named(name: str) -> Target:
    """The target of that name.

    Args:
        name: A built-in one, `package.module:Class`, `path/to/file.py:Class`, or `source:PATH` for
            a checkout of GenGlossary.

    Raises:
        LookupError: if there is none, naming the built-in ones and the other forms.
        TargetError: if a checkout has nothing that could be tested.
    """
    if name.startswith(PREFIX):
        return Checkout(Path(name.removeprefix(PREFIX)).resolve())
    enter(None)
    if name in TARGETS:
        return TARGETS[name]()
    place, colon, attribute = name.rpartition(":")
    if not colon:
        raise LookupError(
            f"there is no target {name!r}; built-in targets are: {', '.join(TARGETS)}; "
            "your own is given as package.module:Class or path/to/file.py:Class, a checkout of "
            f"GenGlossary as {PREFIX}PATH"
        )
    module = _module_at(place)
    if not hasattr(module, attribute):
        raise LookupError(f"{place} has no class {attribute!r}")
    return getattr(module, attribute)()


def _module_at(place: str) -> ModuleType:
    try:
        return _module_in(place) if place.endswith(".py") else importlib.import_module(place)
    except (ImportError, SyntaxError) as error:
        raise LookupError(f"the target's module cannot be imported: {error}") from error


def _module_in(file: str) -> ModuleType:
    path = Path(file).resolve()
    if not path.is_file():
        raise LookupError(f"there is no file {file}")
    module_name = f"runfaults_target_{path.stem}_{crc32(bytes(path)):08x}"
    if module_name in sys.modules:
        return sys.modules[module_name]
    spec = importlib.util.spec_from_file_location(module_name, path)
    if spec is None or spec.loader is None:
        raise LookupError(f"{file} is no Python file")
    module = importlib.util.module_from_spec(spec)
    sys.modules[module_name] = module
    if str(path.parent) not in sys.path:
        sys.path.append(str(path.parent))  # it may import its neighbours, as a script may
    try:
        spec.loader.exec_module(module)
    except BaseException:
        del sys.modules[module_name]
        raise
    return module
