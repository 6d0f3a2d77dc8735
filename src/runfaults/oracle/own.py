"""Rules of the user's own, named as `path.py:name`."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator
from dataclasses import replace

from runfaults.loading import CannotLoadError, load
from runfaults.model import History
from runfaults.oracle.facts import Facts
from runfaults.oracle.finding import Finding
from runfaults.oracle.rule import Rule
from runfaults.oracle.rules import RULES
from runfaults.user_code import running

_HOW = "make one with `rule` or `no_rows` of runfaults.oracle"
_REMEDY = "a rule yields `broken(...)` or `unknown(...)` and raises nothing"


class RuleError(ValueError):
    """A rule of the user's that cannot be used; the message says where and why."""


def own_rules(addresses: Iterable[str]) -> tuple[Rule, ...]:
    """Load rules, each once, in order.

    Args:
        addresses: `path.py:name` or `package.module:name` of each.

    Raises:
        RuleError: if one cannot be loaded, is no rule, or has a name that is taken; a rule that
            raises while it judges raises it too.
    """
    taken = {rule.name: rule for rule in RULES}
    own: dict[str, Rule] = {}
    for address in addresses:
        rule = _loaded(address)
        other = taken.setdefault(rule.name, rule)
        if other is not rule:
            whose = f"the rule at {other.place}" if rule.name in own else "a built-in rule"
            raise RuleError(
                f"{rule.place}: the name {rule.name!r} is that of {whose}; choose another one"
            )
        own[rule.name] = rule
    return tuple(map(_guarded, own.values()))


def addresses_of(names: Collection[str], addresses: Iterable[str]) -> tuple[str, ...]:
    """The addresses of those of the user's rules that have one of these names."""
    return tuple(address for address in addresses if _loaded(address).name in names)


def _loaded(address: str) -> Rule:
    if any(rule.name == address for rule in RULES):
        raise RuleError(
            f"rule {address}: it is a built-in rule, and judges without being named; name rules of "
            "your own, as path.py:name"
        )
    try:
        found: object = load(address)
    except (CannotLoadError, ValueError) as error:
        raise RuleError(f"rule {address}: {error.args[0]}; write path.py:name") from error
    if not isinstance(found, Rule):
        raise RuleError(f"rule {address}: it is not a rule, but {type(found).__name__}; {_HOW}")
    return found


def _guarded(rule: Rule) -> Rule:
    """The rule, whose own mistakes end the whole instead of being taken for a verdict."""
    what = f"rule {rule.name} at {rule.place}"

    def search(history: History, facts: Facts) -> Iterator[Finding]:
        with running(what, _REMEDY, RuleError):
            findings = list(rule.search(history, facts))
        for found in findings:
            if not isinstance(found, Finding):  # pyright: ignore[reportUnnecessaryIsInstance]  # it is the user's code
                raise RuleError(f"{what}: yielded {found!r}, which is not a finding; {_REMEDY}")
        yield from findings

    def exercised(history: History, facts: Facts) -> bool:
        with running(f"{what}, `exercised`", "it answers True or False", RuleError):
            return bool(rule.exercised(history, facts))

    return replace(rule, search=search, exercised=exercised)
