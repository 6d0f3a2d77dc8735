"""A rule: a name, a meaning, when it is exercised, and a search for what breaks it."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from inspect import getdoc, unwrap
from pathlib import Path

from runfaults.model import History, Judgement, Verdict
from runfaults.oracle.facts import Facts
from runfaults.oracle.finding import Finding

_SYMPTOM = "Symptom: "

Search = Callable[[History, Facts], Iterator[Finding]]
Question = Callable[[History, Facts], bool]


@dataclass(frozen=True, slots=True)
class Rule:
    """One sentence of the status contract, and how to tell that a history breaks it.

    Attributes:
        name: Hyphenated, as reports and scenarios write it.
        meaning: What it says, in Markdown: the docstring of `search`.
        exercised: Whether the rule's question came up in a history. Where it did not, that nothing
            broke the rule is no evidence that it holds.
        search: Yields what breaks the rule, and what it cannot know, most telling first.
        safety: Whether it says that something never happens. Only such a rule judges a history in
            which the user pressed Ctrl-C: the process may end with that, so nothing has to come.
        place: Where it is written, as `file:line`; empty for a rule of the catalogue.
        queries: SQL that the harness asks when all has settled: the rows are in `Facts.rows`.
    """

    name: str
    meaning: str
    exercised: Question
    search: Search
    place: str = ""
    queries: tuple[str, ...] = ()
    safety: bool = False

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
            doubt; else holds. What breaks the rule has exercised it.
        """
        if facts.interrupted and not self.safety:
            return Judgement(self.name, *(facts.doubt or _HOLDS), exercised=False)
        doubt: Finding | None = None
        for finding in self.search(history, facts):
            if finding.verdict is Verdict.BROKEN:
                return Judgement(self.name, *finding)
            doubt = doubt or finding
        verdict, reason, evidence = doubt or facts.doubt or _HOLDS
        exercised = bool(self.exercised(history, facts))
        return Judgement(self.name, verdict, reason, evidence, exercised=exercised)


def queries_of(rules: Iterable[Rule]) -> tuple[str, ...]:
    """What the database is asked for these rules, each query once."""
    return tuple(dict.fromkeys(query for rule in rules for query in rule.queries))


_HOLDS = Finding(Verdict.HOLDS, "", ())


def rule(
    *, exercised: Question, queries: Iterable[str] = (), safety: bool = False
) -> Callable[[Search], Rule]:
    """Make a rule of its search: the function's name and docstring are the rule's.

    Args:
        exercised: Whether the rule's question came up in a history.
        safety: Whether it also judges a history in which the user pressed Ctrl-C: see `Rule`.
        queries: SQL that the harness asks when all has settled: the rows are in `Facts.rows`.

    Raises:
        ValueError: if the function has no docstring; a rule must say what it means.
    """

    def make(search: Search) -> Rule:
        name = search.__name__.replace("_", "-")
        meaning = getdoc(search)
        if not meaning:
            raise ValueError(
                f"the rule {name} has no docstring; write what it means and which line of the "
                "status contract it states"
            )
        code = unwrap(search).__code__
        file = "/".join(Path(code.co_filename).parts[-2:])
        place = f"{file}:{code.co_firstlineno}"
        return Rule(name, meaning, exercised, search, place, tuple(queries), safety)

    return make
