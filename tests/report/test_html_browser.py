"""The HTML report, and pictures, in a real browser: the operating system's Chromium, headless."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from sample_histories import (
    Script,
    broken_result,
    deadlock,
    hostile,
    large_result,
    mission_bug,
    point,
)

from runfaults.model import CheckResult, EventKind, Fault, Schedule
from runfaults.report.html import to_html
from runfaults.report.picture import draw_svg

CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser")
DRIVER = shutil.which("chromedriver")
FLAGS = (
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--disable-dev-shm-usage",
)

pytestmark = [
    pytest.mark.skipif(
        CHROMIUM is None or DRIVER is None,
        reason="THE HTML REPORT IS NOT TESTED IN A BROWSER: install chromium and chromium-driver",
    ),
    pytest.mark.timeout(180),
    pytest.mark.xdist_group("browser"),
]

Open = Callable[[CheckResult], Any]


@pytest.fixture(scope="module")
def browser(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Any]:
    webdriver = pytest.importorskip(
        "selenium.webdriver", reason="the dependency group 'browser' is not installed"
    )
    assert CHROMIUM
    assert DRIVER
    options = webdriver.ChromeOptions()
    options.binary_location = CHROMIUM
    for flag in (*FLAGS, f"--user-data-dir={tmp_path_factory.mktemp('profile')}"):
        options.add_argument(flag)
    options.set_capability("goog:loggingPrefs", {"browser": "ALL"})
    driver = webdriver.Chrome(options=options, service=webdriver.ChromeService(DRIVER))
    yield driver
    driver.quit()


@pytest.fixture
def opened(browser: Any, tmp_path: Path) -> Iterator[Open]:
    """Opens the report of a result; afterwards, the console must be empty."""

    def show(result: CheckResult) -> Any:
        file = tmp_path / "report.html"
        file.write_text(to_html(result), encoding="utf-8")
        resize(browser, 1400, 1000)
        browser.get(file.as_uri())
        return browser

    browser.get_log("browser")
    yield show
    assert browser.get_log("browser") == []


def resize(browser: Any, width: int, height: int) -> None:
    size = {"width": width, "height": height, "deviceScaleFactor": 1, "mobile": False}
    browser.execute_cdp_cmd("Emulation.setDeviceMetricsOverride", size)


def colours(browser: Any, scheme: str) -> None:
    feature = {"name": "prefers-color-scheme", "value": scheme}
    browser.execute_cdp_cmd("Emulation.setEmulatedMedia", {"features": [feature]})


def bring_into_view(browser: Any, number: int = 0) -> Any:
    """Scrolls to a timeline and waits until the page has noticed."""
    from selenium.webdriver.support.wait import WebDriverWait

    timeline = browser.find_elements("class name", "timeline")[number]
    browser.execute_script("arguments[0].scrollIntoView()", timeline)
    WebDriverWait(browser, 30, poll_frequency=0.05).until(lambda _: said(timeline))
    return timeline


def said(timeline: Any) -> str:
    return timeline.find_element("class name", "current").text


def go(timeline: Any, label: str) -> None:
    buttons = timeline.find_elements("css selector", ".buttons button")
    next(each for each in buttons if each.text == label).click()


def press(timeline: Any, *keys: str) -> None:
    from selenium.webdriver.common.keys import Keys

    lanes = timeline.find_element("class name", "lanes")
    for key in keys:
        lanes.send_keys(getattr(Keys, key))


def test_it_begins_at_the_step_that_decides(opened: Open) -> None:
    timeline = bring_into_view(opened(broken_result()))
    text = said(timeline)
    assert "run: commit #3" in text
    assert "running -> failed" in text
    assert "succeeded-never-failed: the pipeline returned, and run 1 was recorded failed" in text
    assert "Code\ndb/connection.py:103 in attempt\nconnection.commit()\nruns/manager" in text


def test_buttons_lead_to_what_a_reader_looks_for(opened: Open) -> None:
    timeline = bring_into_view(opened(broken_result()))
    labels = [each.text for each in timeline.find_elements("css selector", ".buttons button")]
    assert labels[4:] == ["First difference", "Fault", "Proof"]
    go(timeline, "First difference")
    text = said(timeline)
    assert "First difference" in text
    assert "run: commit #2" in text
    assert "OperationalError: database is locked [SQLITE_BUSY]" in text
    assert "Without the fault:" in text
    assert "running -> completed" in text


def test_it_steps_by_keyboard_to_both_ends_and_not_beyond(opened: Open) -> None:
    timeline = bring_into_view(opened(broken_result()))
    go(timeline, "Fault")
    assert "Step 15 of 21" in said(timeline)
    press(timeline, "ARROW_RIGHT")
    assert "Step 16 of 21" in said(timeline)
    assert "UPDATE runs SET status = ?" in said(timeline)
    press(timeline, "ARROW_DOWN")
    assert "running -> failed" in said(timeline)
    assert "Proof\nsucceeded-never-failed: " in said(timeline)
    press(timeline, "ARROW_LEFT", "ARROW_UP")
    assert "Step 15 of 21" in said(timeline)
    press(timeline, "HOME", "ARROW_LEFT")
    assert "Step 1 of 21" in said(timeline)
    press(timeline, "END", "ARROW_RIGHT")
    assert "Step 21 of 21" in said(timeline)


def test_stepping_into_folded_steps_unfolds_them(opened: Open) -> None:
    timeline = bring_into_view(opened(broken_result()))
    folded = len(timeline.find_elements("class name", "fold"))
    press(timeline, "HOME", *["ARROW_RIGHT"] * 9)
    assert "Step 10 of 21" in said(timeline)
    assert len(timeline.find_elements("class name", "fold")) < folded
    current = timeline.find_element("css selector", "tr[aria-current=step]")
    assert current.is_displayed()


def test_a_row_is_chosen_by_click_and_a_button_leads_back(opened: Open) -> None:
    timeline = bring_into_view(opened(broken_result()))
    timeline.find_elements("css selector", "tr.step")[13].click()
    assert "execute UPDATE runs #2" in said(timeline)
    go(timeline, "First difference")
    assert "Step 15 of 21" in said(timeline)
    timeline.find_element("css selector", "[data-go=forth]").click()
    assert "Step 16 of 21" in said(timeline)


def test_a_deadlock_begins_where_nothing_goes_on(opened: Open) -> None:
    timeline = bring_into_view(opened(replace(broken_result(), violations=(deadlock(),))))
    assert "deadlock: cancel waits for lock RunManager._lock held by run" in said(timeline)
    assert "First difference" not in timeline.find_element("class name", "buttons").text
    assert timeline.find_elements("css selector", "td.waiting")
    assert timeline.find_elements("css selector", "td.holding")


def test_a_timeline_that_is_closed_works_when_it_is_opened(opened: Open) -> None:
    browser = opened(broken_result())
    closed = browser.find_elements("css selector", "#violations details:not([open]) > summary")
    assert len(closed) == 1
    closed[0].click()
    timeline = bring_into_view(browser, 3)
    press(timeline, "END")
    assert "deadlock" in said(timeline)


def test_the_current_step_is_announced_and_everything_has_a_name(opened: Open) -> None:
    browser = opened(broken_result())
    bring_into_view(browser)
    nodes = browser.execute_cdp_cmd("Accessibility.getFullAXTree", {})["nodes"]
    named = [
        (node["role"]["value"], node.get("name", {}).get("value", ""))
        for node in nodes
        if not node["ignored"]
    ]
    assert not [role for role, name in named if role in {"button", "link", "heading"} and not name]
    assert ("button", "Step forward") in named
    assert "status" in {role for role, _ in named}
    assert any(role == "table" and "Timeline of violation 1" in name for role, name in named)


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_text_stands_out_from_its_background(opened: Open, scheme: str) -> None:
    """Contrast as WCAG 2.2 computes it; level AA asks for 4.5."""
    browser = opened(broken_result())
    colours(browser, scheme)
    bring_into_view(browser)
    low = browser.execute_script(
        """
        const numbers = (colour) => (colour.match(/[\\d.]+/g) || []).map(Number);
        const light = (rgb) => rgb.slice(0, 3).map((c) => c / 255)
          .map((c) => c <= 0.04045 ? c / 12.92 : ((c + 0.055) / 1.055) ** 2.4)
          .reduce((sum, c, i) => sum + c * [0.2126, 0.7152, 0.0722][i], 0);
        const back = (node) => {
          for (; node; node = node.parentElement) {
            const rgb = numbers(getComputedStyle(node).backgroundColor);
            if (rgb.length === 3 || rgb[3] > 0) return rgb;
          }
          return [255, 255, 255];
        };
        const low = [];
        for (const node of document.body.querySelectorAll("*")) {
          if (!node.checkVisibility() || node.tagName === "SCRIPT") continue;
          if (![...node.childNodes].some((c) => c.nodeType === 3 && c.data.trim())) continue;
          const [a, b] = [light(numbers(getComputedStyle(node).color)), light(back(node))];
          const contrast = (Math.max(a, b) + 0.05) / (Math.min(a, b) + 0.05);
          if (contrast < 4.5) low.push([node.outerHTML.slice(0, 120), contrast]);
        }
        return low;
        """
    )
    assert low == []


@pytest.mark.parametrize("width", [320, 390, 800, 1400])
def test_the_page_never_scrolls_sideways(opened: Open, width: int) -> None:
    browser = opened(broken_result())
    resize(browser, width, 844)
    bring_into_view(browser)
    assert browser.execute_script("return document.documentElement.scrollWidth") <= width


def test_on_a_phone_a_step_names_its_actor(opened: Open) -> None:
    browser = opened(replace(broken_result(), violations=(mission_bug(),)))
    resize(browser, 390, 844)
    timeline = bring_into_view(browser)
    cell = timeline.find_element("css selector", "tr.first td[data-lane]")
    label = browser.execute_script(
        "return getComputedStyle(arguments[0], '::before').content", cell
    )
    assert label == '"run"'
    assert not timeline.find_element("css selector", "thead").is_displayed()


def test_on_a_phone_a_button_brings_its_step_into_view_above_the_panel(opened: Open) -> None:
    browser = opened(replace(broken_result(), violations=(mission_bug(),)))
    resize(browser, 390, 844)
    timeline = bring_into_view(browser)
    go(timeline, "Proof")
    hidden = browser.execute_script(
        """
        const row = document.querySelector("tr[aria-current=step]").getBoundingClientRect();
        const panel = document.querySelector(".panel").getBoundingClientRect();
        return row.top < 0 || row.bottom > panel.top;
        """
    )
    assert not hidden


@pytest.mark.parametrize("width", [390, 1280])
def test_what_the_grid_says_is_broken_into_no_lines(opened: Open, width: int) -> None:
    browser = opened(broken_result())
    resize(browser, width, 844)
    broken = browser.execute_script(
        """
        const lines = (node) => {
          const range = document.createRange();
          range.selectNodeContents(node);
          return range.getClientRects().length;
        };
        return [...document.querySelectorAll(".grid td, .grid thead span")]
          .filter((cell) => lines(cell) !== 1).map((cell) => cell.textContent);
        """
    )
    assert broken == []


def test_on_a_phone_the_panel_hides_nothing_that_has_the_focus(opened: Open) -> None:
    from selenium.webdriver import ActionChains
    from selenium.webdriver.common.keys import Keys

    browser = opened(replace(broken_result(), violations=(mission_bug(),)))
    resize(browser, 390, 844)
    reached: list[str] = []
    for _ in range(40):
        ActionChains(browser).send_keys(Keys.TAB).perform()
        text, hidden = browser.execute_script(
            """
            const node = document.activeElement;
            const { left, top, width, height } = node.getBoundingClientRect();
            const seen = document.elementFromPoint(left + width / 2, top + height / 2);
            return [node.textContent.trim(), height < 100 && !node.contains(seen)];
            """
        )
        reached.append(text)
        assert not hidden, text
    assert any(text.startswith("Show ") for text in reached)
    assert "Proof" in reached


def test_a_violation_that_is_far_away_is_laid_out_when_it_comes_near(opened: Open) -> None:
    from selenium.webdriver.support.wait import WebDriverWait

    browser = opened(replace(broken_result(), violations=(mission_bug(),) * 20))
    last = browser.find_elements("class name", "violation")[-1]
    laid_out = (
        "return arguments[0].firstElementChild.checkVisibility({contentVisibilityAuto: true})"
    )
    assert not browser.execute_script(laid_out, last)
    browser.execute_script("arguments[0].scrollIntoView()", last)
    WebDriverWait(browser, 30, poll_frequency=0.05).until(
        lambda _: browser.execute_script(laid_out, last)
    )


def test_without_scripts_a_timeline_shows_all_and_offers_nothing_that_needs_one(
    browser: Any, opened: Open
) -> None:
    browser.execute_cdp_cmd("Emulation.setScriptExecutionDisabled", {"value": True})
    try:
        opened(broken_result())
        timeline = browser.find_element("class name", "timeline")
        steps = timeline.find_elements("css selector", "tr.step")
        assert all(step.is_displayed() for step in steps)
        assert not any(each.is_displayed() for each in browser.find_elements("tag name", "button"))
        assert "arrow keys" not in browser.find_element("tag name", "main").text
        table = timeline.find_element("tag name", "table")
        assert table.size["width"] == timeline.size["width"]
    finally:
        browser.execute_cdp_cmd("Emulation.setScriptExecutionDisabled", {"value": False})


def test_hostile_text_does_nothing(opened: Open) -> None:
    browser = opened(replace(broken_result(), violations=(hostile(),)))
    timeline = bring_into_view(browser)
    press(timeline, *["ARROW_RIGHT"] * 20)
    assert browser.title == "one-try: broken - runfaults"
    assert "completed" in said(timeline) or "Step" in said(timeline)
    assert not browser.find_elements("css selector", "img")


@pytest.mark.nightly
def test_a_large_report_can_be_stepped_through(opened: Open) -> None:
    browser = opened(large_result())
    timeline = bring_into_view(browser)
    assert "running -> failed" in said(timeline)
    press(timeline, "END")
    assert "settled: nothing more can happen" in said(timeline)


def test_the_text_of_a_picture_fits_into_its_box_lane_and_page(
    browser: Any, tmp_path: Path
) -> None:
    schedule = Schedule(faults=(Fault("lost-acknowledgement", point("run commit #2"), None),))
    script = Script(schedule, "a target with a name that is long")
    script.started()
    script.add("run", EventKind.PIPELINE, "raised", "ValueError: 用語集を保存できませんでした " * 3)
    script.struck("run", "commit", "lost-acknowledgement", "all", "OperationalError: interrupted")
    script.commit("run", "running", "terminated-by-the-administrator")
    script.add("thread-that-writes-summaries", EventKind.THREAD, "started")
    file = tmp_path / "picture.svg"
    file.write_text(draw_svg(script.history(), ()), encoding="utf-8")
    resize(browser, 1400, 1000)
    browser.get(file.as_uri())
    outside = browser.execute_script(
        """
        const boxes = [...document.querySelectorAll("rect.box, rect.status")]
          .map((each) => each.getBBox());
        const edge = Number(document.documentElement.getAttribute("width"));
        const right = (text) => {
          const { x, y } = text.getBBox();
          const around = boxes.filter((box) => box.x <= x && x < box.x + box.width &&
            box.y <= y + 6 && y + 6 < box.y + box.height);
          const lane = text.classList.contains("name") ? x + 210 : edge;
          return Math.min(edge, lane, ...around.map((box) => box.x + box.width));
        };
        return [...document.querySelectorAll("text")]
          .filter((text) => text.getBBox().x + text.getBBox().width > right(text))
          .map((text) => text.textContent);
        """
    )
    assert outside == []
