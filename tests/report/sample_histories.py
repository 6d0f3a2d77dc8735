"""Hand-made histories as the simulation would write them, for reports to be tested on."""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import cache
from itertools import product

from runfaults.model import (
    Act,
    Cell,
    CheckResult,
    Ending,
    Event,
    EventKind,
    Fault,
    FaultPoint,
    History,
    Judgement,
    Operation,
    Region,
    Scenario,
    Schedule,
    Tally,
    Verdict,
    Versions,
    Violation,
    Vocabulary,
)

GENGLOSSARY = Vocabulary(
    active=frozenset({"pending", "running"}),
    completed=frozenset({"completed"}),
    cancelled=frozenset({"cancelled"}),
    failed=frozenset({"failed"}),
    interrupted=frozenset({"interrupted"}),
)
LOCKED = "OperationalError: database is locked [SQLITE_BUSY]"
SQL = {
    "INSERT runs": "INSERT INTO runs (scope, status, triggered_by) VALUES (?, 'pending', ?)",
    "UPDATE runs": "UPDATE runs SET status = ?, finished_at = ?, error_message = ? WHERE id = ?",
    "BEGIN IMMEDIATE": "BEGIN IMMEDIATE",
    "SELECT runs": "SELECT status FROM runs WHERE id = ?",
}


@dataclass
class Script:
    """Writes events the way the simulation does: time moves by a little at each."""

    schedule: Schedule
    target: str = "one-try"
    events: list[Event] = field(default_factory=list[Event])
    clock: float = 0.0
    counts: dict[tuple[str, str], int] = field(default_factory=dict[tuple[str, str], int])

    def add(self, actor: str, kind: EventKind, subject: str = "", value: str = "") -> int:
        number = len(self.events)
        about_run = kind in {EventKind.STATUS, EventKind.PIPELINE, EventKind.SIGNAL}
        run = 1 if about_run else None
        self.events.append(Event(number, round(self.clock, 6), actor, kind, subject, value, run))
        return number

    def begin(self, actor: str, what: str) -> str:
        count = self.counts[actor, what] = self.counts.get((actor, what), 0) + 1
        point = f"{actor} {what}" + (f" #{count}" if count > 1 else "")
        sql = SQL.get(what.removeprefix("execute "), "")
        self.clock += 0.0001
        self.add(actor, EventKind.INVOKE, point, sql)
        return point

    def do(self, actor: str, *whats: str) -> None:
        for what in whats:
            self.begin(actor, what)
            self.add(actor, EventKind.OK)

    def struck(self, actor: str, what: str, kind: str, leaves: str, error: str = LOCKED) -> int:
        self.begin(actor, what)
        number = self.add(actor, EventKind.STRIKE, kind, leaves)
        self.add(actor, EventKind.ERROR, "", error)
        return number

    def commit(self, actor: str, old: str, new: str) -> int:
        self.begin(actor, "commit")
        number = self.add("database", EventKind.STATUS, old, new)
        self.add(actor, EventKind.OK)
        return number

    def wait(self, actor: str, subject: str, holder: str, seconds: float) -> int:
        number = self.add(actor, EventKind.WAIT, subject, holder)
        self.clock += seconds
        return number

    def started(self) -> None:
        """A run is asked for, inserted, spawned, marked running; its pipeline starts."""
        self.add("user", EventKind.REQUEST, "start")
        self.do("user", "connect", "execute INSERT runs")
        self.commit("user", "", "pending")
        self.do("user", "close", "spawn run")
        self.add("user", EventKind.REPLY, "start", "1")
        self.add("run", EventKind.THREAD, "started")
        self.do("run", "connect", "execute UPDATE runs")
        self.commit("run", "pending", "running")
        self.add("run", EventKind.PIPELINE, "started")

    def ended(self, status: str) -> int:
        number = self.add("run", EventKind.SIGNAL, "subscriber 1", status)
        self.do("run", "close")
        self.add("run", EventKind.THREAD, "ended")
        self.add("harness", EventKind.SETTLED)
        return number

    def history(self) -> History:
        events = tuple(self.events)
        return History(
            self.target, self.schedule, GENGLOSSARY, events, places=tuple(map(place, self.invoked))
        )

    @property
    def invoked(self) -> list[Event]:
        return [event for event in self.events if event.kind is EventKind.INVOKE]


def place(event: Event) -> tuple[int, str]:
    """Where an operation came from, as the recorder notes it."""
    operation = FaultPoint.parse(event.subject).operation
    return event.number, (
        "runs/manager.py:210 in _run: self._conclude(job, self._perform(job))\n"
        "runs/manager.py:245 in _conclude: self._insist(lambda: self._record(job, outcome))\n"
        "runs/manager.py:301 in _insist: return action()\n"
        f"db/connection.py:{100 + list(Operation).index(operation)} in attempt: "
        f"connection.{operation}()"
    )


def point(text: str) -> FaultPoint:
    return FaultPoint.parse(text)


def undisturbed(schedule: Schedule | None = None) -> History:
    """The run completes and nothing happens to it."""
    script = Script(schedule or Schedule())
    script.started()
    returned(script)
    script.do("run", "execute UPDATE runs")
    script.commit("run", "running", "completed")
    script.ended("completed")
    return script.history()


def returned(script: Script) -> int:
    script.clock += 0.5
    return script.add("run", EventKind.PIPELINE, "returned")


def mission_bug() -> Violation:
    """The pipeline returned; the final COMMIT got BUSY; the handler recorded failed."""
    schedule = Schedule(faults=(Fault("busy", point("run commit #2")),))
    script = Script(schedule)
    script.started()
    truth = returned(script)
    script.do("run", "execute UPDATE runs")
    script.struck("run", "commit", "busy", "transaction kept open, write lock and PENDING kept")
    script.do("run", "execute UPDATE runs")
    record = script.commit("run", "running", "failed")
    script.ended("failed")
    return Violation(
        Scenario(
            "commit-busy-records-failed",
            "A run whose work succeeded shows as failed.",
            "one-try",
            schedule,
            Verdict.BROKEN,
            ("succeeded-never-failed",),
        ),
        script.history(),
        (
            Judgement(
                "succeeded-never-failed",
                Verdict.BROKEN,
                "the pipeline returned, and run 1 was recorded failed",
                (truth, record),
            ),
            Judgement("terminal-is-final", Verdict.HOLDS),
            Judgement("nothing-leaks", Verdict.HOLDS),
        ),
        undisturbed(),
        "faults/commit-busy-records-failed.toml",
        "replayed 3 times, same history each time",
    )


def cancel_lost() -> Violation:
    """The cancel was accepted, its UPDATE met a lock, and the run was recorded completed."""
    cancel = Act("cancel", point("run execute UPDATE runs #2"))
    schedule = Schedule(
        Ending.NOTICES_CANCEL, (Fault("busy", point("cancel execute UPDATE runs")),), (cancel,)
    )

    def play(script: Script, *, fault: bool) -> tuple[int, ...]:
        script.started()
        returned(script)
        script.add("cancel", EventKind.REQUEST, "cancel")
        script.do("cancel", "connect")
        if fault:
            script.struck("cancel", "execute UPDATE runs", "busy", "transaction open, no lock kept")
        else:
            script.do("cancel", "execute UPDATE runs")
            script.commit("cancel", "running", "cancelled")
        script.do("cancel", "close")
        accepted = script.add("cancel", EventKind.REPLY, "cancel", "True")
        script.do("run", "execute UPDATE runs")
        if not fault:
            script.do("run", "commit")
            return (accepted, script.ended("cancelled"))
        record = script.commit("run", "running", "completed")
        script.ended("completed")
        return (accepted, record)

    script = Script(schedule)
    proof = play(script, fault=True)
    passing = Script(Schedule(Ending.NOTICES_CANCEL, (), (cancel,)))
    play(passing, fault=False)
    return Violation(
        Scenario(
            "cancel-lost",
            "A run that the user cancelled shows as completed.",
            "one-try",
            schedule,
            Verdict.BROKEN,
            ("accepted-cancel-is-cancelled",),
        ),
        script.history(),
        (
            Judgement(
                "accepted-cancel-is-cancelled",
                Verdict.BROKEN,
                "the cancel of run 1 was accepted, and the run was recorded completed",
                proof,
            ),
            Judgement("succeeded-never-failed", Verdict.HOLDS),
        ),
        passing.history(),
        "faults/cancel-lost.toml",
    )


def self_lock() -> Violation:
    """COMMIT got BUSY; a second connection is blocked by the first one's own lock, for ever."""
    schedule = Schedule(faults=(Fault("busy", point("run commit #2")),))
    script = Script(schedule, "second-connection")
    script.started()
    returned(script)
    script.do("run", "execute UPDATE runs")
    script.struck("run", "commit", "busy", "transaction kept open, write lock and PENDING kept")
    waits: list[int] = []
    for _ in range(4):
        script.do("run", "connect")
        script.begin("run", "execute UPDATE runs")
        waits.append(script.wait("run", "database", "run", 5.0))
        script.add("run", EventKind.ERROR, "", LOCKED)
        script.do("run", "close")
        script.wait("run", "sleep", "", 0.4)
    escaped = script.add("run", EventKind.THREAD, "escaped", LOCKED)
    leak = script.add("harness", EventKind.LEAK, "connection", "opened at run connect")
    settled = script.add("harness", EventKind.SETTLED)
    return Violation(
        Scenario(
            "commit-busy-self-lock",
            "A run that ended shows as running for ever.",
            "second-connection",
            schedule,
            Verdict.BROKEN,
            ("eventually-terminal", "nothing-leaks", "nothing-escapes"),
        ),
        script.history(),
        (
            Judgement(
                "eventually-terminal",
                Verdict.BROKEN,
                "all faults were lifted and run 1 is still recorded running",
                (waits[-1], settled),
            ),
            Judgement(
                "nothing-escapes", Verdict.BROKEN, "an exception left the thread run", (escaped,)
            ),
            Judgement("nothing-leaks", Verdict.BROKEN, "a connection was left open", (leak,)),
            Judgement("succeeded-never-failed", Verdict.HOLDS),
        ),
        undisturbed(),
        "faults/commit-busy-self-lock.toml",
    )


def deadlock() -> Violation:
    """The canceller and the run thread take two locks in opposite orders."""
    schedule = Schedule(
        acts=(Act("cancel", point("run acquire RunManager._status_lock")),),
    )
    script = Script(schedule, "two-locks")
    script.started()
    script.add("cancel", EventKind.REQUEST, "cancel")
    first = script.wait("cancel", "lock RunManager._lock", "run", 0.0)
    second = script.wait("run", "lock RunManager._status_lock", "cancel", 0.0)
    stuck = script.add(
        "harness",
        EventKind.STUCK,
        "deadlock",
        "cancel waits for lock RunManager._lock held by run; "
        "run waits for lock RunManager._status_lock held by cancel",
    )
    return Violation(
        Scenario(
            "cancel-deadlocks",
            "A cancelled run hangs, and so does the request that cancelled it.",
            "two-locks",
            schedule,
            Verdict.BROKEN,
            ("eventually-terminal",),
        ),
        script.history(),
        (
            Judgement(
                "eventually-terminal",
                Verdict.BROKEN,
                "cancel and run wait for each other and run 1 is recorded running",
                (first, second, stuck),
            ),
        ),
        None,
        None,
    )


def hostile() -> Violation:
    """Texts from the system under test that try to break out of the report."""
    schedule = Schedule(Ending.RAISES)
    script = Script(schedule, "hostile")
    script.started()
    script.add(
        "run",
        EventKind.PIPELINE,
        "raised",
        "ValueError: </script><script>document.title='owned'</script>\x1b[2J]]>\u202e 日本語 & \"'",
    )
    script.do("run", "execute UPDATE runs")
    record = script.commit("run", "running", "completed")
    script.ended("completed")
    return Violation(
        Scenario("<b>bold</b>", "Markup & friends.", "hostile", schedule, Verdict.BROKEN),
        script.history(),
        (
            Judgement(
                "failed-has-a-cause",
                Verdict.BROKEN,
                "the pipeline raised <img src=x onerror=alert(1)>, and completed was recorded",
                (record,),
            ),
        ),
        undisturbed(),
        "faults/`$(touch x)` b.toml",
    )


IMPOSSIBLE = "the file is not read until the first statement that needs it"
KINDS = ("busy", "locked", "ioerr-write", "full", "cantopen", "lost-acknowledgement")


def coverage(points: tuple[str, ...], broken: tuple[str, str] = ("", "")) -> tuple[Cell, ...]:
    cells: list[Cell] = []
    for at, kind in product(points, KINDS):
        if at.endswith("connect") and kind != "cantopen":
            cells.append(Cell(at, kind, impossible=IMPOSSIBLE))
        elif kind == "lost-acknowledgement" and "commit" not in at:
            cells.append(Cell(at, kind, impossible="only COMMIT can take effect and still raise"))
        elif (at, kind) == broken:
            cells.append(Cell(at, kind, Tally(9, 3, 0)))
        elif kind == "full" and "#2" in at:
            cells.append(Cell(at, kind, Tally(11, 0, 1)))
        else:
            cells.append(Cell(at, kind, Tally(12, 0, 0)))
    return tuple(cells)


POINTS = (
    "user connect",
    "user execute INSERT runs",
    "user commit",
    "run connect",
    "run execute UPDATE runs",
    "run commit",
    "run execute UPDATE runs #2",
    "run commit #2",
)
EVERY_SINGLE_FAULT = (
    "every single fault, struck 1, 2, 3, 4, 6 times or until lifted, with and without a cancel "
    "before each point"
)
VERSIONS = Versions("3.11.7", "3.40.1", "0.1.0")


def passing_result() -> CheckResult:
    return CheckResult(
        target="genglossary",
        versions=VERSIONS,
        regions=(Region(EVERY_SINGLE_FAULT, 4120, 310),),
        schedules=Tally(holds=4120),
        elapsed=41.3,
        rules={
            "succeeded-never-failed": Tally(holds=4120),
            "accepted-cancel-is-cancelled": Tally(holds=4120),
            "nothing-leaks": Tally(holds=4120),
        },
        coverage=tuple(
            cell._replace(tally=Tally(12, 0, 0)) if not cell.impossible else cell
            for cell in coverage(POINTS)
        ),
    )


def broken_result() -> CheckResult:
    return CheckResult(
        target="one-try",
        versions=VERSIONS,
        regions=(Region(EVERY_SINGLE_FAULT, 4120, 310),),
        schedules=Tally(4090, 28, 2),
        elapsed=41.3,
        rules={
            "succeeded-never-failed": Tally(4110, 8, 2),
            "accepted-cancel-is-cancelled": Tally(4106, 12, 2),
            "eventually-terminal": Tally(4098, 20, 2),
            "nothing-escapes": Tally(4114, 4, 2),
            "nothing-leaks": Tally(4114, 4, 2),
            "terminal-is-final": Tally(4118, 0, 2),
            "one-active-run": Tally(4120, 0, 0),
        },
        coverage=coverage(POINTS, ("run commit #2", "busy")),
        violations=(mission_bug(), cancel_lost(), self_lock(), deadlock()),
        notes=("2 schedules hung and could not be judged.",),
        not_reached=("faults until lifted with an API cancel: 600 schedules",),
    )


@cache
def large_result() -> CheckResult:
    """As large as a check of 100,000 schedules may be: long histories, three for each rule."""
    points = tuple(
        f"{actor} execute UPDATE table_{table} #{count}"
        for actor, table, count in product(("run", "user", "cancel"), range(20), range(2, 8))
    )
    rules = {f"rule-number-{number}": Tally(99_000, 900, 100) for number in range(12)}
    violations = tuple(_long(rule, copy) for rule in rules for copy in range(3))
    return CheckResult(
        target="large",
        versions=VERSIONS,
        regions=(Region("two faults, one cancel, two preemptions", 100_000, 400_000),),
        schedules=Tally(99_000, 900, 100),
        elapsed=3600.0,
        rules=rules,
        coverage=coverage(points),
        violations=violations,
    )


def _long(rule: str, copy: int) -> Violation:
    """A violation whose history has some 2,000 events."""
    histories: list[History] = []
    proof = 0
    schedule = Schedule(faults=(Fault("busy", point("run commit #300"), None),), seed=copy)
    for fault in (True, False):
        script = Script(schedule, "large")
        script.started()
        for _ in range(298):
            script.do("run", "execute UPDATE runs", "commit")
        if fault:
            script.struck("run", "commit", "busy", "transaction kept open")
            for _ in range(200):
                script.do("run", "execute UPDATE runs", "rollback")
        returned(script)
        script.do("run", "execute UPDATE runs")
        record = script.commit("run", "running", "failed" if fault else "completed")
        script.ended("failed" if fault else "completed")
        histories.append(script.history())
        proof = proof or record
    return Violation(
        Scenario(f"{rule}-{copy}", "It goes on.", "large", schedule, Verdict.BROKEN, (rule,)),
        histories[0],
        (Judgement(rule, Verdict.BROKEN, "it is so", (proof,)),),
        histories[1],
        f"faults/{rule}-{copy}.toml",
    )
