"""The page of what actors do and how the scripted pipeline ends."""

from __future__ import annotations

from wording import HEAD, code, members, table

from runfaults.campaign.bounds import BOUNDS
from runfaults.cli.list_everything import ENDINGS
from runfaults.model import Operation
from runfaults.sim.acts import ACTS
from runfaults.sim.stage import ActKind

_TEXT = """\
# Acts, endings and operations

{head}
## Acts

An act is something that another actor does at a point of the schedule. Its actor has the act's
name; the second of the same name is `cancel-2`, and so on. An act that the
target does not offer, because its manager lacks what the act needs, is not played.

{acts}
{background} may be left waiting when everything else has ended; anything else that waits then is
stuck.

## Endings of the pipeline

How the scripted work ends. It writes and commits one row, looks whether it was cancelled, writes
another row, commits and returns, unless its ending says otherwise.

{endings}
## Operations

What an actor is about to do at a point. A fault can only strike the operations that touch the
database, `spawn` and `call`; acts and preemptions can come at any but `call`.

{operations}
## Bounds

{bounds}"""


def acts_and_endings_page() -> str:
    """The page, in Markdown."""
    notes = members(Operation)
    return _TEXT.format(
        head=HEAD,
        acts=table(
            ["act", "what is done", "needs of the manager"],
            [[code(name), act.summary, _needs(act)] for name, act in ACTS.items()],
        ),
        background=", ".join(code(name) for name, act in ACTS.items() if act.background),
        endings=table(
            ["pipeline", "what it does"],
            [[code(ending), text] for ending, text in ENDINGS.items()],
        ),
        operations=table(
            ["operation", "touches the database", "note"],
            [
                [code(each), "yes" if each.touches_database else "no", notes[each.name]]
                for each in Operation
            ],
        ),
        bounds="\n".join(
            f"`{name}`:\n\n" + "".join(f"- {line}\n" for line in bound.describe().splitlines())
            for name, bound in BOUNDS.items()
        ),
    )


def _needs(act: ActKind) -> str:
    """The optional protocols of a target of which the act asks for one."""
    if act.to_task:
        return "a task of an event loop, which is named"
    return " or ".join(code(each.__name__) for each in act.doors)
