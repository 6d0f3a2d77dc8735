from __future__ import annotations

import json
from base64 import b64encode
from dataclasses import replace
from hashlib import sha256
from html.parser import HTMLParser
from itertools import pairwise

import pytest
from sample_histories import (
    IMPOSSIBLE,
    POINTS,
    broken_result,
    hostile,
    large_result,
    mission_bug,
    passing_result,
)

from runfaults.model import CheckResult, Tally, Violation
from runfaults.report.explain import tell
from runfaults.report.html import LONGEST, to_html
from runfaults.report.steps import steps

VOID = {"meta", "br", "col", "input", "link", "img", "hr", "wbr"}


class Page(HTMLParser):
    """Every element with its attributes, its text, and the elements it stands in."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.open: list[int] = []
        self.elements: list[tuple[str, dict[str, str | None], list[str], tuple[int, ...]]] = []
        self.feed(text)
        self.close()
        assert not self.open, "every element is closed"

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if tag != "wbr":
            self.handle_data(" ")
        self.elements.append((tag, dict(attrs), [], tuple(self.open)))
        if tag not in VOID:
            self.open.append(len(self.elements) - 1)

    def handle_endtag(self, tag: str) -> None:
        number = self.open.pop()
        assert self.elements[number][0] == tag, "elements are nested"

    def handle_data(self, data: str) -> None:
        for number in self.open:
            self.elements[number][2].append(data)

    def texts(self, tag: str, name: str = "") -> list[str]:
        return [
            " ".join("".join(data).split())
            for each, attributes, data, _ in self.elements
            if each == tag and name in [*(attributes.get("class") or "").split(), ""]
        ]


def page(result: CheckResult) -> Page:
    return Page(to_html(result))


def only(violation: Violation) -> CheckResult:
    return replace(broken_result(), violations=(violation,))


def test_the_verdict_stands_at_the_top() -> None:
    found = page(broken_result())
    assert found.texts("h1") == ["broken one-try"]
    assert found.texts("title") == ["one-try: broken - runfaults"]
    assert "faults until lifted with an API cancel: 600 schedules" in found.texts("li")


def test_every_rule_has_its_verdict() -> None:
    rows = page(broken_result()).texts("tr")
    assert "broken succeeded-never-failed broken by 8 of 4,120, 2 could not be judged" in rows
    assert "unfinished one-active-run unfinished" in rows


def test_a_rule_that_was_not_exercised_has_no_tick() -> None:
    rules = {"a": Tally(9, exercised=2), "b": Tally(9, exercised=0)}
    rows = page(replace(passing_result(), rules=rules)).texts("tr")
    assert "holds a holds; exercised by 2 of 9" in rows
    assert "not exercised b not exercised by any of 9" in rows


def test_the_grid_has_every_point_and_every_reason() -> None:
    found = page(broken_result())
    rows = found.texts("tr")
    assert "run commit #2 ✗3/12 12 12 ?1/12 12 12" in rows
    assert sum(row.startswith(POINTS) for row in rows) == len(POINTS)
    assert IMPOSSIBLE in found.texts("dd")


def test_each_violation_is_explained_and_says_how_to_reproduce_it() -> None:
    result = broken_result()
    found = page(result)
    assert found.texts("ol", "explanation") == [
        " ".join(tell(violation.history, violation.judgements)) for violation in result.violations
    ]
    assert "runfaults replay faults/cancel-lost.toml" in found.texts("code")
    assert "the schedule was not saved to a file" in found.texts("dd")


def test_the_timeline_has_a_row_for_every_step_of_both_histories() -> None:
    violation = mission_bug()
    found = page(only(violation))
    assert violation.neighbour
    boxes = found.texts("div", "box")
    assert len(boxes) == len(steps(violation.history))
    assert len([text for text in found.texts("td", "other") if text]) == len(
        steps(violation.neighbour)
    )
    assert "commit #2 fault: busy SQLITE_BUSY" in boxes


def test_the_first_difference_is_marked_once_and_the_details_agree() -> None:
    text = to_html(only(mission_bug()))
    found = Page(text)
    assert len(found.texts("tr", "first")) == 1
    assert len(found.texts("tr", "difference")) == 1
    (data,) = (json.loads(each) for each in found.texts("script", "details"))
    details = data["steps"]
    assert len(details) == len(found.texts("tr", "step"))
    (first,) = (detail for detail in details if detail["first"])
    assert first["step"] == "run: commit #2"
    assert ["Error", "OperationalError: database is locked [SQLITE_BUSY]"] in first["facts"]
    assert ["Database", "running -> completed"] in first["otherFacts"]
    assert [data["frames"][number].partition(":")[0] for number in first["stack"]] == [
        "db/connection.py",
        *["runs/manager.py"] * 3,
    ]
    assert len(data["frames"]) == len(set(data["frames"]))
    assert ["Database", "running -> failed"] in details[data["selected"]]["facts"]


def test_a_passing_check_has_no_violation() -> None:
    found = page(passing_result())
    assert found.texts("h1") == ["holds genglossary"]
    assert not found.texts("article")
    assert any(fact.endswith(": 4,120 run, 310 pruned as equivalent") for fact in found.texts("li"))


def test_hostile_text_is_only_text() -> None:
    innocent, attacked = Page(to_html(only(mission_bug()))), Page(to_html(only(hostile())))
    tags = {tag for tag, *_ in innocent.elements}
    assert {tag for tag, *_ in attacked.elements} <= tags
    assert len(attacked.texts("script")) == len(innocent.texts("script"))
    assert any(
        "</script><script>document.title='owned'" in box for box in attacked.texts("div", "box")
    )


def test_nothing_is_loaded_and_only_the_pages_own_script_may_run() -> None:
    text = to_html(broken_result())
    found = Page(text)
    assert not [
        attributes
        for _, attributes, *_ in found.elements
        if {"src", "srcset", "action"} & set(attributes)
        or not (attributes.get("href") or "#").startswith("#")
        or any(name.startswith("on") for name in attributes)
    ]
    assert "url(" not in text
    assert "@import" not in text
    (policy,) = (
        attributes["content"] or ""
        for tag, attributes, *_ in found.elements
        if attributes.get("http-equiv") == "Content-Security-Policy"
    )
    script = "".join(found.elements[-1][2])
    digest = b64encode(sha256(script.encode()).digest()).decode()
    assert f"script-src 'sha256-{digest}'" in policy
    assert "default-src 'none'" in policy


def test_ids_are_unique_and_every_reference_leads_somewhere() -> None:
    found = page(broken_result())
    ids = [attributes["id"] for _, attributes, *_ in found.elements if "id" in attributes]
    assert len(ids) == len(set(ids))
    for _, attributes, *_ in found.elements:
        for name in ("aria-labelledby", "aria-describedby"):
            assert set((attributes.get(name) or "").split()) <= set(ids)
        href = attributes.get("href")
        assert href is None or href[1:] in ids


@pytest.mark.nightly
def test_a_huge_check_stays_small_and_says_what_it_leaves_out() -> None:
    text = to_html(large_result())
    assert len(text.encode()) < 5_000_000
    assert "The timeline is left out to keep this file small" in text
    assert len(Page(text).texts("article")) == len(large_result().violations)


@pytest.mark.parametrize("length", [LONGEST, 10 * LONGEST])
def test_a_huge_error_is_cut(length: int) -> None:
    violation = mission_bug()
    events = tuple(
        event._replace(value="E: " + "x" * length) if event.kind == "error" else event
        for event in violation.history.events
    )
    history = replace(violation.history, events=events)
    text = to_html(only(replace(violation, history=history)))
    assert "x" * length not in text
    assert "more characters)" in text


def test_headings_and_landmarks_lead_a_screen_reader_through_the_page() -> None:
    elements = page(broken_result()).elements
    levels = [int(tag[1]) for tag, *_ in elements if tag in {"h1", "h2", "h3", "h4"}]
    assert levels.count(levels[0]) == levels[0] == 1
    assert all(after - before <= 1 for before, after in pairwise(levels))
    tags = [tag for tag, *_ in elements]
    assert (tags.count("main"), tags.count("header"), tags.count("nav")) == (1, 1, 1)
    (language,) = (attributes.get("lang") for tag, attributes, *_ in elements if tag == "html")
    assert language == "en"
    names: list[str] = []
    for tag, attributes, data, _ in elements:
        named = attributes.get("aria-label") or attributes.get("aria-labelledby")
        if tag in {"nav", "section", "article"} or attributes.get("role") in {"group", "region"}:
            assert named, attributes
        if tag in {"nav", "section"} or attributes.get("role") == "region":
            names.append(named or "")
        if tag in {"a", "button", "summary", "th", "caption"}:
            assert named or "".join(data).strip(), (tag, attributes)
    assert len(names) == len(set(names)), "landmarks are told from each other"


def test_what_scrolls_can_be_reached_by_keyboard() -> None:
    scrolling = [
        attributes
        for _, attributes, *_ in page(broken_result()).elements
        if "scroll" in (attributes.get("class") or "").split()
    ]
    assert scrolling
    assert all(each.get("tabindex") == "0" for each in scrolling)
