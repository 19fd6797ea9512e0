"""The three cases, held against everything that ``demo-zaken.yaml`` says of them. Who reads what: test_ontvangers."""

from __future__ import annotations

import functools
import operator
from datetime import date
from decimal import Decimal

import pytest
import yaml

from casuslog import termijnen
from casuslog.caller import Caller
from casuslog.http.client import Problem
from casuslog.rekenen import budget, cent, minuten, percentage_van
from casuslog.termijnen.kalender import vrije_dag
from deploy.demo.uitvoering import inwoner
from deploy.demo.zaken import BESTAND, lees
from tests.demo.verwachting import naam, verschillen

INHOUD = yaml.safe_load(BESTAND.read_text(encoding="utf-8"))
PARTIJEN, ZAKEN = lees()
CASUSSERVICES = ("melding", "onderzoek", "beschikking", "pgb")
HUISHOUDEN = "huishoudelijke_hulp_2"

per_zaak = pytest.mark.parametrize("zaak", ZAKEN, ids=lambda z: z.id)


def _alle(veld):
    return [pytest.param(z, one, id=f"{z.id}-{n}") for z in ZAKEN for n, one in enumerate(z.verwacht[veld], 1)]


# -- what happened -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("zaak", "service"),
    [pytest.param(z, s, id=f"{z.id}-{s}") for z in ZAKEN for s in z.verwacht["verwachte_gebeurtenissen"]],
)
def test_each_service_publishes_what_the_file_expects_in_that_order(gespeeld, zaak, service):
    """Type, day, every datum named, the article where one is named; an empty list means that it publishes nothing."""
    verwacht = zaak.verwacht["verwachte_gebeurtenissen"][service]
    events = gespeeld.van(zaak.id, service)
    if not verwacht:
        assert [naam(e) for e in events] == []
    assert list(verschillen(verwacht, events, PARTIJEN)) == []


@per_zaak
def test_what_the_file_rules_out_did_not_happen(gespeeld, zaak):
    """No event of a kind under ``niet_verwacht``, in any stream of the case."""
    gezien = {naam(e) for service in (*CASUSSERVICES, "toezicht") for e in gespeeld.van(zaak.id, service)}
    assert gezien & set(zaak.verwacht["niet_verwacht"]) == set()


@per_zaak
def test_a_repeated_kind_of_event_happens_as_often_as_expected(gespeeld, zaak):
    """No doubles: the kinds that the file names occur exactly as often as it says, per service."""
    for service, rijen in zaak.verwacht["verwachte_gebeurtenissen"].items():
        soorten = {rij["type"]: sum(r.get("aantal", 1) for r in rijen if r["type"] == rij["type"]) for rij in rijen}
        gezien = [naam(e) for e in gespeeld.van(zaak.id, service)]
        assert {soort: gezien.count(soort) for soort in soorten} == soorten


@per_zaak
def test_every_stream_is_numbered_without_a_gap(gespeeld, zaak):
    """1, 2, 3 ... per stream, so that nothing is missing and nothing beside the casus shows as a hole in it."""
    for service in (*CASUSSERVICES, "toezicht"):
        stromen = {}
        for event in gespeeld.van(zaak.id, service):
            stromen.setdefault(event.envelope.stream, []).append(event.envelope.sequence)
        assert all(nummers == list(range(1, len(nummers) + 1)) for nummers in stromen.values())


def test_the_signal_and_its_dossier_stand_beside_the_casus(gespeeld):
    """Own subject, own streams, nothing in their envelopes that leads to the casus or back."""
    spel = gespeeld.spelen["demo_2"]
    besloten = [e for e in gespeeld.events if e.envelope.subject in (spel.signaal, spel.dossier)]
    assert {e.envelope.stroom for e in besloten} == {"signaal", "toezicht"}
    assert not any(spel.casus in str(e.envelope.attributes()) for e in besloten)
    casus = str([e.envelope.attributes() for e in gespeeld.onder_de_casus("demo_2")])
    assert spel.signaal not in casus
    assert spel.dossier not in casus


@per_zaak
def test_each_event_says_who_carries_it_out_where_the_inwoner_lives_and_who_pays(gespeeld, zaak):
    """Per event, not per casus: beschermd wonen is decided and paid by another than where the inwoner lives."""
    uitvoerend, betalend = zaak.gegeven["uitvoerende_gemeente"], zaak.gegeven["betalende_gemeente"]
    betaler = PARTIJEN.code(betalend["waarde"] if isinstance(betalend, dict) else betalend)
    for event in gespeeld.onder_de_casus(zaak.id):
        e = event.envelope
        wie = uitvoerend.get(e.service) or uitvoerend["alle"]
        assert (e.uitvoerendegemeente, e.gemeente) == (PARTIJEN.code(wie), PARTIJEN.code(wie)), e.type
        assert e.woongemeente == PARTIJEN.code(zaak.gegeven["woongemeente"]), e.type
        if e.service in ("beschikking", "pgb"):
            assert e.betalendegemeente == betaler, e.type


@pytest.mark.parametrize(("zaak", "titel"), [("demo_1", "open"), ("demo_2", "mandaat"), ("demo_3", "mandaat")])
def test_the_besluit_names_the_organ_and_its_title(gespeeld, zaak, titel):
    """The college, by the title that the inrichting gives it; what the source leaves open is said to be open."""
    (besluit,) = [e for e in gespeeld.van(zaak, "beschikking") if naam(e) == "BesluitGenomen"]
    assert (besluit.envelope.orgaan, besluit.envelope.titel) == ("college", titel)


@pytest.mark.parametrize(
    ("zaak", "stap"),
    [pytest.param(z, s, id=f"{z.id}-stap-{s.nummer}") for z in ZAKEN for s in z.stappen if s.geweigerd],
)
def test_what_must_be_refused_is_refused_with_its_reason(gespeeld, zaak, stap):
    """The reason is the one of the file; a refusal by the domain also says by which rule, and what would be right."""
    weigering = gespeeld.weigeringen[zaak.id][stap.nummer]
    assert weigering.code == stap.geweigerd["reden"]
    if weigering.status != 404:  # that there is no such casus for this reader rests on nothing that may be told
        assert weigering.body["grondslag"]
        assert weigering.body["wat_zou_mogen"]


def test_the_refusal_of_opsterland_tells_where_to_go(gespeeld):
    """Case 1, step 8: the team has no mandate; the indicatie goes to Leeuwarden."""
    weigering = gespeeld.weigeringen["demo_1"][8]
    assert "Opsterland" in weigering.detail
    assert "Leeuwarden" in weigering.body["wat_zou_mogen"]


def test_the_refusal_of_a_tariff_tells_what_would_hold_as_maatwerk(gespeeld):
    """Case 2, step 4: HH1 is an algemene voorziening; as maatwerk 16,64 per hour would hold."""
    assert "16,64" in gespeeld.weigeringen["demo_2"][4].body["wat_zou_mogen"]


# -- how it stands -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("zaak", "op", "status"),
    [pytest.param(z, op, s, id=f"{z.id}-{op}") for z in ZAKEN for op, s in z.verwacht["status_na"].items()],
)
def test_the_status_after_a_day_is_the_one_of_the_file(gespeeld, zaak, op, status):
    """Read over HTTP as of that day; a besluit shows only once it is announced."""
    spel = gespeeld.spelen[zaak.id]
    assert gespeeld.platform.status(spel.casus, inwoner(spel), date.fromisoformat(op))["status"] == status


# -- what was counted and reckoned -------------------------------------------------------------------------------------


@pytest.mark.parametrize(("zaak", "som"), _alle("berekening"))
def test_each_calculation_of_the_file_gives_its_outcome(zaak, som):
    """Terms, weeks, percentages of a tariff (half up, on cents, before multiplying), products and sums."""
    match som["soort"]:
        case "termijn":
            termijn = _termijn(som)
            assert (str(termijn.rekendatum), str(termijn.uiterlijk)) == (som["rekendatum"], som["is"])
        case "weken":
            van, tot = date.fromisoformat(som["van"]), date.fromisoformat(som["tot_en_met"])
            assert termijnen.weken_tussen(van, tot) == som["is"]
        case "percentage":
            assert percentage_van(cent(som["bedrag"]), som["procent"]) == cent(som["is"])
        case "product":
            assert _product(som["factoren"]) == cent(som["is"])
        case "som":
            assert sum(cent(deel) for deel in som["delen"]) == cent(som["is"])
        case soort:
            pytest.fail(f"no way to check {soort}")


def _termijn(som):
    van = date.fromisoformat(som["van"])
    match som["naam"]:
        case "plan":
            return termijnen.persoonlijk_plan(van, dagen=som["dagen"])
        case "onderzoek":
            return termijnen.onderzoek(van, weken=som["weken"])
        case "besluit":
            return termijnen.besluit(van, weken=som["weken"])
        case "bezwaar":
            return termijnen.bezwaar(van, weken=som["weken"])
    raise AssertionError(som["naam"])


def _product(factoren):
    """Hours x weeks x tariff is a budget; hours x tariff a declaratie. Both once by our own rule, once by Decimal."""
    uren, *weken, tarief = factoren
    gerekend = budget(cent(tarief), minuten(uren), int(weken[0]) if weken else 1)
    assert gerekend == cent(str(functools.reduce(operator.mul, map(Decimal, factoren))))
    return gerekend


@pytest.mark.parametrize("dag", INHOUD["kalender"]["vrij_2017"])
def test_each_free_day_of_the_file_is_free(dag):
    """The national holidays of the Algemene termijnenwet and the days equated with them."""
    assert vrije_dag(date.fromisoformat(dag))


def test_no_other_weekday_of_2017_is_free():
    """The calendar of the file is complete: any other day but a Saturday or Sunday counts."""
    vrij = {date.fromisoformat(dag) for dag in INHOUD["kalender"]["vrij_2017"]}
    dagen = (date.fromordinal(n) for n in range(date(2017, 1, 1).toordinal(), date(2018, 1, 1).toordinal()))
    assert {dag for dag in dagen if vrije_dag(dag) and dag.weekday() < 5} == {d for d in vrij if d.weekday() < 5}


@pytest.mark.parametrize("vector", INHOUD["kalender"]["toetsvectoren_rond_feestdagen"], ids=lambda v: v["van"])
def test_a_term_shifts_past_free_days_as_the_file_says(vector):
    """5 May outside a lustrum year, Good Friday up to Easter Monday, Ascension Day with the Friday after."""
    termijn = termijnen.bereken("besluit", date.fromisoformat(vector["van"]), weken=vector["weken"], artikel="Atw 1, 3")
    assert (str(termijn.rekendatum), str(termijn.uiterlijk)) == (vector["rekendatum"], vector["uiterlijk"])


@pytest.mark.parametrize(
    "vraag",
    ZAKEN[1].verwacht["tariefvragen_die_ook_moeten_kloppen"],
    ids=lambda v: f"{v['voorziening']}-{v['hulpverlener']}",
)
def test_each_question_for_a_tariff_is_answered_from_the_same_inrichting(gespeeld, vraag):
    """Over HTTP, without a casus; refused where there is no tariff, with what would hold where the file names it."""
    consulent = Caller("consulent", "0072", "consulent-harlingen", ("0072",))
    body = {"gemeente": "harlingen", "op": "2017-01-24", **{k: vraag[k] for k in ("voorziening", "hulpverlener")}}
    if "tarief" in vraag:
        antwoord = gespeeld.platform.api.ask("pgb", "bereken-pgb-tarief", body, consulent)
        assert antwoord["tarief_cent"] == cent(vraag["tarief"])
        return
    with pytest.raises(Problem) as geweigerd:
        gespeeld.platform.api.ask("pgb", "bereken-pgb-tarief", body, consulent)
    assert geweigerd.value.code == vraag["geweigerd"]
    if "rekenkundig_als_maatwerk" in vraag:
        assert vraag["rekenkundig_als_maatwerk"].replace(".", ",") in geweigerd.value.body["wat_zou_mogen"]


# -- what does not belong in 2017 --------------------------------------------------------------------------------------


def test_no_event_of_2017_rests_on_the_avg(gespeeld):
    """The AVG applies from 25 May 2018; before it the Wbp held."""
    eerder = {e.envelope.grondslag for e in gespeeld.events if e.envelope.feitdatum < date(2018, 5, 25)}
    assert [grondslag for grondslag in eerder if "AVG" in grondslag] == []


def test_no_bijdrage_is_shown_as_an_amount(gespeeld):
    """In 2017 only that it was explained is a fact; the amounts known are of later years."""
    velden = {veld for e in gespeeld.events if e.envelope.stroom in CASUSSERVICES for veld in e.data.__slots__}
    assert [veld for veld in velden if "bijdrage" in veld and veld.endswith("_cent")] == []


def test_declarations_are_not_held_to_windows_or_a_maximum_of_2025(gespeeld):
    """D2 is refused for its tariff alone; no window of weeks and no 141 euro plays a part."""
    (afgekeurd,) = [e for e in gespeeld.van("demo_2", "pgb") if naam(e) == "DeclaratieAfgekeurd"]
    assert afgekeurd.data.reden == "tarief_boven_zorgovereenkomst"
