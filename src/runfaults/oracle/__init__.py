"""Judges a history by rules that know nothing of the target's code; runs nothing."""

from runfaults.oracle.facts import Facts, Request, RunFacts
from runfaults.oracle.finding import Finding, broken, unknown
from runfaults.oracle.judge import judge, rule_named
from runfaults.oracle.rule import Rule, rule
from runfaults.oracle.rules import RULES

__all__ = [
    "RULES",
    "Facts",
    "Finding",
    "Request",
    "Rule",
    "RunFacts",
    "broken",
    "judge",
    "rule",
    "rule_named",
    "unknown",
]
