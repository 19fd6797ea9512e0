from dataclasses import replace
from datetime import date

import pytest
from marshmallow import ValidationError

from casuslog.edge import NOBODY
from casuslog.envelope import Actor
from casuslog.errors import Forbidden, Refused
from casuslog.events import VERNIETIGD, Fact
from services.toezicht import toezicht as t
from services.toezicht.commands import OPDRACHTEN
from services.toezicht.inrichting import ToezichtInrichting
from services.toezicht.opdrachten import (
    BeoordeelSignaal,
    InformeerCollege,
    MeldCalamiteit,
    OntvangSignaal,
    OntvangTermijnsignaal,
    RondOnderzoekAf,
    StartOnderzoek,
    VorderGegevens,
)

HOUDER = Actor("toezichthouder", "0074", "t1")
SYSTEEM = Actor("systeem", None, "systeem")
X = Actor("aanbieder", "98765401", "x")
Y = Actor("aanbieder", "98765402", "y")
CASUS = "01890a5d-ac96-774b-bcce-b302099a8057"


def inrichting(aangewezen=True, termijnen=None):
    sectie = {
        "vorm": "ambtenaar",
        "toezichthouder": {"aangewezen": aangewezen, "organisatie": "heerenveen"},
        "reactief": True,
        "proactief": False,
        "stroom": "toezicht_besloten",
        "gescheiden_van": ["inkoop"],
    }
    if termijnen is not None:
        sectie["signaal_bij_overschreden_termijn"] = termijnen
    kop = {"naam": "Heerenveen", "inrichtingversie": "heerenveen@1"}
    return ToezichtInrichting.van_beleid({"kop": kop, "toezicht": sectie})


SIGNAAL = OntvangSignaal(
    op=date(2017, 4, 11),
    door=SYSTEEM,
    herkomst="pgb",
    aard="ondersteuning_gedeclareerd_maar_niet_geleverd",
    over="hulpverlener_regel_3",
    week="2017-W13",
)
CALAMITEIT = MeldCalamiteit(
    op=date(2017, 5, 10),
    door=X,
    ontvanger="toezichthouder",
    gebeurtenis="een val met ernstig letsel",
    gebeurd_op=date(2017, 5, 10),
    casus=CASUS,
)


def na(*stappen):
    return t.TOEZICHT.fold([feit for stap in stappen for feit in stap])


def data(stap):
    return [f.data for f in stap]


def gemeld():
    return t.meld_calamiteit(na(), CALAMITEIT, inrichting())


def gestart():
    opdracht = StartOnderzoek(op=date(2017, 5, 11), door=HOUDER, soort="reactief")
    return [*gemeld(), *t.start_onderzoek(na(gemeld()), opdracht)]


def afgerond():
    opdracht = RondOnderzoekAf(op=date(2017, 7, 14), door=HOUDER)
    return [*gestart(), *t.rond_af(na(gestart()), opdracht)]


def reden(handeling, *argumenten):
    with pytest.raises(Refused) as gevangen:
        handeling(*argumenten)
    assert gevangen.value.remedy
    return gevangen.value.reason


# -- signals -----------------------------------------------------------------------------------------------------------


def test_a_signal_opens_a_dossier_without_personal_data():
    """Case 2, 11 April: what, about whom, which week; the stream is not that of the casus."""
    assert data(t.ontvang_signaal(na(), SIGNAAL)) == [
        t.ToezichtsignaalOntvangen(
            herkomst="pgb",
            aard="ondersteuning_gedeclareerd_maar_niet_geleverd",
            over="hulpverlener_regel_3",
            week="2017-W13",
            persoonsgegevens="geen",
        )
    ]
    assert t.TOEZICHT.kind == "toezicht"


def test_a_judged_signal_can_begin_a_reactief_onderzoek():
    """Case 2, 18 April: the judgement and the start are two facts of one day."""
    opdracht = BeoordeelSignaal(op=date(2017, 4, 18), door=HOUDER, uitkomst="reactief_onderzoek")
    feiten = t.beoordeel_signaal(na(t.ontvang_signaal(na(), SIGNAAL)), opdracht)
    assert data(feiten) == [
        t.ToezichtsignaalBeoordeeld(uitkomst="reactief_onderzoek"),
        t.ToezichtonderzoekGestart(soort="reactief", op=date(2017, 4, 18), aanleiding="signaal"),
    ]


def test_a_judgement_without_onderzoek_starts_none():
    """The toezichthouder may leave it at the judgement, and judges once."""
    ontvangen = t.ontvang_signaal(na(), SIGNAAL)
    opdracht = BeoordeelSignaal(op=date(2017, 4, 18), door=HOUDER, uitkomst="geen_onderzoek", motivering="klopt niet")
    beoordeeld = t.beoordeel_signaal(na(ontvangen), opdracht)
    assert data(beoordeeld) == [t.ToezichtsignaalBeoordeeld(uitkomst="geen_onderzoek", motivering="klopt niet")]
    assert reden(t.beoordeel_signaal, na(ontvangen, beoordeeld), opdracht) == "signaal_al_beoordeeld"
    assert reden(t.beoordeel_signaal, na(gemeld()), opdracht) == "geen_signaal"


TERMIJN = OntvangTermijnsignaal(
    op=date(2017, 4, 19), door=SYSTEEM, soort="besluit", uiterlijk=date(2017, 4, 18), service="beschikking"
)


def test_a_term_that_ran_out_is_a_signal_only_where_the_inrichting_says_so():
    """Without that arrangement nothing is recorded; with it, a signal without casus or person."""
    assert t.ontvang_termijnsignaal(na(), TERMIJN, inrichting()) == []
    assert t.ontvang_termijnsignaal(na(), TERMIJN, inrichting(termijnen=["onderzoek"])) == []
    [feit] = t.ontvang_termijnsignaal(na(), TERMIJN, inrichting(termijnen=["besluit"]))
    assert feit.data == t.ToezichtsignaalOntvangen(
        herkomst="termijn", aard="termijn_overschreden_besluit", over="beschikking"
    )
    assert "heerenveen@1" in feit.rule


def test_a_dossier_begins_once():
    """A second signal or calamiteit opens a dossier of its own."""
    staat = na(gemeld())
    assert reden(t.ontvang_signaal, staat, SIGNAAL) == "dossier_bestaat_al"
    assert reden(t.meld_calamiteit, staat, CALAMITEIT, inrichting()) == "dossier_bestaat_al"
    assert reden(t.ontvang_termijnsignaal, staat, TERMIJN, inrichting(termijnen=["besluit"])) == "dossier_bestaat_al"


# -- calamiteiten ------------------------------------------------------------------------------------------------------


def test_an_aanbieder_reports_a_calamiteit_to_the_toezichthouder():
    """S57: what happened is personal data; the casus stands inside the dossier only; reported the same day."""
    [feit] = gemeld()
    assert feit.data == t.CalamiteitGemeld(
        door="98765401",
        op=date(2017, 5, 10),
        ontvanger="heerenveen",
        gebeurd_op=date(2017, 5, 10),
        dagen_erna=0,
        casus=CASUS,
        gebeurtenis="een val met ernstig letsel",
    )
    assert feit.attributes == {}


@pytest.mark.parametrize("ontvanger", ["kcc", "inkoper", "0074"])
def test_a_calamiteit_that_is_addressed_elsewhere_is_not_taken_in(ontvanger):
    """S57: the KCC gets no content, and nothing of it is kept."""
    verkeerd = replace(CALAMITEIT, ontvanger=ontvanger)
    assert reden(t.meld_calamiteit, na(gemeld()), verkeerd, inrichting()) == "verkeerde_ontvanger"


def test_only_an_aanbieder_has_the_duty_to_report_and_only_where_someone_supervises():
    """A pgb helper gives a signal; where no toezichthouder is appointed the refusal says to whom to turn."""
    van_ander = replace(CALAMITEIT, door=Actor("pgb_hulpverlener", None, "h"))
    assert reden(t.meld_calamiteit, na(), van_ander, inrichting()) == "geen_aanbieder"
    assert reden(t.meld_calamiteit, na(), CALAMITEIT, inrichting(aangewezen=False)) == "geen_toezichthouder_aangewezen"
    assert t.meld_calamiteit(na(), CALAMITEIT, inrichting(aangewezen=None))


# -- the onderzoek -----------------------------------------------------------------------------------------------------


def test_the_onderzoek_runs_from_start_to_a_college_that_hears_no_names():
    """S57: started, data demanded, concluded, and the college informed without personal data."""
    gevorderd = t.vorder_gegevens(na(gestart()), VorderGegevens(op=date(2017, 5, 11), door=HOUDER, bij="98765401"))
    informeer = InformeerCollege(op=date(2017, 7, 14), door=HOUDER, strekking="incident_bij_aanbieder")
    geinformeerd = t.informeer_college(na(afgerond()), informeer)
    assert data(gestart())[1] == t.ToezichtonderzoekGestart(
        soort="reactief", op=date(2017, 5, 11), aanleiding="calamiteit"
    )
    assert data(gevorderd) == [t.GegevensGevorderd(bij="98765401")]
    assert data(afgerond())[-1] == t.ToezichtonderzoekAfgerond(op=date(2017, 7, 14))
    assert data(geinformeerd) == [t.CollegeGeinformeerd(strekking="incident_bij_aanbieder", persoonsgegevens="geen")]
    met_namen = replace(informeer, persoonsgegevens_meegegeven=True)
    assert reden(t.informeer_college, na(afgerond()), met_namen) == "geen_persoonsgegevens_aan_college"


def test_each_step_of_an_onderzoek_needs_the_one_before():
    """No reactief onderzoek without an occasion, no second one, nothing demanded or told outside it."""
    start = StartOnderzoek(op=date(2017, 5, 11), door=HOUDER, soort="reactief")
    assert reden(t.start_onderzoek, na(), start) == "geen_aanleiding"
    assert t.start_onderzoek(na(), replace(start, soort="proactief"))
    assert reden(t.start_onderzoek, na(gestart()), start) == "onderzoek_al_gestart"
    vorder = VorderGegevens(op=date(2017, 5, 11), door=HOUDER, bij="98765401")
    for staat in (na(gemeld()), na(afgerond())):
        assert reden(t.vorder_gegevens, staat, vorder) == "geen_lopend_onderzoek"
    assert reden(t.rond_af, na(gemeld()), RondOnderzoekAf(op=vorder.op, door=HOUDER)) == "geen_lopend_onderzoek"
    informeer = InformeerCollege(op=vorder.op, door=HOUDER, strekking="x")
    assert reden(t.informeer_college, na(gestart()), informeer) == "onderzoek_niet_afgerond"


@pytest.mark.parametrize("rol", ["inkoper", "consulent", "wijkteam", "kcc", "backoffice", "college"])
def test_nobody_who_buys_or_decides_acts_for_or_looks_into_the_toezicht(rol):
    """Case 2 and S57: the toezichthouder is independent; every act and every look of another role is refused."""
    door = Actor(rol, "0074", "z")
    op = date(2017, 5, 11)
    handelingen = [
        lambda: t.beoordeel_signaal(na(), BeoordeelSignaal(op=op, door=door, uitkomst="geen_onderzoek")),
        lambda: t.start_onderzoek(na(), StartOnderzoek(op=op, door=door, soort="proactief")),
        lambda: t.vorder_gegevens(na(gestart()), VorderGegevens(op=op, door=door, bij="x")),
        lambda: t.rond_af(na(gestart()), RondOnderzoekAf(op=op, door=door)),
        lambda: t.informeer_college(na(afgerond()), InformeerCollege(op=op, door=door, strekking="x")),
        lambda: t.toets_inzage(na(gemeld()), door),
    ]
    for handeling in handelingen:
        with pytest.raises(Forbidden) as gevangen:
            handeling()
        assert gevangen.value.reason == "scheiding_toezicht_en_inkoop"


def test_an_aanbieder_sees_its_own_report_and_another_not_even_that_it_exists():
    """S57: Y gets nothing about X; the toezichthouder and X look."""
    t.toets_inzage(na(gemeld()), HOUDER)
    t.toets_inzage(na(gemeld()), X)
    assert reden(t.toets_inzage, na(gemeld()), Y) == "geen_betrokkenheid"
    assert reden(t.toets_inzage, na(t.ontvang_signaal(na(), SIGNAAL)), X) == "geen_betrokkenheid"


def test_a_destroyed_dossier_folds_to_an_answer():
    """What was destroyed is not begun anew under the same number."""
    staat = na([Fact(replace(gemeld()[0].data, door=VERNIETIGD), on=date(2017, 5, 10))], gestart())
    assert staat.vernietigd
    assert reden(t.ontvang_signaal, staat, SIGNAAL) == "dossier_bestaat_al"


# -- at the edge -------------------------------------------------------------------------------------------------------


def test_a_calamiteit_comes_in_with_the_casus_beside_the_dossier():
    """The casus that it is about has a name of its own, apart from the subject of the stream."""
    body = {"op": "2017-05-10", "ontvanger": "toezichthouder", "gebeurtenis": "een val", "betreft_casus": CASUS}
    assert OPDRACHTEN["meld-calamiteit"].load(body) == MeldCalamiteit(
        op=date(2017, 5, 10), door=NOBODY, ontvanger="toezichthouder", gebeurtenis="een val", casus=CASUS
    )


@pytest.mark.parametrize(
    ("opdracht", "body", "veld"),
    [
        ("beoordeel-signaal", {"uitkomst": "doofpot"}, "uitkomst"),
        ("start-toezichtonderzoek", {"soort": "gissen"}, "soort"),
        ("informeer-college", {"strekking": "Mevrouw De Vries viel"}, "strekking"),
        ("meld-calamiteit", {"ontvanger": "toezichthouder", "gebeurtenis": " "}, "gebeurtenis"),
        ("meld-calamiteit", {"ontvanger": "t", "gebeurtenis": "g", "betreft_casus": "123"}, "betreft_casus"),
    ],
)
def test_a_command_that_breaks_a_rule_is_refused_by_field(opdracht, body, veld):
    """The error names the field; what the college hears is a code and never free text."""
    with pytest.raises(ValidationError) as fout:
        OPDRACHTEN[opdracht].load({"op": "2017-05-10", **body})
    assert list(fout.value.normalized_messages()) == [veld]
