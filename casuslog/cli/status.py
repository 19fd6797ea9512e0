"""``casuslog status``: how every service stands, and how far each consumer is behind, as time."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

import click

from casuslog.cli._installation import Installation, pass_installation
from casuslog.cli._table import duration, table
from casuslog.errors import CasuslogError
from casuslog.hosting import overview as kinds
from casuslog.hosting.overview import SOURCE_AWAY, Cause, Following, Overview, Told, overview
from casuslog.hosting.standing import COUNTED
from casuslog.settings import service_names

AWAY = "antwoordt niet"
TOLD = {
    kinds.RELAY_AWAY: "relay draait niet",
    kinds.DISCONNECTED: "geen verbinding met de broker",
    kinds.WORKING: "wordt weggewerkt",
    "binding_missing": "er ontbreekt een wachtrij: de relay verstuurt niets",
    "broker_away": "de broker is weg",
    "broker_blocked": "de broker neemt niets aan",
    "broker_refuses": "een wachtrij weigert: zij is vol of ziek",
    "database_away": "de database is weg",
    "horizon_stalled": "horizon",
}
"""Causes and alarms for people."""
REFUSED = (401, 403)
"""Statuses of who answers and does not tell us: then it is our token that must change."""
LEVEL = "bij"
_NONE = "-"


@click.command()
@click.option("--json", "as_json", is_flag=True, help="Als JSON, voor programma's.")
@pass_installation
def status(installation: Installation, as_json: bool) -> None:
    """Toon hoe het met elke dienst staat, en hoe ver elke verwerker achterloopt, als tijd.

    De uitkomst van het programma is 1 als een dienst niet antwoordt, of als het logboek stilstaat omdat iemand een
    transactie open laat staan.
    """
    client, caller = installation.client, installation.beheerder()

    def ask(name: str, path: str) -> dict[str, Any] | None:
        try:
            return client.get(name, path, caller)
        except CasuslogError as error:
            if error.status in REFUSED:
                raise
            # Away, or it has no answer: either way the table says so.
            return None

    seen = overview(ask, service_names(), installation.settings.relay_processes())
    if as_json:
        click.echo(json.dumps(seen.as_data(), ensure_ascii=False, indent=2))
    else:
        click.echo(render(seen))
    if None in seen.services.values() or alarms(seen.services):
        raise click.exceptions.Exit(1)


def render(seen: Overview) -> str:
    """Both tables for people: services, then consumers; above them what cannot wait."""
    services = [_service_row(name, standing, seen.relays.get(name)) for name, standing in seen.services.items()]
    consumers = [[one.consumer, one.source, _behind(one), _causes(one)] for one in seen.following]
    tables = alarms(seen.services)
    tables.append(table(["dienst", "te versturen", "relay", "geparkeerd", "horizon", "klaar"], services))
    if consumers:
        tables.append(table(["verwerker", "bron", "stand", "oorzaak"], consumers))
    holders = [_holder(one) for standing in seen.services.values() for one in (standing or {}).get("afnemers", ())]
    if holders:
        tables.append(table(["abonnement", "kanaal", "wacht", "laatste levering", "pogingen", "volgende"], holders))
    return "\n\n".join(tables)


def _holder(one: Mapping[str, Any]) -> list[str]:
    tries = f"{one['pogingen']} ({one['reden']})" if one["pogingen"] else _NONE
    last, following = (one[name] or _NONE for name in ("laatste_levering", "volgende_poging"))
    return [one["abonnement"], one["kanaal"], str(one["wacht"]), last, tries, following if one["pogingen"] else _NONE]


def _behind(one: Following) -> str:
    if one.seconds is None:
        return f"onbekend: {one.source} {AWAY}"
    return LEVEL if one.oldest is None else f"oudste onverwerkt {duration(one.seconds)}"


def _causes(one: Following) -> str:
    return "; ".join(_cause(cause) for cause in one.causes if cause.kind != SOURCE_AWAY) or _NONE


def _cause(cause: Cause) -> str:
    about = cause.about
    match cause.kind:
        case kinds.HORIZON:
            who = "een voorbereide transactie" if about["sessie"] is None else f"sessie {about['sessie']}"
            return f"horizon gehouden door {who} ({about['toepassing'] or 'onbekend'})"
        case kinds.PARKED:
            lanes = about["banen"]
            return f"{lanes} {'baan' if lanes == 1 else 'banen'} geparkeerd sinds {duration(about['seconden'])}"
        case kind:
            return TOLD.get(kind, kind)


def _service_row(name: str, standing: Told, relay: Told) -> list[str]:
    if standing is None:
        return [name, _NONE, AWAY, _NONE, _NONE, "nee"]
    return [
        name,
        _waiting(standing["wachtend"]),
        _relay(standing, relay),
        _parked(standing["geparkeerd"]),
        _horizon(standing["horizon"]),
        "ja" if standing["klaar"] else "nee",
    ]


def _waiting(count: int) -> str:
    return f"{COUNTED} of meer" if count >= COUNTED else str(count)


def _relay(standing: Mapping[str, Any], relay: Told) -> str:
    if not standing["wachtend"]:
        return LEVEL
    state = TOLD[kinds.RELAY_AWAY] if relay is None else TOLD.get(relay["toestand"], "") if relay["alarm"] else ""
    waits = f"oudste onverstuurd {duration(standing['achterstand_seconden'])}"
    return f"{waits}: {state}" if state else waits


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
