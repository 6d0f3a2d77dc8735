"""All rules on one history."""

from __future__ import annotations

from collections.abc import Iterable

from runfaults.model import History, Judgement, Verdict
from runfaults.oracle.facts import Facts
from runfaults.oracle.own import RuleError
from runfaults.oracle.rule import Rule
from runfaults.oracle.rules import RULES
from runfaults.oracle.words import undeclared


def judge(history: History, rules: tuple[Rule, ...] = RULES) -> tuple[Judgement, ...]:
    """Judge a history by each of these rules, in order.

    A rule that crashes gives unknown, with the exception named, never a pass. So do all where the
    target uses a word that it did not declare.

    Raises:
        RuleError: if one of the user's own raises.
    """
    for _, reason, evidence in undeclared(history):
        return tuple(
            Judgement(rule.name, Verdict.UNKNOWN, reason, evidence, exercised=False)
            for rule in rules
        )
    facts = Facts.of(history)
    return tuple(_judge(rule, history, facts) for rule in rules)


def rule_named(name: str, own: Iterable[Rule] = ()) -> Rule:
    """The rule of that name: of the catalogue, or of the user's own.

    Raises:
        ValueError: if there is none; the message lists the names there are.
    """
    rules = {rule.name: rule for rule in (*RULES, *own)}
    if name in rules:
        return rules[name]
    names = ", ".join(rules)
    raise ValueError(f"there is no rule {name!r}; the rules are {names}")


def _judge(rule: Rule, history: History, facts: Facts) -> Judgement:
    try:
        return rule.judge(history, facts)
    except RuleError:
        raise
    except Exception as error:  # noqa: BLE001 - whatever went wrong, it must not look like a pass
        reason = f"the rule itself crashed: {type(error).__name__}: {error}"
        return Judgement(rule.name, Verdict.UNKNOWN, reason, exercised=False)
