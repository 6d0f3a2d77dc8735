from __future__ import annotations

import pytest
from executed import differing, stable
from markdown_page import REPOSITORY, executed, missing

REMEDY = "to update it: uv run python tests/docs/update.py"


LONG = {"docs/tutorial.md", "docs/targets/celery.md", "docs/how-to/every-fault.md"}

PAGES = [
    pytest.param(name, marks=pytest.mark.nightly if name in LONG else ()) for name in executed()
]


@pytest.mark.timeout(600)
@pytest.mark.parametrize("name", PAGES)
def test_commands_print_what_the_page_says(name: str) -> None:
    page = (REPOSITORY / name).read_text("utf-8")
    if missing(page):
        pytest.skip(f"needs {', '.join(missing(page))}: uv sync --group foreign-heavy")
    for block, text in differing(page).items():
        assert stable(block.text) == stable(text), f"{name}:{block.line}; {REMEDY} {name}"


def test_pages_with_commands_are_executed() -> None:
    assert {"README.md", "docs/tutorial.md"} <= set(executed())


def test_a_page_tells_what_it_needs() -> None:
    page = "Text.\n\n<!-- needs: pytest no_such_package -->\n\nMore."
    assert missing(page) == ["no_such_package"]
    assert not missing("Text.\n")


def test_a_wrong_output_is_found() -> None:
    page = "```console\n$ echo right\nwrong\n```\n"
    assert list(differing(page).values()) == ["$ echo right\nright\n"]


def test_a_right_output_passes() -> None:
    assert not differing("```console\n$ echo right\nright\n$ false\n$ echo $?\n1\n```\n")


def test_a_session_sees_the_files_that_the_page_writes() -> None:
    page = (
        "<!-- write: new/file.txt -->\n```text\nhello\n```\n\n```console\n$ cat new/file.txt\n```"
    )
    assert list(differing(page + "\n").values()) == ["$ cat new/file.txt\nhello\n"]


def test_times_and_versions_do_not_matter() -> None:
    assert stable("in 34.0 s; Python 3.11.7") == stable("in 1 min 2 s;\n  Python 3.14.0rc1")
    assert stable("34 schedules") != stable("35 schedules")
