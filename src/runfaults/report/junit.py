"""A check result as JUnit XML: a test case for every cause, and for every rule without one."""

from __future__ import annotations

from collections import Counter
from pathlib import Path
from xml.etree.ElementTree import Element, SubElement, indent, tostring

from runfaults.model import CheckResult, Verdict, Violation
from runfaults.report.explain import explain
from runfaults.report.steps import printable
from runfaults.report.timeline import timeline_text
from runfaults.report.wording import (
    describe_extent,
    describe_printed,
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

    It is valid by the strictest schema of these, `junit-10.xsd` of Jenkins' xUnit plugin. That has
    no attribute for the line of a test case, so the text of a failure begins with it.

    A cause is a failure, named by what it did where in the code, without the number of the line: it
    keeps its name while the file changes. The rules that it breaks have no case of their own, so
    there are as many failures as causes. Another rule that is broken is a failure, one that could
    not be judged an error. One that was not exercised, or not to the end of the bound, is skipped.
    How much was run, notes and remarks are the suite's standard output.
    """
    suites = Element("testsuites", name="runfaults")
    suite = SubElement(
        suites,
        "testsuite",
        name=printable(f"runfaults.{result.target}"),
        time=f"{result.elapsed:.3f}",
    )
    told = {rule for each in result.violations for rule in _rules(each)}
    for rule in result.rules:
        if rule not in told:
            case = _case(suite, f"{result.target}.rules", rule)
            _outcome(case, result.verdict_of(rule), describe_rule(result, rule), "")
    names: Counter[str] = Counter()
    for violation in result.violations:
        name = _name(violation)
        names[name] += 1
        number = f" ({names[name]})" if names[name] > 1 else ""
        case = _case(suite, f"{result.target}.causes", name + number)
        _outcome(case, violation.verdict, ", ".join(_rules(violation)), _story(violation))
    if not result.finished:
        case = _case(suite, result.target, "the whole bound was covered")
        SubElement(case, "skipped", message=printable("; ".join(result.not_reached)))
    told = (*map(describe_region, result.regions), *result.notes, *result.doubts, *result.remarks)
    SubElement(suite, "system-out").text = printable("\n".join(told))
    for attribute, tag in _COUNTED.items():
        count = str(sum(1 for _ in suite.iter(tag)))
        suite.set(attribute, count)
        if attribute != "skipped":
            suites.set(attribute, count)
    indent(suites)
    return '<?xml version="1.0" encoding="utf-8"?>\n' + tostring(suites, encoding="unicode") + "\n"


def _rules(violation: Violation) -> tuple[str, ...]:
    broken = tuple(judgement.rule for judgement in violation.failing)
    return broken if violation.cause is None else violation.cause.rules


def _name(violation: Violation) -> str:
    cause = violation.cause
    if cause is None:
        return violation.scenario.name
    at = f" in {cause.decided_at.function} of {cause.decided_at.file}" if cause.decided_at else ""
    return f"{cause.rules[0]}: {cause.deed}{at}"


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
    printed = describe_printed(violation.history)
    parts = [
        "\n".join(describe_where(violation)),
        violation.scenario.symptom,
        explain(violation.history, violation.judgements),
        describe_repair(violation),
        describe_extent(violation),
        f"schedule: {violation.scenario.schedule}",
        violation.evidence,
        replay_command(violation),
        f"the target printed:\n{printed}" if printed else "",
        timeline_text(violation.history, violation.judgements),
    ]
    return "\n\n".join(filter(None, parts))
