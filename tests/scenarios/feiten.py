"""``gegeven.feiten`` as events: what each fact of the set is in ours, with the history that it presupposes."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import date

from casuslog import termijnen
from casuslog.events import Fact
from casuslog.rights.events import BetrokkenheidVastgelegd
from casuslog.termijnen.events import gestart
from services.beschikking.gebeurtenissen import AanvraagOntvangen, LeveringGestart, OpdrachtVerstrekt
from services.melding.gebeurtenissen import MeldingGeregistreerd
from services.onderzoek import gebeurtenissen as g
from tests.scenarios.bestand import Feit
from tests.scenarios.namen import AANBIEDERS
from tests.scenarios.spel import Spel
from tests.scenarios.vernietiging import nieuwe_melding, voorziening_beeindigd


def zaai(spel: Spel) -> None:
    """Seed all facts of the scenario.

    Raises:
        KeyError: the set names a fact that stands not in the table.
    """
    for feit in spel.scenario.feiten:
        seed = next((doe for patroon, doe in TABEL if re.search(patroon, f"{feit.service}: {feit.feit}")), None)
        if seed is None:
            raise KeyError(f"no seed for {feit.service}: {feit.feit}")
        seed(spel, feit)


def kent(feit: Feit) -> bool:
    """Whether the table has this fact."""
    return any(re.search(patroon, f"{feit.service}: {feit.feit}") for patroon, _ in TABEL)


# -- the road to each fact ---------------------------------------------------------------------------------------------


def melding(spel: Spel, zaak: str, op: date, **meer: bool) -> None:
    """The inwoner reported; as imported history it starts nothing."""
    if spel.eerste("melding-geregistreerd", zaak=zaak):
        return
    gemeld = MeldingGeregistreerd(
        vorm="vormvrij",
        kanaal="onbekend",
        velden=("naam",),
        melder="inwoner",
        betrokkene="inwoner",
        ontvangen_door="wijkteam",
        woongemeente=spel.gemeente,
        thema=spel.thema,
        naam=f"Testpersoon {zaak}",
    )
    betrokken = BetrokkenheidVastgelegd(organisatie=spel.gemeente, als="woongemeente", vanaf=op)
    spel.zaai("melding", [gemeld, betrokken], op, zaak, actor=spel.wie("inwoner", zaak).actor, **meer)


def gesprek(spel: Spel, zaak: str, op: date) -> None:
    """A gesprek was held, in which the identity was established and pgb and bijdrage were explained."""
    melding(spel, zaak, op)
    if spel.eerste("gesprek-gevoerd", zaak=zaak):
        return
    gevoerd = g.GesprekGevoerd(vorm="huisbezoek", deelnemers=("inwoner", "consulent"))
    vastgesteld = g.IdentiteitVastgesteld(soort_document="gezien")
    uitleg = (g.PgbInformatieGegeven(), g.BijdrageUitgelegd())
    spel.zaai("onderzoek", [gevoerd, vastgesteld, *uitleg], op, zaak, actor=spel.wie("consulent", zaak).actor)


def onderzoek(spel: Spel, zaak: str, op: date, voorziening: str) -> None:
    """The onderzoek was finished, with the consent of the inwoner."""
    gesprek(spel, zaak, op)
    if spel.eerste("onderzoek-afgerond", zaak=zaak):
        return
    afgerond = g.OnderzoekAfgerond(
        uitkomst=(g.Uitkomst(voorziening=voorziening),), basis="gesprek", akkoord_inwoner=True, akkoord_op=op
    )
    spel.zaai("onderzoek", [afgerond], op, zaak, actor=spel.wie("wijkteam", zaak).actor)


# -- the facts ---------------------------------------------------------------------------------------------------------


def _melding(spel: Spel, feit: Feit) -> None:
    melding(spel, feit.zaak, _dag(feit))


def _gesprek(spel: Spel, feit: Feit) -> None:
    gesprek(spel, feit.zaak, _dag(feit))


def _onderzoek(spel: Spel, feit: Feit) -> None:
    onderzoek(spel, feit.zaak, _dag(feit), spel.thema if spel.beleid("beschermd_wonen") else "begeleiding_individueel")


def _aanvraag(spel: Spel, feit: Feit) -> None:
    op = _dag(feit)
    voorziening = "maatwerkarrangement" if spel.beleid("arrangement") else "begeleiding_individueel"
    onderzoek(spel, feit.zaak, op, voorziening)
    ontvangen = AanvraagOntvangen(ontvangen_door=spel.besluitende, herkomst="aparte_aanvraag", thema=spel.thema)
    termijn = gestart(termijnen.besluit(op))
    inwoner = spel.wie("inwoner", feit.zaak).actor
    spel.zaai("beschikking", [ontvangen, termijn], op, feit.zaak, gemeente=spel.besluitende, actor=inwoner)


def _hulp_als_pgb(spel: Spel, feit: Feit) -> None:
    """What is to be granted: kept for the steps, which ask for it as a pgb. The onderzoek found it."""
    van, tot_en_met = (date.fromisoformat(dag) for dag in re.findall(r"\d{4}-\d\d-\d\d", feit.feit))
    woorden = re.match(r"([a-z ]+?) \d", feit.feit)
    assert woorden, feit.feit
    voorziening = woorden.group(1).replace(" ", "_")
    onderzoek(spel, feit.zaak, _dag(feit), voorziening)
    uren = feit.gegevens["uren_per_week"]
    spel.kennis |= {"van": van, "tot_en_met": tot_en_met, "voorziening": voorziening, "uren_per_week": uren}
    spel.kennis["weken"] = feit.gegevens["weken"]


def _levering(spel: Spel, feit: Feit) -> None:
    op = _dag(feit)
    melding(spel, feit.zaak, op)
    agb = AANBIEDERS[feit.gegevens["aanbieder"]]
    voorziening = "begeleiding_individueel"
    verloop = [
        OpdrachtVerstrekt(aanbieder=agb, ingang=op, voorziening=voorziening),
        BetrokkenheidVastgelegd(organisatie=agb, als="aanbieder", vanaf=op),
        LeveringGestart(aanbieder=agb, op=op),
    ]
    spel.zaai("beschikking", [Fact(een, op) for een in verloop], op, feit.zaak)


def _twee_aanbieders(spel: Spel, feit: Feit) -> None:
    """A has an opdracht with each aanbieder, and somebody else one with Y."""
    op = _dag(feit)
    x, y = (AANBIEDERS[naam] for naam in feit.gegevens["aanbieders"])
    for zaak, agbs in ((feit.zaak, (x, y)), ("B", (y,))):
        melding(spel, zaak, op, geimporteerd=True)
        for agb in agbs:
            verstrekt = OpdrachtVerstrekt(aanbieder=agb, ingang=op, voorziening="begeleiding_individueel")
            betrokken = BetrokkenheidVastgelegd(organisatie=agb, als="aanbieder", vanaf=op)
            spel.zaai("beschikking", [Fact(verstrekt, op), Fact(betrokken, op)], op, zaak)


def _verslag(spel: Spel, feit: Feit) -> None:
    gesprek(spel, feit.zaak, _dag(feit))
    opgesteld = g.VerslagOpgesteld(versie=1, inhoud="verklaring over schulden en mantelzorg")
    spel.zaai("onderzoek", [opgesteld], _dag(feit), feit.zaak, actor=spel.wie("consulent", feit.zaak).actor)


def _dag(feit: Feit) -> date:
    assert feit.dag is not None, f"{feit.feit} has no day"
    return feit.dag


TABEL: tuple[tuple[str, Callable[[Spel, Feit], None]], ...] = (
    (r"^melding: melding ontvangen$", _melding),
    (r"^onderzoek: gesprek gehouden$", _gesprek),
    (r"^onderzoek: onderzoek afgerond", _onderzoek),
    (r"^beschikking: aanvraag ontvangen$", _aanvraag),
    (r"^beschikking: [a-z ]+ \d+ uur per week van ", _hulp_als_pgb),
    (r"^beschikking: levering .* loopt$", _levering),
    (r"^beschikking: A heeft .* van aanbieder X en .* van aanbieder Y$", _twee_aanbieders),
    (r"^onderzoek: verslag met ", _verslag),
    (r"^beschikking: [AB]: laatste voorziening beëindigd$", voorziening_beeindigd),
    (r"^melding: B doet een nieuwe melding$", nieuwe_melding),
)
"""A pattern over ``service: feit``, and what it seeds."""
