"""The rules, one per file, the most telling first."""

from runfaults.oracle.rule import Rule
from runfaults.oracle.rules.accepted_cancel_is_cancelled import accepted_cancel_is_cancelled
from runfaults.oracle.rules.acknowledged_is_durable import acknowledged_is_durable
from runfaults.oracle.rules.answers_match_the_database import answers_match_the_database
from runfaults.oracle.rules.calls_raise_only_for_cause import calls_raise_only_for_cause
from runfaults.oracle.rules.cancel_refused_only_when_decided import cancel_refused_only_when_decided
from runfaults.oracle.rules.cancelled_has_a_cause import cancelled_has_a_cause
from runfaults.oracle.rules.cancelled_never_failed import cancelled_never_failed
from runfaults.oracle.rules.crash_loses_no_recorded_outcome import crash_loses_no_recorded_outcome
from runfaults.oracle.rules.database_stays_sound import database_stays_sound
from runfaults.oracle.rules.eventually_terminal import eventually_terminal
from runfaults.oracle.rules.failed_has_a_cause import failed_has_a_cause
from runfaults.oracle.rules.nothing_escapes import nothing_escapes
from runfaults.oracle.rules.nothing_leaks import nothing_leaks
from runfaults.oracle.rules.one_active_run import one_active_run
from runfaults.oracle.rules.orphan_is_interrupted_not_failed import orphan_is_interrupted_not_failed
from runfaults.oracle.rules.recovery_is_idempotent import recovery_is_idempotent
from runfaults.oracle.rules.signal_matches_record import signal_matches_record
from runfaults.oracle.rules.start_answers_truthfully import start_answers_truthfully
from runfaults.oracle.rules.start_refused_only_while_active import start_refused_only_while_active
from runfaults.oracle.rules.succeeded_never_failed import succeeded_never_failed
from runfaults.oracle.rules.terminal_is_final import terminal_is_final
from runfaults.oracle.rules.work_done_once import work_done_once

RULES: tuple[Rule, ...] = (
    succeeded_never_failed,
    cancelled_never_failed,
    accepted_cancel_is_cancelled,
    failed_has_a_cause,
    cancelled_has_a_cause,
    terminal_is_final,
    eventually_terminal,
    signal_matches_record,
    one_active_run,
    start_answers_truthfully,
    start_refused_only_while_active,
    cancel_refused_only_when_decided,
    answers_match_the_database,
    calls_raise_only_for_cause,
    work_done_once,
    nothing_leaks,
    nothing_escapes,
    crash_loses_no_recorded_outcome,
    orphan_is_interrupted_not_failed,
    recovery_is_idempotent,
    database_stays_sound,
    acknowledged_is_durable,
)
"""Every rule there is, in the order in which reports show them."""

__all__ = ["RULES"]
