"""The onderzoek: from the melding to an outcome the inwoner can apply with. Pure: state, command, inrichting -> facts.

Reads top to bottom: the term, then one decision per command. The events stand in ``gebeurtenissen.py``, the commands in
``opdrachten.py``, state and fold in ``staat.py``, what goes to a deciding gemeente in ``indicatie.py``.

The term of six weeks cannot be suspended or extended (Wmo 2015 art. 2.3.2 lid 1); when it runs out the inwoner may
apply without a finished onderzoek (lid 9). No order of gesprek, verslag and afronding is imposed: gemeenten differ.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date, timedelta

from casuslog import termijnen
from casuslog.errors import Refused
from casuslog.events import Fact
from casuslog.rights.events import BetrokkenheidVastgelegd, toestemming_gegeven
from casuslog.termijnen import events as t
from services.onderzoek import gebeurtenissen as g
from services.onderzoek import opdrachten as o
from services.onderzoek.gebeurtenissen import LID
from services.onderzoek.inrichting import OnderzoekInrichting
from services.onderzoek.staat import Onderzoek
from services.onderzoek.voorwaarden import bekende_uitkomst, dag, heeft_verslag, lopend, nog_open, onderzocht

SOORT = "onderzoek"

# --- the term: reactions, which never refuse ---------------------------------------------------------------------


def start_termijn(staat: Onderzoek, gemeld_op: date, inrichting: OnderzoekInrichting) -> list[Fact]:
    """Reaction to MeldingGeregistreerd: the term runs from the day of the melding, not from any later hand-over."""
    if staat.termijn or inrichting.termijn_weken is None:
        return []
    termijn = termijnen.onderzoek(gemeld_op, weken=inrichting.termijn_weken)
    return [Fact(t.gestart(termijn), on=gemeld_op, rule=f"{LID} 1")]


def termijn_verstreken(staat: Onderzoek, vandaag: date) -> list[Fact]:
    """The term ran out: once, dated on the first day too late, however late the timer fires."""
    if staat.termijn != "lopend" or staat.uiterlijk is None or staat.gemeld_op is None or vandaag <= staat.uiterlijk:
        return []
    aan = termijnen.toerekening(staat.vertragingen, van=staat.gemeld_op, uiterlijk=staat.uiterlijk)
    overschreden = t.TermijnOverschreden(soort=SOORT, uiterlijk=staat.uiterlijk, toerekening=aan)
    return [Fact(overschreden, on=staat.uiterlijk + timedelta(days=1), rule=f"{LID} 1 en 9")]


def volg_einde_melding(staat: Onderzoek, op: date, reden: str) -> list[Fact]:
    """Reaction to MeldingIngetrokken or MeldingAfgesloten: what was not finished stops."""
    if not staat.begonnen or staat.afgerond or staat.afgebroken or staat.vernietigd:
        return []
    return _afgebroken(staat, op, g.OnderzoekAfgebroken(reden=reden))


def reken_vertraging_toe(
    staat: Onderzoek, opdracht: o.RekenVertragingToe, inrichting: OnderzoekInrichting
) -> list[Fact]:
    """Record to whom delay is due. It explains an overrun and moves no date."""
    nog_open(staat, opdracht, inrichting)
    if opdracht.tot_en_met < opdracht.van:
        raise Refused(
            "periode_keert_om",
            "De vertraging eindigt voordat zij begint.",
            rule="een periode loopt van de eerste tot en met de laatste dag",
            remedy="Draai van en tot_en_met om.",
            field="tot_en_met",
        )
    toegerekend = g.VertragingToegerekend(
        aan=opdracht.aan, van=opdracht.van, tot_en_met=opdracht.tot_en_met, reden=opdracht.reden
    )
    return [Fact(toegerekend, on=opdracht.op)]


# --- the gesprek -------------------------------------------------------------------------------------------------


def plan_gesprek(staat: Onderzoek, opdracht: o.PlanGesprek, inrichting: OnderzoekInrichting) -> list[Fact]:
    """Record the appointment; a later one replaces it."""
    nog_open(staat, opdracht, inrichting)
    if opdracht.gesprek_op < opdracht.op:
        raise Refused(
            "gesprek_in_verleden",
            f"Een gesprek op {dag(opdracht.gesprek_op)} kan niet op {dag(opdracht.op)} worden gepland.",
            rule="wat al gevoerd is wordt niet gepland",
            remedy="Leg het gesprek vast als gevoerd, of noem een latere dag.",
            field="gesprek_op",
        )
    gepland = g.GesprekGepland(
        op=opdracht.gesprek_op, deelnemers=opdracht.deelnemers, telefonisch_afgesproken=opdracht.telefonisch
    )
    return [Fact(gepland, on=opdracht.op)]


def verstuur_afspraakbevestiging(
    staat: Onderzoek, opdracht: o.VerstuurAfspraakbevestiging, inrichting: OnderzoekInrichting
) -> list[Fact]:
    """Record the written confirmation: letters that go out are facts too."""
    nog_open(staat, opdracht, inrichting)
    gesprek_op = opdracht.gesprek_op or staat.gesprek_op
    if gesprek_op is None:
        raise Refused(
            "geen_gesprek_gepland",
            "Er is geen gesprek gepland dat bevestigd kan worden.",
            rule=f"{LID} 1",
            remedy="Plan eerst het gesprek, of noem gesprek_op.",
            field="gesprek_op",
        )
    genoemd = opdracht.bijstand_genoemd
    bevestigd = g.AfspraakBevestigd(
        gesprek_op=gesprek_op,
        bijstand_genoemd=inrichting.bijstand_in_bevestiging if genoemd is None else genoemd,
        clientondersteuning_genoemd=opdracht.clientondersteuning,
    )
    return [Fact(bevestigd, on=opdracht.op)]


def leg_gesprek_vast(staat: Onderzoek, opdracht: o.LegGesprekVast, inrichting: OnderzoekInrichting) -> list[Fact]:
    """Record a gesprek and each thing that was established in it as a fact of its own."""
    nog_open(staat, opdracht, inrichting)
    door = opdracht.gevoerd_door or ("aanbieder" if opdracht.door.rol == "aanbieder" else "gemeente")
    if door != "gemeente" and door not in inrichting.uitvoerders:
        raise Refused(
            "niet_aangewezen_voor_gesprek",
            f"In {inrichting.naam} voert een {door.replace('_', ' ')} het gesprek niet.",
            rule=f"inrichting {inrichting.versie}: wie onderzoekt",
            remedy=f"Laat het gesprek voeren door: {', '.join(sorted(inrichting.uitvoerders)) or 'gemeente'}.",
            field="gevoerd_door",
        )
    _elk_leefgebied_een_keer(opdracht)
    gevoerd = g.GesprekGevoerd(
        vorm=opdracht.vorm,
        deelnemers=opdracht.deelnemers,
        gevoerd_door=door,
        organisatie=None if door == "gemeente" else opdracht.door.organisatie,
    )
    return [Fact(gevoerd, on=opdracht.op), *_vastgesteld(opdracht), *_besproken(opdracht)]


def leg_vast_geen_gesprek(
    staat: Onderzoek, opdracht: o.LegVastGeenGesprek, inrichting: OnderzoekInrichting
) -> list[Fact]:
    """Record why there is no gesprek, and whether the inrichting knows that reason. It skips no onderzoek."""
    nog_open(staat, opdracht, inrichting)
    bekend = {*inrichting.gesprek_overslaan_bij, o.INWONER_ZIET_AF}
    achterwege = g.GesprekAchterwegeGelaten(
        reden=opdracht.reden,
        naar_inrichting=not inrichting.gesprek_verplicht or opdracht.reden in bekend,
        toelichting=opdracht.toelichting,
    )
    return [Fact(achterwege, on=opdracht.op)]


def schakel_clientondersteuner_in(
    staat: Onderzoek, opdracht: o.SchakelClientondersteunerIn, inrichting: OnderzoekInrichting
) -> list[Fact]:
    """Record that the inwoner uses cliëntondersteuning; also when it was declined before, or never offered."""
    lopend(staat, opdracht, inrichting)
    enige = inrichting.clientondersteuning_bij if len(inrichting.clientondersteuning_bij) == 1 else (None,)
    ingeschakeld = g.ClientondersteunerIngeschakeld(organisatie=opdracht.organisatie or enige[0])
    return [Fact(ingeschakeld, on=opdracht.op)]


# --- plan and verslag --------------------------------------------------------------------------------------------


def ontvang_persoonlijk_plan(
    staat: Onderzoek, opdracht: o.OntvangPersoonlijkPlan, inrichting: OnderzoekInrichting
) -> list[Fact]:
    """Record the plan, also when it comes late; only one in time must be used (lid 2 and 5)."""
    nog_open(staat, opdracht, inrichting)
    op_tijd = staat.gemeld_op is not None and termijnen.persoonlijk_plan(staat.gemeld_op).gehaald(opdracht.op)
    ontvangen = g.PersoonlijkPlanOntvangen(
        op=opdracht.op, op_tijd=op_tijd, hulp_van=opdracht.hulp_van, inhoud=opdracht.inhoud
    )
    return [Fact(ontvangen, on=opdracht.op)]


def betrek_persoonlijk_plan(
    staat: Onderzoek, opdracht: o.BetrekPersoonlijkPlan, inrichting: OnderzoekInrichting
) -> list[Fact]:
    """Record how the plan was used."""
    nog_open(staat, opdracht, inrichting)
    betrokken = g.PersoonlijkPlanBetrokken(afwijking_gemotiveerd=opdracht.afgeweken, toelichting=opdracht.toelichting)
    return [Fact(betrokken, on=opdracht.op)]


def verstrek_verslag(staat: Onderzoek, opdracht: o.VerstrekVerslag, inrichting: OnderzoekInrichting) -> list[Fact]:
    """Give the inwoner a verslag, and where that is the way ask to complete and sign it. A new one is a new version."""
    lopend(staat, opdracht, inrichting)
    versie = staat.verslagversie + 1
    facts = [
        Fact(g.VerslagOpgesteld(versie=versie, inhoud=opdracht.inhoud), on=opdracht.op),
        Fact(g.VerslagVerstrekt(versie=versie), on=opdracht.op),
    ]
    voorleggen = opdracht.ter_ondertekening
    if voorleggen is None:
        voorleggen = inrichting.voorleggen_ter_ondertekening
    if voorleggen:
        facts.append(Fact(g.VerslagVoorgelegd(versie=versie, op=opdracht.op), on=opdracht.op))
    return facts


def corrigeer_verslag(staat: Onderzoek, opdracht: o.CorrigeerVerslag, inrichting: OnderzoekInrichting) -> list[Fact]:
    """Add a correction as an annex; the verslag stays as it was."""
    lopend(staat, opdracht, inrichting)
    heeft_verslag(staat)
    bijlage = g.BijlageToegevoegd(
        nummer=staat.bijlagen + 1,
        door=opdracht.namens,
        soort=opdracht.soort,
        verslagversie=staat.verslagversie,
        tekst=opdracht.tekst,
    )
    if opdracht.namens == "mantelzorger":
        return [Fact(bijlage, on=opdracht.op, betrokkene="mantelzorger")]
    return [Fact(bijlage, on=opdracht.op)]


def onderteken_verslag(staat: Onderzoek, opdracht: o.OndertekenVerslag, inrichting: OnderzoekInrichting) -> list[Fact]:
    """Record the signature, and whether it makes the verslag an aanvraag in this gemeente (lid 9)."""
    lopend(staat, opdracht, inrichting)
    heeft_verslag(staat)
    if opdracht.akkoord and opdracht.onder_protest:
        raise Refused(
            "geen_instemming",
            "Een handtekening onder protest is geen instemming met de uitkomst.",
            rule=f"{LID} 8 en 9",
            remedy="Leg de handtekening vast zonder akkoord, en voeg de zienswijze als bijlage toe.",
            field="akkoord",
        )
    ondertekend = g.VerslagOndertekend(
        versie=staat.verslagversie,
        op=opdracht.op,
        akkoord=opdracht.akkoord,
        onder_protest=opdracht.onder_protest,
        bij=opdracht.bij,
        geldt_als_aanvraag=inrichting.ondertekend_is_aanvraag and opdracht.akkoord,
    )
    return [Fact(ondertekend, on=opdracht.op)]


# --- the end -----------------------------------------------------------------------------------------------------


def rond_onderzoek_af(staat: Onderzoek, opdracht: o.RondOnderzoekAf, inrichting: OnderzoekInrichting) -> list[Fact]:
    """Finish the onderzoek. In time it meets the term; too late the overrun stands, and the outcome all the same."""
    nog_open(staat, opdracht, inrichting)
    onderzocht(staat)
    bekende_uitkomst(opdracht, inrichting)
    akkoord = True if opdracht.akkoord_op else opdracht.akkoord_inwoner
    afgerond = g.OnderzoekAfgerond(
        uitkomst=opdracht.uitkomst,
        basis=staat.basis or "gesprek",
        akkoord_inwoner=akkoord,
        akkoord_op=opdracht.akkoord_op,
    )
    facts = [*termijn_verstreken(staat, opdracht.op), Fact(afgerond, on=opdracht.op)]
    if staat.uiterlijk is None or opdracht.op > staat.uiterlijk:
        return facts
    gehaald = t.gehaald_of_overschreden(SOORT, staat.uiterlijk, opdracht.op)
    return [*facts, Fact(gehaald, on=opdracht.op, rule=f"{LID} 1")]


def breek_onderzoek_af(staat: Onderzoek, opdracht: o.BreekOnderzoekAf, inrichting: OnderzoekInrichting) -> list[Fact]:
    """Stop without an outcome; the term ends with it."""
    nog_open(staat, opdracht, inrichting)
    afgebroken = g.OnderzoekAfgebroken(reden=opdracht.reden, toelichting=opdracht.toelichting)
    return _afgebroken(staat, opdracht.op, afgebroken)


# --- what the decisions share ------------------------------------------------------------------------------------


def _vastgesteld(opdracht: o.LegGesprekVast) -> Iterator[Fact]:
    if opdracht.identiteitsdocument is not None:
        vastgesteld = g.IdentiteitVastgesteld(
            soort_document=opdracht.identiteitsdocument, bsn_nu_bekend=opdracht.bsn is not None, bsn=opdracht.bsn
        )
        yield Fact(vastgesteld, on=opdracht.op)
        if opdracht.client is not None:
            betrokken = BetrokkenheidVastgelegd(organisatie=opdracht.client, als="client", vanaf=opdracht.op)
            yield Fact(betrokken, on=opdracht.op)
    for toestemming in opdracht.toestemmingen:
        yield toestemming_gegeven(toestemming.aan, toestemming.omvang, op=opdracht.op)
    if opdracht.pgb_uitgelegd:
        yield Fact(g.PgbInformatieGegeven(), on=opdracht.op)
    if opdracht.bijdrage_uitgelegd:
        yield Fact(g.BijdrageUitgelegd(), on=opdracht.op)


def _besproken(opdracht: o.LegGesprekVast) -> Iterator[Fact]:
    for b in opdracht.besproken:
        besproken = g.LeefgebiedBesproken(
            leefgebied=b.leefgebied, herkomst=b.herkomst, bevinding=b.bevinding, wens=b.wens
        )
        yield Fact(besproken, on=opdracht.op)
    for n in opdracht.niet_besproken:
        yield Fact(g.LeefgebiedNietBesproken(leefgebied=n.leefgebied, reden=n.reden), on=opdracht.op)
    if (m := opdracht.mantelzorg) is not None:
        gezegd = g.MantelzorgSituatieVastgelegd(
            alleen_gesproken=m.alleen_gesproken, eigen_woorden=m.eigen_woorden, behoefte=m.behoefte
        )
        yield Fact(gezegd, on=opdracht.op, betrokkene="mantelzorger")


def _afgebroken(staat: Onderzoek, op: date, afgebroken: g.OnderzoekAfgebroken) -> list[Fact]:
    te_laat = termijn_verstreken(staat, op)
    facts = [*te_laat, Fact(afgebroken, on=op, rule=f"{LID} 1")]
    if te_laat or staat.termijn != "lopend" or staat.uiterlijk is None:
        return facts
    vervallen = t.TermijnVervallen(soort=SOORT, uiterlijk=staat.uiterlijk, reden=afgebroken.reden)
    return [*facts, Fact(vervallen, on=op, rule=f"{LID} 1")]


def _elk_leefgebied_een_keer(opdracht: o.LegGesprekVast) -> None:
    genoemd = [b.leefgebied for b in opdracht.besproken] + [n.leefgebied for n in opdracht.niet_besproken]
    dubbel = sorted({naam for naam in genoemd if genoemd.count(naam) > 1})
    if dubbel:
        raise Refused(
            "leefgebied_dubbel",
            f"{', '.join(dubbel)} staat er meer dan een keer in.",
            rule="een leefgebied is besproken of niet besproken",
            remedy="Noem elk leefgebied een keer.",
            field="besproken",
        )
