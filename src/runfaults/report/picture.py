"""One schedule as a picture: swimlanes, time downwards, for issues and pull requests."""

from __future__ import annotations

import textwrap
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from importlib.resources import files
from itertools import groupby
from operator import itemgetter
from typing import NamedTuple
from unicodedata import east_asian_width
from xml.etree.ElementTree import Element, SubElement, tostring

from runfaults.model import EventKind, History, Judgement
from runfaults.report.explain import explain
from runfaults.report.steps import Step, printable, transition
from runfaults.report.swimlanes import Row, Swimlanes, arrange, belongs_to_no_lane, fold

LANE = 210
TIME = 76
MARGIN = 16
LINE = 17
"""Pixels: a lane's width, the time column's, the margin, a line of text."""
_ADVANCE = 6.9
_BOLD_ADVANCE = 8.2
"""Pixels that a character of the text takes at most, on average, in common sans-serif fonts."""
_BOLD = frozenset({"title", "name", "fault", "error", "proof"})
"""The styles in bold."""
_LEGEND = {
    "waiting": "A dashed bar: waits.",
    "holding": "A solid bar: holds what another one waits for.",
}
_LONGEST = 400
"""Characters of one text, after which it is cut."""


class _Line(NamedTuple):
    """A line of a box, and the style it is written in."""

    text: str
    style: str


@dataclass(slots=True)
class _Canvas:
    """The picture so far.

    Attributes:
        root: The SVG element.
        width: Of the whole picture.
        lanes: Where each lane begins, by actor's name.
        bottom: Where the next row begins.
    """

    root: Element
    width: int
    lanes: dict[str, int]
    bottom: int = MARGIN
    deepest: Element = field(init=False)
    behind: Element = field(init=False)

    def __post_init__(self) -> None:
        self.deepest = SubElement(self.root, "g")
        self.behind = SubElement(self.root, "g")

    def text(self, x: float, y: float, text: str, style: str = "") -> None:
        element = SubElement(self.root, "text", x=f"{x:g}", y=f"{y:g}")
        if style:
            element.set("class", style)
        element.text = text

    def box(self, x: float, y: float, width: float, height: float, style: str) -> None:
        _rectangle(self.root, (x, y, width, height), style, radius="4")

    def bar(self, x: float, y: float, width: float, height: float, style: str) -> None:
        """Behind all boxes and texts."""
        _rectangle(self.behind, (x, y, width, height), style)

    def bars(self, bars: Mapping[str, str], height: int) -> None:
        """Beside what is drawn next: a bar for an actor that waits, or that holds a lock."""
        for actor, style in bars.items():
            x, top = self.lanes[actor] + 8, self.bottom
            if style == "holding":
                self.bar(x, top, 5, height, style)
            elif style == "waiting":
                ends = {"x1": x + 2.5, "x2": x + 2.5, "y1": top, "y2": top + height}
                numbers = {name: f"{value:g}" for name, value in ends.items()}
                # The dashes of two rows are one line.
                numbers["stroke-dashoffset"] = str(top)
                SubElement(self.behind, "line", {**numbers, "class": style})

    def line(self, x: float, top: float) -> None:
        """From there to the bottom, behind the bars too."""
        _rectangle(self.deepest, (x, top, 1, self.bottom - top), "lane")


def draw_svg(history: History, judgements: Iterable[Judgement]) -> str:
    """The history as a self-contained SVG, legible on light and dark pages.

    Runs of ordinary steps are folded into a line that counts them. The explanation stands below.
    """
    judgements = tuple(judgements)
    swimlanes = arrange(history, judgements)
    names = (*swimlanes.actors, "database says")
    lanes = {name: MARGIN + TIME + number * LANE for number, name in enumerate(names)}
    width = MARGIN * 2 + TIME + LANE * len(names)
    root = Element("svg", {"xmlns": "http://www.w3.org/2000/svg", "role": "img"})
    explanation = explain(history, judgements)
    SubElement(root, "title").text = printable(f"{history.target}: {history.schedule}")
    SubElement(root, "desc").text = explanation
    SubElement(root, "style").text = _style()
    SubElement(root, "rect", {"class": "paper", "width": "100%", "height": "100%"})
    canvas = _Canvas(root, width, lanes)
    _paragraph(canvas, printable(f"{history.target}: {history.schedule}"), "title")
    top = _header(canvas)
    for hidden, rows in groupby(_hidden_or_not(swimlanes.rows), key=itemgetter(0)):
        if hidden:
            _gap(canvas, [row for _, row in rows], swimlanes)
        else:
            for _, row in rows:
                _row(canvas, row, swimlanes)
    for name in swimlanes.actors:
        canvas.line(lanes[name] + 10, top)
    canvas.bottom += MARGIN
    drawn = {cell.bar for row in swimlanes.rows for cell in row.cells}
    if legend := " ".join(text for bar, text in _LEGEND.items() if bar in drawn):
        _paragraph(canvas, legend, "soft")
        canvas.bottom += MARGIN // 2
    _paragraph(canvas, explanation, "")
    root.set("width", str(width))
    root.set("height", str(canvas.bottom + MARGIN))
    root.set("viewBox", f"0 0 {width} {canvas.bottom + MARGIN}")
    return tostring(root, encoding="unicode") + "\n"


def draw_png(history: History, judgements: Iterable[Judgement]) -> bytes:
    """The same picture as PNG, at twice the size, in light colours.

    Raises:
        ModuleNotFoundError: if the optional library is missing; the message says what to install.
    """
    try:
        import resvg_py
    except ModuleNotFoundError as error:
        raise ModuleNotFoundError(
            "a PNG picture needs resvg-py, which is not installed; run "
            "'pip install runfaults[png]', or draw an SVG instead"
        ) from error
    return bytes(resvg_py.svg_to_bytes(svg_string=draw_svg(history, judgements), zoom=2))


def _style() -> str:
    return files("runfaults.report").joinpath("assets/picture.css").read_text("utf-8")


def _rectangle(
    parent: Element, place: tuple[float, float, float, float], style: str, radius: str = "0"
) -> None:
    names = ("x", "y", "width", "height")
    numbers = {name: f"{value:g}" for name, value in zip(names, place, strict=True)}
    SubElement(parent, "rect", {**numbers, "rx": radius, "class": style})


def _hidden_or_not(rows: Sequence[Row]) -> Iterator[tuple[bool, Row]]:
    """Each row, and whether it is only counted."""
    for block in fold(rows, briefly=True):
        for row in block.rows:
            yield block.folded or row.pair.left_out > 0, row


def _wrap(text: str, width: float, style: str = "") -> list[str]:
    text = text if len(text) <= _LONGEST else f"{text[:_LONGEST]}…"
    return _lines_of(text, width, style) or [""]


def _lines_of(text: str, width: float, style: str) -> list[str]:
    """The text in lines; a character that is twice as wide as others counts as two."""
    counted = "".join(
        f"{each}\0" if east_asian_width(each) in {"W", "F"} else each for each in text
    )
    advance = _ADVANCE if _BOLD.isdisjoint(style.split()) else _BOLD_ADVANCE
    return [line.replace("\0", "") for line in textwrap.wrap(counted, max(8, int(width / advance)))]


def _paragraph(canvas: _Canvas, text: str, style: str) -> None:
    for line in _lines_of(text, canvas.width - 2 * MARGIN, style):
        canvas.bottom += LINE
        canvas.text(MARGIN, canvas.bottom, line, style)


def _header(canvas: _Canvas) -> int:
    """Names of the lanes; returns where the lanes begin."""
    canvas.bottom += MARGIN + LINE
    canvas.text(MARGIN, canvas.bottom, "time/s", "soft")
    for name, x in canvas.lanes.items():
        canvas.text(x, canvas.bottom, _wrap(printable(name), LANE, "name")[0], "name")
    canvas.bottom += 8
    return canvas.bottom


def _gap(canvas: _Canvas, hidden: list[Row], swimlanes: Swimlanes) -> None:
    count = sum(row.pair.left_out or 1 for row in hidden)
    what = "steps left out" if any(row.pair.left_out for row in hidden) else "ordinary steps"
    height = LINE + 8
    canvas.text(MARGIN + TIME + 20, canvas.bottom + LINE, f"… {count:,} {what}", "soft")
    canvas.bars(_bars(hidden[-1], swimlanes), height)
    _status(canvas, hidden[-1].status, height, ())
    canvas.bottom += height


def _bars(row: Row, swimlanes: Swimlanes) -> dict[str, str]:
    return {
        actor: cell.bar for actor, cell in zip(swimlanes.actors, row.cells, strict=True) if cell.bar
    }


def _row(canvas: _Canvas, row: Row, swimlanes: Swimlanes) -> None:
    step = row.pair.failing
    if step is None:
        return
    if belongs_to_no_lane(step, swimlanes):
        x, width = MARGIN + TIME, LANE * len(swimlanes.actors) - 8
    else:
        x, width = canvas.lanes.get(step.actor, 0), LANE - 8
    lines = _lines(step, width - 14) if x else []
    statuses = tuple(
        line for event in step.statuses for line in _wrap(transition(event), LANE - 20, "name")
    )
    height = max(1, len(lines), len(statuses)) * LINE + 10
    canvas.text(MARGIN, canvas.bottom + LINE, f"{step.time:.4f}", "soft")
    canvas.bars(_bars(row, swimlanes), height)
    if lines:
        mood = " wrong" if step.went_wrong else ""
        mood += " decisive" if step.decisive else ""
        canvas.box(x, canvas.bottom + 2, width, len(lines) * LINE + 6, f"box{mood}")
    for number, line in enumerate(lines, 1):
        canvas.text(x + 7, canvas.bottom + number * LINE, line.text, line.style)
    _status(canvas, row.status, height, statuses)
    canvas.bottom += height


def _lines(step: Step, width: float) -> list[_Line]:
    """The text in the box of a step."""
    strike = step.find(EventKind.STRIKE)
    ok = " ok" if step.operation and not step.failure and step.find(EventKind.OK) else ""
    parts = [
        ((step.title or step.waiting) + ok, ""),
        (f"fault: {printable(strike.subject)}" if strike else "", "fault"),
        (step.waiting if step.title else "", "wait"),
        (step.failure.short if step.failure else "", "error"),
        (f"proof: {step.proof}" if step.decisive else "", "proof"),
    ]
    return [
        _Line(line, style) for text, style in parts if text for line in _wrap(text, width, style)
    ]


def _status(canvas: _Canvas, meaning: str, height: int, lines: tuple[str, ...]) -> None:
    x = canvas.lanes["database says"]
    canvas.bar(x, canvas.bottom, LANE - 8, height, f"status {meaning}")
    canvas.bar(x, canvas.bottom, 6, height, f"edge {meaning}")
    for number, line in enumerate(lines, 1):
        canvas.text(x + 12, canvas.bottom + number * LINE, line, f"name on-{meaning}")
