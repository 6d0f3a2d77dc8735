"""Scenario files of two checks in one folder."""

from __future__ import annotations

import os
import time
from pathlib import Path

from runfaults.model import Scenario, Schedule, Verdict
from runfaults.scenario.file import load_scenario
from runfaults.scenario.saving import ScenarioFolder

HOUR = 3600


def scenario(seed: int) -> Scenario:
    return Scenario("lost", "It is lost.", "genglossary", Schedule(seed=seed), Verdict.BROKEN)


def written_by_another_process(path: Path, age: float) -> None:
    path.write_text("# another check's\n", encoding="utf-8")
    written = time.time() - age
    os.utime(path, (written, written))


def test_a_file_of_an_earlier_check_is_written_anew(tmp_path: Path) -> None:
    written_by_another_process(tmp_path / "lost.toml", HOUR)
    assert ScenarioFolder(tmp_path).save(scenario(1)) == str(tmp_path / "lost.toml")


def test_one_that_another_check_writes_meanwhile_is_left_alone(tmp_path: Path) -> None:
    written_by_another_process(tmp_path / "lost.toml", -HOUR)
    saved = ScenarioFolder(tmp_path).save(scenario(1))
    assert saved == str(tmp_path / "lost-2.toml")
    assert (tmp_path / "lost.toml").read_text("utf-8") == "# another check's\n"
    assert load_scenario(tmp_path / "lost-2.toml").schedule.seed == 1


def test_its_own_is_written_again(tmp_path: Path) -> None:
    first = ScenarioFolder(tmp_path).save(scenario(1))
    assert ScenarioFolder(tmp_path).save(scenario(2)) == first
    assert first is not None
    assert load_scenario(Path(first)).schedule.seed == 2
    assert list(tmp_path.iterdir()) == [Path(first)]


def test_a_name_that_another_process_is_writing_is_left_to_it(tmp_path: Path) -> None:
    (tmp_path / "lost.toml.new").touch()
    os.utime(tmp_path / "lost.toml.new", (later := time.time() + 60, later))
    assert ScenarioFolder(tmp_path).save(scenario(1)) == str(tmp_path / "lost-2.toml")
    assert sorted(each.name for each in tmp_path.iterdir()) == ["lost-2.toml", "lost.toml.new"]


def test_a_claim_that_a_killed_process_left_is_taken_over(tmp_path: Path) -> None:
    (tmp_path / "lost.toml.new").touch()
    os.utime(tmp_path / "lost.toml.new", (1, 1))
    assert ScenarioFolder(tmp_path).save(scenario(1)) == str(tmp_path / "lost.toml")
    assert [each.name for each in tmp_path.iterdir()] == ["lost.toml"]
