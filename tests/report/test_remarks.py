"""What one has to know to understand a result is in every form of it."""

from __future__ import annotations

import io
import json
from collections.abc import Callable
from dataclasses import replace
from html import unescape
from xml.etree import ElementTree as ET

import pytest
from markdown_it import MarkdownIt
from sample_histories import passing_result

from runfaults.model import CheckResult, Region
from runfaults.report.github import step_summary, workflow_commands
from runfaults.report.html import to_html
from runfaults.report.json_report import to_json
from runfaults.report.junit import to_junit
from runfaults.report.terminal import print_result

EXEMPT = "one-active-run does not judge this target: a queue holds <many> tasks & more"
SET_ASIDE = (
    "nothing-leaks is broken by 3 of 40 schedules in ways listed in known.toml; not reported"
)


def terminal(result: CheckResult) -> str:
    file = io.StringIO()
    print_result(result, file=file, width=200)
    return file.getvalue()


FORMS: dict[str, Callable[[CheckResult], str]] = {
    "terminal": terminal,
    "json": lambda result: "\n".join(json.loads(to_json(result))["remarks"]),
    "html": lambda result: unescape(to_html(result)),
    "junit": lambda result: ET.fromstring(to_junit(result)).findtext("testsuite/system-out", ""),
    "step summary": lambda result: unescape(MarkdownIt().render(step_summary(result))),
}


@pytest.mark.parametrize("form", FORMS.values(), ids=FORMS)
def test_what_was_exempt_or_set_aside_is_told_of_a_check_that_passes(
    form: Callable[[CheckResult], str],
) -> None:
    silent = form(passing_result())
    assert EXEMPT not in silent
    assert "not reported" not in silent
    told = form(replace(passing_result(), remarks=(EXEMPT, SET_ASIDE)))
    assert EXEMPT in told
    assert SET_ASIDE in told


def test_schedules_that_were_set_aside_ran_too() -> None:
    ran = passing_result().schedules.total
    known = replace(passing_result(), set_aside=3)
    assert f"{ran + 3:,} schedules in " in terminal(known)
    assert f"{ran + 3:,} run in" in to_html(known)
    ended = replace(known, not_reached=("the rest",), at_least=0)
    assert f"no new violation in the {ran + 3:,} of at least {ran + 3:,}" in terminal(ended)


def test_a_remark_is_no_annotation() -> None:
    assert workflow_commands(replace(passing_result(), remarks=(EXEMPT, SET_ASIDE))) == ""


def test_a_problem_of_the_harness_is_told_in_junit_too() -> None:
    result = replace(passing_result(), notes=("2 schedules could not be played",))
    suite = ET.fromstring(to_junit(result))
    told = suite.findtext("testsuite/system-out", "").splitlines()
    assert told[-1] == "2 schedules could not be played"


@pytest.mark.parametrize("form", [form for name, form in FORMS.items() if name != "json"])
def test_how_much_of_each_region_was_run_is_told(form: Callable[[CheckResult], str]) -> None:
    regions = Region("one fault", 4120, 310), Region("two cancels", 97, 0)
    told = form(replace(passing_result(), regions=regions))
    assert "one fault: 4,120 run, 310 pruned as equivalent" in told
    assert "two cancels: 97 run" in told
