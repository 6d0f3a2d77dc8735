"""The coverage grid: fault points down, fault kinds across."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from runfaults.model import Cell, Verdict


@dataclass(frozen=True, slots=True)
class Grid:
    """The cells of a result, ready to be drawn as a table.

    Attributes:
        points: The rows, in the order of the cells.
        kinds: The columns, in the order of the cells.
        cells: Every cell there is, by point and kind; a missing one did not run.
        reasons: Why cells are impossible, each with a short key that stands for it in the table.
    """

    points: tuple[str, ...]
    kinds: tuple[str, ...]
    cells: dict[tuple[str, str], Cell]
    reasons: dict[str, str]

    @classmethod
    def of(cls, cells: Iterable[Cell]) -> Grid:
        """Arrange the cells."""
        cells = tuple(cells)
        reasons = dict.fromkeys(cell.impossible for cell in cells if cell.impossible)
        return cls(
            tuple(dict.fromkeys(cell.point for cell in cells)),
            tuple(dict.fromkeys(cell.kind for cell in cells)),
            {(cell.point, cell.kind): cell for cell in cells},
            {reason: _key(number) for number, reason in enumerate(reasons)},
        )

    def row(self, point: str) -> tuple[Cell | None, ...]:
        """The cells of one point; None where nothing ran."""
        return tuple(self.cells.get((point, kind)) for kind in self.kinds)

    def holds(self, point: str) -> bool:
        """Whether everything that ran at this point held."""
        return all(map(_held, self.row(point)))

    def held_at(self, points: Iterable[str], kind: str) -> bool:
        """Whether everything held where faults of a kind struck at some of the points."""
        return all(_held(self.cells.get((point, kind))) for point in points)


LEGEND = "12: 12 schedules held; ✗3/12: 3 of 12 broken; ?1/12: 1 of 12 not judged; .: none ran."
"""What cells without letters mean."""


def _held(cell: Cell | None) -> bool:
    return (
        cell is None
        or bool(cell.impossible)
        or not cell.tally.total
        or cell.tally.verdict is Verdict.HOLDS
    )


def cell_text(cell: Cell | None, grid: Grid) -> str:
    """A cell in a few characters: `12` held, `✗3/12` broken, `?1/12` not judged, `-a`, `.`."""
    if cell is None or not (cell.impossible or cell.tally.total):
        return "."
    if cell.impossible:
        return f"-{grid.reasons[cell.impossible]}"
    tally = cell.tally
    return {
        Verdict.HOLDS: f"{tally.holds}",
        Verdict.BROKEN: f"✗{tally.broken}/{tally.total}",
        Verdict.UNKNOWN: f"?{tally.unknown}/{tally.total}",
    }[tally.verdict]


def _key(number: int) -> str:
    """A, b, ... z, aa, ab, ...: as spreadsheets name columns."""
    letters = ""
    while number >= 0:
        number, letter = divmod(number, 26)
        letters = chr(ord("a") + letter) + letters
        number -= 1
    return letters
