"""What an editor says of a scenario file is what the loader says."""

from __future__ import annotations

import json
import tomllib
from pathlib import Path

import jsonschema
import pytest

from runfaults.scenario.file import ScenarioError, load_scenario
from runfaults.scenario.schema import scenario_schema, schema_text

ROOT = Path(__file__).parents[2]
HEAD = 'name = "n"\nsymptom = "s."\ntarget = "genglossary"\n'

ALLOWED = {
    "the least": HEAD,
    "every key": HEAD
    + 'expect = "broken"\nrules = ["succeeded-never-failed", "nothing-leaks"]\n'
    + '[schedule]\npipeline = "raises-in-transaction"\njournal = "wal"\nseed = -7\n'
    + '[[fault]]\nkind = "busy"\nat = "run commit #12"\ntimes = 3\n'
    + '[[fault]]\nkind = "full"\nat = "run execute UPDATE runs"\ntimes = "until lifted"\n'
    + '[[fault]]\nkind = "busy"\nat = "run commit #2"\ntimes = "for 12 h"\n'
    + '[[act]]\nkind = "cancel"\n[[act]]\nkind = "start-elsewhere"\nat = "run reach pipeline"\n'
    + '[[preemption]]\nat = "run acquire a lock #2"\nto = "cancel"\n',
    "spaces around a point": HEAD + '[[fault]]\nkind = "busy"\nat = " run commit "\n',
    "an empty list of rules": HEAD + "rules = []\n",
    "an empty schedule": HEAD + "[schedule]\n",
}

FORBIDDEN = {
    "nothing": "",
    "no target": 'name = "n"\nsymptom = "s"\n',
    "an empty name": 'name = ""\nsymptom = "s"\ntarget = "t"\n',
    "a name that is no text": 'name = 1\nsymptom = "s"\ntarget = "t"\n',
    "an unknown key": HEAD + "more = 1\n",
    "an unknown verdict": HEAD + 'expect = "fine"\n',
    "an unknown rule": HEAD + 'rules = ["no-such-rule"]\n',
    "own rules that are no list": HEAD + 'own_rules = "rules.py:mine"\n',
    "an own rule that is no text": HEAD + "own_rules = [1]\n",
    "rules that are no list": HEAD + 'rules = "nothing-leaks"\n',
    "an unknown key of the schedule": HEAD + "[schedule]\nspeed = 1\n",
    "an unknown ending": HEAD + '[schedule]\npipeline = "explodes"\n',
    "an unknown journal": HEAD + '[schedule]\njournal = "memory"\n',
    "a seed that is a text": HEAD + '[schedule]\nseed = "1"\n',
    "a seed that is a truth value": HEAD + "[schedule]\nseed = true\n",
    "a fault without a point": HEAD + '[[fault]]\nkind = "busy"\n',
    "a fault without a kind": HEAD + '[[fault]]\nat = "run commit"\n',
    "an unknown kind": HEAD + '[[fault]]\nkind = "bussy"\nat = "run commit"\n',
    "an unknown operation": HEAD + '[[fault]]\nkind = "busy"\nat = "run comit"\n',
    "a fault where no error strikes": HEAD + '[[fault]]\nkind = "busy"\nat = "run acquire l"\n',
    "an ordinal of nought": HEAD + '[[fault]]\nkind = "busy"\nat = "run commit #0"\n',
    "an actor alone": HEAD + '[[fault]]\nkind = "busy"\nat = "run"\n',
    "no hours": HEAD + '[[fault]]\nkind = "busy"\nat = "run commit"\ntimes = "for 0 h"\n',
    "never": HEAD + '[[fault]]\nkind = "busy"\nat = "run commit"\ntimes = 0\n',
    "times in other words": HEAD + '[[fault]]\nkind = "busy"\nat = "run commit"\ntimes = "once"\n',
    "an unknown key of a fault": HEAD + '[[fault]]\nkind = "busy"\nat = "run commit"\nhow = 1\n',
    "a single fault": HEAD + '[fault]\nkind = "busy"\nat = "run commit"\n',
    "an unknown act": HEAD + '[[act]]\nkind = "wave"\n',
    "an act without a kind": HEAD + '[[act]]\nat = "run commit"\n',
    "an act at no point": HEAD + '[[act]]\nkind = "cancel"\nat = "soon"\n',
    "a preemption for nobody": HEAD + '[[preemption]]\nat = "run commit"\n',
    "a preemption for an empty name": HEAD + '[[preemption]]\nat = "run commit"\nto = ""\n',
}


def schema_allows(text: str) -> bool:
    validator = jsonschema.Draft202012Validator(scenario_schema())
    return validator.is_valid(tomllib.loads(text))


def loader_allows(text: str, folder: Path) -> bool:
    path = folder / "scenario.toml"
    path.write_text(text)
    try:
        load_scenario(path)
    except ScenarioError:
        return False
    return True


def test_the_schema_in_the_package_is_current() -> None:
    assert json.loads(schema_text()) == scenario_schema(), (
        "write it anew: python -m runfaults.scenario.schema"
    )


def test_the_schema_is_one() -> None:
    jsonschema.Draft202012Validator.check_schema(scenario_schema())


@pytest.mark.parametrize("text", ALLOWED.values(), ids=ALLOWED)
def test_both_allow(text: str, tmp_path: Path) -> None:
    assert schema_allows(text)
    assert loader_allows(text, tmp_path)


@pytest.mark.parametrize("text", FORBIDDEN.values(), ids=FORBIDDEN)
def test_both_forbid(text: str, tmp_path: Path) -> None:
    assert not schema_allows(text)
    assert not loader_allows(text, tmp_path)


@pytest.mark.parametrize("path", sorted((ROOT / "faults").rglob("*.toml")), ids=lambda p: p.stem)
def test_the_schema_allows_every_scenario_of_the_repository(path: Path) -> None:
    assert schema_allows(path.read_text(encoding="utf-8"))


def test_editors_find_the_schema_of_the_repository() -> None:
    (rule,) = tomllib.loads((ROOT / "taplo.toml").read_text(encoding="utf-8"))["rule"]
    assert json.loads((ROOT / rule["schema"]["path"]).read_text("utf-8")) == scenario_schema()
    (pattern,) = rule["include"]
    assert set(ROOT.glob(pattern)) == set((ROOT / "faults").rglob("*.toml"))
