"""``build/wall.json``: what the walls gave, each in a part of its own, with the totals of all parts on top."""

from __future__ import annotations

import fcntl
import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

RESULT = Path(__file__).parents[2] / "build" / "wall.json"
CHANNELS, BROKER = "channels", "amqp_broker_alone"
"""Parts: over HTTP, by channel; and what the broker's own permissions stop when nothing of ours stands between."""


def keep(part: str, told: Mapping[str, Any], path: Path = RESULT) -> None:
    """Put a part in the place of its last run; the others stay as they are, whichever ran first, also side by side."""
    path.parent.mkdir(exist_ok=True)
    with path.with_suffix(".lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        parts = _parts(path) | {part: dict(told)}
        runs = [*parts.get(CHANNELS, {}).values(), *(parts[name] for name in parts if name != CHANNELS)]
        totals = {name: sum(run[name] for run in runs) for name in ("attempts", "leaks")}
        beside = path.with_suffix(".new")
        beside.write_text(json.dumps(totals | parts, indent=2, ensure_ascii=False) + "\n", encoding="utf-8")
        beside.replace(path)


def _parts(path: Path) -> dict[str, Any]:
    found = json.loads(path.read_text(encoding="utf-8")) if path.exists() else {}
    return {name: found[name] for name in (CHANNELS, BROKER) if name in found}
