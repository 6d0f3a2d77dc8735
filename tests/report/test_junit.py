from __future__ import annotations

import re
from dataclasses import replace
from xml.etree import ElementTree as ET

from sample_histories import broken_result, hostile, passing_result

from runfaults.model import Tally
from runfaults.report.junit import to_junit


def test_every_violation_is_a_test_case_and_every_rule_that_none_is_about() -> None:
    result = broken_result()
    (suite,) = ET.fromstring(to_junit(result))
    names = [case.get("name") for case in suite.iter("testcase")]
    told = {judgement.rule for each in result.violations for judgement in each.failing}
    assert names == [
        *(rule for rule in result.rules if rule not in told),
        *(violation.scenario.name for violation in result.violations),
        "the whole bound was covered",
    ]
    assert suite.get("name") == "runfaults.one-try"


def test_broken_fails_unknown_errs_and_what_was_not_tested_to_the_end_is_skipped() -> None:
    (suite,) = ET.fromstring(to_junit(broken_result()))
    outcome = {
        case.get("name"): [element.tag for element in case] for case in suite.iter("testcase")
    }
    assert outcome["cancel-lost"] == ["failure"]
    assert outcome["terminal-is-final"] == ["error"]
    assert outcome["one-active-run"] == ["skipped"]
    assert outcome["the whole bound was covered"] == ["skipped"]


def test_a_rule_that_was_not_exercised_is_skipped_and_one_that_holds_passes() -> None:
    rules = {"a": Tally(9, exercised=2), "b": Tally(9, exercised=0)}
    (suite,) = ET.fromstring(to_junit(replace(passing_result(), rules=rules)))
    outcome = {
        case.get("name"): [(element.tag, element.get("message")) for element in case]
        for case in suite.iter("testcase")
    }
    assert outcome == {"a": [], "b": [("skipped", "not exercised by any of 9")]}


def test_the_counts_are_those_of_the_elements() -> None:
    root = ET.fromstring(to_junit(broken_result()))
    for element in (root, *root):
        assert element.get("tests") == str(len(list(element.iter("testcase"))))
        assert element.get("failures") == str(len(list(element.iter("failure")))) == "4"
        assert element.get("errors") == str(len(list(element.iter("error")))) == "1"


def test_a_violation_tells_its_story_and_how_to_replay_it() -> None:
    root = ET.fromstring(to_junit(broken_result()))
    (story,) = (
        case.findtext("failure", "")
        for case in root.iter("testcase")
        if case.get("name") == "cancel-lost"
    )
    assert "The manager answered the cancel with True (accepted)." in story
    assert "runfaults replay faults/cancel-lost.toml" in story
    assert "running -> completed" in story


def test_a_passing_check_has_no_failure() -> None:
    root = ET.fromstring(to_junit(passing_result()))
    assert {element.tag for element in root.iter()} == {
        "testsuites",
        "testsuite",
        "testcase",
        "system-out",
    }


def test_hostile_text_stays_text() -> None:
    result = replace(broken_result(), target="a\x00b\ud800", violations=(hostile(),))
    root = ET.fromstring(to_junit(result).encode())
    assert not list(root.iter("script"))
    (suite,) = root
    assert suite.get("name") == r"runfaults.a\x00b\ud800"
    assert "</script><script>" in "".join(root.itertext())


ATTRIBUTES = {
    "testsuites": {"name", "time", "tests", "failures", "errors"},
    "testsuite": {"name", "time", "tests", "failures", "errors", "skipped"},
    "testcase": {"name", "time", "classname", "group"},
    "failure": {"message", "type"},
    "error": {"message", "type"},
    "skipped": {"message", "type"},
    "system-out": set[str](),
}
"""Those that `junit-10.xsd` of Jenkins' xUnit plugin allows, of the elements that we have."""


def test_there_is_nothing_that_the_schema_does_not_allow() -> None:
    for result in (broken_result(), passing_result(), replace(broken_result(), elapsed=12345.678)):
        root = ET.fromstring(to_junit(result))
        for element in root.iter():
            assert set(element.keys()) <= ATTRIBUTES[element.tag]
        for suite in root:
            assert {"name", "tests", "failures", "errors"} <= set(suite.keys())
            assert re.fullmatch(r"\d+\.\d{3}", suite.get("time", ""))
