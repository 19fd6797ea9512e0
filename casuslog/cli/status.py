"""``casuslog status``: how every service stands, and how far each consumer is behind, as time."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import click

from casuslog.caller import Caller
from casuslog.cli._installation import Installation, pass_installation
from casuslog.cli._table import duration, table
from casuslog.errors import CasuslogError
from casuslog.hosting.settings import service_names
from casuslog.hosting.standing import COUNTED

if TYPE_CHECKING:
    from casuslog.http.client import ApiClient

AWAY = "antwoordt niet"
LEVEL = "bij"
_NONE = "-"


@dataclass(frozen=True, slots=True)
class Following:
    """How far one consumer is with one source; ``seconds`` is ``None`` when the source does not answer."""

    consumer: str
    source: str
    oldest: str | None = None
    seconds: float | None = None

    @property
    def told(self) -> str:
        """For people."""
        if self.seconds is None:
            return f"onbekend: {self.source} {AWAY}"
        return LEVEL if self.oldest is None else f"oudste onverwerkt {duration(self.seconds)}"


@click.command()
@click.option("--json", "as_json", is_flag=True, help="Als JSON, voor programma's.")
@pass_installation
def status(installation: Installation, as_json: bool) -> None:
    """Toon hoe het met elke dienst staat, en hoe ver elke verwerker achterloopt, als tijd.

    De uitkomst van het programma is 1 als een dienst niet antwoordt, of als het logboek stilstaat omdat iemand een
    transactie open laat staan.
    """
    names = service_names()
    standings = {name: _standing(installation.client, name) for name in names}
    following = followings(installation.client, installation.beheerder(), standings)
    if as_json:
        click.echo(json.dumps(as_data(standings, following), ensure_ascii=False, indent=2))
    else:
        click.echo(render(standings, following))
    if None in standings.values() or alarms(standings):
        raise click.exceptions.Exit(1)


def _standing(client: ApiClient, name: str) -> dict[str, Any] | None:
    try:
        return client.get(name, "/status")
    except CasuslogError:
        # Away, or it has no answer: either way the table says so.
        return None


def followings(client: ApiClient, caller: Caller, standings: Mapping[str, Mapping[str, Any] | None]) -> list[Following]:
    """Of every consumer and each of its sources: since when the oldest event waits, as the source itself tells."""
    return [
        _following(client, caller, consumer, source, cursor)
        for consumer, standing in standings.items()
        for source, cursor in (standing or {}).get("verwerkt", {}).items()
    ]


def _following(client: ApiClient, caller: Caller, consumer: str, source: str, cursor: str) -> Following:
    try:
        behind = client.get(source, f"/achterstand?na={cursor}", caller)
    except CasuslogError:
        return Following(consumer, source)
    return Following(consumer, source, behind["oudste"], behind["seconden"])


def as_data(standings: Mapping[str, Any], following: Sequence[Following]) -> dict[str, Any]:
    """All of it for programs; a service that does not answer is ``null``."""
    consumers = [
        {"verwerker": one.consumer, "bron": one.source, "oudste": one.oldest, "seconden": one.seconds}
        for one in following
    ]
    return {"diensten": dict(standings), "verwerkers": consumers}


def render(standings: Mapping[str, Mapping[str, Any] | None], following: Sequence[Following]) -> str:
    """Both tables for people: services, then consumers; above them what cannot wait."""
    services = [_service_row(name, standing) for name, standing in standings.items()]
    consumers = [[one.consumer, one.source, one.told] for one in following]
    tables = alarms(standings)
    tables.append(table(["dienst", "te versturen", "relay", "geparkeerd", "horizon", "klaar"], services))
    if consumers:
        tables.append(table(["verwerker", "bron", "stand"], consumers))
    return "\n\n".join(tables)


def _service_row(name: str, standing: Mapping[str, Any] | None) -> list[str]:
    if standing is None:
        return [name, _NONE, AWAY, _NONE, _NONE, "nee"]
    return [
        name,
        _waiting(standing["wachtend"]),
        _relay(standing),
        _parked(standing["geparkeerd"]),
        _horizon(standing["horizon"]),
        "ja" if standing["klaar"] else "nee",
    ]


def _waiting(count: int) -> str:
    return f"{COUNTED} of meer" if count >= COUNTED else str(count)


def _relay(standing: Mapping[str, Any]) -> str:
    if not standing["wachtend"]:
        return LEVEL
    return f"oudste onverstuurd {duration(standing['achterstand_seconden'])}"


def _parked(parked: Mapping[str, int]) -> str:
    told = [f"{parked[what]} {one if parked[what] == 1 else what}" for what, one in _PARKED if parked[what]]
    return ", ".join(told) or _NONE


_PARKED = (("banen", "baan"), ("termijnen", "termijn"))


def _horizon(horizon: Mapping[str, Any]) -> str:
    if not horizon["door"]:
        return _NONE
    holder = horizon["door"][0]["toepassing"] or "onbekend"
    alarm = "ALARM: " if horizon["alarm"] else ""
    return f"{alarm}{duration(horizon['seconden'])} door {holder}"


def alarms(standings: Mapping[str, Mapping[str, Any] | None]) -> list[str]:
    """Per transaction that holds up the log: who has it open, since when, and how it is ended."""
    horizons = [standing["horizon"] for standing in standings.values() if standing is not None]
    # Services on one server tell of the same transaction.
    return list({_of(one["door"][0]): _alarm(one) for one in horizons if one["alarm"]}.values())


def _of(holder: Mapping[str, Any]) -> tuple[Any, ...]:
    return holder["sessie"], holder["database"], holder["toepassing"], holder["sinds"]


def _alarm(horizon: Mapping[str, Any]) -> str:
    holder = horizon["door"][0]
    since = f"sinds {holder['sinds']} " if holder["sinds"] else ""
    if holder["sessie"] is None:
        whose = f"de voorbereide transactie {holder['toepassing']} in database {holder['database']} is nog open"
        remedy = f"ROLLBACK PREPARED '{holder['toepassing']}' (of COMMIT PREPARED), in die database"
    else:
        state = f" ({holder['toestand']})" if holder["toestand"] else ""
        whose = (
            f"sessie {holder['sessie']} van {holder['toepassing'] or 'onbekend'} in database {holder['database']} "
            f"houdt een transactie open{state}"
        )
        remedy = f"SELECT pg_terminate_backend({holder['sessie']})"
    return (
        f"ALARM: het logboek staat {since}stil ({duration(horizon['seconden'])}): {whose}. Er gaat niets verloren, "
        f"maar geen dienst leest verder. Beëindig haar: {remedy}"
    )
