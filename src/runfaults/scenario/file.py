"""Scenarios as TOML files: strict, so that a typing error is an error and never a silent pass."""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NoReturn, TypeVar, cast

import tomli_w

from runfaults.model import (
    Act,
    Death,
    Ending,
    Fault,
    FaultPoint,
    Journal,
    Operation,
    Preemption,
    Scenario,
    Schedule,
    Verdict,
)
from runfaults.model.verdict import OF_ONE_HISTORY
from runfaults.oracle.judge import rule_named
from runfaults.oracle.own import own_rules
from runfaults.reading import UnreadableError, read, read_toml
from runfaults.scenario.trust import require_asked_for, seen_from, seen_in
from runfaults.sim.acts import act_named
from runfaults.sim.misfortunes import EVERY_FAULT
from runfaults.sqlite.kinds import kind_named

_T = TypeVar("_T")

_TOP = (
    "name",
    "symptom",
    "target",
    "expect",
    "rules",
    "own_rules",
    "schedule",
    "fault",
    "act",
    "preemption",
    "death",
)
_UNTIL_LIFTED = "until lifted"
_FOR_HOURS = re.compile(r"for ([1-9]\d*) h")


class ScenarioError(ValueError):
    """A scenario file that cannot be used; the message names file, line and remedy."""


def load_scenario(path: Path, named: Collection[str] = ()) -> Scenario:
    """Read a scenario file, and load the rules of the user's own that it names.

    Args:
        path: The file.
        named: Rules that the command line names: they may be outside of the project.

    Raises:
        ScenarioError: if it cannot be read, is no TOML, has an unknown key or a value that means
            nothing, or names rules outside of the project.
    """
    try:
        text = read(path)
        document = read_toml(text)
    except UnreadableError as error:
        raise ScenarioError(f"{path}: {error}") from error
    top = _Table(path, text.splitlines(), document)
    top.allow(*_TOP)
    addresses = top.value("own_rules", lambda texts: _addresses(texts, path, named), ())
    own = top.value("own_rules", lambda _: own_rules(addresses), ())
    rules: object = document.get("rules", [])
    if not isinstance(rules, list):
        top.fail("rules", 'write a list of rules: rules = ["succeeded-never-failed"]')
    return Scenario(
        name=top.text("name"),
        symptom=top.text("symptom"),
        target=seen_in(path, top.text("target")),
        schedule=_schedule(top),
        expect=top.value("expect", _expected, Verdict.HOLDS),
        rules=top.value(
            "rules", lambda names: tuple(rule_named(name, own).name for name in names), ()
        ),
        own_rules=addresses,
    )


def _addresses(texts: object, path: Path, named: Collection[str]) -> tuple[str, ...]:
    is_list = isinstance(texts, list)
    if not is_list or not all(isinstance(each, str) for each in cast("list[object]", texts)):
        raise ValueError('write a list of addresses: own_rules = ["rules.py:my_rule"]')
    addresses = tuple(seen_in(path, each) for each in cast("list[str]", texts))
    for address in addresses:
        require_asked_for(address, path, named, option="--rule")
    return addresses


def _expected(word: str) -> Verdict:
    if word not in OF_ONE_HISTORY:
        raise ValueError(f"{word!r} is not a verdict; write {', '.join(OF_ONE_HISTORY)}")
    return Verdict(word)


def dump_scenario(scenario: Scenario, folder: Path | None = None) -> str:
    """The text of the scenario's file; reading it there gives the same scenario.

    Args:
        scenario: The scenario.
        folder: Where the file will be; the current folder if None.
    """
    schedule, folder = scenario.schedule, folder or Path()
    head: dict[str, object] = {
        "name": scenario.name,
        "symptom": scenario.symptom,
        "target": seen_from(folder, scenario.target),
        "expect": str(scenario.expect),
    }
    if scenario.rules:
        head["rules"] = list(scenario.rules)
    if scenario.own_rules:
        head["own_rules"] = [seen_from(folder, each) for each in scenario.own_rules]
    script: dict[str, object] = {
        "pipeline": str(schedule.pipeline),
        "journal": schedule.journal,
        "seed": schedule.seed,
    }
    tables: list[tuple[str, dict[str, object]]] = [("", head), ("[schedule]\n", script)]
    for fault in schedule.faults:
        lasting = f"for {fault.hours} h" if fault.hours else _UNTIL_LIFTED
        times = lasting if fault.times is None else fault.times
        tables.append(("[[fault]]\n", {"kind": fault.kind, "at": str(fault.at), "times": times}))
    for act in schedule.acts:
        at: dict[str, object] = {} if act.at is None else {"at": str(act.at)}
        task = {"task": act.task} if act.task else {}
        tables.append(("[[act]]\n", {"kind": act.kind, **task, **at}))
    tables.extend(
        ("[[preemption]]\n", {"at": str(preemption.at), "to": preemption.to})
        for preemption in schedule.preemptions
    )
    for death in schedule.deaths:
        several = {"successors": death.successors} if death.successors > 1 else {}
        after = {"after": True} if death.after else {}
        tables.append(("[[death]]\n", {"at": str(death.at), **after, **several}))
    return "\n".join(heading + tomli_w.dumps(table) for heading, table in tables)


def _schedule(top: _Table) -> Schedule:
    table = top.section("schedule")
    table.allow("pipeline", "journal", "seed")
    return Schedule(
        table.value("pipeline", Ending, Ending.SUCCEEDS),
        tuple(_fault(each) for each in top.sections("fault")),
        tuple(_act(each) for each in top.sections("act")),
        tuple(_preemption(each) for each in top.sections("preemption")),
        table.value("journal", _journal, Journal.DELETE),
        table.value("seed", _whole_number, 0),
        tuple(_death(each) for each in top.sections("death")),
    )


def _fault(table: _Table) -> Fault:
    table.allow("kind", "at", "times")
    at = table.value("at", FaultPoint.parse)
    kind = table.value("kind", _kind)
    if not at.operation.can_be_struck:
        table.fail(
            "at",
            f"no fault can strike at {str(at)!r}; `runfaults points` lists where one can",
        )
    return Fault(kind, at, *table.value("times", _times, (1, 0)))


def _kind(name: str) -> str:
    return kind_named(name, EVERY_FAULT).name


def _act(table: _Table) -> Act:
    table.allow("kind", "task", "at")
    kind = table.value("kind", act_named)
    task = table.text("task") if kind.to_task or "task" in table.content else ""
    if task and not kind.to_task:
        table.fail("task", f"{kind.name} is done to no task; leave it out")
    return Act(kind.name, table.value("at", _optional_point, None), task)


def _preemption(table: _Table) -> Preemption:
    table.allow("at", "to")
    return Preemption(table.value("at", _moment), table.text("to"))


def _death(table: _Table) -> Death:
    table.allow("at", "after", "successors")
    at = table.value("at", FaultPoint.parse)
    if at.operation in {Operation.LINE, Operation.TASK, Operation.CALL}:
        table.fail(
            "at",
            f"no process dies at {str(at)!r}: what it leaves there is what it leaves at the "
            "operation after it; write that one",
        )
    return Death(
        at,
        table.value("after", _true_or_false, default=False),
        table.value("successors", _number, 1),
    )


def _true_or_false(word: object) -> bool:
    if not isinstance(word, bool):
        raise ValueError(f"{word!r} is neither true nor false")  # noqa: TRY004  # as all the others
    return word


def _number(number: object) -> int:
    if type(number) is not int or number < 1:
        raise ValueError(f"{number!r} is not a number of processes; write a whole number from 1 up")
    return number


def _optional_point(text: str | None) -> FaultPoint | None:
    return None if text is None else _moment(text)


def _moment(text: str) -> FaultPoint:
    point = FaultPoint.parse(text)
    if point.operation is Operation.CALL:
        raise ValueError(f"no thread is switched at {text!r}; write another operation")
    return point


def _journal(word: object) -> Journal:
    if word not in list(Journal):
        raise ValueError(f"{word!r} is not a journal mode; write 'delete', 'wal' or 'target'")
    return Journal(word)


def _whole_number(number: object) -> int:
    if type(number) is not int:
        raise ValueError(f"{number!r} is not a whole number")
    return number


def _times(number: object) -> tuple[int | None, int]:
    """How many times it strikes; or None, and for how many hours if that is said."""
    if number == _UNTIL_LIFTED:
        return None, 0
    if hours := _FOR_HOURS.fullmatch(str(number)):
        return None, int(hours[1])
    if type(number) is not int or number < 1:
        raise ValueError(
            f"{number!r} is not a number of times; write a whole number from 1 up, "
            f"{_UNTIL_LIFTED!r}, or 'for 2 h'"
        )
    return number, 0


_REQUIRED: Any = object()


@dataclass(frozen=True, slots=True)
class _Table:
    """One table of the document; every complaint about it says where."""

    path: Path
    lines: list[str]
    content: Mapping[str, Any]
    heading: str = ""
    number: int = 0

    def section(self, name: str) -> _Table:
        content: object = self.content.get(name, {})
        if not isinstance(content, dict):
            self.fail(name, f"write a table: [{name}]")
        return _Table(self.path, self.lines, cast("dict[str, Any]", content), name)

    def sections(self, name: str) -> list[_Table]:
        content: object = self.content.get(name, [])
        if not isinstance(content, list):
            self.fail(name, f"write [[{name}]], with two brackets: there may be several")
        entries = cast("list[object]", content)
        if not all(isinstance(entry, dict) for entry in entries):
            self.fail(name, f"each {name} is a table of its own: write [[{name}]] above its keys")
        tables = cast("list[dict[str, Any]]", entries)
        return [
            _Table(self.path, self.lines, table, name, number)
            for number, table in enumerate(tables)
        ]

    def allow(self, *keys: str) -> None:
        for key in self.content:
            if key not in keys:
                self.fail(key, f"unknown key {key!r}; allowed are: {_listed(keys)}")

    def text(self, key: str) -> str:
        value = self.content.get(key)
        if not isinstance(value, str) or not value:
            self.fail(key, f"{self._place} needs `{key}`, a text that is not empty")
        return value

    def value(self, key: str, read: Callable[[Any], _T], default: _T = _REQUIRED) -> _T:
        if key not in self.content:
            if default is _REQUIRED:
                self.fail(key, f"{self._place} needs `{key}`")
            return default
        try:
            return read(self.content[key])
        except (ValueError, LookupError, TypeError, AttributeError) as error:
            self.fail(key, str(error.args[0] if error.args else error))

    def fail(self, key: str, complaint: str) -> NoReturn:
        raise ScenarioError(f"{self.path}:{self._line(key)}: {complaint}")

    @property
    def _place(self) -> str:
        return f"[[{self.heading}]]" if self.heading else "the file"

    def _line(self, key: str) -> int:
        """The line of the key in this table, else of its heading, else 1."""
        heading = re.compile(rf"\s*\[{{0,2}}\s*{re.escape(self.heading)}\s*(\]|=)")
        places = [n for n, line in enumerate(self.lines) if self.heading and heading.match(line)]
        start = places[min(self.number, len(places) - 1)] if places else 0
        wanted = re.compile(rf"\s*(\[{{0,2}}\s*)?{re.escape(key)}\b")
        for n, line in enumerate(self.lines[start:], start):
            if n > start and self.heading and line.lstrip().startswith("["):
                break
            if wanted.match(line):
                return n + 1
        return start + 1


def _listed(names: Iterable[str]) -> str:
    return ", ".join(sorted(names))
