from __future__ import annotations

import pytest
from sample_histories import IMPOSSIBLE, KINDS, POINTS, coverage

from runfaults.model import Cell, Tally
from runfaults.report.grid import Grid, cell_text


def test_points_go_down_and_kinds_across_in_the_order_given() -> None:
    grid = Grid.of(coverage(POINTS))
    assert grid.points == POINTS
    assert grid.kinds == KINDS


def test_each_reason_has_one_key() -> None:
    grid = Grid.of(coverage(POINTS))
    assert grid.reasons[IMPOSSIBLE] == "a"
    assert sorted(grid.reasons.values()) == ["a", "b"]


def test_keys_go_on_after_z() -> None:
    cells = [Cell("p", f"k{number}", impossible=f"r{number}") for number in range(28)]
    assert list(Grid.of(cells).reasons.values())[25:] == ["z", "aa", "ab"]


@pytest.mark.parametrize(
    ("cell", "text", "holds"),
    [
        (Cell("p", "k", Tally(12)), "12", True),
        (Cell("p", "k", Tally(9, 3, 1)), "✗3/13", False),
        (Cell("p", "k", Tally(9, 0, 1)), "?1/10", False),
        (Cell("p", "k", impossible="no"), "-a", True),
        (Cell("p", "k"), ".", True),
    ],
)
def test_a_cell_in_a_few_characters(cell: Cell, text: str, *, holds: bool) -> None:
    grid = Grid.of([cell])
    assert cell_text(cell, grid) == text
    assert grid.holds("p") is holds


def test_a_pair_that_never_came_up_is_an_empty_cell() -> None:
    grid = Grid.of([Cell("p", "k", Tally(1)), Cell("q", "l", Tally(1))])
    assert grid.row("p")[1] is None
    assert cell_text(None, grid) == "."
