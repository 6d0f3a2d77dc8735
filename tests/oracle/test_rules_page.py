from __future__ import annotations

from pathlib import Path

from runfaults.oracle import RULES
from runfaults.oracle.reference import rules_page

PAGE = Path(__file__).parents[2] / "docs" / "reference" / "rules.md"


def test_the_page_is_current() -> None:
    assert PAGE.read_text("utf-8") == rules_page(), (
        "docs/reference/rules.md is not what the rules' docstrings say; regenerate it with: "
        "uv run python -m runfaults.oracle.reference > docs/reference/rules.md"
    )


def test_the_page_has_every_rule_and_its_meaning() -> None:
    page = rules_page()
    assert all(f"## {rule.name}\n\n{rule.meaning}\n" in page for rule in RULES)
