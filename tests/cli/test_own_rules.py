"""Rules of the user's own, from the command line and from the project's settings."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from in_this_process import PLAIN, ROOT, Ended, runfaults

PLAIN_MANAGER = f"{ROOT / PLAIN}"

RULES = """\
from runfaults.oracle import broken, no_rows, rule

QUERY = "SELECT id, status FROM runs WHERE status = 'completed' AND finished_at IS NULL"

says_when = no_rows("a completed run says when it ended", QUERY)
has_a_scope = no_rows("a run has a scope", "SELECT id FROM runs WHERE scope = ''")
failed_has_a_scope = no_rows(
    "a failed run has a scope",
    "SELECT id FROM runs WHERE scope = ''",
    when="SELECT 1 FROM runs WHERE status = 'failed'",
)
many = no_rows("few numbers", "SELECT 1 AS one UNION SELECT 2 UNION SELECT 3 UNION SELECT 4")
no_table = no_rows("x", "SELECT id FROM nowhere")
writes = no_rows("x", "DELETE FROM runs RETURNING id")
two = no_rows("x", "SELECT 1; SELECT 2")
taken = no_rows("one active run", "SELECT 1 WHERE 0")
taken_twice = no_rows("a run has a scope", "SELECT 1 WHERE 0")
number = 3


@rule(exercised=lambda history, facts: bool(facts.runs))
def raises(history, facts):
    \"""A rule that is wrong.\"""
    yield broken("", *facts.transitions)
    raise KeyError("oops")


@rule(exercised=lambda history, facts: 1 / 0)
def raises_when_asked(history, facts):
    \"""A rule that is wrong in `exercised`.\"""
    yield from ()


@rule(exercised=lambda history, facts: True)
def yields_text(history, facts):
    \"""A rule that is wrong in what it yields.\"""
    yield "broken"


@rule(exercised=lambda history, facts: bool(facts.rows), queries=["SELECT 1"])
def hears(history, facts):
    \"""A rule in Python that asks a query.\"""
    if facts.settled:
        yield broken("one is there", facts.rows["SELECT 1"])
"""


@pytest.fixture(autouse=True)
def project(tmp_path: Path) -> Path:
    (tmp_path / "rules.py").write_text(RULES)
    return tmp_path


def check(folder: Path, *options: str, target: str = PLAIN_MANAGER) -> Ended:
    cheap = ("--bound", "0,0,0", "--jobs", "1", "--json", "result.json")
    return runfaults("check", "--target", target, *cheap, *options, folder=folder)


def rules_of(folder: Path) -> dict[str, dict[str, object]]:
    return json.loads((folder / "result.json").read_text("utf-8"))["rules"]


def test_a_query_that_returns_a_row_breaks_its_rule_in_every_report_and_the_scenario_knows_it(
    project: Path,
) -> None:
    ended = check(project, "--rule", "rules.py:says_when", "--html", "report.html")
    assert ended.returncode == 1
    assert "the query found id = 1, status = 'completed'" in " ".join(ended.stdout.split())
    name = "a-completed-run-says-when-it-ended"
    assert name in (project / "report.html").read_text("utf-8")
    assert rules_of(project)[name]["verdict"] == "broken"
    scenario = project / f".runfaults/Plain-{name}.toml"
    assert 'own_rules = [\n    "rules.py:says_when",\n]' in scenario.read_text("utf-8")
    named = ("--target", PLAIN_MANAGER)
    assert f"toml {' '.join(named)}" in ended.stdout
    played = runfaults("replay", scenario, *named, folder=project)
    assert played.returncode == 1
    assert "broken (as expected)" in played.stdout
    drawn = runfaults("draw", scenario, *named, "-o", "picture.svg", folder=project)
    assert drawn.returncode == 0
    assert "a-completed-run-says" in (project / "picture.svg").read_text("utf-8")


def test_a_violation_shrinks_by_its_own_rule(project: Path) -> None:
    (project / "big.toml").write_text(
        f'name = "big"\nsymptom = "s"\ntarget = "{PLAIN_MANAGER}"\n'
        '[[fault]]\nkind = "cantopen"\nat = "run connect"\n'
    )
    given = ("--target", PLAIN_MANAGER, "--rule", "rules.py:says_when")
    ended = runfaults("minimise", "big.toml", *given, folder=project)
    assert ended.returncode == 0
    small = (project / "big.minimal.toml").read_text("utf-8")
    assert "[[fault]]" not in small
    assert "rules.py:says_when" in small


def test_a_rule_that_holds_is_counted_and_one_whose_question_never_came_up_is_not_exercised(
    project: Path,
) -> None:
    both = ("--rule", "rules.py:has_a_scope", "--rule", "rules.py:failed_has_a_scope")
    ended = check(project, *both)
    assert ended.returncode == 0
    assert rules_of(project)["a-run-has-a-scope"]["exercised"] == 2, "at once and in an hour"
    assert rules_of(project)["a-failed-run-has-a-scope"]["exercised"] == 0


def test_only_takes_the_name_of_an_own_rule(project: Path) -> None:
    ended = check(project, "--rule", "rules.py:has_a_scope", "--only", "a-run-has-a-scope")
    assert ended.returncode == 0
    assert list(rules_of(project)) == ["a-run-has-a-scope"]


def test_a_rule_in_python_may_ask_a_query_and_few_rows_are_told(project: Path) -> None:
    ended = check(project, "--rule", "rules.py:hears", "--rule", "rules.py:many")
    assert ended.returncode == 1
    told = " ".join(ended.stdout.split())
    assert "one is there" in told
    assert "one = 1; one = 2; one = 3; and more" in told


@pytest.mark.parametrize(
    ("rule", "told"),
    [
        ("rules.py:no_table", "rules.py:13: `SELECT id FROM nowhere` raised OperationalError"),
        ("rules.py:writes", "rules.py:14: `DELETE FROM runs RETURNING id` raised"),
        ("rules.py:two", "rules.py:15: `SELECT 1; SELECT 2` raised"),
        ("rules.py:taken", "rules.py:16: the name 'one-active-run' is that of a built-in rule"),
        ("rules.py:number", "rule rules.py:number: it is not a rule, but int"),
        ("rules.py:missing", "rule rules.py:missing: rules.py has no 'missing'"),
        ("nowhere.py:rule", "rule nowhere.py:rule: there is no file nowhere.py"),
        ("rules.py", "rule rules.py: "),
        (":", "rule :: "),
        ("wrong.py:rule", "wrong.py:1"),
        ("rules.py:raises", "raised KeyError: 'oops' at"),
        ("rules.py:raises_when_asked", "raised ZeroDivisionError: division by zero at"),
        ("rules.py:yields_text", "yielded 'broken', which is not a finding"),
    ],
)
def test_what_cannot_be_used_is_wrong_usage_with_its_place(
    rule: str, told: str, project: Path
) -> None:
    (project / "wrong.py").write_text("1 / 0\n")
    ended = check(project, "--rule", rule)
    assert ended.returncode == 2, ended
    assert told in ended.stderr


def test_two_rules_of_one_name_are_wrong_usage_and_the_same_one_twice_is_not(project: Path) -> None:
    first = ("--rule", "rules.py:has_a_scope")
    twice = check(project, *first, "--rule", f"{project}/rules.py:has_a_scope")
    assert twice.returncode == 0
    ended = check(project, *first, "--rule", "rules.py:taken_twice")
    assert ended.returncode == 2
    assert "rules.py:17: the name 'a-run-has-a-scope' is that of the rule at" in ended.stderr


def test_the_settings_of_the_project_list_rules_seen_from_their_file(project: Path) -> None:
    (project / "pyproject.toml").write_text('[tool.runfaults]\nrules = ["rules.py:has_a_scope"]\n')
    below = project / "below"
    below.mkdir()
    assert check(below).returncode == 0
    assert "a-run-has-a-scope" in rules_of(below)
    schedule = "pipeline succeeds; death before run commit #2"
    died = runfaults(
        *("crash", "--target", PLAIN_MANAGER, "--schedule", schedule),
        *("--rule", "../rules.py:many"),
        folder=below,
    )
    assert died.returncode == 1
    assert "few-numbers" in died.stdout


@pytest.mark.parametrize(
    ("settings", "told"),
    [
        ("[tool.runfaults]\nrule = []\n", "unknown key 'rule'; allowed are: rules"),
        ('[tool.runfaults]\nrules = "rules.py:x"\n', "`rules` is not a list of texts"),
        ("[tool.runfaults]\nrules = [1]\n", "`rules` is not a list of texts"),
        ("[tool]\nrunfaults = 1\n", "`tool.runfaults` is not a table"),
        (
            '[tool.runfault]\nbound = "quick"\n',
            "[tool.runfault] is read by no one; write [tool.run",
        ),
        ('[tool.run-faults]\nbound = "quick"\n', "[tool.run-faults] is read by no one"),
        ("[tool\n", "is not valid TOML"),
    ],
)
def test_settings_that_mean_nothing_are_wrong_usage(
    settings: str, told: str, project: Path
) -> None:
    (project / "pyproject.toml").write_text(settings)
    ended = check(project)
    assert ended.returncode == 2
    assert told in ended.stderr
    assert "pyproject.toml" in ended.stderr


def test_other_settings_and_other_projects_are_left_alone(project: Path) -> None:
    (project / "pyproject.toml").write_text("[tool.other]\nrules = 1\n")
    assert check(project).returncode == 0


def test_a_scenario_names_own_rules_only_where_they_are_listed(project: Path) -> None:
    named = ("--target", PLAIN_MANAGER)
    head = f'name = "n"\nsymptom = "s"\ntarget = "{PLAIN_MANAGER}"\n'
    (project / "n.toml").write_text(f'{head}rules = ["a-run-has-a-scope"]\n')
    assert runfaults("replay", "n.toml", *named, folder=project).returncode == 2
    (project / "n.toml").write_text(
        f'{head}rules = ["a-run-has-a-scope"]\nown_rules = ["rules.py:has_a_scope"]\n'
    )
    assert runfaults("replay", "n.toml", *named, folder=project).returncode == 0
    (project / "n.toml").write_text(f'{head}own_rules = ["rules.py:number"]\n')
    ended = runfaults("replay", "n.toml", folder=project)
    assert ended.returncode == 2
    assert "n.toml:4: rule rules.py:number: it is not a rule" in ended.stderr


def test_a_worker_process_complains_of_a_rule_as_this_one_does(project: Path) -> None:
    (project / "late.py").write_text(
        "from runfaults.oracle import rule\n\n\n"
        "@rule(exercised=lambda history, facts: True)\n"
        "def late(history, facts):\n"
        '    """Raises where a run failed."""\n'
        "    if any(run.status == 'failed' for run in facts.runs.values()):\n"
        "        raise KeyError('late')\n"
        "    yield from ()\n"
    )
    ended = runfaults(
        *("check", "--target", PLAIN_MANAGER, "--bound", "single", "--only", "nomem"),
        *("--jobs", "2", "--rule", "late.py:late"),
        folder=project,
    )
    assert ended.returncode == 2
    assert "raised KeyError: 'late' at" in ended.stderr
