"""The page of the fault kinds: where each can strike, and why not elsewhere."""

from __future__ import annotations

import ast
import inspect
import textwrap
from collections.abc import Iterator

from wording import HEAD, code, members, summary, table

from runfaults.model import Operation
from runfaults.sim.misfortunes import MISFORTUNES
from runfaults.sim.misfortunes.misfortune import Misfortune
from runfaults.sqlite import situation
from runfaults.sqlite.gate import Call, FaultKind
from runfaults.sqlite.kinds import KINDS, disk
from runfaults.sqlite.likelihood import CataloguedKind, Likelihood
from runfaults.sqlite.situation import Situation
from runfaults.sqlite.statement import Statement
from runfaults.sqlite.tabled_kind import TabledKind

_TEXT = """\
# Fault kinds

{head}
A kind strikes only where the real engine can fail in that way, and leaves what the real one leaves:
[Fidelity](fidelity.md) says what that is and how it was measured. Anywhere else it is refused, with
the reason. `runfaults points --why-not` tells both for every point of a target.

## Situations

How a call can fail depends on what it is to the engine, given the state of its connection.

{situations}
## Which kind strikes where

{grid}
## Misfortunes of others than SQLite

These strike what is none of the engine: `user spawn run`, where a thread is started, and points
such as `run call client.close`. They are there if the target's adapter says
[what the target uses](../how-to/add-a-target.md#what-is-none-of-its-own). No thread is switched at
such a point. With `--real` they are emulated, and reports say so.

{misfortunes}
## An operation that takes long

The fault `slow` raises nothing: the operation takes 60 seconds of virtual time, longer than busy
timeouts and most deadlines, and then succeeds. Meanwhile others meet the locks of the real
operation: a COMMIT with a rollback journal keeps readers out, an open transaction other writers. It
strikes wherever the engine is reached, in scenarios and in the bound `nightly`; with `--real` it is
emulated. [How it was compared](fidelity.md#slow) with processes that wait in the middle.

## A cause that lasts for hours

`fault busy at run execute UPDATE runs for 2 h` strikes until two hours of virtual time have passed,
longer than any reasonable retry. No manager can record a status meanwhile, so what is asked then is
that none is recorded wrongly, and that the row is right in the end: because the manager tries on,
as [the contract](../architecture/status-contract.md) wants it, or because the next start of the
program sets the row right. Where a row is still active when everything else has ended, a second
manager is opened, and `eventually-terminal` judges what that leaves. The bound `nightly` has such a
lock at each operation.

## Where nothing can strike

{nowhere}"""


def fault_kinds_page() -> str:
    """The page, in Markdown."""
    notes = members(Situation)
    head = _TEXT.format(
        head=HEAD,
        situations=table(
            ["situation", "meaning"],
            [[_words(each), notes[each.name]] for each in Situation],
        ),
        grid=_grid(),
        misfortunes="\n".join(map(_misfortune, MISFORTUNES.values())),
        nowhere="".join(f"- {reason}\n" for reason in _returned_texts(situation)),
    )
    return "\n".join([head, *(_section(kind) for kind in KINDS.values())])


def _grid() -> str:
    kinds = [kind for kind in KINDS.values() if isinstance(kind, TabledKind)]
    others = [code(kind.name) for kind in KINDS.values() if not isinstance(kind, TabledKind)]
    grid = table(
        ["kind", *(_words(each) for each in Situation)],
        [
            [code(kind.name), *("●" if each in kind.effects else "" for each in Situation)]
            for kind in kinds
        ],
    )
    return f"{grid}\nNot in the table, because it does not depend on these: {', '.join(others)}.\n"


def _section(kind: CataloguedKind) -> str:
    parts = [f"## {kind.name}\n", f"{kind.summary[:1].upper()}{kind.summary[1:]}.\n"]
    parts.append(f"{summary(type(kind))}\n")
    if isinstance(kind, TabledKind):
        error = kind.error()
        message = f"{type(error).__name__}: {error}".rstrip(": ")
        name = getattr(error, "sqlite_errorname", "")
        parts.append(f"Raises {code(message)}{f', `{name}`' if name else ''}.\n")
        parts.append(f"Strikes at: {', '.join(_words(each) for each in kind.effects)}.\n")
    parts.append(f"{_likelihood(kind)}\n")
    reasons = list(_reasons(kind))
    if reasons:
        parts += ["Not elsewhere:\n", "".join(f"- {reason}\n" for reason in reasons)]
    return "\n".join(parts)


def _misfortune(kind: Misfortune) -> str:
    reasons = "".join(f"- {reason}\n" for reason in _returned_texts(type(kind)))
    inner = inspect.cleandoc(type(kind).__doc__ or "")
    told = f"{kind.summary[:1].upper()}{kind.summary[1:]}."
    return f"### {kind.name}\n\n{told}\n\n{inner}\n\nNot elsewhere:\n\n{reasons}"


def _likelihood(kind: CataloguedKind) -> str:
    # At a connection that nobody has given a progress handler, as most are.
    likelihood = kind.likelihood_at(Call(Operation.CONNECT, Statement(""), None))
    name = likelihood.name.capitalize()
    note = members(Likelihood)[likelihood.name]
    lines = [f"{name}: {note[:1].lower()}{note[1:]}"]
    if "likelihood_at" in vars(type(kind)) and likelihood is Likelihood.REMOTE:
        lines.append("Possible where the connection has a progress handler.")
    lines.append(
        "The operation has had its effect, although it raises."
        if kind.takes_effect
        else "The operation has not had its effect."
    )
    if not kind.lasts:
        lines.append("Its cause is commonly gone by the next operation.")
    return " ".join(lines)


def _reasons(kind: FaultKind) -> Iterator[str]:
    if isinstance(kind, TabledKind):
        for each in Situation:  # the reasons of a set of situations come in no order
            if each in kind.reasons:
                yield f"{_words(each)}: {kind.reasons[each]}"
    yield from _returned_texts(type(kind))
    for shared in (disk.cannot_write, disk.finds_pages_in_cache):
        if shared.__name__ in inspect.getsource(type(kind)):
            yield from _returned_texts(shared)


def _returned_texts(thing: object) -> list[str]:
    """The texts that the functions of a module, a class or one function return: reasons."""
    tree = ast.parse(textwrap.dedent(inspect.getsource(thing)))  # pyright: ignore[reportArgumentType]
    found = [
        text
        for node in ast.walk(tree)
        if isinstance(node, ast.Return) and node.value is not None
        for text in _texts(node.value)
    ]
    return list(dict.fromkeys(found))


def _texts(value: ast.expr) -> Iterator[str]:
    match value:
        case ast.Constant(value=str(text)):
            yield text
        case ast.JoinedStr(values=values):
            yield "".join(
                str(each.value) if isinstance(each, ast.Constant) else "…" for each in values
            )
        case ast.IfExp(body=body, orelse=orelse):
            yield from _texts(body)
            yield from _texts(orelse)
        case _:
            pass


def _words(each: Situation) -> str:
    return each.name.lower().replace("_", " ")
