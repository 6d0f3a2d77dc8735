from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from runfaults.campaign.replay import replay
from runfaults.explore.trial import NotPlayableError
from runfaults.model import (
    Act,
    Ending,
    Fault,
    FaultPoint,
    Operation,
    Preemption,
    Scenario,
    Schedule,
    Verdict,
)
from runfaults.model.verdict import OF_ONE_HISTORY
from runfaults.oracle.rules import RULES
from runfaults.scenario.file import ScenarioError, dump_scenario, load_scenario
from runfaults.sim.acts import ACTS
from runfaults.sqlite.kinds import KINDS
from small_checks import SOUND

words = st.text("abc-_é\"'\\", min_size=1)
actors = st.sampled_from(["run", "user", "cancel-2"])
points = st.builds(
    FaultPoint,
    actors,
    st.sampled_from(Operation),
    st.sampled_from(["", "UPDATE runs", "lock"]),
    st.integers(1, 99),
)
fault_points = points.filter(lambda point: point.operation.can_be_struck)
moments = points.filter(lambda point: point.operation is not Operation.CALL)
kinds = st.sampled_from(sorted(KINDS))
schedules = st.builds(
    Schedule,
    st.sampled_from(Ending),
    st.lists(
        st.builds(Fault, kinds, fault_points, st.integers(1), st.just(0))
        | st.builds(Fault, kinds, fault_points, st.none(), st.integers(0)),
        max_size=3,
    ).map(tuple),
    st.lists(
        st.builds(Act, st.sampled_from(sorted(ACTS)), st.none() | moments, st.just("")).map(
            lambda act: act._replace(task="Jobs.handle") if ACTS[act.kind].to_task else act
        ),
        max_size=3,
    ).map(tuple),
    st.lists(st.builds(Preemption, moments, actors), max_size=3).map(tuple),
    st.sampled_from(["delete", "wal"]),
    st.integers(0, 2**63 - 1),
)
scenarios = st.builds(
    Scenario,
    words,
    words,
    words,
    schedules,
    st.sampled_from(OF_ONE_HISTORY),
    st.lists(st.sampled_from([rule.name for rule in RULES])).map(tuple),
)


@given(scenarios)
def test_reading_a_written_scenario_gives_the_same_one(
    tmp_path_factory: pytest.TempPathFactory, scenario: Scenario
) -> None:
    path = tmp_path_factory.getbasetemp() / "written.toml"
    path.write_text(dump_scenario(scenario), encoding="utf-8")
    assert load_scenario(path) == scenario


GOOD = """\
name = "locked"
symptom = "A lock."
target = "genglossary"
expect = "holds"

[schedule]
pipeline = "succeeds"

[[fault]]
kind = "busy"
at = "user connect"

[[fault]]
kind = "busy"
at = "run commit"
times = 2

[[act]]
kind = "cancel"
at = "run commit"
"""

BAD = [
    ('name = "locked"', 'name = "locked"\nsympton = "A"', 2, "unknown key 'sympton'; allowed are"),
    ('name = "locked"', "name = 7", 1, "the file needs `name`, a text that is not empty"),
    ('target = "genglossary"', "", 1, "the file needs `target`"),
    (
        'expect = "holds"',
        'expect = "fine"',
        4,
        "'fine' is not a verdict; write holds, unknown",
    ),
    ('expect = "holds"', 'rules = "all"', 4, 'write a list of rules: rules = ["'),
    ('expect = "holds"', 'rules = ["be-good"]', 4, "there is no rule 'be-good'; the rules are"),
    (
        'pipeline = "succeeds"',
        'pipeline = "wins"',
        7,
        "'wins' is not an ending of a pipeline; write one of: succeeds",
    ),
    ('pipeline = "succeeds"', 'journal = "off"', 7, "write 'delete', 'wal' or 'target'"),
    ('pipeline = "succeeds"', 'seed = "x"', 7, "'x' is not a whole number"),
    ('pipeline = "succeeds"', "faults = 1", 7, "unknown key 'faults'; allowed are: journal"),
    ("times = 2", "times = 0", 16, "write a whole number from 1 up, 'until lifted', or 'for 2 h'"),
    ("times = 2", "time = 2", 16, "unknown key 'time'; allowed are: at, kind, times"),
    ('at = "run commit"\ntimes', 'at = "run"\ntimes', 15, "'run' is not a point; write 'actor"),
    (
        'at = "run commit"\ntimes',
        'at = "run acquire lock"\ntimes',
        15,
        "no fault can strike at 'run acquire lock'; `runfaults points` lists where",
    ),
    ('kind = "cancel"', 'kind = "dance"', 19, "there is no act 'dance'; acts are: cancel"),
    ('kind = "cancel"', "", 18, "[[act]] needs `kind`"),
    ("[[act]]", "[act]", 18, "write [[act]], with two brackets"),
    ("[schedule]", "[[schedule]]", 6, "write a table: [schedule]"),
]


@pytest.mark.parametrize(("good", "bad", "line", "remedy"), BAD, ids=[b[1] or b[0] for b in BAD])
def test_a_mistake_is_told_with_file_line_and_remedy(
    tmp_path: Path, good: str, bad: str, line: int, remedy: str
) -> None:
    path = tmp_path / "bad.toml"
    assert GOOD.count(good) >= 1
    path.write_text(GOOD.replace(good, bad, 1), encoding="utf-8")
    with pytest.raises(ScenarioError) as caught:
        load_scenario(path)
    message = str(caught.value)
    assert message.startswith(f"{path}:{line}: ")
    assert remedy in message


def test_the_kind_of_the_second_fault_is_found_in_its_own_table(tmp_path: Path) -> None:
    path = tmp_path / "bad.toml"
    path.write_text(GOOD.replace('kind = "busy"\nat = "run', 'kind = "lazy"\nat = "run'))
    with pytest.raises(ScenarioError, match=r"bad.toml:14: there is no fault kind 'lazy'"):
        load_scenario(path)


@pytest.mark.parametrize("text", ["name = \nb = 1", "a = 1\na = 2\n"])
def test_what_is_no_toml_is_told_with_its_line(tmp_path: Path, text: str) -> None:
    path = tmp_path / "bad.toml"
    path.write_text(text)
    with pytest.raises(ScenarioError, match=r"bad.toml: is not valid TOML: .*line \d"):
        load_scenario(path)


def test_a_file_that_cannot_be_read_is_told(tmp_path: Path) -> None:
    path = tmp_path / "bad.toml"
    with pytest.raises(ScenarioError, match="cannot be read"):
        load_scenario(path)
    path.write_bytes(b"\xff")
    with pytest.raises(ScenarioError, match="cannot be read"):
        load_scenario(path)


@pytest.mark.parametrize(
    ("schedule", "complaint"),
    [
        ("pipeline succeeds; fault full at run connect", "'full at run connect' cannot happen"),
        (
            "pipeline succeeds; fault busy at run commit #99",
            "never reached: busy at run commit #99",
        ),
        ("pipeline succeeds; act cancel at run join x", "never reached: cancel at run join x"),
        ("pipeline succeeds; switch run commit to nobody", "run commit to nobody (not ready"),
    ],
)
def test_a_scenario_that_tests_nothing_is_no_pass(schedule: str, complaint: str) -> None:
    scenario = Scenario("empty", "None.", SOUND, Schedule.parse(schedule))
    with pytest.raises(NotPlayableError) as caught:
        replay(scenario)
    assert str(caught.value).startswith("empty: ")
    assert complaint in str(caught.value)
    assert "`runfaults points` lists" in str(caught.value)


def test_a_replay_says_whether_it_went_as_expected() -> None:
    fine = Scenario("fine", "None.", SOUND, Schedule())
    assert replay(fine).matches(fine)
    assert not replay(fine).matches(replace(fine, expect=Verdict.BROKEN))
