"""The reference page of the rules, made from their docstrings.

`python -m runfaults.oracle.reference > docs/reference/rules.md` writes it.
"""

from __future__ import annotations

import sys

from runfaults.oracle.rule import Rule
from runfaults.oracle.rules import RULES

_HEAD = """\
# Rules

<!-- Generated from the rules' docstrings: python -m runfaults.oracle.reference -->

The oracle judges a history by these rules. It knows what the pipeline really did, because the
harness scripts the pipeline, and every status the database ever showed, because an audit trigger
logs each transition. It knows nothing of the manager's code.

A rule is **broken** when events prove it, whatever comes after them. It **holds** only if the
history has settled: all faults are lifted and nothing can happen any more. Otherwise it is
**unknown**: the schedule got stuck, the history ends early, or it does not tell what the rule has
to know. What comes after a stuck event is the harness ending the target's threads, and proves
nothing.

A rule that holds was **not exercised** where its question never came up: no cancel was accepted, no
process died. Then nothing was tested, and no report counts the rule among those that hold. Each
rule says below when it is exercised.
"""


def rules_page() -> str:
    """The page, in Markdown."""
    return "\n".join([_HEAD, *map(_section, RULES)])


def _section(rule: Rule) -> str:
    safety = "\nJudges schedules with Ctrl-C too.\n" * rule.safety
    return f"## {rule.name}\n\n{rule.meaning}\n{safety}"


if __name__ == "__main__":
    sys.stdout.write(rules_page())
