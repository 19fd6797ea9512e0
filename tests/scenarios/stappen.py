"""Each step of the played scenarios as the public commands that carry it out; what is expected stands in the file."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from typing import Any

from casuslog.envelope import Stream
from tests.scenarios.bestand import Stap
from tests.scenarios.feiten import onderzoek
from tests.scenarios.namen import SOORT_HULPVERLENER, VELDNAMEN, VOORZIENINGEN
from tests.scenarios.spel import Spel
from tests.scenarios.verbanden import abonneer, lever_na_einde
from tests.scenarios.vernietiging import (
    beheerder_vraagt,
    controleer,
    team_vraagt,
    vernietig,
)
from tests.scenarios.zicht import (
    kcc_vraagt_verslag,
    kcc_zoekt,
    team_opent,
    x_vraagt_andere,
    x_vraagt_client,
    x_vraagt_opdracht,
)

Stapper = Callable[[Spel, Stap], None]
PERSOON = {"naam": "Testpersoon", "adres": "Teststraat 1", "woonplaats": "Testdorp"}


def _meld(spel: Spel, stap: Stap, **meer: Any) -> None:
    g = stap.gegevens
    gevraagd = {veld: PERSOON[veld] for veld in g.get("velden", ())}
    gegeven = {k: g[k] for k in ("kanaal", "voorziening") if k in g}
    spel.doe("melding", "registreer-melding", **{**gegeven, **gevraagd, **meer})


def _bevestig(spel: Spel) -> None:
    spel.doe("melding", "bevestig-melding", spel.wie("consulent"))


def _bekend(spel: Spel, **besluit: Any) -> None:
    """A besluit and its bekendmaking, on one day."""
    spel.doe("beschikking", "neem-besluit", gemeente=spel.besluitende, **besluit)
    spel.doe("beschikking", "maak-besluit-bekend", gemeente=spel.besluitende, wijze="toezending")


# -- S01, S05: the melding ---------------------------------------------------------------------------------------------


def s01_1(spel: Spel, stap: Stap) -> None:
    _meld(spel, stap)
    _bevestig(spel)


def s01_2(spel: Spel, stap: Stap) -> None:
    spel.doe("melding", "bied-clientondersteuning-aan", moment="telefonische_afspraak")


def s01_3(spel: Spel, stap: Stap) -> None:
    spel.doe("onderzoek", "plan-gesprek", gesprek_op=stap.gegevens["gesprek_op"])
    spel.doe("onderzoek", "verstuur-afspraakbevestiging", clientondersteuning=True)
    spel.doe("melding", "bied-clientondersteuning-aan", moment="afspraakbevestiging")


def s05_1(spel: Spel, stap: Stap) -> None:
    g = {naam: stap.gegevens[naam] for naam in ("relatie", "namens", "contactpersoon")}
    _meld(spel, stap, **g, kanaal="telefoon", akkoord_inwoner=True, client=spel.wie("inwoner").id)
    _bevestig(spel)


def s05_2(spel: Spel, stap: Stap) -> None:
    spel.platform.settle()
    spel.platform.stream("onderzoek", Stream(spel.gemeente, "onderzoek", spel.casus()), spel.handelt(stap))


def s05_3(spel: Spel, stap: Stap) -> None:
    spel.doe("melding", "geef-toestemming", aan="derde", omvang=stap.gegevens["toestemming"])


def s05_4(spel: Spel, stap: Stap) -> None:
    deelnemers = ["inwoner", "derde", stap.rol]
    spel.doe("onderzoek", "plan-gesprek", gesprek_op=stap.gegevens["op"], deelnemers=deelnemers)


# -- S06, S07: the first contact ---------------------------------------------------------------------------------------


def _contact(spel: Spel, stap: Stap) -> None:
    spel.doe("melding", "registreer-contact", kanaal="telefoon" if "belt" in stap.doet else None)


def s06_1(spel: Spel, stap: Stap) -> None:
    _contact(spel, stap)
    spel.kennis["vraag"] = re.search(r"wil hulp bij (\w+)", stap.doet)[1]  # type: ignore[index]


def s06_2(spel: Spel, stap: Stap) -> None:
    spel.doe("melding", "verhelder-vraag", vraag=spel.kennis["vraag"], contactgegevens="0512 000000")
    spel.doe("melding", "verwijs-door", naar=stap.gegevens["verwezen_naar"])


def s06_3(spel: Spel, stap: Stap) -> None:
    overig = {"medische_gegevens": "testwaarde", "inkomen": "testwaarde"}
    spel.doe("melding", "verhelder-vraag", vraag=spel.kennis["vraag"], overig=overig)


def s06_4(spel: Spel, stap: Stap) -> None:
    _contact(spel, stap)
    _meld(spel, stap)
    _bevestig(spel)


def s07_1(spel: Spel, stap: Stap) -> None:
    _contact(spel, stap)
    spel.doe("melding", "verhelder-vraag", spel.wie("kcc"), vraag="testvraag")


def s07_2(spel: Spel, stap: Stap) -> None:
    _meld(spel, stap)
    spel.doe("melding", "geef-melding-door")


def s07_3(spel: Spel, stap: Stap) -> None:
    spel.doe("melding", "accepteer-overdracht")


# -- S17: the signed verslag -------------------------------------------------------------------------------------------


def s17_1(spel: Spel, stap: Stap) -> None:
    spel.doe("onderzoek", "verstrek-verslag", inhoud="testverslag", ter_ondertekening=True)
    uitkomst = [{"soort": "maatwerkvoorziening", "voorziening": "huishoudelijke_hulp"}]
    spel.doe("onderzoek", "rond-onderzoek-af", uitkomst=uitkomst)


def s17_2(spel: Spel, stap: Stap) -> None:
    spel.doe("onderzoek", "onderteken-verslag", akkoord="akkoord" in stap.doet)


def s17_3(spel: Spel, stap: Stap) -> None:
    spel.doe("beschikking", "vraag-aanvulling", gegevens=["aanvraagformulier"])


# -- S28: the arrangement ----------------------------------------------------------------------------------------------


def _delen(*paren: tuple[str, str]) -> list[dict[str, Any]]:
    return [{"gebied": int(nummer), "intensiteit": naam, "motivering": "testmotivering"} for nummer, naam in paren]


def s28_1(spel: Spel, stap: Stap) -> None:
    delen = _delen(*re.findall(r"resultaatgebied (\d+) ([A-Z]\w+)", stap.doet))
    _bekend(spel, arrangement=delen)
    aanbieder = spel.aanbieder().organisatie
    spel.doe("beschikking", "verstrek-opdracht", aanbieder=aanbieder, ingang=stap.dag, doelen=["testdoel"])


def s28_2(spel: Spel, stap: Stap) -> None:
    nummer = re.search(r"resultaatgebied (\d+)", stap.doet)[1]  # type: ignore[index]
    bekend = spel.beleid("arrangement")[0]["waarde"]["intensiteiten"][0]
    spel.doe("beschikking", "neem-besluit", arrangement=_delen((nummer, bekend)))


def s28_3(spel: Spel, stap: Stap) -> None:
    intensiteit = re.search(r"intensiteit (\w+)", stap.doet)[1]  # type: ignore[index]
    bekend = spel.beleid("arrangement")[0]["waarde"]["resultaatgebieden"][0]
    spel.doe("beschikking", "neem-besluit", arrangement=_delen((str(bekend), intensiteit)))


def s28_4(spel: Spel, stap: Stap) -> None:
    gebied = re.search(r"resultaatgebied (\d+)", stap.doet)[1]  # type: ignore[index]
    uren = stap.gegevens["uren_per_week"]
    spel.doe("beschikking", "leg-uitwerking-vast", gebied=int(gebied), uren_per_week=uren)


# -- S34: beschermd wonen ----------------------------------------------------------------------------------------------


def _veld(stap: Stap) -> str:
    veld = re.search(r"veld (\w+)", stap.doet)[1]  # type: ignore[index]
    return VELDNAMEN.get(veld, veld)


def s34_1(spel: Spel, stap: Stap) -> None:
    verplicht = spel.beleid("beschermd_wonen")[0]["waarde"]["verplichte_velden"]
    velden = {VELDNAMEN.get(veld, veld): "testwaarde" for veld in verplicht if veld != "pakket"}
    del velden[_veld(stap)]
    spel.doe("onderzoek", "dien-indicatie-in", thema=spel.thema, pakket=stap.gegevens["pakket"], velden=velden)


def s34_2(spel: Spel, stap: Stap) -> None:
    spel.doe("beschikking", "neem-besluit", gemeente=spel.gemeente, voorziening=spel.thema, thema=spel.thema)


def s34_3(spel: Spel, stap: Stap) -> None:
    spel.kennis["veld"] = _veld(stap)
    spel.doe("onderzoek", "stuur-indicatie-terug", velden=[spel.kennis["veld"]])


def s34_4(spel: Spel, stap: Stap) -> None:
    spel.doe("onderzoek", "vul-indicatie-aan", velden={spel.kennis["veld"]: "testwaarde"})
    spel.doe("beschikking", "dien-aanvraag-in", spel.wie("inwoner"), gemeente=spel.besluitende)


def s34_5(spel: Spel, stap: Stap) -> None:
    pakket = int(re.search(r"pakket (\d+)", stap.doet)[1])  # type: ignore[index]
    _bekend(spel, voorziening=spel.thema, pakket=pakket)


def s34_6(spel: Spel, stap: Stap) -> None:
    spel.platform.settle()
    spel.platform.timeline(spel.casus(), spel.handelt(stap))


# -- S35: an algemene voorziening, and when it does not suffice --------------------------------------------------------


def _genoemd(stap: Stap) -> str:
    """The voorziening in the text of a step."""
    return re.search(r"\bhh\d\b", stap.doet)[0]  # type: ignore[index]


def s35_1(spel: Spel, stap: Stap) -> None:
    spel.doe("melding", "tel-gebruik-algemene-voorziening", eigen="telling", voorziening=_genoemd(stap))


def s35_2(spel: Spel, stap: Stap) -> None:
    spel.vraag("pgb", "bereken-pgb-tarief", voorziening=_genoemd(stap), hulpverlener="gekwalificeerd")


def s35_3(spel: Spel, stap: Stap) -> None:
    spel.doe("beschikking", "neem-besluit", voorziening=_genoemd(stap))


def s35_4(spel: Spel, stap: Stap) -> None:
    _meld(spel, stap, voorziening=VOORZIENINGEN[_genoemd(stap)])


def s35_5(spel: Spel, stap: Stap) -> None:
    team = spel.wie("wijkteam")
    spel.doe(
        "onderzoek",
        "leg-gesprek-vast",
        team,
        vorm="huisbezoek",
        deelnemers=["inwoner", "wijkteam"],
        identiteitsdocument="gezien",
        pgb_uitgelegd=True,
        bijdrage_uitgelegd=True,
    )
    uitkomst = [{"soort": "maatwerkvoorziening", "voorziening": "huishoudelijke_hulp_2"}]
    spel.doe("onderzoek", "rond-onderzoek-af", team, uitkomst=uitkomst, akkoord_inwoner=True)
    spel.doe("beschikking", "dien-aanvraag-in")


def s35_6(spel: Spel, stap: Stap) -> None:
    uren = re.search(r"(\d+(?:[.,]\d+)?) uur per week", stap.doet)[1]  # type: ignore[index]
    _bekend(spel, voorziening=_genoemd(stap), uren_per_week=uren.replace(",", "."))


# -- S43, S44: what a pgb pays -----------------------------------------------------------------------------------------


def _regels(spel: Spel, *delen: tuple[str, str]) -> list[dict[str, Any]]:
    """Lines of a wish: hours per week by a kring of the set."""
    return [
        {
            "regel": nummer,
            "voorziening": spel.kennis["voorziening"],
            "uren_per_week": uren,
            "hulpverlener": SOORT_HULPVERLENER.get(kring, kring),
        }
        for nummer, (uren, kring) in enumerate(delen, 1)
    ]


def _budget(spel: Spel, naam: str, regels: list[dict[str, Any]]) -> Mapping[str, Any]:
    periode = {dag: spel.kennis[dag] for dag in ("van", "tot_en_met")}
    return spel.vraag(naam, "bereken-pgb-budget", regels=regels, **periode)


def s43_1(spel: Spel, stap: Stap) -> None:
    regels = _regels(spel, (spel.kennis["uren_per_week"], "gekwalificeerd"))
    _budget(spel, "variant_1", regels)
    gemotiveerd = "gemotiveerd" in stap.doet
    spel.doe("beschikking", "dien-aanvraag-in", leveringsvorm="pgb", gemotiveerd=gemotiveerd, regels=regels)
    spel.kennis["regels"] = regels


def s43_2(spel: Spel, stap: Stap) -> None:
    deel, geheel = re.search(r"(\d+) van de (\d+) uren", stap.doet).groups()  # type: ignore[union-attr]
    regels = _regels(spel, (str(int(geheel) - int(deel)), "gekwalificeerd"), (deel, "netwerk"))
    netwerk = _budget(spel, "variant_2", regels)["regels"][-1]
    spel.toon("pgb-tarief-berekend", netwerk)
    consulent = spel.wie("consulent")
    toets = {"bekwaam": "ja", "gemotiveerd": "ja", "kwaliteit_gewaarborgd": "ja"}
    spel.doe("pgb", "toets-pgb-voorwaarden", consulent, **toets)
    periode = {naam: spel.kennis[naam] for naam in ("van", "tot_en_met", "weken")}
    spel.doe("beschikking", "neem-besluit", consulent, leveringsvorm="pgb", regels=spel.kennis["regels"], **periode)
    spel.doe("beschikking", "maak-besluit-bekend", consulent, wijze="toezending")


def s44_1(spel: Spel, stap: Stap) -> None:
    tarief = spel.beleid("zin_tarief")[0]["waarde"]
    spel.kennis["voorziening"] = next(naam for naam in tarief if naam != "eenheid")
    kringen = list(spel.beleid("pgb_procent")[0]["waarde"])
    for kring in kringen:
        vraag = {"voorziening": spel.kennis["voorziening"], "hulpverlener": SOORT_HULPVERLENER.get(kring, kring)}
        spel.toon("pgb-tarief-berekend", spel.vraag(kring, "bereken-pgb-tarief", **vraag))
    # The same as events of a casus: who may know of them is asked below.
    assert stap.dag is not None
    onderzoek(spel, stap.zaak, stap.dag, spel.kennis["voorziening"])
    regels = _regels(spel, *(("1", kring) for kring in kringen))
    spel.doe("beschikking", "dien-aanvraag-in", leveringsvorm="pgb", gemotiveerd=True, regels=regels)


def s44_2(spel: Spel, stap: Stap) -> None:
    procent = int(re.search(r"(\d+) procent", stap.doet)[1])  # type: ignore[index]
    netwerk = SOORT_HULPVERLENER["netwerk"]
    vraag = {"voorziening": spel.kennis["voorziening"], "hulpverlener": netwerk, "procent": procent}
    spel.vraag("dochter", "bereken-pgb-tarief", **vraag)


# -- S57: a calamiteit -------------------------------------------------------------------------------------------------


def _calamiteit(spel: Spel, stap: Stap, ontvanger: str, eigen: str) -> None:
    spel.doe(
        "toezicht",
        "meld-calamiteit",
        eigen=eigen,
        ontvanger=ontvanger,
        gebeurtenis="val met ernstig letsel",
        gebeurd_op=stap.dag,
        betreft_casus=spel.casus(stap.zaak),
    )


def s57_1(spel: Spel, stap: Stap) -> None:
    _calamiteit(spel, stap, "toezichthouder", "dossier")


def s57_2(spel: Spel, stap: Stap) -> None:
    _calamiteit(spel, stap, "kcc", "tweede melding")


def s57_3(spel: Spel, stap: Stap) -> None:
    spel.doe("toezicht", "start-toezichtonderzoek", eigen="dossier", soort="reactief")
    bij = spel.aanbieder(re.search(r"bij ([XYZ])\b", stap.doet)[1]).organisatie  # type: ignore[index]
    spel.doe("toezicht", "vorder-gegevens", eigen="dossier", bij=bij, welke=["zorgdossier"])


def s57_lees(spel: Spel, stap: Stap) -> None:
    spel.platform.settle()
    dossier = Stream(spel.gemeente, "toezicht", spel.eigen_onderwerpen["dossier"])
    spel.platform.stream("toezicht", dossier, spel.handelt(stap))


def s57_6(spel: Spel, stap: Stap) -> None:
    spel.doe("toezicht", "rond-toezichtonderzoek-af", eigen="dossier", bevindingen="testbevindingen")
    spel.doe("toezicht", "informeer-college", eigen="dossier", strekking="verbetermaatregelen")


STAPPEN: Mapping[str, tuple[Stapper, ...]] = {
    "S01": (s01_1, s01_2, s01_3),
    "S05": (s05_1, s05_2, s05_3, s05_4),
    "S06": (s06_1, s06_2, s06_3, s06_4),
    "S07": (s07_1, s07_2, s07_3),
    "S17": (s17_1, s17_2, s17_3),
    "S28": (s28_1, s28_2, s28_3, s28_4),
    "S34": (s34_1, s34_2, s34_3, s34_4, s34_5, s34_6),
    "S35": (s35_1, s35_2, s35_3, s35_4, s35_5, s35_6),
    "S43": (s43_1, s43_2),
    "S44": (s44_1, s44_2),
    "S57": (s57_1, s57_2, s57_3, s57_lees, s57_lees, s57_6),
    "S67": (kcc_zoekt, kcc_vraagt_verslag, x_vraagt_opdracht, x_vraagt_andere, x_vraagt_client, team_opent),
    "S62": (*([abonneer] * 7), lever_na_einde),
    "S68": (controleer, vernietig, vernietig, beheerder_vraagt, team_vraagt),
}
"""Per scenario: its steps, in order."""
