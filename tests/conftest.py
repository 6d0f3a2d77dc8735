"""How the suite runs: on all cores, in memory, and what of it is left to the nightly run.

Hypothesis: `ci` is the same every time; `dev` looks for news and remembers what failed; `nightly`
looks long. Chosen by HYPOTHESIS_PROFILE, else `ci` where CI is set, else `dev`.
"""

from __future__ import annotations

import gc
import os
import secrets
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

# Hypothesis imports what packages bring it for types of theirs, which no test draws.
os.environ.setdefault("HYPOTHESIS_NO_PLUGINS", "1")
from hypothesis import HealthCheck, settings

from runfaults.campaign.pool import available_cores

pytest_plugins = ["pytester"]

# A deadline or a draw time is wall time: the machine's, not ours.
_ANY_SPEED = {"deadline": None, "suppress_health_check": [HealthCheck.too_slow]}

settings.register_profile("ci", max_examples=40, derandomize=True, print_blob=True, **_ANY_SPEED)
settings.register_profile("dev", max_examples=40, **_ANY_SPEED)
settings.register_profile("nightly", max_examples=5_000, **_ANY_SPEED)
settings.load_profile(
    os.environ.get("HYPOTHESIS_PROFILE") or ("ci" if os.environ.get("CI") else "dev")
)

_MEMORY = "/dev/shm"  # pytest makes a folder of its own inside
if os.access(_MEMORY, os.W_OK):
    # A test that waits for the disk tells nothing more, and takes twenty times as long.
    os.environ.setdefault("PYTEST_DEBUG_TEMPROOT", _MEMORY)


@pytest.hookimpl(tryfirst=True)
def pytest_cmdline_main(config: pytest.Config) -> None:
    """Run the whole suite on all cores, unless `-n` says otherwise; a part of it, right here."""
    option = config.option
    if hasattr(config, "workerinput"):
        return  # a worker that took workers of its own would never end
    if not config.pluginmanager.hasplugin("xdist") or option.dist != "no" or option.tx:
        return
    if option.numprocesses is None and config.args_source is config.ArgsSource.TESTPATHS:
        option.numprocesses = "auto"
    if option.numprocesses:
        option.dist = "loadgroup"


def pytest_configure(config: pytest.Config) -> None:
    """Keep a worker, and what it starts, on one core: of a simulation's threads one runs at a time.

    To wake a thread on another core takes longer, and far longer if that core has work to do.
    """
    worker: dict[str, Any] | None = getattr(config, "workerinput", None)
    if worker is None:
        _compile_once(config)
        if hasattr(os, "pidfd_open"):
            _end_with_session()
    if worker is not None and hasattr(os, "sched_setaffinity"):
        cores = available_cores()
        number = int(worker["workerid"].removeprefix("gw"))
        os.sched_setaffinity(0, {cores[number % len(cores)]})


def _compile_once(config: pytest.Config) -> None:
    """Where no bytecode is to be beside the sources, keep it in pytest's cache.

    Otherwise each process that a test starts compiles all that it imports: seconds each.
    """
    cache: pytest.Cache | None = getattr(config, "cache", None)  # there is none without its plugin
    if sys.dont_write_bytecode and cache is not None:
        os.environ.pop("PYTHONDONTWRITEBYTECODE", None)
        os.environ["PYTHONPYCACHEPREFIX"] = str(cache.mkdir("bytecode"))


def _end_with_session() -> None:
    """Have all that tests begin end with this process, even if it is killed."""
    os.environ["TEST_SESSION"] = mark = secrets.token_hex()
    undertaker = Path(__file__).with_name("undertaker.py")
    subprocess.Popen(
        [sys.executable, undertaker, str(os.getpid()), f"TEST_SESSION={mark}"],
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        start_new_session=True,
    ).returncode = 0  # it outlives this process, and nobody waits for it


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Leave out what is for the nightly run, unless `-m` asks for it."""
    if "nightly" in config.option.markexpr:
        return
    nightly = [item for item in items if item.get_closest_marker("nightly")]
    config.hook.pytest_deselected(items=nightly)
    items[:] = [item for item in items if item not in nightly]


def pytest_collection_finish() -> None:
    """Take what collection made out of each later garbage collection."""
    gc.collect()
    gc.freeze()
