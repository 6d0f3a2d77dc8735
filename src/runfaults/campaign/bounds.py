"""The catalogue of bounds: each is a name for a few strategies."""

from __future__ import annotations

import re
from dataclasses import replace

from runfaults.campaign.bound import EVERYTHING, Bound
from runfaults.crash.deaths import Deaths
from runfaults.crash.first_lives import FirstLives
from runfaults.explore.job import (
    ALL_COUNTS,
    AT_ONCE,
    CANCELS,
    JOURNALS,
    TAKING_TIME,
    Allowance,
    Scope,
)
from runfaults.explore.lines import Lines
from runfaults.explore.processes import Processes
from runfaults.explore.repeats import AGAIN, Repeats
from runfaults.explore.samples import Samples
from runfaults.explore.search import Search
from runfaults.explore.sweep import Sweep
from runfaults.explore.tasks import Tasks
from runfaults.model import Ending
from runfaults.model.element import CANCEL_TASK
from runfaults.native.causes import RealCauses
from runfaults.sim.misfortunes import MISFORTUNES
from runfaults.sim.misfortunes.no_thread import NoThread
from runfaults.sqlite.kinds import KINDS
from runfaults.sqlite.real.lasting import EVERY_KIND

_PAIRS = Allowance(1, 1, 0)
"""A fault and an act."""

_RACING = Scope(
    acts=(
        "cancel",
        "cancel-api",
        "cancel-twice",
        "close",
        "read",
        "start",
        "start-elsewhere",
        "subscribe",
    )
)

INTERRUPTED = Search(_RACING, Allowance(0, 1, 0))
"""Every act at every moment."""

_CTRL_C = Search(
    Scope(acts=("keyboard-interrupt",), endings=(Ending.SUCCEEDS, Ending.RAISES)),
    Allowance(0, 1, 0),
)
"""Ctrl-C at every moment of the user's own thread."""

RACES = Search(_RACING, Allowance(0, 1, 1))
"""Every act at every moment, and again with one thread paused somewhere."""

STRUCK_RACES = Search(
    Scope(kinds=("busy", "lost-acknowledgement")), Allowance(1, 1, 1), reduce=True
)
"""A cancel at every moment, one fault anywhere, one thread paused somewhere."""

_OF_OTHERS = tuple(kind for kind in MISFORTUNES if kind != NoThread.name)
"""What the target uses fails, as far as its adapter says what that is."""

_SETTING = ("clock-back", "clock-forward")

STRUCK_ACTS = Search(
    Scope(
        ("busy", *_OF_OTHERS),
        ("cancel-twice", "close", "read", "start", "start-elsewhere", "subscribe", *_SETTING),
    ),
    _PAIRS,
    reduce=True,
)
"""A lock error or a misfortune of others, and any act but the cancels of the sweep."""

_LASTING = Search(
    Scope(acts=(*CANCELS, *_SETTING), endings=TAKING_TIME), Allowance(0, 1, 0), reduce=True
)
"""Work that takes time, and a cancel or another time of the wall clock at every moment of it."""

BETWEEN_LINES = Lines(_RACING, paused=True)
"""Every act at every line, and again with one thread paused at a line."""

_TASKS = Tasks(Scope(acts=(CANCEL_TASK,), endings=(Ending.SUCCEEDS, Ending.RAISES)), faults=True)
"""Any task paused at any step, or cancelled at any await, where there is an event loop.

Also with the database locked once: who waits for another attempt is at an await.
"""

_SLOW = Search(
    Scope(("slow",), endings=(Ending.SUCCEEDS, Ending.RAISES), journals=JOURNALS),
    _PAIRS,
    reduce=True,
)
"""Any operation takes long, alone and with a cancel."""

_HOURS = Sweep(
    Scope(("busy",), (), (None,), (Ending.SUCCEEDS, Ending.RAISES), journals=JOURNALS, hours=2)
)
"""A lock that is held for longer than any reasonable retry."""

_AGAIN = Repeats(Scope((), (*AGAIN, *CANCELS)))

_PROCESSES = Processes(Scope(acts=("process-starts", "process-cancels")))

KEPT_UNDONE_DONE = ("busy", "ioerr-write", "lost-acknowledgement")
"""A kind for each thing that a failing COMMIT can leave: the transaction open, undone, or done."""

_OTHER_KINDS = tuple(kind for kind in KINDS if kind not in KEPT_UNDONE_DONE)
"""They leave one of the three too, and raise something else: fewer counts show what changes."""

_WITHOUT_CANCEL = (Ending.SUCCEEDS, Ending.RAISES, Ending.LEAVES_TRANSACTION_OPEN)
"""The endings that differ where no cancel is there to be noticed."""

_FIRST = FirstLives(Scope(acts=("cancel",)))

_COMMITS = Scope(kinds=KEPT_UNDONE_DONE)

_THREE_NUMBERS = re.compile(r"(\d),(\d),(\d)")

BOUNDS = {
    bound.name: bound
    for bound in (
        Bound(
            "quick",
            (
                Sweep(
                    Scope((*KINDS, *_OF_OTHERS), (), (1, None), (Ending.SUCCEEDS, Ending.RAISES))
                ),
                Search(Scope(("busy", "lost-acknowledgement"), CANCELS), _PAIRS, reduce=True),
                INTERRUPTED,
                _LASTING,
                _CTRL_C,
                _FIRST,
                _PROCESSES,
                _AGAIN,
            ),
        ),
        Bound(
            "default",
            (
                Sweep(Scope((*_OTHER_KINDS, *_OF_OTHERS), (), (1, 2, None), _WITHOUT_CANCEL)),
                Sweep(Scope(KEPT_UNDONE_DONE, (), ALL_COUNTS[1:], _WITHOUT_CANCEL)),
                Search(
                    Scope(
                        (*KEPT_UNDONE_DONE, *_OF_OTHERS),
                        CANCELS,
                        endings=(*_WITHOUT_CANCEL, Ending.NOTICES_CANCEL),
                    ),
                    _PAIRS,
                    reduce=True,
                ),
                INTERRUPTED,
                replace(RACES, reduce=True),
                _LASTING,
                STRUCK_ACTS,
                Lines(Scope(acts=("cancel", "close", "start"))),
                _CTRL_C,
                _TASKS,
                _FIRST,
                _PROCESSES,
                Repeats(Scope(KEPT_UNDONE_DONE, _AGAIN.scope.acts, endings=AT_ONCE), faults=True),
            ),
        ),
        Bound("lines", (BETWEEN_LINES,)),
        # For work with hundreds of points: each fault once, each cancel once, no pairs.
        Bound("single", (Sweep(Scope(tuple(KINDS))), _FIRST)),
        Bound(
            "nightly",
            (
                Sweep(replace(EVERYTHING, acts=CANCELS)),
                Search(replace(EVERYTHING, acts=CANCELS), _PAIRS, reduce=True),
                RACES,
                replace(
                    _LASTING,
                    scope=replace(_LASTING.scope, acts=CANCELS),
                    most=RACES.most,
                    reduce=False,
                ),
                STRUCK_RACES,
                STRUCK_ACTS,
                _SLOW,
                _HOURS,
                BETWEEN_LINES,
                replace(
                    _CTRL_C,
                    scope=replace(_CTRL_C.scope, kinds=KEPT_UNDONE_DONE),
                    most=STRUCK_ACTS.most,
                ),
                replace(
                    _TASKS,
                    scope=replace(_TASKS.scope, kinds=KEPT_UNDONE_DONE, endings=tuple(Ending)),
                ),
                Repeats(Scope(tuple(KINDS), _AGAIN.scope.acts, endings=AT_ONCE), faults=True),
                replace(_PROCESSES, scope=replace(_PROCESSES.scope, endings=AT_ONCE)),
                FirstLives(Scope(KEPT_UNDONE_DONE, endings=AT_ONCE)),
                Samples(EVERYTHING, 5_000),
            ),
        ),
        Bound(
            "real",
            (
                RealCauses(
                    Scope(
                        tuple(EVERY_KIND),
                        (),
                        endings=(Ending.SUCCEEDS, Ending.RAISES),
                        journals=JOURNALS,
                    )
                ),
            ),
        ),
        Bound(
            "crash",
            (Deaths(Scope((), CANCELS, endings=AT_ONCE, journals=JOURNALS)),),
        ),
        # For a night, several cores or a cluster: docs/reference/exhausted.md has its numbers.
        Bound(
            "deep",
            (
                Search(Scope(), Allowance(1, 2, 2), reduce=True),
                Search(_COMMITS, Allowance(2, 1, 1), reduce=True),
                Search(Scope(kinds=KEPT_UNDONE_DONE[1:]), Allowance(1, 1, 2), reduce=True),
                Search(
                    Scope(endings=AT_ONCE, journals=JOURNALS),
                    Allowance(2, 1, 1),
                    reduce=True,
                ),
            ),
        ),
    )
}


def bound_named(name: str) -> Bound:
    """The bound of that name, or the one that three numbers stand for.

    `2,1,1` stands for all schedules with at most two faults, one cancel and one preemption.

    Raises:
        LookupError: naming the bounds there are.
    """
    if numbers := _THREE_NUMBERS.fullmatch(name):
        most = Allowance(*map(int, numbers.groups()))
        kinds = ("busy",) * (most.faults > 0)
        search = Search(Scope(kinds), most, reduce=True)
        lasting = replace(
            search,
            scope=replace(search.scope, endings=TAKING_TIME),
            most=Allowance(0, min(1, most.acts), 0),
        )
        struck = Scope(kinds, ("cancel",) * (most.acts > 0))
        first = [FirstLives(struck)] if struck.kinds or struck.acts else []
        alone = (_CTRL_C, _AGAIN) if most.acts else ()
        scope = replace(_TASKS.scope, acts=_TASKS.scope.acts[: most.acts])
        tasks = Tasks(scope, paused=most.preemptions > 0, faults=most.faults > 0)
        of_loops = (tasks,) if most.acts or most.preemptions else ()
        return Bound(name, (search, lasting, *alone, *of_loops, *first))
    if name not in BOUNDS:
        raise LookupError(
            f"there is no bound {name!r}; bounds are: {', '.join(BOUNDS)}, and three numbers "
            "FAULTS,CANCELS,PREEMPTIONS such as 1,1,1 for everything up to them"
        )
    return BOUNDS[name]
