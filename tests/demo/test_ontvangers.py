"""Every line of ``ontvangers``, wel and niet, read through the HTTP API as the one whom the line is about."""

from __future__ import annotations

import itertools
import uuid
from collections.abc import Callable
from dataclasses import dataclass

import pytest

from casuslog.caller import Caller
from casuslog.codes import codes, gemeente
from casuslog.http.client import Problem
from deploy.demo.spel import toezichthouder
from deploy.demo.uitvoering import inwoner
from deploy.demo.zaken import BESTAND, lees
from tests.demo.gespeeld import Gespeeld

PARTIJEN, ZAKEN = lees()
SVB, SOZAWE = PARTIJEN.code("svb"), PARTIJEN.code("sozawe_nw")
AANBIEDER_BW, AANBIEDER_DH = PARTIJEN.code("aanbieder_bw"), PARTIJEN.code("aanbieder_dh")
FRIESLAND = tuple(
    path.stem
    for path in sorted((BESTAND.parents[1] / "inrichtingen").glob("*.yaml"))
    if path.stem not in ("den-haag", "haarlem", "zandvoort", "samenwerkingsverbanden", "opsterland", "leeuwarden")
)
GEMEENTEROLLEN = ("wijkteam", "consulent", "backoffice", "kcc", "centrumgemeente", "partnergemeente", "toezichthouder")
GEDAAN = {"LeefgebiedBesproken", "LeefgebiedNietBesproken", "GesprekGevoerd", "VerslagOpgesteld", "VerslagVerstrekt"}
KCC_LEEST = {"casus", "op", "status", "sinds", "eigenaar", "team", "volgende_stap"}
TERUGKOPPELING = {"BesluitGenomen", "BesluitBekendgemaakt", "OpdrachtVerstrekt", "LeveringGestart"}


def van(rol: str, code: str, wie: str = "lezer") -> Caller:
    """Somebody with this role at a gemeente."""
    return Caller(rol, code, f"{wie}-{rol}-{code}", (code,))


def buiten(rol: str, organisatie: str | None, *gemeenten: str, wie: str = "lezer") -> Caller:
    """Somebody with this role in an organisation that is no gemeente, or in none."""
    return Caller(rol, organisatie, wie, gemeenten)


@dataclass(frozen=True)
class Zaak:
    """A case that was played, to be read."""

    gespeeld: Gespeeld
    id: str

    @property
    def spel(self):
        return self.gespeeld.spelen[self.id]

    def rijen(self, wie: Caller, dag: str | None = None) -> list[dict]:
        """The timeline that somebody reads, now or on a day; empty when the answer is that there is no such casus."""
        with self.gespeeld.op(dag):
            gelezen = self.gespeeld.lees("historie", f"/casussen/{self.spel.casus}/tijdlijn", wie)
        return gelezen["tijdlijn"] if gelezen else []

    def status(self, wie: Caller, dag: str | None = None) -> dict | None:
        """The status that somebody reads, now or on a day."""
        with self.gespeeld.op(dag):
            return self.gespeeld.lees("historie", f"/casussen/{self.spel.casus}", wie)

    def gelogd(self, *services: str) -> set[str]:
        """The ids of all events under the casus, of some services only if any are named."""
        events = self.gespeeld.onder_de_casus(self.id)
        return {e.envelope.id for e in events if not services or e.envelope.service in services}

    def bestaat_niet_voor(self, wie: Caller) -> None:
        """Each door answers as for a casus that does not exist: same status, same words, but for the id asked."""
        for service, pad in self.deuren():
            echt, verzonnen = str(self.spel.casus), str(uuid.uuid4())
            antwoorden = [_weigering(self.gespeeld, service, pad.format(id), wie) for id in (echt, verzonnen)]
            assert antwoorden[0] == antwoorden[1], (wie, service, pad)

    def deuren(self) -> list[tuple[str, str]]:
        """Where the content of a casus can be read: historie, and each service its own streams."""
        eigen = [
            (event.envelope.service, f"/stromen/{event.envelope.gemeente}/{event.envelope.stroom}/{{}}")
            for event in self.gespeeld.onder_de_casus(self.id)
        ]
        return [("historie", "/casussen/{}/tijdlijn"), ("historie", "/casussen/{}"), *sorted(set(eigen))]

    def besloten_is_dicht_voor(self, wie: Caller) -> None:
        """Signal and dossier answer as ones that do not exist, and no list shows them."""
        spel, code = self.spel, PARTIJEN.code(self.spel.zaak.woongemeente)
        for service, stroom, id in (("pgb", "signaal", spel.signaal), ("toezicht", "toezicht", spel.dossier)):
            echt = _weigering(self.gespeeld, service, f"/stromen/{code}/{stroom}/{id}", wie)
            assert echt == _weigering(self.gespeeld, service, f"/stromen/{code}/{stroom}/{uuid.uuid4()}", wie)
        _weigering(self.gespeeld, "toezicht", "/dossiers", wie)
        assert not {"SignaalAanToezichtGegeven", "ToezichtsignaalOntvangen"} & _soorten(self.rijen(wie))
        self.geen_gat_voor(wie)

    def geen_gat_voor(self, wie: Caller) -> None:
        """Each number up to the last that a reader sees is one of the casus: no hole is explained by anything else."""
        gezien: dict[tuple[str, str], set[int]] = {}
        for rij in self.rijen(wie):
            if "sequence" in rij:
                gezien.setdefault((rij["service"], rij["gemeente"]), set()).add(rij["sequence"])
        events = [e.envelope for e in self.gespeeld.onder_de_casus(self.id)]
        for (service, code), nummers in gezien.items():
            casus = {e.sequence for e in events if (e.service, e.gemeente) == (service, code)}
            assert set(range(1, max(nummers) + 1)) <= casus, (service, code)


def _weigering(gespeeld: Gespeeld, service: str, pad: str, wie: Caller) -> tuple[int, str]:
    with pytest.raises(Problem) as gevangen:
        gespeeld.platform.api.get(service, pad, wie)
    return gevangen.value.status, str(sorted(gevangen.value.body.items()))


def _soorten(rijen: list[dict]) -> set[str]:
    return {rij["gebeurtenis"] for rij in rijen}


def _ids(rijen: list[dict], service: str | None = None) -> set[str]:
    return {rij.get("id") for rij in rijen if service in (None, rij["service"])}


def _niveaus(rijen: list[dict], service: str | None = None) -> set[str]:
    return {rij["zicht"]["niveau"] for rij in rijen if service in (None, rij["service"])}


# -- what every case has -----------------------------------------------------------------------------------------------


def alles_in_de_eigen_zaak(zaak: Zaak) -> None:
    """The inwoner reads every event of the casus in full, and nothing of what stands beside it."""
    rijen = zaak.rijen(inwoner(zaak.spel))
    assert _ids(rijen) == zaak.gelogd()
    assert _niveaus(rijen) == {"volledig"}
    assert "maatwerkbudget" not in str(rijen)


def status_zonder_inhoud(rol_bij: str) -> Callable[[Zaak], None]:
    """The kcc: that the casus exists, how it stands, who has it and what comes next; no content of anything."""

    def lees_als_kcc(zaak: Zaak) -> None:
        kcc = van("kcc", PARTIJEN.code(rol_bij))
        status = zaak.status(kcc)
        assert status is not None
        assert status.keys() == KCC_LEEST
        assert all(status[naam] for naam in KCC_LEEST)
        rijen = zaak.rijen(kcc)
        assert rijen
        assert {naam for rij in rijen for naam in rij} == {"datum", "service", "gebeurtenis", "gemeente"}

    return lees_als_kcc


def niets(*lezers: Caller) -> Callable[[Zaak], None]:
    """For none of these readers does the casus exist."""

    def lees_niets(zaak: Zaak) -> None:
        for wie in lezers:
            zaak.bestaat_niet_voor(wie)

    return lees_niets


def niets_voor_gemeenten(*sleutels: str) -> Callable[[Zaak], None]:
    """For nobody at these gemeenten does the casus exist: every role at the first, one role after another elsewhere."""
    eerste, *andere = [gemeente(sleutel).code for sleutel in sleutels]
    om_beurten = zip(andere, itertools.cycle(GEMEENTEROLLEN), strict=False)
    return niets(*(van(rol, eerste) for rol in GEMEENTEROLLEN), *(van(rol, code) for code, rol in om_beurten))


# -- case 1 ------------------------------------------------------------------------------------------------------------

TEAM = van("wijkteam", "0086")
CENTRUM = van("centrumgemeente", "0080")
BW = buiten("aanbieder", AANBIEDER_BW)


def team_opsterland(zaak: Zaak) -> None:
    """Own melding and onderzoek in full; of the beschikking the besluit with pakket and periode, and what followed."""
    rijen = zaak.rijen(TEAM)
    for service in ("melding", "onderzoek"):
        assert _ids(rijen, service) == zaak.gelogd(service)
        assert _niveaus(rijen, service) == {"volledig"}
    beschikking = [rij for rij in rijen if rij["service"] == "beschikking"]
    assert _soorten(beschikking) == TERUGKOPPELING
    assert _niveaus(beschikking) == {"feiten"}
    (besluit,) = [rij["data"] for rij in beschikking if rij["gebeurtenis"] == "BesluitGenomen"]
    assert (besluit["pakket"], besluit["van"], besluit["tot_en_met"]) == (2, "2017-05-01", "2018-04-30")
    assert "motivering" not in besluit


def centrum_leeuwarden(zaak: Zaak) -> None:
    """From the indicatie on: its fields and the aanvraag, and the own besluit in full."""
    rijen = zaak.rijen(CENTRUM)
    assert _ids(rijen, "beschikking") == zaak.gelogd("beschikking")
    assert _niveaus(rijen) == {"volledig"}
    onderzoek = [rij for rij in rijen if rij["service"] == "onderzoek"]
    assert _soorten(onderzoek) == {"IndicatieIngediend", "IndicatieTeruggestuurd", "IndicatieAangevuld"}
    assert {veld["naam"] for veld in onderzoek[0]["data"]["inhoud"]} >= {"duur", "intensiteit", "problematiek"}


def centrum_leeuwarden_niet(zaak: Zaak) -> None:
    """No verslag, leefgebieden or gesprek; nothing of before 23 March, nor that the casus existed then."""
    rijen = zaak.rijen(CENTRUM)
    assert not _soorten(rijen) & GEDAAN
    assert {rij["service"] for rij in rijen} == {"onderzoek", "beschikking"}
    assert min(rij["datum"] for rij in rijen) == "2017-03-23"
    assert zaak.rijen(CENTRUM, "2017-03-22") == []
    assert zaak.status(CENTRUM, "2017-03-22") is None


def aanbieder_vanaf(wie: Caller, dag: str, dag_ervoor: str, **opdracht: object) -> Callable[[Zaak], None]:
    """The aanbieder: the opdracht with its period, from the day on which it was given."""

    def lees_als_aanbieder(zaak: Zaak) -> None:
        rijen = zaak.rijen(wie)
        assert [rij["gebeurtenis"] for rij in rijen] == ["OpdrachtVerstrekt", "LeveringGestart"]
        assert rijen[0]["datum"] == dag
        assert opdracht.items() <= rijen[0]["data"].items()
        assert zaak.rijen(wie, dag_ervoor) == []
        assert zaak.status(wie, dag_ervoor) is None

    return lees_als_aanbieder


def aanbieder_niet(aanbieder: Caller) -> Callable[[Zaak], None]:
    """Nothing of the onderzoek, nothing personal, nothing of before the opdracht; and not through another's stream."""

    def lees_als_aanbieder(zaak: Zaak) -> None:
        rijen = zaak.rijen(aanbieder)
        assert {rij["service"] for rij in rijen} == {"beschikking"}
        assert _niveaus(rijen) == {"feiten"}
        assert "Testpersoon" not in str(rijen)
        assert "mantelzorger" not in str(rijen)
        code = PARTIJEN.code(zaak.spel.zaak.woongemeente.replace("-", "_"))
        assert zaak.gespeeld.lees("onderzoek", f"/stromen/{code}/onderzoek/{zaak.spel.casus}", aanbieder) is None
        assert zaak.gespeeld.lees("melding", f"/stromen/{code}/melding/{zaak.spel.casus}", aanbieder) is None

    return lees_als_aanbieder


def toezichthouder_niets(code: str) -> Callable[[Zaak], None]:
    """No signal, so no dossier, and no casus to look into."""

    def lees_als_toezichthouder(zaak: Zaak) -> None:
        wie = toezichthouder(code)
        zaak.bestaat_niet_voor(wie)
        assert zaak.gespeeld.lees("toezicht", "/dossiers", wie) == {"dossiers": []}

    return lees_als_toezichthouder


# -- case 2 ------------------------------------------------------------------------------------------------------------

DOCHTER = buiten("derde", None, "0072", wie="derde-demo_2")
BACKOFFICE = buiten("backoffice", SOZAWE, "0072", wie="backoffice-sozawe_nw")
DE_SVB = buiten("svb", SVB, wie="svb-svb")
GEVER = Caller("consulent", "0072", "consulent-harlingen", ("0072",))
PGB_BEHEER = {
    "PgbTariefBerekend",
    "PgbToegekend",
    "ToekenningAanSvbGemeld",
    "ZorgovereenkomstGoedgekeurd",
    "DeclaratieOntvangen",
    "DeclaratieGoedgekeurd",
    "DeclaratieAfgekeurd",
}


def budgethouder(zaak: Zaak) -> None:
    """All in the own case: the tariff of each line, and of each declaratie the amount and the reason."""
    alles_in_de_eigen_zaak(zaak)
    rijen = zaak.rijen(Caller("budgethouder", None, zaak.spel.client, (), "eigen_zaak"))
    tarieven = [rij["data"]["tarief_cent"] for rij in rijen if rij["gebeurtenis"] == "PgbTariefBerekend"]
    assert tarieven == [2329, 4437, 3503]
    (af,) = [rij["data"] for rij in rijen if rij["gebeurtenis"] == "DeclaratieAfgekeurd"]
    assert (af["bedrag_cent"], af["reden"], af["juist_bedrag_cent"]) == (17748, "tarief_boven_zorgovereenkomst", 14012)


def dochter(zaak: Zaak) -> None:
    """That the melding was received; from the consent of 24 January on, what concerns afspraken and pgb-beheer."""
    assert _soorten(zaak.rijen(DOCHTER, "2017-01-23")) == {"MeldingBevestigd"}
    rijen = zaak.rijen(DOCHTER)
    assert _soorten(rijen) == {"MeldingBevestigd", *PGB_BEHEER}
    assert _niveaus(rijen) == {"feiten"}


def dochter_niet(zaak: Zaak) -> None:
    """Nothing of what was said in the gesprek or written in the verslag, in no stream either."""
    assert {rij["service"] for rij in zaak.rijen(DOCHTER)} == {"melding", "pgb"}
    assert zaak.gespeeld.lees("onderzoek", f"/stromen/0072/onderzoek/{zaak.spel.casus}", DOCHTER) is None


def consulent_en_team_harlingen(zaak: Zaak) -> None:
    """From melding to pgb, in full; the toezichtdossier is closed to them."""
    for wie in (GEVER, van("wijkteam", "0072")):
        assert _ids(zaak.rijen(wie)) == zaak.gelogd()
        assert zaak.gespeeld.lees("toezicht", f"/stromen/0072/toezicht/{zaak.spel.dossier}", wie) is None


def dienst_sozawe(zaak: Zaak) -> None:
    """The outcome of the onderzoek, the aanvraag, the besluit and the lines of the pgb; no more of the onderzoek."""
    rijen = zaak.rijen(BACKOFFICE)
    assert _ids(rijen, "beschikking") == zaak.gelogd("beschikking")
    onderzoek = [rij for rij in rijen if rij["service"] == "onderzoek"]
    assert _soorten(onderzoek) == {"OnderzoekAfgerond"}
    assert _niveaus(onderzoek) == {"feiten"}
    pgb = _soorten([rij for rij in rijen if rij["service"] == "pgb"])
    assert pgb >= {"PgbWensVastgelegd", "PgbTariefBerekend", "PgbToegekend"}
    assert "melding" not in {rij["service"] for rij in rijen}


def svb(zaak: Zaak) -> None:
    """Total, tariffs, period, zorgovereenkomsten and declaraties, from the toekenning on."""
    rijen = zaak.rijen(DE_SVB)
    assert _soorten(rijen) == PGB_BEHEER
    (toegekend,) = [rij["data"] for rij in rijen if rij["gebeurtenis"] == "PgbToegekend"]
    assert (toegekend["totaal_cent"], toegekend["van"], toegekend["tot_en_met"]) == (832652, "2017-03-06", "2017-12-31")
    (gemeld,) = [rij for rij in rijen if rij["gebeurtenis"] == "ToekenningAanSvbGemeld"]
    assert gemeld["zicht"]["niveau"] == "volledig"  # with the budgethouder


def svb_niet(zaak: Zaak) -> None:
    """No verslag, gesprek or leefgebieden, no motivation, and no signal."""
    rijen = zaak.rijen(DE_SVB)
    assert {rij["service"] for rij in rijen} == {"pgb"}
    assert not [veld for rij in rijen for veld in rij["data"] if "motivering" in veld]
    zaak.besloten_is_dicht_voor(DE_SVB)


def toezichthouder_harlingen(zaak: Zaak) -> None:
    """The signal without the name of the client, and the own dossier; nothing of the casus unless asked for."""
    wie, spel = toezichthouder("0072"), zaak.spel
    signaal = zaak.gespeeld.lees("pgb", f"/stromen/0072/signaal/{spel.signaal}", wie)
    assert [rij["data"]["clientnaam"] for rij in signaal["gebeurtenissen"]] == ["geen"]
    dossier = zaak.gespeeld.lees("toezicht", f"/stromen/0072/toezicht/{spel.dossier}", wie)
    assert [rij["gebeurtenis"] for rij in dossier["gebeurtenissen"]] == [
        "ToezichtsignaalOntvangen",
        "ToezichtsignaalBeoordeeld",
        "ToezichtonderzoekGestart",
    ]
    gelezen = str([signaal, dossier])
    assert spel.casus not in gelezen
    assert spel.zaak.gegeven["client"]["bsn_test"] not in gelezen
    assert "Testpersoon" not in gelezen
    zaak.bestaat_niet_voor(wie)


def besloten_voor_wie_koopt_en_besluit(zaak: Zaak) -> None:
    """Not that it exists, no hole in a numbering; who gave the signal reads the own signal, and no more."""
    rollen = ("inkoper", "consulent", "senior_consulent", "wijkteam", "kcc", "beleidsmedewerker")
    for wie in (*(van(rol, "0072", "ander") for rol in rollen), BACKOFFICE):
        zaak.besloten_is_dicht_voor(wie)
    eigen = zaak.gespeeld.lees("pgb", f"/stromen/0072/signaal/{zaak.spel.signaal}", GEVER)
    assert [rij["gebeurtenis"] for rij in eigen["gebeurtenissen"]] == ["SignaalAanToezichtGegeven"]
    assert zaak.gespeeld.lees("toezicht", f"/stromen/0072/toezicht/{zaak.spel.dossier}", GEVER) is None
    zaak.geen_gat_voor(GEVER)


def pgb_hulpverlener_en_zus(zaak: Zaak) -> None:
    """Neither casus nor signal nor dossier: who is paid from a pgb has no right by that."""
    for wie in (
        buiten("pgb_hulpverlener", None, wie="hulpverlener-regel-3"),
        buiten("derde", None, "0072", wie="zus"),
        buiten("mantelzorger", None, wie="zus"),
    ):
        zaak.bestaat_niet_voor(wie)
        zaak.besloten_is_dicht_voor(wie)


# -- case 3 ------------------------------------------------------------------------------------------------------------


def consulent_den_haag(zaak: Zaak) -> None:
    """The melding with how to reach the inwoner, and all after it."""
    rijen = zaak.rijen(van("consulent", "0518"))
    assert _ids(rijen) == zaak.gelogd()
    assert (rijen[0]["data"]["naam"], rijen[0]["data"]["adres"]) == ("Testpersoon demo 3", "Teststraat 1")


BACKOFFICE_DH = van("backoffice", "0518")


def backoffice_den_haag(zaak: Zaak) -> None:
    """The beschikking, from the aanvraag on."""
    rijen = zaak.rijen(BACKOFFICE_DH)
    assert _ids(rijen) == zaak.gelogd("beschikking")
    assert rijen[0]["gebeurtenis"] == "AanvraagOntvangen"


def backoffice_den_haag_niet(zaak: Zaak) -> None:
    """Before the aanvraag there is nothing for the backoffice, not even a casus."""
    assert zaak.rijen(BACKOFFICE_DH, "2017-07-31") == []
    assert zaak.status(BACKOFFICE_DH, "2017-07-31") is None


DH = buiten("aanbieder", AANBIEDER_DH)
ARRANGEMENT_DH = {"aanbieder": AANBIEDER_DH, "ingang": "2017-08-21", "tot_en_met": "2018-08-19"}

LEZERS: dict[tuple[str, str, str], Callable[[Zaak], None]] = {
    ("demo_1", "wel", "inwoner"): alles_in_de_eigen_zaak,
    ("demo_1", "wel", "gebiedsteam Opsterland (woongemeente)"): team_opsterland,
    ("demo_1", "wel", "centrumgemeente Leeuwarden"): centrum_leeuwarden,
    ("demo_1", "wel", "kcc Opsterland"): status_zonder_inhoud("opsterland"),
    ("demo_1", "wel", "aanbieder_bw"): aanbieder_vanaf(
        BW, "2017-04-18", "2017-04-17", pakket=2, ingang="2017-05-01", tot_en_met="2018-04-30"
    ),
    ("demo_1", "niet", "Heerenveen en de andere Friese gemeenten"): niets_voor_gemeenten("heerenveen", *FRIESLAND),
    ("demo_1", "niet", "centrumgemeente Leeuwarden"): centrum_leeuwarden_niet,
    ("demo_1", "niet", "kcc Opsterland"): status_zonder_inhoud("opsterland"),
    ("demo_1", "niet", "aanbieder_bw"): aanbieder_niet(BW),
    ("demo_1", "niet", "svb"): niets(DE_SVB),
    ("demo_1", "niet", "toezichthouder"): toezichthouder_niets("0086"),
    ("demo_1", "niet", "clientondersteuner"): niets(buiten("clientondersteuner", "mee", wie="clientondersteuner-mee")),
    ("demo_2", "wel", "inwoner (budgethouder)"): budgethouder,
    ("demo_2", "wel", "dochter (derde)"): dochter,
    ("demo_2", "wel", "consulent en team Harlingen"): consulent_en_team_harlingen,
    ("demo_2", "wel", "Dienst SoZaWe (backoffice)"): dienst_sozawe,
    ("demo_2", "wel", "svb"): svb,
    ("demo_2", "wel", "kcc Harlingen"): status_zonder_inhoud("harlingen"),
    ("demo_2", "wel", "toezichthouder Harlingen"): toezichthouder_harlingen,
    ("demo_2", "niet", "Vlieland en Terschelling"): niets_voor_gemeenten("vlieland", "terschelling"),
    ("demo_2", "niet", "centrumgemeente Leeuwarden"): niets_voor_gemeenten("leeuwarden"),
    ("demo_2", "niet", "svb"): svb_niet,
    ("demo_2", "niet", "gecontracteerde aanbieders en de HH1-aanbieder"): niets(
        BW, DH, buiten("aanbieder", "98765403", wie="aanbieder-hh1")
    ),
    ("demo_2", "niet", "pgb-hulpverlener en zus"): pgb_hulpverlener_en_zus,
    ("demo_2", "niet", "inkoper, consulent, team, kcc, Dienst SoZaWe"): besloten_voor_wie_koopt_en_besluit,
    ("demo_2", "niet", "dochter (derde)"): dochter_niet,
    ("demo_3", "wel", "inwoner"): alles_in_de_eigen_zaak,
    ("demo_3", "wel", "consulent Den Haag"): consulent_den_haag,
    ("demo_3", "wel", "backoffice Den Haag"): backoffice_den_haag,
    ("demo_3", "wel", "aanbieder_dh"): aanbieder_vanaf(DH, "2017-08-14", "2017-08-13", **ARRANGEMENT_DH),
    ("demo_3", "wel", "kcc Den Haag"): status_zonder_inhoud("den_haag"),
    ("demo_3", "niet", "aanbieder_dh"): aanbieder_niet(DH),
    ("demo_3", "niet", "backoffice Den Haag"): backoffice_den_haag_niet,
    ("demo_3", "niet", "kcc Den Haag"): status_zonder_inhoud("den_haag"),
    ("demo_3", "niet", "svb"): niets(DE_SVB),
    ("demo_3", "niet", "toezichthouder"): toezichthouder_niets("0518"),
    ("demo_3", "niet", "elke andere gemeente"): niets_voor_gemeenten(
        *(gemeente(code).sleutel for code in codes("gemeente").codes if code != "0518")
    ),
}
"""Who is meant by each line of the file, and what they may and may not read."""

REGELS = [
    (zaak.id, kant, regel["wie"])
    for zaak in ZAKEN
    for kant in ("wel", "niet")
    for regel in zaak.verwacht["ontvangers"][kant]
]


@pytest.mark.parametrize(("zaak", "kant", "wie"), REGELS, ids=[f"{z}-{k}-{w}" for z, k, w in REGELS])
def test_each_reader_sees_what_the_file_grants_and_no_more(gespeeld, zaak, kant, wie):
    """One line of ``ontvangers``; a line that nobody here stands for fails."""
    LEZERS[zaak, kant, wie](Zaak(gespeeld, zaak))


def test_no_reader_here_is_left_out_of_the_file():
    """The other way around: nobody stands here who is not in the file."""
    assert set(LEZERS) == set(REGELS)
