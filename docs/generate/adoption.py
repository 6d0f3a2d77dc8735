"""The page of what an adopter takes, made from the modules themselves."""

from __future__ import annotations

import ast

from wording import HEAD

from runfaults.cli.adopt import MODULES, module_text

_INTRODUCTION = """
What [`runfaults adopt`](../how-to/adopt.md) takes into `runs/` of a checkout of GenGlossary. The
numbers are those of the [status contract](../architecture/status-contract.md).
"""


def adoption_page() -> str:
    """The page, in Markdown."""
    rows = [
        "| module | what it is for | lines | of them code | rules that need it |",
        "|---|---|---|---|---|",
    ]
    totals = [0, 0]
    for name, (purpose, rules) in MODULES.items():
        text = module_text(name)
        lines, code = len(text.splitlines()), _code_lines(text)
        totals = [totals[0] + lines, totals[1] + code]
        rows.append(f"| `{name}` | {purpose} | {lines} | {code} | {rules} |")
    rows.append(f"| together | | {totals[0]} | {totals[1]} | |")
    table = "\n".join(rows)
    return f"# What an adopter takes\n\n{HEAD}\n{_INTRODUCTION}\n{table}\n"


def _code_lines(text: str) -> int:
    """Count the lines with code: no comments, docstrings or blank ones."""
    documented = ast.Module | ast.ClassDef | ast.FunctionDef
    prose = {
        line
        for node in ast.walk(ast.parse(text))
        if isinstance(node, documented)
        for each in node.body
        if isinstance(each, ast.Expr) and isinstance(each.value, ast.Constant)
        for line in range(each.lineno, (each.end_lineno or each.lineno) + 1)
    }
    return sum(
        bool(line.strip()) and not line.lstrip().startswith("#") and number not in prose
        for number, line in enumerate(text.splitlines(), 1)
    )
