"""``dan.uitkomst``: how each outcome follows from what happened; the value itself stands in the file only."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from datetime import date
from typing import Any

from casuslog.recorded import RecordedEvent
from casuslog.rights import Involvements, Reader, may_know_casus_exists
from tests.scenarios import verbanden, vernietiging
from tests.scenarios.namen import PERSONEN, SOORT_HULPVERLENER
from tests.scenarios.spel import Spel
from tests.scenarios.toets import naam_van, ook_bekend_als


def uitkomsten(spel: Spel) -> Iterator[str]:
    """Each outcome that is otherwise than expected."""
    for sleutel, wil in spel.scenario.dan["uitkomst"].items():
        if isinstance(wil, Mapping):
            per_zaak = [(f"{sleutel}.{naam}", naam, waarde, sleutel) for naam, waarde in wil.items()]
        else:
            per_zaak = [(sleutel, sleutel, wil, "A")]
        for pad, naam, waarde, zaak in per_zaak:
            nu = _bepaal(spel, naam, zaak)
            if nu != waarde and not (isinstance(waarde, str) and nu in ook_bekend_als(spel, waarde)):
                yield f"uitkomst {pad} is {nu}, expected {waarde}"


def _bepaal(spel: Spel, naam: str, zaak: str) -> Any:
    for patroon, bepaal in PATRONEN:
        if gevonden := re.fullmatch(patroon, naam):
            return bepaal(spel, zaak, *gevonden.groups())
    return f"not derived: no rule for {naam}"


def _uiterlijk(soort: str) -> Callable[[Spel, str], str | None]:
    def bepaal(spel: Spel, zaak: str) -> str | None:
        gestart = spel.eerste("termijn-gestart", soort, zaak=zaak)
        return None if gestart is None else gestart["uiterlijk"].isoformat()

    return bepaal


def _dag_van(naam: str) -> Callable[[Spel, str], str | None]:
    def bepaal(spel: Spel, zaak: str) -> str | None:
        event = spel.eerste(naam, zaak=zaak)
        return None if event is None else event.envelope.feitdatum.isoformat()

    return bepaal


def _is_er(naam: str, soort: str | None = None) -> Callable[[Spel, str], bool]:
    return lambda spel, zaak: spel.eerste(naam, soort, zaak=zaak) is not None


def _aantal(naam: str) -> Callable[[Spel, str], int]:
    return lambda spel, zaak: sum(e.envelope.name == naam for e in spel.gebeurtenissen(zaak=zaak))


def _meldingen_op(spel: Spel, zaak: str, jaar: str, maand: str, dag: str) -> int:
    op = date(int(jaar), int(maand), int(dag))
    return sum(
        e.envelope.name == "melding-geregistreerd" and e.envelope.feitdatum == op
        for e in spel.gebeurtenissen(zaak=zaak)
    )


def _betrokkene(spel: Spel, zaak: str) -> str:
    """The person of the set that the melding is about, if the melding says that it is about the inwoner."""
    gemeld = _melding(spel, zaak)
    genoemd = [woord for stap in spel.scenario.stappen for woord in PERSONEN if woord in stap.doet]
    return next((woord for woord in genoemd if PERSONEN[woord] == gemeld["betrokkene"]), gemeld["betrokkene"])


def _melder(spel: Spel, zaak: str) -> str | None:
    relatie: str | None = _melding(spel, zaak)["relatie"]
    return relatie


def _melding(spel: Spel, zaak: str) -> RecordedEvent:
    gemeld = spel.eerste("melding-geregistreerd", zaak=zaak)
    assert gemeld is not None
    return gemeld


def _eerder_contact(spel: Spel, zaak: str) -> bool:
    """Whether the team that has the melding reads the contact of before it, on its own timeline."""
    gemeld_op = _melding(spel, zaak).envelope.feitdatum
    gelezen = spel.platform.timeline(spel.casus(zaak), spel.wie("wijkteam"), gemeld_op)
    return any(r["gebeurtenis"] == "ContactGeregistreerd" and r["datum"] < gemeld_op.isoformat() for r in gelezen)


def _eigenaar(spel: Spel, zaak: str, stap: str) -> str:
    return spel.eigenaren[int(stap)]


def _blokkeren(spel: Spel, zaak: str) -> bool:
    """Whether fields that were left out kept the melding from being registered."""
    gemeld = spel.eerste("melding-geregistreerd", zaak=zaak)
    assert gemeld is None or "bsn" not in gemeld["velden"], "nothing was left out"
    return gemeld is None


def _uren(spel: Spel, zaak: str) -> bool:
    besluit = spel.eerste("besluit-genomen", zaak=zaak)
    assert besluit is not None
    return any(deel.minuten_per_week for deel in (*besluit["arrangement"], *besluit["regels"]))


def _combinaties(spel: Spel, zaak: str) -> int:
    besluit = spel.eerste("besluit-genomen", zaak=zaak)
    assert besluit is not None
    arrangement = spel.beleid_op(spel.gemeente, besluit.envelope.feitdatum)["beschikking"]["arrangement"]
    return len(arrangement["resultaatgebieden"]) * len(arrangement["intensiteiten"])


def _woongemeente(spel: Spel, zaak: str) -> str:
    besluit = spel.eerste("besluit-genomen", zaak=zaak)
    assert besluit is not None
    return naam_van(besluit.envelope.woongemeente or "")


def _besluitende(spel: Spel, zaak: str) -> str:
    besluit = spel.eerste("besluit-genomen", zaak=zaak)
    assert besluit is not None
    return naam_van(besluit["besloten_door"])


def _cak(spel: Spel, zaak: str) -> bool:
    """Whether the CAK may know anything of the casus."""
    events = spel.gebeurtenissen(zaak=zaak)
    cak = Reader("cak", "cak", "medewerker-cak", (), "uitvoering_wmo")
    dag = max(stap.dag for stap in spel.scenario.stappen if stap.dag)
    return may_know_casus_exists(cak, (e.envelope for e in events), Involvements.of(events), on=dag)


def _pgb(spel: Spel, zaak: str) -> bool:
    return any(e.envelope.service == "pgb" for e in spel.gebeurtenissen(zaak=zaak))


def _voorziening(spel: Spel, zaak: str) -> str | None:
    besluit = spel.eerste("besluit-genomen", zaak=zaak)
    return None if besluit is None else str(besluit["voorziening"])


def _tarief(spel: Spel, zaak: str, kring: str) -> str | None:
    """The tariff of a kring, as the events and answers say; one and the same."""
    soort = SOORT_HULPVERLENER.get(kring, kring)
    gezegd = [a.data for a in spel.getoond] + [
        {"hulpverlener": e["hulpverlener"], "tarief_cent": e["tarief_cent"]}
        for e in spel.gebeurtenissen("pgb", zaak=zaak)
        if e.envelope.name == "pgb-tarief-berekend"
    ]
    bedragen = {g["tarief_cent"] for g in gezegd if g["hulpverlener"] == soort}
    return _euro(bedragen.pop()) if len(bedragen) == 1 else None


def _variant(spel: Spel, zaak: str, nummer: str) -> str:
    return _euro(spel.antwoorden[f"variant_{nummer}"]["totaal_cent"])


def _euro(cent: int) -> str:
    return f"{cent // 100}.{cent % 100:02}"


def _soort(spel: Spel, zaak: str) -> str | None:
    gestart = spel.eerste("toezichtonderzoek-gestart")
    return None if gestart is None else str(gestart["soort"])


def _wmo_melding(spel: Spel, zaak: str) -> bool:
    """Whether the run brought a melding that was not there before."""
    return any(
        e.envelope.name == "melding-geregistreerd" and e.envelope.id not in spel.gezaaid for e in spel.gebeurtenissen()
    )


def _onverwijld(spel: Spel, zaak: str) -> bool:
    gemeld = spel.eerste("calamiteit-gemeld")
    return gemeld is not None and gemeld["dagen_erna"] in (0, 1)


def _toegekend(spel: Spel, zaak: str) -> list[int]:
    return sorted(verbanden.toegekend_in(spel))


def _kcc_velden(spel: Spel, zaak: str) -> int:
    return len(spel.kennis["kcc"])


def _x_opdrachten(spel: Spel, zaak: str) -> int:
    return len(spel.kennis["van_x"])


def _geweigerd(spel: Spel, zaak: str) -> list[int] | int:
    """The steps in which somebody asked for a subscription and got none; of reading, how often it was refused."""
    if "verwerkingen" in spel.kennis:
        return sum(een["status"] != "OK" for een in spel.kennis["verwerkingen"])
    gegeven = set(verbanden.toegekend_in(spel))
    gevraagd = {stap.nummer for stap in spel.scenario.stappen if "abonneert zich" in stap.doet}
    return sorted((gevraagd - gegeven) & set(spel.weigeringen))


def _na_einde(spel: Spel, zaak: str) -> int:
    """What was delivered of after the end; there was something to deliver of before it."""
    na, alles = spel.kennis["voor_en_na"]
    assert alles > 0, "nothing was delivered at all"
    return int(na)


PATRONEN: tuple[tuple[str, Callable[..., Any]], ...] = (
    (r"onderzoek_uiterlijk", _uiterlijk("onderzoek")),
    (r"besluit_uiterlijk", _uiterlijk("besluit")),
    (r"aanvraag_aanwezig", _is_er("aanvraag-ontvangen")),
    (r"beslistermijn_loopt", _is_er("termijn-gestart", "besluit")),
    (r"ontbrekende_velden_blokkeren", _blokkeren),
    (r"betrokkene_in_zaak", _betrokkene),
    (r"melder_in_zaak", _melder),
    (r"meldingsdatum", _dag_van("melding-geregistreerd")),
    (r"aanvraagdatum", _dag_van("aanvraag-ontvangen")),
    (r"eerder_contact_zichtbaar", _eerder_contact),
    (r"meldingen_op_(\d{4})_(\d\d)_(\d\d)", _meldingen_op),
    (r"eigenaar_na_stap_(\d+)", _eigenaar),
    (r"aantal_gesprekken", _aantal("gesprek-gevoerd")),
    (r"uren_in_beschikking", _uren),
    (r"mogelijke_combinaties", _combinaties),
    (r"woongemeente", _woongemeente),
    (r"besluitende_gemeente", _besluitende),
    (r"terugkoppeling_aanwezig", _is_er("besluit-teruggekoppeld")),
    (r"beschikking", _is_er("besluit-genomen")),
    (r"cak", _cak),
    (r"pgb", _pgb),
    (r"voorziening", _voorziening),
    (r"variant_(\d+)", _variant),
    (r"(?:tarief_)?(gekwalificeerd|niet_gekwalificeerd|netwerk)", _tarief),
    (r"soort", _soort),
    (r"wmo_melding_aangemaakt", _wmo_melding),
    (r"onverwijld", _onverwijld),
    (r"toegekend", _toegekend),
    (r"geweigerd", _geweigerd),
    (r"kcc_velden", _kcc_velden),
    (r"X_opdrachten", _x_opdrachten),
    (r"afgeleverd_na_einde", _na_einde),
    (r"([A-Z])_einde_bewaring", lambda spel, _, zaak: spel.kennis["bewaren"][zaak].isoformat()),
    (r"([A-Z])_leesbaar", lambda spel, _, zaak: vernietiging.leesbaar(spel, zaak)),
    (r"([A-Z])_vernietigd", lambda spel, _, zaak: not vernietiging.leesbaar(spel, zaak)),
    (r"tellingen_blijven", lambda spel, _: vernietiging.tellingen_blijven(spel)),
)
"""A pattern over the key, and how its value follows from the run."""
