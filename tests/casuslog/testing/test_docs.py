"""The examples of docs/testen.md do what they say."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

DOCS = Path(__file__).parents[3] / "docs" / "testen.md"


def test_the_examples_run_as_they_stand() -> None:
    """Every ``python`` block, one after the other, in one namespace."""
    blocks = re.findall(r"^```python\n(.*?)^```$", DOCS.read_text(encoding="utf-8"), re.DOTALL | re.MULTILINE)
    assert len(blocks) == 3
    known: dict[str, Any] = {}
    for block in blocks:
        exec(compile(block, DOCS.name, "exec"), known)
