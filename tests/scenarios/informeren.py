"""``dan.informeren``: who is and who is not informed, on the pure rights function, with the real events of the run."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, fields, is_dataclass
from datetime import date

from casuslog.recorded import RecordedEvent
from casuslog.rights import Involvements, Level, Reader, sight
from tests.scenarios.bestand import Stap, code_van
from tests.scenarios.spel import Spel
from tests.scenarios.verbanden import besluit_op_abonnement, buiten_het_verband
from tests.scenarios.vernietiging import alleen_aantallen, hoort_dat_kopie_weg_moet, hoort_het_aantal
from tests.scenarios.zicht import geweigerd_is_terug_te_zien, kcc_weet_wie, x_ziet_geen_ander

N, B, S, F, V = Level.NIETS, Level.BESTAAN, Level.STATUS, Level.FEITEN, Level.VOLLEDIG
Lezers = Callable[[Spel], list[Reader]]


@dataclass(frozen=True)
class Blik:
    """Readers, the events that they ask for, and how much they see of each.

    ``namen`` empty: every event of the cases. ``tot_stap``: as it stood before that step, on the day before.
    ``zaak``: only of this case.
    """

    lezers: Lezers
    namen: tuple[str, ...]
    minstens: Level
    hoogstens: Level
    tot_stap: int | None = None
    na_stap: int | None = None
    zaak: str | None = None
    zonder_veld: str | None = None
    """No event that they see has a field with this in its name."""


def informeren(spel: Spel) -> Iterator[str]:
    """Each reader who sees less than it must, or more than it may."""
    for soort in ("wel", "niet"):
        for regel in spel.scenario.dan["informeren"].get(soort, []):
            blikken = TABEL.get((spel.scenario.id, soort, regel["wie"]))
            if blikken is None:
                yield f"informeren {soort} {regel['wie']}: no view for it"
                continue
            for blik in blikken:
                for verschil in blik(spel) if callable(blik) else _bekijk(spel, blik):
                    yield f"informeren {soort} {regel['wie']} ({regel['wat']}): {verschil}"


def _bekijk(spel: Spel, blik: Blik) -> Iterator[str]:
    dag, events = _stand(spel, blik)
    betrokken = Involvements.of(events)
    gevraagd = [e for e in events if not blik.namen or f"{e.envelope.stroom}/{e.envelope.name}" in blik.namen]
    gemist = {*blik.namen} - {f"{e.envelope.stroom}/{e.envelope.name}" for e in gevraagd}
    if gemist or not gevraagd:
        yield f"the run has no {', '.join(sorted(gemist)) or 'events'}"
    for lezer in blik.lezers(spel):
        for event in gevraagd:
            gezien = sight(lezer, event.envelope, betrokken, on=dag)
            velden = {f.name for f in fields(event.data)} if is_dataclass(event.data) else {*event.data}
            getoond = velden - gezien.hidden if gezien.level >= F else set()
            if blik.zonder_veld and any(blik.zonder_veld in veld for veld in getoond):
                yield f"{lezer.rol} sees {blik.zonder_veld} in {event.envelope.name}"
            if not blik.minstens <= gezien.level <= blik.hoogstens:
                yield f"{lezer.rol} sees {event.envelope.name} at {gezien.level.name} ({gezien.reason})"


def _stand(spel: Spel, blik: Blik) -> tuple[date, list[RecordedEvent]]:
    """The day of reading, and what had happened by then."""
    stappen = [stap for stap in spel.scenario.stappen if stap.dag]
    dag = max(_dag(stap) for stap in stappen)
    if blik.tot_stap is not None:
        dag = max(_dag(stap) for stap in stappen if stap.nummer < blik.tot_stap)
    if blik.na_stap is not None:
        dag = _dag(spel.scenario.stap(blik.na_stap))
    events = spel.gebeurtenissen(zaak=blik.zaak)
    if blik.namen and any(naam.startswith("inrichting/") for naam in blik.namen):
        events += [e for e in spel.log("inrichting") if e.envelope.gemeente == spel.gemeente]
    return dag, [event for event in events if event.envelope.feitdatum <= dag]


def _dag(stap: Stap) -> date:
    assert stap.dag is not None
    return stap.dag


# -- readers -----------------------------------------------------------------------------------------------------------


def rol(naam: str, zaak: str = "A") -> Lezers:
    """Who acts in this role in the run, or would."""

    def lezers(spel: Spel) -> list[Reader]:
        wie = spel.wie(naam, zaak)
        return [Reader(wie.rol, wie.organisatie, wie.id, wie.gemeenten, wie.doelbinding)]

    return lezers


def inwoner(zaak: str = "A") -> Lezers:
    """The inwoner, who works for nobody."""
    return lambda spel: [Reader("inwoner", None, spel.wie("inwoner", zaak).id, (), "eigen_zaak")]


def derde(spel: Spel) -> list[Reader]:
    """Who reported for another."""
    return [Reader("derde", None, spel.wie("derde").id, (), "eigen_zaak")]


def aanbieder(*namen: str) -> Lezers:
    """Aanbieders by their names in the scenario."""

    def lezers(spel: Spel) -> list[Reader]:
        wie = [spel.aanbieder(naam) for naam in namen]
        return [Reader(w.rol, w.organisatie, w.id, (), w.doelbinding) for w in wie]

    return lezers


def van_buiten(naam: str) -> Lezers:
    """An organisation of which there is one in the country."""
    return lambda _: [Reader(naam, naam, f"medewerker-{naam}", (), "uitvoering_wmo")]


def andere_gemeenten(*namen: str) -> Lezers:
    """Staff of gemeenten that are members of the same verbanden and not involved."""
    rollen = ("partnergemeente", "wijkteam", "consulent", "backoffice", "kcc")

    def lezers(_: Spel) -> list[Reader]:
        codes = [code_van(naam) for naam in namen]
        return [Reader(rol, code, f"{rol}-{code}", (code,), "uitvoering_wmo") for code in codes for rol in rollen]

    return lezers


# -- what each line of the set means -----------------------------------------------------------------------------------


def ziet(lezers: Lezers, *namen: str, minstens: Level = V, hoogstens: Level = V, **wanneer: int | str) -> Blik:
    """These readers see these events at this level."""
    return Blik(lezers, namen, minstens, hoogstens, **wanneer)  # type: ignore[arg-type]


def ziet_niet(lezers: Lezers, *namen: str, hoogstens: Level = N, **wanneer: int | str) -> Blik:
    """These readers see no more of these events than ``hoogstens``."""
    return Blik(lezers, namen, N, hoogstens, **wanneer)  # type: ignore[arg-type]


MELDING = ("melding/melding-geregistreerd", "melding/melding-bevestigd")
PLAN = "melding/persoonlijk-plan-mogelijkheid-meegedeeld"
AANBOD = "melding/clientondersteuning-aangeboden"
CONTACT = ("melding/contact-geregistreerd", "melding/vraag-verhelderd", "melding/doorverwezen")
AFSPRAAK = "onderzoek/gesprek-gepland"
INDICATIE = ("onderzoek/indicatie-ingediend", "onderzoek/indicatie-teruggestuurd", "onderzoek/indicatie-aangevuld")
BESLUIT = ("beschikking/besluit-genomen", "beschikking/besluit-bekendgemaakt")
UITWERKING = "beschikking/uitwerking-door-aanbieder-vastgelegd"
TELLING = "telling/gebruik-algemene-voorziening-geteld"
TARIEF = ("pgb/pgb-wens-vastgelegd", "pgb/pgb-tarief-berekend")
ONDERZOEK = ("onderzoek/gesprek-gevoerd", "onderzoek/onderzoek-afgerond")
CALAMITEIT = "toezicht/calamiteit-gemeld"
TOEZICHT = (CALAMITEIT, "toezicht/toezichtonderzoek-gestart", "toezicht/gegevens-gevorderd")
COLLEGE = "toezicht/college-geinformeerd"

TABEL: Mapping[tuple[str, str, str], Sequence[Blik | Callable[[Spel], Iterator[str]]]] = {
    ("S01", "wel", "inwoner"): [ziet(inwoner(), *MELDING, PLAN, AANBOD)],
    ("S01", "wel", "consulent"): [ziet(rol("consulent"), *MELDING)],
    ("S01", "niet", "aanbieder"): [ziet_niet(aanbieder("X"))],
    ("S01", "niet", "backoffice"): [ziet_niet(rol("backoffice"))],
    ("S05", "wel", "inwoner"): [ziet(inwoner())],
    ("S05", "wel", "derde"): [
        ziet(derde, AFSPRAAK, minstens=F, hoogstens=F),
        ziet_niet(derde, MELDING[0], PLAN, tot_stap=3),
    ],
    ("S05", "niet", "derde"): [ziet_niet(derde, "onderzoek/termijn-gestart", MELDING[0], PLAN)],
    ("S06", "wel", "wijkteam"): [ziet(rol("wijkteam"), *MELDING, *CONTACT)],
    ("S06", "niet", "wijkteam"): [ziet_niet(rol("wijkteam"), *CONTACT, tot_stap=4)],
    ("S07", "wel", "kcc"): [
        ziet(rol("kcc"), MELDING[0], "melding/overdracht-geaccepteerd", minstens=S, hoogstens=S),
    ],
    ("S07", "wel", "wijkteam"): [ziet(rol("wijkteam"), *CONTACT[:2], MELDING[0])],
    ("S07", "niet", "kcc"): [ziet_niet(rol("kcc"), "onderzoek/termijn-gestart", hoogstens=S)],
    ("S17", "wel", "inwoner"): [ziet(inwoner(), "beschikking/termijn-gestart")],
    ("S17", "wel", "backoffice"): [ziet(rol("backoffice"), "beschikking/aanvraag-ontvangen")],
    ("S17", "niet", "aanbieder"): [ziet_niet(aanbieder("X", "Y"))],
    ("S28", "wel", "aanbieder"): [ziet(aanbieder("X"), "beschikking/opdracht-verstrekt", minstens=F)],
    ("S28", "wel", "inkoper"): [
        ziet(rol("inkoper"), UITWERKING, minstens=F, hoogstens=F),
        ziet_niet(rol("inkoper"), *MELDING[:1], *BESLUIT, "beschikking/opdracht-verstrekt"),
    ],
    # What the aanbieder gets for it is no fact about the casus: no event that the inwoner sees holds a budget of it.
    ("S28", "niet", "inwoner"): [Blik(inwoner(), (), N, V, zonder_veld="budget")],
    ("S34", "wel", "wijkteam"): [
        ziet(rol("wijkteam"), *BESLUIT, minstens=F),
        ziet(rol("wijkteam"), "onderzoek/besluit-teruggekoppeld"),
    ],
    ("S34", "wel", "inwoner"): [ziet(inwoner(), *BESLUIT)],
    ("S34", "wel", "kcc"): [ziet(rol("kcc"), *INDICATIE, *BESLUIT, minstens=S, hoogstens=S)],
    ("S34", "niet", "partnergemeente"): [ziet_niet(andere_gemeenten("Heerenveen", "Smallingerland", "Haarlem"))],
    ("S34", "niet", "kcc"): [ziet_niet(rol("kcc"), *INDICATIE, hoogstens=S)],
    # What A pays to the aanbieder stands in the inrichting, open to everybody: of A itself nothing is recorded.
    ("S35", "wel", "inwoner"): [ziet(inwoner("A"), "inrichting/inrichting-vastgesteld")],
    ("S35", "wel", "cak"): [ziet(van_buiten("cak"), *BESLUIT, minstens=F, hoogstens=F, zaak="B")],
    ("S35", "niet", "cak"): [ziet_niet(van_buiten("cak"), TELLING, MELDING[0], *ONDERZOEK)],
    ("S35", "niet", "wijkteam"): [ziet_niet(rol("wijkteam"), TELLING)],
    ("S43", "wel", "svb"): [
        ziet(van_buiten("svb"), "pgb/pgb-toegekend", "pgb/pgb-tarief-berekend", minstens=F, hoogstens=F),
    ],
    ("S43", "wel", "inwoner"): [ziet(inwoner(), *TARIEF, "pgb/pgb-toegekend")],
    ("S43", "niet", "svb"): [ziet_niet(van_buiten("svb"), *ONDERZOEK, MELDING[0])],
    ("S43", "niet", "partnergemeente"): [ziet_niet(andere_gemeenten("Vlieland", "Terschelling"))],
    ("S44", "wel", "inwoner"): [ziet(inwoner(), *TARIEF)],
    ("S44", "niet", "aanbieder"): [ziet_niet(aanbieder("X", "Y"), *TARIEF)],
    ("S57", "wel", "toezichthouder"): [ziet(rol("toezichthouder"), *TOEZICHT)],
    ("S57", "wel", "college"): [
        ziet(rol("college"), COLLEGE, minstens=F),
        ziet_niet(rol("college"), *TOEZICHT),
    ],
    ("S57", "wel", "gemeenteraad"): [ziet(rol("gemeenteraad"), COLLEGE, minstens=B, hoogstens=B)],
    ("S57", "niet", "kcc"): [ziet_niet(rol("kcc"), *TOEZICHT, COLLEGE)],
    ("S57", "niet", "inkoper"): [ziet_niet(rol("inkoper"), *TOEZICHT)],
    ("S57", "niet", "partnergemeente"): [ziet_niet(andere_gemeenten("Leeuwarden"), *TOEZICHT, COLLEGE)],
    ("S57", "niet", "consulent"): [ziet_niet(rol("consulent"), *TOEZICHT)],
    ("S62", "wel", "partnergemeente"): [besluit_op_abonnement],
    ("S67", "wel", "kcc"): [kcc_weet_wie],
    ("S67", "wel", "beheerder"): [geweigerd_is_terug_te_zien],
    ("S67", "niet", "aanbieder"): [
        ziet_niet(aanbieder("X"), MELDING[0], "onderzoek/verslag-opgesteld", zaak="A"),
        x_ziet_geen_ander,
    ],
    ("S67", "niet", "kcc"): [ziet_niet(rol("kcc"), hoogstens=S)],
    ("S62", "niet", "partnergemeente"): [buiten_het_verband],
    ("S68", "wel", "beheerder"): [hoort_het_aantal],
    ("S68", "wel", "wijkteam"): [hoort_dat_kopie_weg_moet],
    ("S68", "niet", "beleidsmedewerker"): [ziet_niet(rol("beleidsmedewerker")), alleen_aantallen],
}
"""Per line of the set: which readers, which events of the run, and how much of them."""
