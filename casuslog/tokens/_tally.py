"""Refusals that wait to be written down: per service and hour how often, by reason, role and gemeente.

Who sends a thousand bad tokens adds to one number. A role or gemeente stands in it only where it was proven, and only
as a code of its list: what somebody merely says is kept nowhere, nor is where it came from.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Collection, Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import Any

from casuslog.caller import Caller
from casuslog.codes import codes

MOST = 100
"""Different kinds with a proven role or gemeente that one process keeps apart in an hour, per service; what comes after
them is counted by its reason alone. Without a proven role there are as many kinds as there are reasons."""


@dataclass(frozen=True, slots=True)
class Whose:
    """What was proven of who was refused: codes of the lists *rol* and *gemeente*, or empty."""

    rol: str = ""
    gemeente: str = ""


NOBODY = Whose()


@dataclass(frozen=True, slots=True)
class Refusals:
    """So many refusals of one kind, in one hour."""

    uur: datetime
    reden: str
    whose: Whose
    eerste: datetime
    laatste: datetime
    aantal: int = 1

    def with_more(self, more: Refusals) -> Refusals:
        """These, and more of the same kind and hour."""
        return replace(
            self,
            eerste=min(self.eerste, more.eerste),
            laatste=max(self.laatste, more.laatste),
            aantal=self.aantal + more.aantal,
        )


_Kind = tuple[datetime, str, Whose]


def whose_token(claims: Mapping[str, Any]) -> Whose:
    """Of verified claims; a token with several roles or gemeenten says of neither which it was used for."""
    roles = claims.get("rollen", [claims.get("rol")])
    return _whose(roles, claims.get("gemeenten", []))


def whose_call(caller: Caller) -> Whose:
    """Of a caller who was let in."""
    return _whose([caller.rol], caller.gemeenten)


class Tally:
    """Those of one process.

    Args:
        now: tells the moment of a refusal.
    """

    def __init__(self, now: Callable[[], datetime] = lambda: datetime.now(UTC)) -> None:
        self._now = now
        self._lock = threading.Lock()
        self._waiting: dict[str, dict[_Kind, Refusals]] = {}
        self._apart: dict[str, tuple[datetime, set[_Kind]]] = {}

    def note(self, service: str, reason: str, whose: Whose = NOBODY) -> None:
        """One more. It is a number in memory: whoever is refused does not wait for it."""
        moment = self._now().astimezone(UTC)
        hour = moment.replace(minute=0, second=0, microsecond=0)
        with self._lock:
            known = whose if whose == NOBODY or self._may_stand_apart(service, (hour, reason, whose)) else NOBODY
            self._add(service, Refusals(hour, reason, known, moment, moment))

    def take(self, service: str) -> list[Refusals]:
        """What waits to be written down of a service; it no longer waits then."""
        with self._lock:
            return list(self._waiting.pop(service, {}).values())

    def give_back(self, service: str, unwritten: Iterable[Refusals]) -> None:
        """It could not be written down: it waits again."""
        with self._lock:
            for one in unwritten:
                self._add(service, one)

    def _add(self, service: str, more: Refusals) -> None:
        kind = (more.uur, more.reden, more.whose)
        waiting = self._waiting.setdefault(service, {})
        waiting[kind] = waiting[kind].with_more(more) if kind in waiting else more

    def _may_stand_apart(self, service: str, kind: _Kind) -> bool:
        hour, kinds = self._apart.get(service, (kind[0], set()))
        if hour != kind[0]:
            kinds = set()
        self._apart[service] = (kind[0], kinds)
        if len(kinds) < MOST:
            kinds.add(kind)
        return kind in kinds


def _whose(roles: Any, gemeenten: Any) -> Whose:
    return Whose(_only(roles, codes("rol").codes), _only(gemeenten, codes("gemeente").codes))


def _only(given: Any, listed: Collection[str]) -> str:
    """The one code that was given, if it is one of the list."""
    if not isinstance(given, (list, tuple)) or len(given) != 1:
        return ""
    (one,) = given
    return one if isinstance(one, str) and one in listed else ""


__all__ = ["MOST", "NOBODY", "Refusals", "Tally", "Whose", "whose_call", "whose_token"]
