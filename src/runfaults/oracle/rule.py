"""A rule: a name, a meaning and a search for what breaks it."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from inspect import getdoc

from runfaults.model import History, Judgement, Verdict
from runfaults.oracle.facts import Facts
from runfaults.oracle.finding import Finding

_SYMPTOM = "Symptom: "

Search = Callable[[History, Facts], Iterator[Finding]]


@dataclass(frozen=True, slots=True)
class Rule:
    """One sentence of the status contract, and how to tell that a history breaks it.

    Attributes:
        name: Hyphenated, as reports and scenarios write it.
        meaning: What it says, in Markdown: the docstring of `search`.
        search: Yields what breaks the rule, and what it cannot know, most telling first.
    """

    name: str
    meaning: str
    search: Search

    @property
    def symptom(self) -> str:
        """What a user sees where the rule is broken, as a sentence.

        The paragraph of the meaning that begins with `Symptom: `; empty if it has none.
        """
        paragraphs = self.meaning.split("\n\n")
        found = (each.removeprefix(_SYMPTOM) for each in paragraphs if each.startswith(_SYMPTOM))
        sentence = " ".join(next(found, "").split())
        return sentence[:1].upper() + sentence[1:]

    def judge(self, history: History, facts: Facts) -> Judgement:
        """Judge a history.

        Args:
            history: What happened.
            facts: `Facts.of(history)`, read once for all rules.

        Returns:
            Broken with the first proof found; else unknown if the rule or the history leaves a
            doubt; else holds.
        """
        doubt: Finding | None = None
        for finding in self.search(history, facts):
            if finding.verdict is Verdict.BROKEN:
                return Judgement(self.name, *finding)
            doubt = doubt or finding
        doubt = doubt or facts.doubt
        return Judgement(self.name, *doubt) if doubt else Judgement(self.name, Verdict.HOLDS)


def rule(search: Search) -> Rule:
    """Make a rule of its search: the function's name and docstring are the rule's.

    Raises:
        ValueError: if the function has no docstring; a rule must say what it means.
    """
    name = search.__name__.replace("_", "-")
    meaning = getdoc(search)
    if not meaning:
        raise ValueError(
            f"the rule {name} has no docstring; write what it means and which line of the "
            "status contract it states"
        )
    return Rule(name, meaning, search)
