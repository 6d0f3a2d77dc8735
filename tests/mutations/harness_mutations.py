"""Mutations of the harness itself, each with the tests that must catch it.

A harness that passes what it did not test looks like one that tested it. So each of its parts is
broken once, in a copy, in the way that would show least.
"""

from __future__ import annotations

from typing import NamedTuple


class Mutation(NamedTuple):
    """A change of one file that makes the harness wrong.

    Attributes:
        name: What is wrong then.
        file: Below `src/runfaults`.
        before: A text that the file has exactly once.
        after: What takes its place.
        caught_by: The tests that must fail, as `pytest` names them, below `tests`.
    """

    name: str
    file: str
    before: str
    after: str
    caught_by: str


QUICK = (
    Mutation(
        "a fault counts as struck and does not strike",
        "sqlite/gate.py",
        "call.real() if kind is None else kind.strike(call)",
        "call.real()",
        "sqlite/test_inject.py::test_a_fault_strikes_as_often_as_it_says",
    ),
    Mutation(
        "a rule never fires",
        "oracle/rule.py",
        "            if finding.verdict is Verdict.BROKEN:\n",
        "            if finding.verdict is Verdict.BROKEN and len(finding.evidence) > 9:\n",
        "oracle/test_judge.py::test_a_proof_outweighs_the_doubts_before_it",
    ),
    Mutation(
        "the shrinker returns its input",
        "explore/shrink.py",
        "        end = self.tried + most\n",
        "        end = self.tried\n",
        "explore/test_shrink.py::test_shrinks_to_the_same_minimum",
    ),
)
"""Those that every run of the suite applies."""

NIGHTLY = (
    Mutation(
        "the rows of executemany are one operation",
        "sqlite/cursor.py",
        "if not rows.begin_batch():",
        "if rows.given:",
        "sqlite/test_inject.py::test_executemany_fails_in_the_middle",
    ),
    Mutation(
        "a slow operation keeps no lock",
        "sqlite/slow.py",
        "        for level in levels:\n",
        "        for level in ():\n",
        "sqlite/test_slow.py::test_others_meet_the_locks_of_a_process_that_waits_in_the_middle",
    ),
    Mutation(
        "a cause that lasts for hours ends after a minute",
        "model/fault.py",
        "self.hours * 3600.0 or LIFTED_AFTER",
        "LIFTED_AFTER",
        "cases/test_hours.py::test_what_is_recorded_wrongly_after_hours_is_found",
    ),
    Mutation(
        "a manager that has given up is opened again, though nothing lasted for hours",
        "sim/user.py",
        "    if world.hours:\n        _recover(world)\n",
        "    _recover(world)\n",
        "cases/test_hours.py::test_a_row_that_the_next_start_sets_right_is_none_that_is_left",
    ),
    Mutation(
        "an answer commutes with the end of the run that it is about",
        "sim/world.py",
        "self.scheduler.touch(OUTCOMES, change=change)",
        "pass",
        "controls/test_controls.py::test_a_planted_bug_is_caught_by_its_rule[LateSubscriber]",
    ),
    Mutation(
        "two defects that have no rule in common are taken for one",
        "campaign/causes.py",
        "return alike and not set(mark.rules).isdisjoint(self.mark.rules)",
        "return alike",
        "campaign/test_causes.py::test_marks_are_one_cause_or_two",
    ),
    Mutation(
        "a schedule is shrunk to one that another defect breaks",
        "explore/shrink.py",
        " or not self._alike(trial)",
        "",
        "campaign/test_causes.py::test_a_schedule_is_not_shrunk_to_one_of_another_cause",
    ),
    Mutation(
        "a trial is counted twice",
        "explore/findings.py",
        "        self.verdicts[verdict] += 1\n",
        "        self.verdicts[verdict] += 2\n",
        "explore/test_findings.py::test_the_tallies_count_every_schedule_once",
    ),
    # --- what happens -----------------------------------------------------------------------------
    Mutation(
        "a fault strikes once more often than it says",
        "sqlite/plan.py",
        "if self._struck[index] == self.faults[index].times:",
        "if self._struck[index] - 1 == self.faults[index].times:",
        "sqlite/test_plan.py::test_a_fault_strikes_at_its_point_once",
    ),
    Mutation(
        "a fault that cannot strike is not refused",
        "sqlite/plan.py",
        "                self.refused.append((self.faults[index], reason))\n",
        "                pass\n",
        "sqlite/test_plan.py::test_a_kind_that_cannot_strike_at_its_point_is_refused_with_the_reason",
    ),
    Mutation(
        "a replay ignores a switch",
        "sim/director.py",
        "                first.insert(0, preemption.to)\n",
        "                pass\n",
        "sim/test_director.py::test_preemptions_at_one_point_come_one_after_the_other",
    ),
    Mutation(
        "an act enters and is not resumed first",
        "sim/director.py",
        "        return tuple(first)\n",
        "        return tuple(first[len(acts or ()):])\n",
        "sim/test_world.py::test_an_act_asks_at_its_point_and_its_answer_is_told",
    ),
    Mutation(
        "an act that never had its moment is not told",
        "sim/director.py",
        "        return (*acts, *missed, *ignored)\n",
        "        return (*missed, *ignored)\n",
        "sim/test_world.py::test_acts_and_preemptions_that_never_had_their_moment_are_told",
    ),
    Mutation(
        "a wait for a lock ends at once",
        "sim/lock.py",
        "        while self._owner is not None:\n",
        "        while self._owner is not None and False:\n",
        "sim/test_primitives.py::test_a_lock_waits_and_times_out_on_virtual_time",
    ),
    Mutation(
        "a wait for the database ends at once",
        "sim/gate.py",
        "        if turns.clock >= deadline:\n",
        "        if turns.clock < deadline:\n",
        "sim/test_world.py::test_a_busy_timeout_that_is_long_enough_waits_until_the_lock_is_gone",
    ),
    Mutation(
        "a deadlock is not told",
        "sim/scheduler.py",
        '                self._recorder.get_stuck("deadlock", why)\n',
        "                pass\n",
        "sim/test_scheduler.py::test_a_deadlock_names_who_waits_for_what_and_who_holds_it",
    ),
    Mutation(
        "a death kills no process",
        "crash/life.py",
        "                os.kill(os.getpid(), signal.SIGKILL)\n",
        "                pass\n",
        "crash/test_lives.py::test_an_orphan_becomes_interrupted_and_the_next_run_completes",
    ),
    Mutation(
        "a later life repeats what happened in the first",
        "model/schedule.py",
        "if life_of(each) == number)",
        "if life_of(each) <= number)",
        "crash/test_lives.py::test_a_life_has_its_own_elements",
    ),
    Mutation(
        "what only the first life of a process breaks is passed over",
        "crash/first_lives.py",
        "for each in lived if each.verdict is not Verdict.HOLDS]",
        "for each in lived[:0]]",
        "cases/test_first_lives.py::test_a_defect_of_first_lives_alone_makes_the_result_unknown",
    ),
    Mutation(
        "a transition of an earlier life is told again",
        "sim/database.py",
        "        self.seen = seen\n",
        "        self.seen = 0\n",
        "sim/test_database.py::test_transitions_of_an_earlier_life_are_passed_over",
    ),
    # --- which schedules --------------------------------------------------------------------------
    Mutation(
        "a survey asks one kind less",
        "sim/gate.py",
        "for kind in self._kinds])",
        "for kind in self._kinds[1:]])",
        "explore/test_sweep.py::test_every_kind_at_every_point_is_run_or_has_a_reason",
    ),
    Mutation(
        "a schedule of the sweep is skipped",
        "explore/sweep.py",
        "            if refusal is None and event",
        "            if refusal is None and point.ordinal != 3 and event",
        "explore/test_sweep.py::test_every_kind_at_every_point_is_run_or_has_a_reason",
    ),
    Mutation(
        "a pair of fault and cancel is run twice",
        "explore/search.py",
        "        if growth.schedule in self._known:\n            return False\n",
        "",
        "explore/test_sweep.py::test_no_schedule_is_run_twice",
    ),
    Mutation(
        "a higher count is pruned though the fault could strike again",
        "explore/sweep.py",
        "if count is not None and trial.execution.struck[0] < count:\n",
        "if count is not None and trial.execution.struck[0] <= count:\n",
        "explore/test_sweep.py::test_a_count_is_pruned_only_where_it_makes_no_difference",
    ),
    Mutation(
        "a pruned schedule was not equivalent",
        "explore/convergence.py",
        "hash((point, fault, within",
        "hash((point, within",
        "explore/test_convergence.py::test_what_another_kind_left_is_another_state",
    ),
    Mutation(
        "an ending that matters is taken to make no difference",
        "sim/pipeline.py",
        "        self._depart(each for each in self._alike if (each in endings) != answer)\n",
        "",
        "explore/test_endings.py::test_two_endings_are_one_schedule_until_they_depart",
    ),
    Mutation(
        "an ending that departs is not tried",
        "explore/search.py",
        "        yield from self._with_another_ending(node)\n",
        "",
        "explore/test_endings.py::test_endings_together_show_what_each_of_them_shows_alone",
    ),
    Mutation(
        "the wall clock is read by no one in the eyes of the search",
        "sim/wall_clock.py",
        "actor.turns.touch(WALL_CLOCK, change=False)",
        "pass",
        "cases/test_set_clock.py::test_the_reduced_search_sets_it_only_where_it_is_read_afterwards",
    ),
    Mutation(
        "a queue is full though the target has seen room in it",
        "sim/misfortunes/queue_full.py",
        "if inbox.was_seen:",
        "if False:",
        "cases/test_misfortunes.py::test_a_queue_is_as_full_as_the_target_has_seen_it",
    ),
    Mutation(
        "a misfortune left a state that it had not",
        "explore/convergence.py",
        "within.get(number), segment.clock",
        "segment.clock",
        "explore/test_convergence.py::test_nor_does_a_misfortune_where_no_thread_is_switched",
    ),
    Mutation(
        "a state counts as visited though with a smaller allowance",
        "explore/job.py",
        "all(mine >= its for",
        "any(mine >= its for",
        "explore/test_convergence.py::test_a_state_with_as_much_room_is_visited_once",
    ),
    Mutation(
        "a race of a write with an earlier read is missed",
        "explore/races.py",
        "                others += looked_at[thing]\n",
        "                pass\n",
        "explore/test_races.py::test_a_write_races_with_the_look_before_it",
    ),
    # --- what is counted --------------------------------------------------------------------------
    Mutation(
        "exercised counts every schedule",
        "explore/findings.py",
        "if each.exercised])",
        "])",
        "cases/test_exercised.py::test_every_report_tells_what_was_exercised",
    ),
    Mutation(
        "a rule that was never exercised holds",
        "model/result.py",
        "return Verdict.NOT_EXERCISED if self.exercised == 0 else Verdict.HOLDS",
        "return Verdict.HOLDS",
        "cases/test_exercised.py::test_a_rule_that_was_asked_for_and_never_came_up_is_unknown",
    ),
    Mutation(
        "findings that are merged lose the problems of the harness",
        "explore/findings.py",
        "        self.problems = sorted({*self.problems, *other.problems})\n",
        "",
        "explore/test_findings.py::test_problems_merge_sorted_and_once",
    ),
    Mutation(
        "a schedule that does not repeat is not doubted",
        "explore/determinism.py",
        "    if first == second:\n",
        "    if first != []:\n",
        "ci/test_check_command.py::test_uncontrolled_nondeterminism_is_unknown_and_its_absence_is_not",
    ),
    Mutation(
        "a scenario that tests nothing is a pass",
        "explore/trial.py",
        "        if self.execution.unreached:\n",
        "        if len(self.execution.unreached) > 1:\n",
        "scenario/test_scenario_file.py::test_a_scenario_that_tests_nothing_is_no_pass",
    ),
    Mutation(
        "every replay is as expected",
        "explore/trial.py",
        "is scenario.expect for rules in each",
        "is not None for rules in each",
        "scenario/test_scenario_file.py::test_a_replay_says_whether_it_went_as_expected",
    ),
    Mutation(
        "a rule judges a target that is exempt from it",
        "explore/runner.py",
        "    exempt = traits(target).exempt\n",
        "    exempt = traits(target).exempt and {}\n",
        "native/test_reality_check.py::test_a_rule_that_the_target_is_exempt_from_is_not_reported",
    ),
    Mutation(
        "the shrinker exchanges one violation for another",
        "explore/shrink.py",
        "        if not self._rules & failing",
        "        if not failing",
        "explore/test_shrink.py::test_another_rule_that_breaks_on_the_way_does_not_count",
    ),
    # --- the campaign -----------------------------------------------------------------------------
    Mutation(
        "a conclusion drops what is unknown",
        "explore/findings.py",
        "broken, unknown = self.verdicts[Verdict.BROKEN], self.verdicts[Verdict.UNKNOWN]",
        "broken, unknown = self.verdicts[Verdict.BROKEN], 0",
        "campaign/test_conclude.py::test_what_could_not_be_judged_is_unknown",
    ),
    Mutation(
        "a tally takes what is unknown for a pass",
        "explore/findings.py",
        "        unknown = self.rules[rule, Verdict.UNKNOWN]\n",
        "        unknown = 0\n",
        "campaign/test_conclude.py::test_what_could_not_be_judged_is_unknown",
    ),
    Mutation(
        "a baseline knows everything",
        "campaign/baseline.py",
        "tuple(each for each in occurring if not baseline.knows(each))",
        "tuple(each for each in () if not baseline.knows(each))",
        "campaign/test_baseline.py::test_what_is_new_fails_and_only_that_is_shown",
    ),
    Mutation(
        "a baseline hides what could not be judged",
        "campaign/baseline.py",
        "for key, each in found.witnesses.items() if key[0] not in old}",
        "for key, each in () if key[0] not in old}",
        "campaign/test_conclude.py::test_a_baseline_does_not_hide_what_could_not_be_judged",
    ),
    Mutation(
        "a campaign that continues takes a job for done that was not",
        "campaign/running.py",
        "            found.merge(its)\n            agenda.finish(job, its.follow_ups)\n",
        "            found.merge(its)\n            agenda.finish(job, its.follow_ups)\n"
        "            agenda.finish(agenda.take())\n",
        "campaign/test_resume.py::test_after_ctrl_c_it_goes_on_and_comes_to_the_same",
    ),
    Mutation(
        "the job of a worker that died is lost",
        "campaign/workers.py",
        "    agenda.requeue()\n",
        "",
        "campaign/test_pool.py::test_what_a_dying_worker_had_in_hand_is_run_again",
    ),
    Mutation(
        "a job of a later wave is run with the first",
        "campaign/agenda.py",
        "            if job.wave > self._wave:\n",
        "            if job.wave > self._wave + 1:\n",
        "campaign/test_agenda.py::test_a_later_wave_waits_for_the_one_before",
    ),
    Mutation(
        "a job is run again when it comes up again",
        "campaign/agenda.py",
        "            elif job not in self._known:\n",
        "            elif job not in self._left:\n",
        "campaign/test_agenda.py::test_a_job_is_on_it_once_even_if_it_was_finished_long_ago",
    ),
    Mutation(
        "of several jobs that are alike the last one is run",
        "campaign/agenda.py",
        "min(job, self._later.get(key, job), key=_in_wave)",
        "job",
        "campaign/test_agenda.py::test_of_several_jobs_that_are_alike_the_lowest_in_rank_is_run",
    ),
    Mutation(
        "findings that are merged lose what was broken",
        "explore/findings.py",
        "        self.rules += other.rules\n",
        "",
        "explore/test_findings.py::"
        "test_findings_merge_to_the_same_whole_wherever_they_are_cut_and_in_any_order",
    ),
    Mutation(
        "the cache keeps what another try could change",
        "campaign/memory.py",
        "if found.problems or found.doubts or found.verdicts[Verdict.UNKNOWN]",
        "if found.problems or found.doubts",
        "campaign/test_cache.py::test_what_another_try_could_change_is_not_kept",
    ),
    Mutation(
        "a violation is confirmed though the real engine does not show it",
        "campaign/confirm.py",
        "if rule not in broken",
        "if False",
        "native/test_real_replay.py::test_a_violation_that_reality_does_not_show_is_not_confirmed",
    ),
    Mutation(
        "a loop that counts is called endless",
        "sim/snapshot.py",
        "        self.add(dict(frame.f_locals))\n",
        "",
        "sim/test_recurrence.py::test_a_long_loop_that_ends_is_let_end",
    ),
    Mutation(
        "a livelock cuts off an act that is still to come",
        "sim/livelock.py",
        "        if self._came != before:\n            return\n",
        "",
        "cases/test_livelocks.py::test_an_act_that_is_still_to_come_ends_the_loop",
    ),
    Mutation(
        "a cancel closes no client",
        "targets/client.py",
        "        self._closed.set()\n",
        "",
        "controls/test_controls.py::test_a_planted_bug_is_caught_by_its_rule[ClosedIsFailed]",
    ),
    Mutation(
        "no time passes while an actor polls and another sleeps",
        "sim/recurrence.py",
        "        if asleep:\n            return self._let_pass(asleep, clock)\n",
        "        if asleep:\n            return None\n",
        "cases/test_time.py::test_polling_is_no_livelock_however_long_the_work_takes",
    ),
    Mutation(
        "who runs without waiting starves the others",
        "sim/scheduler.py",
        "SLICE = 128\n",
        "SLICE = 1_000_000\n",
        "cases/test_time.py::test_polling_is_no_livelock_however_long_the_work_takes",
    ),
    Mutation(
        "a pool that grows for a while is called a leak",
        "sim/acts.py",
        "MANY_RUNS = 16\n",
        "MANY_RUNS = 6\n",
        "cases/test_repeats.py::test_what_does_not_is_none",
    ),
    Mutation(
        "a line never switches",
        "sim/scheduler.py",
        "            self._lines_reached += 1\n            self._switch(actor, point, ready)\n",
        "            self._lines_reached += 1\n",
        "cases/test_lines.py::test_a_point_is_the_same_whatever_else_is_one",
    ),
    Mutation(
        "a write after a read in one line is no point",
        "sim/accesses.py",
        "            elif each.opname in _STORES:\n",
        "            elif each.opname in _STORES and False:\n",
        "cases/test_plain_races.py::test_a_race_between_two_lines_is_found[augmented]",
    ),
    Mutation(
        "how often a line was reached is ignored",
        "sqlite/plan.py",
        "        self._counts[key] = ordinal = self._counts.get(key, 0) + 1\n",
        "        self._counts[key] = ordinal = 1\n",
        "cases/test_lines.py::test_a_point_is_the_same_whatever_else_is_one",
    ),
    Mutation(
        "a line inside of a call of SQLite is a point",
        "sim/lines.py",
        '    return file.startswith((_SQLITE, "<frozen importlib"))\n',
        '    return file.startswith("<frozen importlib")\n',
        "cases/test_lines.py::test_nothing_is_paused_where_it_must_not",
    ),
    Mutation(
        "the lines of an act are not paused",
        "explore/lines.py",
        "                if actor in {None, step.point.actor}:\n",
        "                if actor is None:\n",
        "cases/test_plain_races.py::test_an_act_is_paused_between_its_own_lines",
    ),
    Mutation(
        "a task is paused before it has begun",
        "sim/event_loop.py",
        "others=bool(self) and not first)",
        "others=bool(self))",
        "cases/test_tasks.py::test_tasks_begin_in_the_order_in_which_they_were_made",
    ),
    Mutation(
        "a task is cancelled by who waits for it",
        "sim/tasks.py",
        "        if name in self._from_outside and _is_awaited(self._named[name]):\n",
        "        if False:\n",
        "cases/test_tasks.py::test_who_waits_for_the_answer_does_not_cancel_the_task",
    ),
    Mutation(
        "a cancel of a task that is gone counts as played",
        "sim/world.py",
        "            self._director.ignored.append(act)\n",
        "            pass\n",
        "cases/test_tasks.py::test_a_cancel_of_a_task_that_is_not_there_is_not_played",
    ),
    Mutation(
        "a call that swallows an error is taken for done",
        "anomaly/promises.py",
        "or now is None or of.done:",
        "or now is None or of.done or of.as_before:",
        "anomaly/test_planted.py::test_a_planted_bug_is_found",
    ),
    Mutation(
        "every column is volatile",
        "anomaly/volatile.py",
        "next(values) != next(values)",
        "next(values) is not next(values)",
        "anomaly/test_parts.py::test_a_column_is_volatile_and_a_row_more_is_not",
    ),
    Mutation(
        "a fault whose point did not come again was borne",
        "anomaly/experiment.py",
        "        unknown = _unknown(observation)\n",
        '        unknown = ""\n',
        "anomaly/test_planted.py::test_a_point_that_does_not_come_again_is_unknown",
    ),
    Mutation(
        "a call that tries again is never met again",
        "anomaly/experiment.py",
        "            if outcome.returned and not outcome.broken and self._may_last(strike):\n",
        "            if False:\n",
        "anomaly/test_planted.py::test_a_planted_bug_is_found",
    ),
    Mutation(
        "what a run leaves is taken for fresh",
        "anomaly/experiment.py",
        "            require_own_files(self._first, self._files, observation)\n",
        "            pass\n",
        "plugin/test_every_fault.py::test_a_database_that_all_runs_share_cannot_be_judged",
    ),
    Mutation(
        "the target's journal mode is overwritten",
        "sim/database.py",
        "return Journal.WAL if image[_WRITE_VERSION] == _WAL else Journal.DELETE",
        "return Journal.DELETE",
        "cases/test_journal.py::test_a_snapshot_that_is_old_is_found_where_the_target_chooses_wal",
    ),
)
"""Those that the nightly run applies besides."""
