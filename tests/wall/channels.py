"""The ways in which somebody may try to hear what is not for him. Every channel adds itself; the run plays them all.

A channel is a function ``(world, rng, attempts) -> Iterator[Heard]`` under ``@channel("name", attempts)``. What it
heard is judged by the oracle of the world; a channel with a world of its own gives its own ``leaks`` instead.
"""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

from casuslog.caller import Caller


@dataclass(frozen=True, slots=True, kw_only=True)
class Heard:
    """One attempt and what was heard.

    Attributes:
        caller: in whose name; ``None`` where the caller was forged.
        sent: all that was sent: what somebody says himself is no news to him.
        text: all that came back.
        absent: what came back to the same about something that is not there; ``None`` where that says nothing.
        leaks: found by the channel itself.
    """

    caller: Caller | None
    sent: str
    text: str
    absent: str | None = None
    leaks: tuple[str, ...] = ()


Play = Callable[[Any, random.Random, int], Iterator[Heard]]


@dataclass(frozen=True, slots=True)
class Channel:
    """A way in, and how many attempts a full run makes there."""

    name: str
    attempts: int
    play: Play


CHANNELS: dict[str, Channel] = {}


def channel(name: str, attempts: int) -> Callable[[Play], Play]:
    """Have this channel played in every run of the wall."""

    def register(play: Play) -> Play:
        CHANNELS[name] = Channel(name, attempts, play)
        return play

    return register
