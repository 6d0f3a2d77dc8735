from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Iterable
from pathlib import Path

import pytest
from markdown_page import REPOSITORY, blocks_of, missing, pages


def snippets(page: str) -> list[str]:
    """The page's Python: each block for itself, or appended to the one that it continues.

    Every line keeps its number in the page. A block that is a `file` is checked where it lives.
    """
    texts: list[str] = []
    for block in blocks_of(page):
        if block.language != "python" or block.directive == "file":
            continue
        if block.directive == "continued" and texts:
            texts[-1] += "\n" * (block.line - 1 - texts[-1].count("\n")) + block.text
        else:
            texts.append("\n" * (block.line - 1) + block.text)
    return texts


def write_modules(folder: Path, page: str) -> None:
    """Put down the modules that the page's reader writes, for other snippets to import."""
    folder.mkdir(exist_ok=True)
    for block in blocks_of(page):
        if block.language == "python" and block.directive == "write":
            (folder / Path(block.argument).name).write_text(block.text, "utf-8")


def complaints(folder: Path, texts: Iterable[tuple[str, str]]) -> list[str]:
    """What pyright says of the snippets; they may import what the documentation's reader can."""
    for name, text in texts:
        (folder / f"{name}.py").write_text(text, "utf-8")
    settings = {
        "extraPaths": [str(REPOSITORY / "tests/controls"), "written"],
        "exclude": ["written"],
        "venvPath": str(Path(sys.prefix).parent),
        "venv": Path(sys.prefix).name,
        "typeCheckingMode": "standard",
    }
    (folder / "pyrightconfig.json").write_text(json.dumps(settings), "utf-8")
    ended = subprocess.run(
        [sys.executable, "-m", "pyright", "--outputjson", "--project", str(folder)],
        capture_output=True,
        text=True,
        check=False,
    )
    found = json.loads(ended.stdout)["generalDiagnostics"]
    return [
        f"{Path(each['file']).stem}:{each['range']['start']['line'] + 1}: {each['message']}"
        for each in found
        if each["severity"] == "error"
    ]


@pytest.mark.timeout(300)
def test_python_in_the_documentation_is_complete_and_well_typed(tmp_path: Path) -> None:
    texts: list[tuple[str, str]] = []
    for path in pages():
        name = path.relative_to(REPOSITORY).with_suffix("").as_posix().replace("/", "__")
        page = path.read_text("utf-8")
        if missing(page):
            continue
        write_modules(tmp_path / "written", page)
        texts += [(f"{name}__{n}", text) for n, text in enumerate(snippets(page), 1)]
    assert texts
    assert complaints(tmp_path, texts) == [], (
        "make each block complete, or put <!-- continued --> above one that goes on with the last"
    )


@pytest.mark.timeout(300)
def test_a_wrong_snippet_is_found(tmp_path: Path) -> None:
    first, second = "```python\nimport sqlite3\n```\n", "```python\nsqlite3.no()\n```\n"
    page = f"Text.\n\n{first}\n<!-- continued -->\n{second}"
    (found,) = complaints(tmp_path, [("page", snippets(page)[0])])
    assert found.startswith("page:9:")
