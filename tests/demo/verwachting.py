"""What ``demo-zaken.yaml`` expects, laid beside what was logged: the one place that knows how the two write things.

The file writes amounts as text in euro's, hours as text and parties by their key; events hold cents, minutes and codes.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict
from typing import Any

from casuslog.recorded import RecordedEvent
from casuslog.rekenen import cent, minuten
from casuslog.rights.showing import class_name
from deploy.demo.zaken import Partijen

BEDRAGEN = {
    "tarief": "tarief_cent",
    "bedrag": "bedrag_cent",
    "totaal": "totaal_cent",
    "overeengekomen_tarief": "overeengekomen_tarief_cent",
    "juist_bedrag": "juist_bedrag_cent",
}
TESTWAARDE = "testwaarde"
"""In the file: some value; which one is no fact."""


def naam(event: RecordedEvent) -> str:
    """``MeldingGeregistreerd``."""
    return class_name(event.envelope.name)


def verschillen(verwacht: Sequence[Mapping[str, Any]], events: Sequence[RecordedEvent], p: Partijen) -> Iterator[str]:
    """What of the expected events of a service is not there, in this order; other events may stand between them."""
    over = list(events)
    for rij in verwacht:
        for _ in range(rij.get("aantal", 1)):
            gevonden = next((n for n, e in enumerate(over) if not _anders(rij, e, p)), None)
            if gevonden is None:
                yield f"{rij['datum']} {rij['type']} {rij['data']} ontbreekt; {_bijna(rij, over, p)}"
                break
            over = over[gevonden + 1 :]


def _bijna(rij: Mapping[str, Any], events: Sequence[RecordedEvent], p: Partijen) -> str:
    zelfde = [e for e in events if naam(e) == rij["type"]]
    return "; ".join(_anders(rij, e, p) for e in zelfde) or "dit soort staat er (verder) niet"


def _anders(rij: Mapping[str, Any], event: RecordedEvent, p: Partijen) -> str:
    """In what an event differs from a row; empty when it is the one."""
    if naam(event) != rij["type"]:
        return "ander soort"
    if event.envelope.feitdatum.isoformat() != str(rij["datum"]):
        return f"op {event.envelope.feitdatum}"
    data = _kaal(asdict(event.data), p)  # type: ignore[call-overload]  # own events are dataclasses
    anders = [
        f"{veld} is niet {waarde!r} ({data})"
        for veld, waarde in rij["data"].items()
        if not _staat(veld, waarde, data, p)
    ]
    if not grondslag_klopt(rij["regel"], event.envelope.grondslag):
        anders.append(f"grondslag is {event.envelope.grondslag!r}, niet {rij['regel']!r}")
    return ", ".join(anders)


def _staat(veld: str, waarde: Any, data: Mapping[str, Any], p: Partijen) -> bool:
    if waarde == TESTWAARDE:
        return bool(data[veld])
    if veld.startswith("resteert_regel_"):
        return (data["regel"], data["resteert_cent"]) == (int(veld.rpartition("_")[2]), cent(waarde))
    if veld == "grondslag":  # the amount of which the tariff is a percentage
        return bool(data["grondslag_cent"] == cent(waarde))
    if veld == "regels" and isinstance(waarde, int):
        return len(data["regels"]) == waarde
    if veld == "uitkomst" and "basis" in data:
        return _uitkomst(waarde, data)
    if veld == "pakket" and "basis" in data:
        return [deel["pakket"] for deel in data["uitkomst"]] == [waarde]
    if veld == "uren":
        return all(deel["minuten_per_week"] is waarde for deel in data["arrangement"])
    naam_hier, gezocht = _vertaald(veld, waarde)
    return _past(_kaal(gezocht, p), data[naam_hier])


def _uitkomst(waarde: Any, data: Mapping[str, Any]) -> bool:
    """The outcome of an onderzoek: what the inwoner needs, part by part."""
    gezocht = {waarde} if isinstance(waarde, str) else set(waarde)
    return {deel["voorziening"] for deel in data["uitkomst"]} == gezocht


def _vertaald(veld: str, waarde: Any) -> tuple[str, Any]:
    if veld in BEDRAGEN:
        return BEDRAGEN[veld], cent(waarde)
    if veld == "uren_per_week":
        return "minuten_per_week", minuten(waarde)
    if isinstance(waarde, list):
        return veld, [_deel(one) for one in waarde]
    return veld, waarde


def _deel(waarde: Any) -> Any:
    return dict(_vertaald(k, v) for k, v in waarde.items()) if isinstance(waarde, Mapping) else waarde


def _kaal(waarde: Any, p: Partijen) -> Any:
    """As the file would write it: parties by their code, days as text."""
    match waarde:
        case Mapping():
            return {k: _kaal(v, p) for k, v in waarde.items()}
        case list() | tuple():
            return [_kaal(one, p) for one in waarde]
        case str() | int() | None:
            return p.code(waarde) if isinstance(waarde, str) else waarde
    return waarde.isoformat()


def _past(gezocht: Any, gevonden: Any) -> bool:
    """Whether all that is asked is there; what is there may hold more fields."""
    if isinstance(gezocht, Mapping):
        return all(k in gevonden and _past(v, gevonden[k]) for k, v in gezocht.items())
    if isinstance(gezocht, list):
        return len(gezocht) == len(gevonden) and all(map(_past, gezocht, gevonden))
    return bool(gezocht == gevonden)


def grondslag_klopt(regel: str, grondslag: str) -> bool:
    """Whether the articles that the file names stand in the rule of an event; a remark in words is not compared."""
    artikelen = re.split(r"[;:(\[](?!\d)", regel)[0].strip()
    wet, _, rest = artikelen.partition(" ")
    if wet not in ("Wmo", "Awb"):
        return True
    bekend = {"Wmo": "Wmo 2015", "Awb": "Awb"}[wet]
    return bekend in grondslag and all(deel.strip() in grondslag for deel in rest.split(","))
