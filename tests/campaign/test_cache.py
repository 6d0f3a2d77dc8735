"""Unchanged code is not explored again; changed code is."""

from __future__ import annotations

import json
import os
import shutil
from dataclasses import replace
from pathlib import Path

import pytest

from planted_races import CONTROLS
from runfaults.campaign.findings_file import from_document, to_document
from runfaults.campaign.fingerprint import fingerprint
from runfaults.campaign.memory import MAX_ENTRIES, Cache
from runfaults.explore.findings import Findings
from runfaults.model import Verdict
from small_checks import (
    BROKEN,
    SEARCH,
    SOUND,
    SWEEP,
    campaign_of,
    comparable,
    explored,
    stop_after,
    undisturbed,
)

SEEDED = (replace(SWEEP, scope=replace(SWEEP.scope, seed=1)), SEARCH)


@pytest.fixture
def cache(tmp_path: Path) -> Cache:
    return Cache(tmp_path / "cache")


@pytest.mark.parametrize("target", [BROKEN, SOUND])
def test_a_second_exploration_is_recalled_and_comes_to_the_same(target: str, cache: Cache) -> None:
    first = explored(target, cache=cache)
    second = explored(target, cache=cache, should_stop=lambda: True)
    assert not first.remarks
    assert "no schedule was run" in second.remarks[0]
    assert comparable(target, first) == comparable(target, second)


def test_without_a_cache_everything_runs_again() -> None:
    assert not explored(SOUND).remarks
    assert not explored(SOUND).remarks


def test_findings_survive_being_written() -> None:
    found = undisturbed(BROKEN).found
    assert found.witnesses
    assert found.causes
    assert found.impossible
    assert from_document(json.loads(json.dumps(to_document(found)))) == found


def test_an_unfinished_exploration_is_not_kept(cache: Cache) -> None:
    explored(SOUND, cache=cache, should_stop=stop_after(2))
    assert not cache.folder.exists()


@pytest.mark.parametrize("odd", ["a problem", "an unknown", "nothing"])
def test_what_another_try_could_change_is_not_kept(odd: str, cache: Cache) -> None:
    found = Findings()
    found.verdicts[Verdict.HOLDS] = 0 if odd == "nothing" else 1
    found.verdicts[Verdict.UNKNOWN] = odd == "an unknown"
    found.problems = ["something"] if odd == "a problem" else []
    if odd == "nothing":
        found.verdicts.clear()
    cache.keep("key", found)
    assert cache.find("key") is None


def test_a_damaged_entry_counts_as_none(cache: Cache) -> None:
    cache.keep("key", undisturbed(SOUND).found)
    path = cache.folder / "key.json"
    assert cache.find("key") is not None
    path.write_text(path.read_text()[:-10])
    assert cache.find("key") is None


def test_an_entry_of_another_form_counts_as_none(cache: Cache) -> None:
    cache.keep("key", undisturbed(SOUND).found)
    path = cache.folder / "key.json"
    path.write_text(json.dumps({**json.loads(path.read_text()), "format": 0}))
    assert cache.find("key") is None


def test_only_the_latest_entries_are_kept(cache: Cache) -> None:
    found = undisturbed(SOUND).found
    for number in range(MAX_ENTRIES + 3):
        cache.keep(f"{number:02}", found)
        os.utime(cache.folder / f"{number:02}.json", ns=(number, number))
    assert len(list(cache.folder.iterdir())) == MAX_ENTRIES
    assert cache.find("00") is None
    assert cache.find(f"{MAX_ENTRIES + 2:02}") is not None


def test_the_fingerprint_changes_with_target_neighbour_and_bound(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("one_try.py", "plain_manager.py"):
        shutil.copy(CONTROLS / name, tmp_path / name)
    monkeypatch.delitem(__import__("sys").modules, "plain_manager", raising=False)
    monkeypatch.syspath_prepend(tmp_path)
    target = f"{tmp_path / 'one_try.py'}:OneTry"
    explored(target)
    seen = [fingerprint(campaign_of(target))]
    assert fingerprint(campaign_of(target)) == seen[0]
    seen.append(fingerprint(campaign_of(target, *SEEDED)))
    for name in ("one_try.py", "plain_manager.py"):
        with (tmp_path / name).open("a") as file:
            file.write("# changed\n")
        seen.append(fingerprint(campaign_of(target)))
    assert len(set(seen)) == 4
