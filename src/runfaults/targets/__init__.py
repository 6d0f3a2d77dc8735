"""Adapters to the systems under test."""

from __future__ import annotations

from pathlib import Path

from runfaults.loading import load, require_nameable
from runfaults.targets.adapter import adapter
from runfaults.targets.audit import Audit, AuditScript
from runfaults.targets.base import Adapter, Vocabulary, Work  # before those built on it
from runfaults.targets.celery import Celery
from runfaults.targets.checkout import PREFIX, Checkout
from runfaults.targets.dbos import Dbos
from runfaults.targets.django_tasks import DjangoTasks
from runfaults.targets.genglossary import GenGlossary, GenGlossaryReference
from runfaults.targets.huey import Huey
from runfaults.targets.mlflow import Mlflow
from runfaults.targets.target import Target

__all__ = [
    "TARGETS",
    "Adapter",
    "Audit",
    "AuditScript",
    "Vocabulary",
    "Work",
    "target_named",
]

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
    """Make the target of that name; nothing of the system itself is imported.

    Args:
        name: A built-in one, `package.module:Class`, `path/to/file.py:Class`, or `source:PATH` for
            a checkout of GenGlossary.

    Raises:
        LookupError: if there is none, naming the built-in ones and the other forms.
        TargetError: if it is no adapter, or a checkout has nothing that could be tested.
    """
    require_nameable(name)
    if name.startswith(PREFIX):
        return Checkout(Path(name.removeprefix(PREFIX)).resolve())
    if name in TARGETS:
        return TARGETS[name]()
    if ":" not in name and name.endswith(".py"):
        raise LookupError(
            f"{name!r} is a file; write which class of it is the adapter: {name}:CLASS"
        )
    if ":" not in name:
        raise LookupError(
            f"there is no target {name!r}; built-in targets are: {', '.join(TARGETS)}; "
            "your own is given as package.module:Class or path/to/file.py:Class, a checkout of "
            f"GenGlossary as {PREFIX}PATH"
        )
    return adapter(name, load(name))
