"""A check result as JUnit XML: a test case for every rule and for every violation."""

from __future__ import annotations

from pathlib import Path
from xml.etree.ElementTree import Element, SubElement, indent, tostring

from runfaults.model import CheckResult, Verdict, Violation
from runfaults.report.explain import explain
from runfaults.report.steps import printable
from runfaults.report.timeline import timeline_text
from runfaults.report.wording import (
    describe_extent,
    describe_region,
    describe_repair,
    describe_rule,
    describe_where,
    replay_command,
)

_COUNTED = {"tests": "testcase", "failures": "failure", "errors": "error", "skipped": "skipped"}


def write(result: CheckResult, file: Path) -> None:
    """Write the result to a file."""
    file.write_text(to_junit(result), encoding="utf-8")


def to_junit(result: CheckResult) -> str:
    """The result in the dialect that Jenkins, GitLab and GitHub actions read.

    A rule that is broken is a failure, one that could not be judged an error: neither passes. One
    that was not exercised, or not to the end of the bound, is skipped. How much was run, notes and
    remarks are the suite's standard output, which is shown with a suite that passes too.
    """
    suites = Element("testsuites", name="runfaults")
    suite = SubElement(
        suites,
        "testsuite",
        name=printable(f"runfaults.{result.target}"),
        time=f"{result.elapsed:.3f}",
    )
    for rule in result.rules:
        case = _case(suite, f"{result.target}.rules", rule)
        _outcome(case, result.verdict_of(rule), describe_rule(result, rule), "")
    for violation in result.violations:
        case = _case(suite, f"{result.target}.violations", violation.scenario.name)
        rules = ", ".join(judgement.rule for judgement in violation.failing)
        _outcome(case, violation.verdict, rules, _story(violation))
    if not result.finished:
        case = _case(suite, result.target, "the whole bound was covered")
        SubElement(case, "skipped", message=printable("; ".join(result.not_reached)))
    told = (*map(describe_region, result.regions), *result.notes, *result.doubts, *result.remarks)
    SubElement(suite, "system-out").text = printable("\n".join(told))
    for attribute, tag in _COUNTED.items():
        count = str(sum(1 for _ in suite.iter(tag)))
        suites.set(attribute, count)
        suite.set(attribute, count)
    indent(suites)
    return '<?xml version="1.0" encoding="utf-8"?>\n' + tostring(suites, encoding="unicode") + "\n"


def _case(suite: Element, group: str, name: str) -> Element:
    return SubElement(
        suite, "testcase", classname=printable(f"runfaults.{group}"), name=printable(name)
    )


def _outcome(case: Element, verdict: Verdict, message: str, body: str) -> None:
    if verdict is Verdict.HOLDS:
        return
    if verdict in {Verdict.NOT_EXERCISED, Verdict.UNFINISHED}:
        SubElement(case, "skipped", message=printable(message))
        return
    tag = "failure" if verdict is Verdict.BROKEN else "error"
    SubElement(case, tag, message=printable(message), type=verdict).text = printable(body)


def _story(violation: Violation) -> str:
    parts = [
        "\n".join(describe_where(violation)),
        violation.scenario.symptom,
        explain(violation.history, violation.judgements),
        describe_repair(violation),
        describe_extent(violation),
        f"schedule: {violation.scenario.schedule}",
        violation.evidence,
        replay_command(violation),
        timeline_text(violation.history, violation.judgements),
    ]
    return "\n\n".join(filter(None, parts))
