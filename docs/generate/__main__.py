"""Writes the generated pages: `uv run python docs/generate [FOLDER]`, by default docs/reference."""

from __future__ import annotations

import sys
from pathlib import Path

from pages import PAGES, REFERENCE

folder = Path(sys.argv[1]) if sys.argv[1:] else REFERENCE
for name, page in PAGES.items():
    (folder / name).write_text(page(), encoding="utf-8")
    print(folder / name)
