from __future__ import annotations

import re
import sys
from importlib.resources import files
from itertools import pairwise
from xml.etree import ElementTree as ET

import pytest
from sample_histories import (
    Script,
    cancel_lost,
    deadlock,
    hostile,
    large_result,
    mission_bug,
    undisturbed,
)

from runfaults.model import Schedule, Violation
from runfaults.report.explain import explain
from runfaults.report.picture import draw_png, draw_svg

SVG = "{http://www.w3.org/2000/svg}"


def drawn(violation: Violation) -> ET.Element:
    return ET.fromstring(draw_svg(violation.history, violation.judgements))


def words(root: ET.Element) -> list[str]:
    return [element.text or "" for element in root.iter(f"{SVG}text")]


def test_every_lane_and_the_database_are_named() -> None:
    text = words(drawn(cancel_lost()))
    assert {"user", "run", "cancel", "database says"} <= set(text)


def test_the_fault_and_the_proof_are_marked() -> None:
    text = words(drawn(mission_bug()))
    assert text.count("fault: busy") == 1
    assert [word for word in text if word.startswith("proof")] == [
        "proof: event 22",
        "proof: event 31",
    ]
    innocent = ET.fromstring(draw_svg(undisturbed(), ()))
    assert not any(word.startswith(("fault:", "proof")) for word in words(innocent))


def test_a_wait_and_the_lock_that_it_waits_for_are_bars() -> None:
    root = drawn(deadlock())
    bars = {element.get("class") for element in root.iter()}
    assert {"waiting", "holding"} <= bars
    legend = "A dashed bar: waits. A solid bar: holds what another one waits for."
    assert legend in words(root)
    root = drawn(mission_bug())
    assert not {"waiting", "holding"} & {element.get("class") for element in root.iter()}
    assert not any("bar:" in word for word in words(root))


def test_a_wait_goes_on_beside_what_is_folded() -> None:
    script = Script(Schedule())
    script.started()
    script.wait("user", "thread run", "", 0.0)
    script.do("run", *["rollback"] * 9)
    script.commit("run", "running", "completed")
    root = ET.fromstring(draw_svg(script.history(), ()))
    assert "… 9 ordinary steps" in words(root)
    spans = [
        (float(line.get("y1", 0)), float(line.get("y2", 0))) for line in root.iter(f"{SVG}line")
    ]
    assert len(spans) == 3
    assert all(above[1] == below[0] for above, below in pairwise(spans))


def test_time_goes_down_and_everything_is_inside() -> None:
    root = drawn(mission_bug())
    width, height = int(root.get("width", 0)), int(root.get("height", 0))
    times = [
        (float(element.get("y", 0)), float(element.text or ""))
        for element in root.iter(f"{SVG}text")
        if element.get("class") == "soft" and (element.text or "").replace(".", "").isdigit()
    ]
    assert len(times) > 10
    assert all(above < below for above, below in pairwise(y for y, _ in times))
    assert [time for _, time in times] == sorted(time for _, time in times)
    for element in root.iter(f"{SVG}text"):
        assert 0 < float(element.get("x", -1)) < width
        assert 0 < float(element.get("y", -1)) < height


def test_ordinary_steps_are_folded() -> None:
    text = words(drawn(large_result().violations[0]))
    counts = [word for word in text if word.startswith("…")]
    assert [word.partition(" ")[2].partition(" ")[2] for word in counts] == [
        "ordinary steps",
        "steps left out",
        "steps left out",
    ]


def test_a_screen_reader_gets_the_explanation() -> None:
    violation = mission_bug()
    root = drawn(violation)
    assert root.get("role") == "img"
    assert root.findtext(f"{SVG}title") == "one-try: pipeline succeeds; fault busy at run commit #2"
    assert root.findtext(f"{SVG}desc") == explain(violation.history, violation.judgements)


def test_hostile_text_is_only_text_and_nothing_is_loaded_from_outside() -> None:
    svg = draw_svg(hostile().history, hostile().judgements)
    root = ET.fromstring(svg)
    tags = {element.tag.removeprefix(SVG) for element in root.iter()}
    assert tags == {"svg", "title", "desc", "style", "g", "rect", "text"}
    assert svg.count("http") == 1  # the namespace


def test_a_png_is_twice_as_large_as_the_svg() -> None:
    pytest.importorskip("resvg_py", reason="the extra 'png' is not installed")
    violation = mission_bug()
    image = draw_png(violation.history, violation.judgements)
    assert image.startswith(b"\x89PNG\r\n\x1a\n")
    width, height = (int.from_bytes(image[start : start + 4], "big") for start in (16, 20))
    root = drawn(violation)
    assert (width, height) == (2 * int(root.get("width", 0)), 2 * int(root.get("height", 0)))


def test_a_missing_library_is_named_with_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "resvg_py", None)
    with pytest.raises(ModuleNotFoundError, match=r"pip install runfaults\[png\]"):
        draw_png(undisturbed(), ())


PALETTE = files("runfaults.report").joinpath("assets/picture.css").read_text("utf-8")
LIGHT, DARK = PALETTE.split("@media (prefers-color-scheme: dark)")
ON = {
    "text": (".paper", ".box", ".wrong", ".status"),
    ".soft": (".paper",),
    ".fault": (".wrong",),
    ".error": (".box", ".wrong"),
    ".proof": (".box",),
    ".wait": (".box", ".wrong"),
    ".on-active": (".status.active",),
    ".on-completed": (".status.completed",),
    ".on-cancelled": (".status.cancelled",),
    ".on-interrupted": (".status.interrupted",),
    ".on-failed": (".status.failed",),
    ".on-other": (".status.other",),
}
"""Which text is written on which ground."""


def fill(style: str, selector: str) -> str:
    rules = re.findall(r"^\s*([^{}@\n]+) \{([^}]*)\}", style, re.MULTILINE)
    fills = [
        found[1]
        for selectors, body in rules
        if selector in selectors.split(", ")
        and (found := re.search(r"(?:fill|stroke): (#\w{6})", body))
    ]
    return fills[-1]


def luminance(colour: str) -> float:
    parts = (int(colour[at : at + 2], 16) / 255 for at in (1, 3, 5))
    linear = (c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in parts)
    return sum(c * weight for c, weight in zip(linear, (0.2126, 0.7152, 0.0722), strict=True))


@pytest.mark.parametrize("style", [LIGHT, DARK], ids=["light", "dark"])
def test_text_stands_out_from_its_ground(style: str) -> None:
    """Contrast as WCAG 2.2 computes it; level AA asks for 4.5."""
    for text, grounds in ON.items():
        for ground in grounds:
            contrast = contrast_of(fill(style, text), fill(style, ground))
            assert contrast >= 4.5, (text, ground, contrast)


@pytest.mark.parametrize("style", [LIGHT, DARK], ids=["light", "dark"])
def test_bars_stand_out_from_the_paper(style: str) -> None:
    """Level AA asks for 3 where a shape has a meaning."""
    for bar in (".waiting", ".holding", ".edge.active", ".edge.completed", ".edge.failed"):
        assert contrast_of(fill(style, bar), fill(style, ".paper")) >= 3, bar


def contrast_of(colour: str, ground: str) -> float:
    one, other = luminance(colour), luminance(ground)
    return (max(one, other) + 0.05) / (min(one, other) + 0.05)
