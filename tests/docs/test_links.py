"""Links of the files beside docs: `mkdocs build --strict` checks those between its pages."""

from __future__ import annotations

import re

import pytest
from markdown_page import REPOSITORY

FILES = ["README.md", "README.ja.md", "CONTRIBUTING.md", "CHANGELOG.md"]


@pytest.mark.parametrize("name", FILES)
def test_links_lead_somewhere(name: str) -> None:
    text = (REPOSITORY / name).read_text("utf-8")
    targets = [target.partition("#")[0] for target in re.findall(r"\]\(([^):]+)\)", text)]
    assert [target for target in targets if not (REPOSITORY / target).exists()] == []


@pytest.mark.parametrize("name", FILES)
def test_paths_that_are_named_exist(name: str) -> None:
    text = (REPOSITORY / name).read_text("utf-8")
    paths = re.findall(r"`((?:src|tests|docs|faults|benchmarks)/[\w./-]*)`", text)
    assert [path for path in paths if not (REPOSITORY / path).exists()] == []
