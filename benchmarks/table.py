"""Turns what pytest-benchmark wrote down into the tables of the README."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, NamedTuple

from runfaults.campaign.profile import Phase


@dataclass(frozen=True, slots=True)
class Figures:
    """What was measured of one benchmark.

    Attributes:
        seconds: Of one unit of work, the fastest round, by the wall clock.
        cpu: CPU seconds of one unit of work; NaN where they were not taken.
        more: What else the benchmark noted.
    """

    seconds: float
    cpu: float
    more: Mapping[str, Any]


def figures_of(document: Mapping[str, Any]) -> dict[str, Figures]:
    """The benchmarks of a report of pytest-benchmark, by `file::name[parameters]`."""
    found: dict[str, Figures] = {}
    for each in document["benchmarks"]:
        more = each["extra_info"]
        name = each["fullname"].rpartition("/")[2]
        seconds = more.get("seconds", each["stats"]["min"]) / more.get("per", 1)
        found[name] = Figures(seconds, more.get("cpu", float("nan")), more)
    return found


class Target(NamedTuple):
    """What a figure should be.

    Attributes:
        text: In words.
        met: Whether a figure is that.
    """

    text: str
    met: Callable[[float], bool]


def at_most(limit: float, unit: str = "x") -> Target:
    """Not more than that."""
    return Target(f"at most {limit:g}{unit}", lambda figure: figure <= limit)


def at_least(limit: float, unit: str = "x") -> Target:
    """Not less than that."""
    return Target(f"at least {limit:,g}{unit}", lambda figure: figure >= limit)


class Row(NamedTuple):
    """A line of the table: what, what came out, what it is compared with, and what it should be."""

    what: str
    measured: str
    compared: str = ""
    figure: float = 0.0
    target: Target | None = None

    @property
    def cells(self) -> tuple[str, ...]:
        """As text."""
        if self.target is None:
            return self.what, self.measured, self.compared, ""
        met = "met" if self.target.met(self.figure) else "**missed**"
        return self.what, self.measured, self.compared, f"{self.target.text}: {met}"


def _time(seconds: float) -> str:
    for unit, size in (("s", 1.0), ("ms", 1e-3), ("µs", 1e-6)):
        if seconds >= size:
            return f"{seconds / size:.3g} {unit}"
    return f"{seconds / 1e-9:.3g} ns"


def _ratios(one: Figures, other: Figures) -> str:
    return f"{one.seconds / other.seconds:.3g}x; CPU {one.cpu / other.cpu:.3g}x"


def _schedules(found: Mapping[str, Figures]) -> Iterator[Row]:
    floor = found["bench_floor.py::test_sql_of_a_run"]
    yield Row("the SQL of one run, plain", _time(floor.seconds), "the floor")
    clean = found["bench_sweep.py::test_clean_run"]
    yield Row(
        "that run as a schedule, judged", _time(clean.seconds), f"floor {_ratios(clean, floor)}"
    )
    sweep = found["bench_sweep.py::test_shard_of_the_default_bound"]
    ratio, rate = sweep.seconds / floor.seconds, 1 / sweep.seconds
    name = "a schedule of the sweep, one core"
    yield Row(name, _time(sweep.seconds), f"floor {_ratios(sweep, floor)}", ratio, at_most(2))
    yield Row("likewise", f"{rate:,.0f}/s", "", rate, at_least(1000, "/s"))
    drawn = found["bench_hypothesis.py::test_drawn_schedules"]
    rate, against = 1 / drawn.seconds, f"sweep {_ratios(drawn, sweep)}"
    yield Row(
        "a schedule that Hypothesis draws", f"{rate:,.0f}/s", against, rate, at_least(400, "/s")
    )
    naive = found["bench_naive.py::test_with_threads_mocks_and_sleeps"]
    against = f"sweep {naive.seconds / sweep.seconds:.3g}x"
    yield Row(
        "one fault and one cancel with threads, a mock, sleeps", _time(naive.seconds), against
    )
    for strategy, bug in itertools.product(("random", "dpor"), ("none", "planted")):
        its = found.get(f"bench_frontrun.py::test_exploration[{strategy}-{bug}]")
        if its is not None:
            took = _time(its.more["seconds"])
            measured = f"{its.more['explored']} in {took}: {its.more['outcome']}"
            against = f"sweep {its.seconds / sweep.seconds:.3g}x for each"
            planted = ", bug planted" * (bug == "planted")
            yield Row(f"frontrun, {strategy}, one cancel, no faults{planted}", measured, against)


def _connection(found: Mapping[str, Figures]) -> Iterator[Row]:
    limits = {"execute": 1.05, "commit": 1.05, "fetch_a_thousand_rows": 1.01}
    for name, limit in limits.items():
        plain, faulty = (
            found[f"bench_connection.py::test_{name}[{kind}]"]
            for kind in ("Connection", "FaultyConnection")
        )
        what = f"`FaultyConnection`, nothing armed: {name.replace('_', ' ')}"
        ratio = faulty.cpu / plain.cpu
        against = f"`sqlite3` {_ratios(faulty, plain)}"
        yield Row(what, _time(faulty.seconds), against, ratio, at_most(limit, "x CPU"))


def _manager(found: Mapping[str, Figures]) -> Iterator[Row]:
    run = found["bench_manager.py::test_run_of_the_manager"]
    bare = found["bench_manager.py::test_bare_thread"]
    floor = found["bench_floor.py::test_sql_of_a_run"]
    name = "a run of the corrected `RunManager`, no harness"
    yield Row(name, _time(run.seconds), f"bare thread {_ratios(run, bare)}")
    yield Row("likewise", f"{1 / run.seconds:,.0f}/s", f"floor {_ratios(run, floor)}")
    first = found["bench_manager.py::test_until_the_pipeline_begins"].more["first instruction"]
    yield Row("from `start_run` to the pipeline's first instruction", _time(first))


def _processes(found: Mapping[str, Figures]) -> Iterator[Row]:
    bare = found["bench_start_up.py::test_process[python]"]
    for name, command, limit in (
        ("help", "runfaults --help", 150),
        ("replay", "runfaults replay` of one scenario", 500),
    ):
        its = found[f"bench_start_up.py::test_process[{name}]"]
        what = f"`{command}" + "`" * ("`" not in command)
        against = f"`python -c pass` {_ratios(its, bare)}"
        yield Row(what, _time(its.seconds), against, its.seconds * 1000, at_most(limit, " ms"))
    one, two = (found[f"bench_jobs.py::test_exploration[{jobs}]"] for jobs in (1, 2))
    ratio = one.seconds / two.seconds
    measured = f"{_time(two.seconds)} for {two.more['schedules']:,} schedules"
    yield Row("`--jobs 2`", measured, f"`--jobs 1` {ratio:.3g}x as fast", ratio, at_least(1.8))


def _growth(found: Mapping[str, Figures]) -> Iterator[Row]:
    for wanted in (100, 1_000, 10_000):
        its = found[f"bench_growth.py::test_schedules[{wanted}]"]
        memory = float(its.more["megabytes"])
        what = f"{its.more['schedules']:,} schedules in one process"
        measured = f"{_time(its.seconds)} each, {memory:.0f} MB at most"
        yield Row(what, measured, "", memory, at_most(300, " MB"))


def tables(document: Mapping[str, Any]) -> str:
    """All tables, as Markdown."""
    found = figures_of(document)
    lines = ["| what | measured | against | target |", "|---|---|---|---|"]
    for rows in (_schedules, _connection, _manager, _processes, _growth):
        lines += [f"| {' | '.join(row.cells)} |" for row in rows(found)]
    phases = found["bench_sweep.py::test_where_the_time_goes"].more["phases"]
    floor = found["bench_floor.py::test_sql_of_a_run"].seconds
    lines += ["", "| phase of a schedule of the sweep | time | of the floor |", "|---|---|---|"]
    lines += [
        f"| {phase} | {_time(phases[phase])} | {phases[phase] / floor:.3g}x |"
        for phase in Phase
        if phases[phase]
    ]
    return "\n".join(lines)
