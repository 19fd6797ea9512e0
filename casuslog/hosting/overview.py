"""The whole installation in one look: each service, each relay, and of each consumer how far it is behind and why.

Asked of the services themselves, so that it tells what is so now; who does not answer shows as such. Nothing of a casus
is in it: cursors, counts, seconds, and names of sessions and processes.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from casuslog.recorded import Cursor

Ask = Callable[[str, str], Mapping[str, Any] | None]
"""``(name, path)``: what a service or relay process answers; ``None`` when it does not."""
Told = Mapping[str, Any] | None

HORIZON, RELAY_AWAY, DISCONNECTED, PARKED, WORKING, SOURCE_AWAY = (
    "horizon",
    "relay_draait_niet",
    "geen_verbinding_met_de_broker",
    "baan_geparkeerd",
    "werkt_achterstand_weg",
    "bron_antwoordt_niet",
)
"""Kinds of cause; beside these the alarms of :class:`casuslog.relay.RelayStatus`, by their own names."""


@dataclass(frozen=True, slots=True)
class Cause:
    """Why a consumer is behind, or will be: its kind, and what an operator must know to end it."""

    kind: str
    about: Mapping[str, Any]

    def as_data(self) -> dict[str, Any]:
        """For programs."""
        return {"soort": self.kind, **self.about}


@dataclass(frozen=True, slots=True)
class Following:
    """How far one consumer is with one source; ``seconds`` is ``None`` when the source does not answer."""

    consumer: str
    source: str
    oldest: str | None = None
    seconds: float | None = None
    causes: tuple[Cause, ...] = ()

    def as_data(self) -> dict[str, Any]:
        """For programs."""
        return {
            "verwerker": self.consumer,
            "bron": self.source,
            "oudste": self.oldest,
            "seconden": self.seconds,
            "oorzaken": [cause.as_data() for cause in self.causes],
        }


@dataclass(frozen=True, slots=True)
class Overview:
    """Every service, every relay by the service whose log it carries, and every consumer with each of its sources."""

    services: Mapping[str, Told]
    relays: Mapping[str, Told]
    following: Sequence[Following]

    def as_data(self) -> dict[str, Any]:
        """For programs; who does not answer is ``null``."""
        return {
            "diensten": dict(self.services),
            "relays": dict(self.relays),
            "verwerkers": [one.as_data() for one in self.following],
        }


def overview(ask: Ask, services: Sequence[str], relay_processes: Mapping[str, Sequence[str]]) -> Overview:
    """Ask everybody.

    Args:
        ask: of a service or relay process; ``/achterstand`` is for a beheerder.
        services: all services of the installation.
        relay_processes: by name, with the services whose log each carries.
    """
    standings = {name: ask(name, "/status") for name in services}
    relays: dict[str, Told] = {}
    for process, carried in relay_processes.items():
        answer = ask(process, "/status") or {}
        relays.update({service: answer.get("diensten", {}).get(service) for service in carried})
    following = [
        _following(ask, consumer, source, cursor, standings, relays)
        for consumer, standing in standings.items()
        for source, cursor in (standing or {}).get("verwerkt", {}).items()
    ]
    return Overview(standings, relays, following)


def _following(
    ask: Ask,
    consumer: str,
    source: str,
    cursor: str,
    standings: Mapping[str, Told],
    relays: Mapping[str, Told],
) -> Following:
    behind = ask(source, f"/achterstand?na={cursor}")
    own = standings.get(consumer) or {}
    if behind is None:
        return Following(consumer, source, causes=(Cause(SOURCE_AWAY, {}), *_parked(own, source)))
    theirs, relay, waits = standings.get(source), relays.get(source), bool(behind["oudste"])
    causes = tuple(_causes(own, source, Cursor.parse(cursor), theirs, relay, behind=waits))
    return Following(consumer, source, behind["oudste"], float(behind["seconden"]), causes)


def _causes(
    own: Mapping[str, Any], source: str, cursor: Cursor, theirs: Told, relay: Told, *, behind: bool
) -> Iterator[Cause]:
    """What is in the way, nearest to the source first: what was appended, passed on, delivered, handled."""
    found = list(_before_the_broker(cursor, theirs, relay, behind=behind))
    if behind and not own.get("klaar", True):
        found.append(Cause(DISCONNECTED, {}))
    if behind and not found:
        found.append(Cause(WORKING, {}))
    yield from found
    yield from _parked(own, source)


def _before_the_broker(cursor: Cursor, theirs: Told, relay: Told, *, behind: bool) -> Iterator[Cause]:
    if theirs is None:
        return
    if theirs["horizon"]["alarm"]:
        # What is behind the horizon does not count as waiting yet: this is told of who is level too.
        yield Cause(HORIZON, _named(theirs["horizon"]))
    if not behind or cursor < Cursor.parse(theirs["doorgegeven"]):
        return
    # Everything that was passed on is handled: what waits, waits for the relay.
    if relay is None:
        yield Cause(RELAY_AWAY, {})
    elif relay["alarm"] and relay["toestand"] != "horizon_stalled":
        yield Cause(relay["toestand"], {"uitleg": relay["oorzaak"]})


def _named(horizon: Mapping[str, Any]) -> dict[str, Any]:
    holder = horizon["door"][0]
    return {name: holder[name] for name in ("sessie", "toepassing", "database")} | {"seconden": horizon["seconden"]}


def _parked(own: Mapping[str, Any], source: str) -> Iterator[Cause]:
    parked = own.get("geparkeerd", {}).get("per_bron", {}).get(source)
    if parked:
        yield Cause(PARKED, parked)


__all__ = ["Ask", "Cause", "Following", "Overview", "overview"]
