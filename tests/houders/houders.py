"""Six kinds of holders with their subscriptions, and what each received of the three demo cases."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any

from amqp.exceptions import NotFound

from casuslog.broker.connection import connect_to
from casuslog.broker.topology import holder_queue
from casuslog.caller import Caller
from casuslog.codes import oin_of
from casuslog.testing.platform import Platform
from deploy.demo.spel import Speler
from deploy.demo.zaken import lees

OPSTERLAND, LEEUWARDEN, HEERENVEEN, HARLINGEN, DEN_HAAG = "0086", "0080", "0074", "0072", "0518"
GROND = "Wmo 2015 art. 5.1.1 en 5.2.1"
LETTER = {"status": "S", "informatiearm": "I", "feiten": "F", "volledig": "V"}
BEGIN = date(2017, 1, 2)


@dataclass(frozen=True)
class Houder:
    """Who receives: the gemeente that grants, the role, the holder, and what it asks for. All ask for everything."""

    naam: str
    gemeente: str
    rol: str
    houder: str
    houdersoort: str = "oin"
    van: tuple[str, ...] = ()
    themas: tuple[str, ...] = ()

    @property
    def gever(self) -> Caller:
        """Who grants: a toezichthouder its own, else the beheerder of the gemeente."""
        rol = "toezichthouder" if self.rol == "toezichthouder" else "beheerder"
        return Caller(rol, self.gemeente, f"{rol}-{self.gemeente}", (self.gemeente,), "toezicht_wmo")

    @property
    def lezer(self) -> Caller:
        """The holder as it calls."""
        organisatie = self.houder if self.houdersoort == "agb" else self.gemeente
        gemeenten = () if self.houdersoort == "agb" else (self.gemeente,)
        return Caller(self.rol, organisatie, f"{self.rol}-{organisatie}", gemeenten, "uitvoering_wmo")

    @property
    def aanvraag(self) -> dict[str, Any]:
        """The command that asks for the subscription."""
        return {
            "gemeente": self.gemeente,
            "houdersoort": self.houdersoort,
            "houder": self.houder,
            "rol": self.rol,
            "gemeenten": list(self.van or (self.gemeente,)),
            "themas": list(self.themas),
            "doelbinding": "uitvoering_wmo",
            "grondslag": GROND,
            "profiel": "volledig",
            "vorm": "json",
        }


def _gemeente(naam: str, code: str, rol: str, *van: str, themas: tuple[str, ...] = ()) -> Houder:
    return Houder(naam, code, rol, oin_of(code), van=(code, *van), themas=themas)


BW = ("beschermd_wonen",)
HOUDERS = (
    _gemeente("team Opsterland", OPSTERLAND, "wijkteam", LEEUWARDEN, themas=BW),
    _gemeente("centrumgemeente Leeuwarden", LEEUWARDEN, "centrumgemeente", OPSTERLAND, themas=BW),
    Houder(
        "partner Heerenveen (beleid)",
        HEERENVEEN,
        "partnergemeente",
        oin_of(HEERENVEEN),
        van=(OPSTERLAND, HARLINGEN, LEEUWARDEN),
        themas=("beleid",),
    ),
    _gemeente("KCC Opsterland", OPSTERLAND, "kcc", LEEUWARDEN, themas=BW),
    _gemeente("KCC Harlingen", HARLINGEN, "kcc"),
    _gemeente("KCC Den Haag", DEN_HAAG, "kcc"),
    Houder("aanbieder beschermd wonen", LEEUWARDEN, "aanbieder", "98765401", "agb"),
    Houder("aanbieder Den Haag", DEN_HAAG, "aanbieder", "98765402", "agb"),
    _gemeente("toezichthouder Harlingen", HARLINGEN, "toezichthouder"),
    _gemeente("toezichthouder Opsterland", OPSTERLAND, "toezichthouder"),
)

VERPLICHT = (("centrumgemeente", LEEUWARDEN), ("wijkteam", OPSTERLAND), ("wijkteam", HEERENVEEN), ("kcc", OPSTERLAND))

Cel = tuple[str, str, str]
"""Case, ``stroom/gebeurtenis``, name of the holder."""


@dataclass(frozen=True)
class Uitslag:
    """What was logged per case and event, and what each holder received, from its queue and from the feed."""

    gelogd: Counter[tuple[str, str]]
    uit_queue: dict[Cel, Counter[str]]
    uit_feed: dict[Cel, Counter[str]]
    nummers: dict[str, list[int]]
    verplicht: dict[str, Counter[str]]
    """Per receiver of what nobody asked for: how many events of which kind."""


def speel() -> Uitslag:
    """Grant, play the three cases of the demo, and look after each what came.

    Rights are those of the day of delivery, and each case begins on a day of its own: nothing may still be under way
    when the clock is set back for the next.
    """
    partijen, zaken = lees()
    uitslag = Uitslag(Counter(), {}, {}, {h.naam: [] for h in HOUDERS}, {})
    with Platform(BEGIN) as platform:
        platform.settle()
        ids = {h.naam: _ken_toe(platform, h) for h in HOUDERS}
        platform.settle()
        for zaak in zaken:
            spel = Speler(platform.api, partijen, platform.clock.set, lambda _: None).speel(zaak)
            platform.settle()
            eigen = {spel.casus, spel.signaal, spel.dossier}
            waar = {
                e.envelope.id: (zaak.id, f"{e.envelope.stroom}/{e.envelope.name}")
                for e in platform.events()
                if e.envelope.subject in eigen
            }
            uitslag.gelogd.update(waar.values())
            for houder in HOUDERS:
                _kijk(platform, houder, ids[houder.naam], waar, uitslag)
            for rol, gemeente in VERPLICHT:
                _verplicht(platform, rol, gemeente, uitslag)
    return uitslag


def _kijk(
    platform: Platform, houder: Houder, abonnement: str, waar: Mapping[str, tuple[str, str]], uitslag: Uitslag
) -> None:
    """What came of one case, from the queue and from the feed."""
    gezien = uitslag.nummers[houder.naam]
    gelezen = list(_feed(platform, abonnement, houder.lezer, na=len(gezien)))
    ontvangen = _queue(platform, abonnement, len(gelezen))
    gezien += [een["nummer"] for een in ontvangen]
    for verzameld, berichten in ((uitslag.uit_feed, gelezen), (uitslag.uit_queue, ontvangen)):
        for een in berichten:
            verzameld.setdefault((*waar[een["id"]], houder.naam), Counter())[LETTER[een["niveau"]]] += 1


def _verplicht(platform: Platform, rol: str, gemeente: str, uitslag: Uitslag) -> None:
    """What reached a role at a gemeente through deliveries that it finds in its list and never asked for."""
    lezer = Caller(rol, gemeente, f"{rol}-{gemeente}", (gemeente,), "uitvoering_wmo")
    gevonden = platform.api.get("abonnement", "/abonnementen", lezer)["abonnementen"]
    namen: Counter[str] = Counter()
    for een in gevonden:
        if een["verplicht"]:
            namen.update(e["type"].rpartition(".")[2] for e in _feed(platform, een["abonnement"], lezer, 0))
    uitslag.verplicht[f"{rol} {gemeente}"] = namen


def _ken_toe(platform: Platform, houder: Houder) -> str:
    return platform.command("abonnement", "ken-abonnement-toe", houder.gever, **houder.aanvraag).casus


def _feed(platform: Platform, abonnement: str, lezer: Caller, na: int) -> Iterator[dict[str, Any]]:
    meer = True
    while meer:
        blad = platform.api.get("abonnement", f"/abonnementen/{abonnement}/gebeurtenissen?na={na}", lezer)
        yield from blad["gebeurtenissen"]
        na, meer = blad["positie"], blad["meer"]


def _queue(platform: Platform, abonnement: str, aantal: int) -> list[dict[str, Any]]:
    """All messages of the queue, as headers tell them; one that comes too many is seen too."""
    found: list[dict[str, Any]] = []
    until = time.monotonic() + 30
    with connect_to(platform.settings.amqp_url, name="houder") as connection:
        channel = connection.channel()
        while time.monotonic() < until and len(found) < aantal:
            try:
                message = channel.basic_get(holder_queue(abonnement), no_ack=True)
            except NotFound:
                message, channel = None, connection.channel()
            if message is None:
                time.sleep(0.02)
                continue
            h = message.headers
            found.append({"id": h["cloudEvents_id"], "nummer": h["casuslog_nummer"], "niveau": h["casuslog_niveau"]})
    return found


def tabel(uitslag: Uitslag, zaak: str) -> list[str]:
    """The matrix of a case as lines of text: a row per event, a column per holder; ``.`` is nothing."""
    rijen = sorted(naam for (z, naam) in uitslag.gelogd if z == zaak)
    kop = [f"{zaak}: " + "  ".join(f"{n}={h.naam}" for n, h in enumerate(HOUDERS, 1))]
    breedte = max(map(len, rijen))
    kop.append(" " * (breedte + 5) + "".join(f"{n:>4}" for n in range(1, len(HOUDERS) + 1)))
    for naam in rijen:
        cellen = ("".join(sorted(uitslag.uit_queue.get((zaak, naam, h.naam), "."))) for h in HOUDERS)
        kop.append(f"{naam:<{breedte}} {uitslag.gelogd[(zaak, naam)]:>3} " + "".join(f"{cel:>4}" for cel in cellen))
    return kop
