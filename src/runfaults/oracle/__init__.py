"""Judges a history by rules that know nothing of the target's code; runs nothing."""

from runfaults.oracle.facts import Facts
from runfaults.oracle.finding import Finding, broken, unknown
from runfaults.oracle.judge import judge, rule_named
from runfaults.oracle.no_rows import no_rows
from runfaults.oracle.own import RuleError, own_rules
from runfaults.oracle.request import Request
from runfaults.oracle.rule import Rule, rule
from runfaults.oracle.rules import RULES
from runfaults.oracle.run_facts import RunFacts

__all__ = [
    "RULES",
    "Facts",
    "Finding",
    "Request",
    "Rule",
    "RuleError",
    "RunFacts",
    "broken",
    "judge",
    "no_rows",
    "own_rules",
    "rule",
    "rule_named",
    "unknown",
]
