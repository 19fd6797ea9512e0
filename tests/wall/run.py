"""A run of the wall: every channel, judged by the oracle, written down as ``build/wall.json``."""

from __future__ import annotations

import random
from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from tests.wall.channels import Channel, Heard
from tests.wall.result import CHANNELS, RESULT, keep


@dataclass
class Outcome:
    """What a run gave: attempts per channel, and every leak in words."""

    attempts: dict[str, int] = field(default_factory=dict)
    leaks: dict[str, list[str]] = field(default_factory=dict)

    @property
    def total(self) -> int:
        """Attempts over all channels."""
        return sum(self.attempts.values())

    @property
    def leaked(self) -> int:
        """Leaks over all channels."""
        return sum(len(found) for found in self.leaks.values())

    def write(self, path: Path = RESULT) -> None:
        """Write it down. Holds no word of what leaked: only where, and to whom."""
        rows = {
            name: {"attempts": count, "leaks": len(self.leaks[name]), "first": self.leaks[name][:3]}
            for name, count in self.attempts.items()
        }
        keep(CHANNELS, rows, path)


def play(world: Any, channels: Iterable[Channel], *, seed: int, part: float = 1.0) -> Outcome:
    """Play these channels, each with a chance of its own that the seed determines.

    Args:
        world: what the channels attack.
        channels: which.
        seed: repeats a run.
        part: of the attempts that each channel makes in a full run.
    """
    outcome = Outcome()
    for one in channels:
        heard = one.play(world, random.Random(f"{seed} {one.name}"), max(1, int(one.attempts * part)))
        judged = [_leaks(world, each) for each in heard]
        outcome.attempts[one.name] = len(judged)
        outcome.leaks[one.name] = [leak for leaks in judged for leak in leaks]
    written = world.written_by_strangers()
    if written:
        outcome.attempts.setdefault("geschreven", 0)
        outcome.leaks["geschreven"] = written
    return outcome


def _leaks(world: Any, heard: Heard) -> list[str]:
    who = (
        "een vervalst token" if heard.caller is None else f"{heard.caller.rol} {heard.caller.organisatie or ''}".strip()
    )
    asked = heard.sent.partition("\n")[0]
    found = [
        f"{who} hoorde een {mark.kind} uit {mark.gemeente}/{mark.stroom} ({asked})"
        for mark in world.oracle.beyond(heard.caller, heard.text, heard.sent)
    ]
    if heard.absent is not None and heard.absent != heard.text:
        found.append(f"{who} hoort dat het bestaat ({asked})")
    return [*found, *heard.leaks]
