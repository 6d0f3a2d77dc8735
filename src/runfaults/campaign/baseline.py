"""Causes that are known: a project adopts the gate today, and only new ones fail."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, NamedTuple, cast

import tomli_w

from runfaults.campaign.campaign import Campaign
from runfaults.campaign.causes import Causes, Group, possible_spots
from runfaults.campaign.violations import violations
from runfaults.explore.findings import Findings
from runfaults.explore.mark import Mark
from runfaults.explore.runner import Runner
from runfaults.model import CheckResult
from runfaults.reading import UnreadableError, read, read_toml
from runfaults.scenario.saving import ScenarioFolder
from runfaults.temporary import write_whole

VERSION = 2
"""Of the file's form. The first had a rule and a schedule of each violation, and no version."""

_HEAD = f"""\
# Known violations, by cause. `runfaults check --baseline THIS_FILE` fails only on others; with
# --update-baseline it rewrites this file.
version = {VERSION}

"""


class BaselineError(ValueError):
    """A baseline file that cannot be used; the message says why and what to do."""


class Known(NamedTuple):
    """The mark of a cause, which changes of line numbers leave alone.

    Attributes:
        rules: The rules that it breaks, the heaviest first.
        deed: What was done, as in `Mark.deed`.
        where: The lines that chose it, or the functions that did it, without numbers; none if it
            is known by its rules and deed alone.
    """

    rules: tuple[str, ...]
    deed: str
    where: tuple[str, ...]

    @classmethod
    def of(cls, group: Group, order: Iterable[str]) -> Known:
        """The mark of a cause; the heaviest rule comes first in the order."""
        spots = {_unnumbered(spot) for seen in group.seen for spot in seen.spot}
        return cls(group.rules(tuple(order)), group.seen[0].mark.deed, tuple(sorted(spots)))

    def covers(self, other: Known) -> bool:
        """Whether a cause is this one: the same deed in one place, and no heavier rule."""
        placed = not (self.where or other.where) or not set(self.where).isdisjoint(other.where)
        return placed and other.deed == self.deed and other.rules[0] in self.rules


def _unnumbered(spot: str) -> str:
    """A line of a stack without its number: `file in function: code`."""
    where, found, rest = spot.partition(" in ")
    file, _, number = where.rpartition(":")
    return f"{file}{found}{rest}" if number.isdecimal() else spot


@dataclass(frozen=True, slots=True)
class Baseline:
    """The known causes of one project.

    Attributes:
        path: Their file.
        known: The causes.
        update: Whether the file is to be rewritten; every cause counts as known then.
    """

    path: Path
    known: frozenset[Known] = frozenset()
    update: bool = False

    def knows(self, cause: Known) -> bool:
        """Whether it is one of them."""
        return any(each.covers(cause) for each in self.known)

    def may_know(self, mark: Mark) -> bool:
        """Whether a mark may be of one of them; what decided it is sure only when all has run."""
        where = tuple(map(_unnumbered, possible_spots(mark)))
        return self.update or self.knows(Known(mark.rules, mark.deed, where))


def load_baseline(path: Path, *, update: bool = False) -> Baseline:
    """Read a baseline; if it is to be updated, it need not be there yet, or of this version.

    Raises:
        BaselineError: if it is missing or is no baseline.
    """
    if update and not path.exists():
        return Baseline(path, update=True)
    if not path.exists():
        raise BaselineError(
            f"there is no baseline {path}; --update-baseline writes one with today's violations"
        )
    try:
        document = read_toml(read(path))
        if document.keys() - {"version", "known"}:
            raise BaselineError(
                f"{path}: unknown keys; a baseline has `version` and tables [[known]] only"
            )
        version = document.get("version", 1) if document else VERSION  # empty: it knows nothing
        if version != VERSION and not update:
            raise BaselineError(
                f"{path} is a baseline of version {version}, this is {VERSION}, which knows causes "
                "instead of schedules; to convert it, run the same once with --update-baseline, "
                "and look at what that changes"
            )
        entries: list[dict[str, Any]] = document.get("known", []) if version == VERSION else []
        return Baseline(path, frozenset(map(_known, entries)), update)
    except (UnreadableError, TypeError) as error:
        raise BaselineError(f"{path} cannot be read as a baseline: {error}") from error


def without_known(  # what is shown, of what, and how
    campaign: Campaign,
    runner: Runner,
    result: CheckResult,
    found: Findings,
    causes: Causes,
    baseline: Baseline,
    save_to: ScenarioFolder | None,
    should_stop: Callable[[], bool],
) -> CheckResult:
    """Show only what the baseline does not know, and say in remarks what it does know.

    A rule that is broken by known causes only is taken out of the result, and so are the schedules
    that break it, if nothing else is broken.
    """
    occurring = {Known.of(group, causes.order): group for group in causes.groups}
    if baseline.update:
        baseline, unwritten = _updated(baseline, occurring, finished=result.finished)
        result = replace(result, unwritten=(*result.unwritten, *unwritten))
    new = tuple(each for each in occurring if not baseline.knows(each))
    broken = {rule for each in new for rule in each.rules}
    old = {rule for each in occurring for rule in each.rules} - broken
    left = {key: each for key, each in found.witnesses.items() if key[0] not in old}
    causes = replace(causes, groups=tuple(occurring[each] for each in new))
    shown = violations(
        campaign, runner, replace(found, witnesses=left), causes, save_to, should_stop
    )
    return replace(
        result,
        schedules=result.schedules if new else result.schedules._replace(broken=0),
        rules={rule: tally for rule, tally in result.rules.items() if rule not in old},
        violations=tuple(shown),
        set_aside=0 if new else result.schedules.broken,
        remarks=(
            *result.remarks,
            *causes.remarks,
            *_remark_known(result, baseline, old),
            *_remark_fixed(result, baseline, occurring),
        ),
    )


def _updated(
    baseline: Baseline, occurring: Iterable[Known], *, finished: bool
) -> tuple[Baseline, tuple[str, ...]]:
    """Write it with what occurs; of an unfinished check, with what it knew besides.

    Returns:
        The baseline as it is in its file then, and what could not be written, a sentence.
    """
    kept = frozenset[Known]() if finished else baseline.known
    updated = replace(baseline, known=kept | frozenset(occurring))
    try:
        _write(updated)
    except OSError as error:
        unwritten = f"the baseline {baseline.path} could not be written: {error.strerror}"
        return replace(baseline, update=False), (f"{unwritten}; {_AGAIN}",)
    return updated, ()


_AGAIN = "the file is unchanged; make room, or name another file, and run the same again"


def _remark_known(result: CheckResult, baseline: Baseline, old: Iterable[str]) -> Iterable[str]:
    for rule in sorted(old):
        tally = result.rules[rule]
        yield (
            f"{rule} is broken by {tally.broken:,} of {tally.total:,} schedules in ways "
            f"listed in {baseline.path}; not reported"
        )
    if baseline.update:
        yield f"{baseline.path} was written: every violation of today counts as known from now on"


def _remark_fixed(
    result: CheckResult, baseline: Baseline, occurring: Iterable[Known]
) -> Iterable[str]:
    """Name what the baseline knows and a finished campaign did not find."""
    if not result.finished:
        return
    gone = (each for each in baseline.known if not any(map(each.covers, occurring)))
    for each in sorted(gone):
        if not result.rules.keys().isdisjoint(each.rules):
            place = f" in {each.where[0]}" if each.where else ""
            yield (
                f"{baseline.path} knows a cause that no longer occurs: {each.rules[0]}, "
                f"{each.deed}{place}; --update-baseline removes it"
            )


def _known(entry: Mapping[str, Any]) -> Known:
    if set(entry) != set(Known._fields) or not isinstance(entry["deed"], str):
        raise TypeError("each [[known]] needs `rules`, `deed` and `where`, and nothing else")
    rules, where = (_texts(entry[name]) for name in ("rules", "where"))
    if not rules:
        raise TypeError("each [[known]] needs at least one rule in `rules`")
    return Known(rules, entry["deed"], where)


def _texts(value: object) -> tuple[str, ...]:
    listed = cast("list[object]", value) if isinstance(value, list) else [value]
    texts = tuple(each for each in listed if isinstance(each, str))
    if not isinstance(value, list) or len(texts) < len(listed):
        raise TypeError("`rules` and `where` of a [[known]] are lists of texts")
    return texts


def _write(baseline: Baseline) -> None:
    entries = [f"[[known]]\n{tomli_w.dumps(each._asdict())}" for each in sorted(baseline.known)]
    write_whole(baseline.path, _HEAD + "\n".join(entries))
