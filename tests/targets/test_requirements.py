"""What a checkout needs is named as its own pyproject.toml names it."""

from __future__ import annotations

from pathlib import Path

import pytest

from runfaults.targets.requirements import command_with, requirement

DECLARED = """
[project]
dependencies = [
    "pydantic-settings>=2.12.0",
    "python-dotenv >= 1.0 ; python_version > '3.0'",
    "PyYAML",
    "uvicorn[standard]>=0.40",
]
[project.optional-dependencies]
dev = ["Some.Thing==2"]
"""


@pytest.mark.parametrize(
    ("package", "expected"),
    [
        ("pydantic_settings", "pydantic-settings>=2.12.0"),
        ("dotenv", "python-dotenv>=1.0"),
        ("yaml", "PyYAML"),
        ("uvicorn", "uvicorn>=0.40"),
        ("some_thing", "Some.Thing==2"),
        ("unheard_of", "unheard_of"),
    ],
)
def test_a_package_is_named_as_the_checkout_names_it(
    tmp_path: Path, package: str, expected: str
) -> None:
    (tmp_path / "pyproject.toml").write_text(DECLARED)
    assert requirement(tmp_path, package) == expected
    (tmp_path / "src").mkdir()
    assert requirement(tmp_path / "src", package) == expected


def test_without_a_list_it_is_the_name_that_is_imported(tmp_path: Path) -> None:
    assert requirement(tmp_path, "yaml") == "yaml"
    (tmp_path / "pyproject.toml").write_text("this is no TOML")
    assert requirement(tmp_path, "yaml") == "yaml"


def test_the_command_can_be_typed_as_it_stands(tmp_path: Path) -> None:
    folder = tmp_path / "a checkout"
    folder.mkdir()
    (folder / "pyproject.toml").write_text(DECLARED)
    command = command_with(folder, {"yaml", "pydantic_settings"})
    assert command == (
        "uv run --with PyYAML --with 'pydantic-settings>=2.12.0' runfaults check "
        f"--source '{folder}'"
    )
