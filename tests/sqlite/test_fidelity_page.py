"""The page that says which kind strikes where is what the kinds' own tables say."""

from __future__ import annotations

from pathlib import Path

from runfaults.sqlite import KINDS
from runfaults.sqlite.situation import Situation
from runfaults.sqlite.tabled_kind import TabledKind

PAGE = Path(__file__).parents[2] / "docs" / "reference" / "fidelity.md"
BEGIN, END = "<!-- table of kinds -->\n", "<!-- end of table -->"


def rendered() -> str:
    lines = ["| kind | situation | what it leaves |", "|---|---|---|"]
    for kind in KINDS.values():
        if isinstance(kind, TabledKind):
            for situation in Situation:
                effect = kind.effects.get(situation)
                if effect is not None:
                    words = situation.name.lower().replace("_", " ")
                    sentence = " ".join((effect.__doc__ or "").partition("\n\n")[0].split())
                    lines.append(f"| `{kind.name}` | {words} | {sentence} |")
    return "\n".join([*lines, ""])


def test_the_page_shows_the_tables_of_the_kinds() -> None:
    shown = PAGE.read_text().partition(BEGIN)[2].partition(END)[0]
    assert shown == rendered(), f"put this between the markers of {PAGE.name}:\n{rendered()}"


def test_the_page_explains_every_kind() -> None:
    page = PAGE.read_text()
    assert [name for name in KINDS if f"`{name}`" not in page] == []
