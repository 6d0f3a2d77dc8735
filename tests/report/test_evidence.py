"""What a violation was shown with is said in the same words everywhere."""

from __future__ import annotations

import io
import json
from collections.abc import Callable
from dataclasses import replace
from html import unescape
from xml.etree import ElementTree as ET

import pytest
from sample_histories import broken_result

from runfaults.model import CheckResult
from runfaults.report.html import to_html
from runfaults.report.json_report import to_json
from runfaults.report.junit import to_junit
from runfaults.report.terminal import print_result

SHOWN = (
    "confirmed: real processes, real time",
    "shown with a real error of the engine (busy), inside of the simulation",
    "not confirmed: with real causes not broken: nothing-escapes",
)


def in_terminal(result: CheckResult) -> str:
    file = io.StringIO()
    print_result(result, file=file, width=200)
    return file.getvalue()


def in_junit(result: CheckResult) -> str:
    return "\n".join(ET.fromstring(to_junit(result)).itertext())


def in_json(result: CheckResult) -> str:
    told = json.loads(to_json(result))["violations"]
    return "\n".join(each["evidence"] or "" for each in told)


def in_html(result: CheckResult) -> str:
    return unescape(to_html(result))


@pytest.mark.parametrize("report", [in_terminal, in_html, in_json, in_junit])
def test_every_report_says_it_in_the_same_words(report: Callable[[CheckResult], str]) -> None:
    result = broken_result()
    first, second, third, *others = result.violations
    told = [
        replace(violation, evidence=evidence)
        for violation, evidence in zip((first, second, third), SHOWN, strict=True)
    ]
    text = report(replace(result, violations=(*told, *others)))
    assert [text.count(evidence) for evidence in SHOWN] == [1, 1, 1]
    silent = [replace(violation, evidence=None) for violation in result.violations]
    text = report(replace(result, violations=tuple(silent)))
    assert not any(words in text for words in ("confirmed: ", "shown with", "shown on"))
