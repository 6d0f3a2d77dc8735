from __future__ import annotations

import json
from typing import Any

import pytest
from jsonschema import Draft202012Validator
from sample_histories import broken_result, hostile, passing_result

from runfaults.model import CheckResult, EventKind, Verdict
from runfaults.model.verdict import OF_ONE_HISTORY
from runfaults.report.json_report import schema, to_json

SCHEMA: dict[str, Any] = json.loads(schema())


def test_the_schema_is_a_schema() -> None:
    Draft202012Validator.check_schema(SCHEMA)


@pytest.mark.parametrize("make", [broken_result, passing_result])
def test_results_keep_to_the_published_schema(make: Any) -> None:
    Draft202012Validator(SCHEMA).validate(json.loads(to_json(make())))


def test_the_schema_refuses_what_is_not_a_result() -> None:
    document = json.loads(to_json(broken_result()))
    document["violations"][0]["history"]["events"][0]["kind"] = "guess"
    document["rules"]["terminal-is-final"]["broken"] = -1
    document["coverage"][0]["holds"] = 1
    errors = list(Draft202012Validator(SCHEMA).iter_errors(document))
    assert len(errors) == 3


def test_the_schema_knows_every_verdict_and_event_kind() -> None:
    definitions = SCHEMA["$defs"]
    assert set(definitions["verdict"]["enum"]) == set(OF_ONE_HISTORY)
    assert set(SCHEMA["properties"]["verdict"]["enum"]) == set(Verdict) - {Verdict.NOT_EXERCISED}
    rule = SCHEMA["properties"]["rules"]["additionalProperties"]
    assert set(rule["properties"]["verdict"]["enum"]) == set(Verdict) - {Verdict.NOTHING_NEW}
    assert set(definitions["event"]["properties"]["kind"]["enum"]) == set(EventKind)


def test_what_is_counted_and_what_happened_is_in_it() -> None:
    result: CheckResult = broken_result()
    document = json.loads(to_json(result))
    assert document["verdict"] == "broken"
    assert document["finished"] is False
    assert document["rules"]["eventually-terminal"]["broken"] == 20
    first = document["violations"][0]
    assert first["saved_to"] == "faults/commit-busy-records-failed.toml"
    assert len(first["history"]["events"]) == len(result.violations[0].history.events)
    assert first["history"]["digest"] == result.violations[0].history.digest()
    places = {each["event"]: each["stack"] for each in first["history"]["places"]}
    strike = next(e for e in first["history"]["events"] if e["kind"] == "strike")
    assert (
        places[strike["number"] - 1][-1] == "db/connection.py:103 in attempt: connection.commit()"
    )
    assert document["violations"][3]["neighbour"] is None


def test_any_text_survives_the_way_through_json() -> None:
    result = broken_result()
    violation = hostile()
    document = json.loads(
        to_json(
            type(result)(
                target="\ud800 日本",
                versions=result.versions,
                regions=(),
                schedules=result.schedules,
                elapsed=0.0,
                rules={},
                violations=(violation,),
            )
        )
    )
    assert document["target"] == "\ud800 日本"
    values = [event["value"] for event in document["violations"][0]["history"]["events"]]
    assert values == [event.value for event in violation.history.events]
