"""Granting and ending a subscription: who may, to whom, of what, and why not."""

from dataclasses import replace
from datetime import date

import pytest

from casuslog.broker.topology import holder_queue
from casuslog.codes import oin_of
from casuslog.envelope import Actor
from casuslog.errors import Forbidden, InvalidInput, Refused
from casuslog.events import VERNIETIGD, Fact
from services.abonnement.abonnement import ABONNEMENT, Abonnement, beeindig, ken_toe
from services.abonnement.catalogus import gebeurtenistypen
from services.abonnement.gebeurtenissen import AbonnementBeeindigd, Houder
from services.abonnement.houders import EIGEN_TAAK, ZONDER_ABONNEMENT, organisatie_van
from services.abonnement.opdrachten import BeeindigAbonnement, KenAbonnementToe
from tests.services.abonnement.wereld import BEHEERDER, OPSTERLAND, Wereld

DAG = date(2017, 4, 3)
ID = "0190a5f0-0000-7000-8000-000000000001"
OPDRACHT = KenAbonnementToe(
    op=DAG,
    door=Actor("beheerder", OPSTERLAND, "b-1"),
    houdersoort="oin",
    houder=oin_of(OPSTERLAND),
    rol="wijkteam",
    gemeenten=(OPSTERLAND,),
    doelbinding="uitvoering_wmo",
)


def toegekend(staat: Abonnement | None = None, **wijziging: object) -> list[Fact]:
    opdracht = replace(OPDRACHT, **wijziging)  # type: ignore[arg-type]
    return ken_toe(staat or Abonnement(), opdracht, id=ID, gemeente=OPSTERLAND, bekend={"melding-bevestigd"})


def test_a_grant_names_holder_queue_terms_and_period() -> None:
    """Everything that decides about delivery stands in the event, with the queue that the broker declares."""
    [feit] = toegekend(tot_en_met=date(2017, 12, 31), gebeurtenistypen=("melding-bevestigd",))
    data = feit.data
    assert data.houder == Houder(soort="oin", nummer=oin_of(OPSTERLAND))
    assert data.queue == holder_queue(ID)
    assert (data.van, data.tot_en_met, data.vorm, data.profiel) == (DAG, date(2017, 12, 31), "avro", "feiten")


@pytest.mark.parametrize(
    ("wijziging", "reden", "veld"),
    [
        ({"gemeenten": ()}, "gemeenten_ontbreken", "gemeenten"),
        ({"gemeenten": ("0000",)}, "gemeente_onbekend", "gemeenten"),
        ({"gebeurtenistypen": ("casus-bijgewerkt",)}, "gebeurtenistype_onbekend", "gebeurtenistypen"),
        ({"profiel": "volledig"}, "grondslag_ontbreekt", "grondslag"),
        ({"profiel": "volledig", "grondslag": "  "}, "grondslag_ontbreekt", "grondslag"),
        ({"doelbinding": " "}, "doelbinding_ontbreekt", "doelbinding"),
        ({"houder": "123"}, "houder_ongeldig", "houder"),
        ({"houdersoort": "kvk", "houder": "1234567"}, "houder_ongeldig", "houder"),
        ({"houdersoort": "agb", "houder": "9876540x"}, "houder_ongeldig", "houder"),
        ({"houdersoort": "bsn", "houder": "999990019"}, "houder_ongeldig", "houder"),
        ({"houder": oin_of("0080")}, "houder_is_andere_gemeente", "houder"),
        ({"tot_en_met": date(2017, 4, 2)}, "periode_ongeldig", "tot_en_met"),
        ({"van": date(2007, 4, 3)}, "terugblik_te_lang", "van"),
        ({"rol": "aanbieder", "gemeenten": (OPSTERLAND, "0080")}, "gemeente_buiten_bereik", "gemeenten"),
        ({"gemeenten": (OPSTERLAND, "0080")}, "thema_ontbreekt", "themas"),
        ({"gemeenten": ("0080",), "themas": ("inkoop",)}, "geen_lid", "gemeenten"),
        *(({"rol": rol}, "rol_zonder_abonnement", "rol") for rol in sorted(ZONDER_ABONNEMENT)),
    ],
)
def test_what_cannot_be_granted_is_refused_with_rule_and_remedy(
    wijziging: dict[str, object], reden: str, veld: str
) -> None:
    """Each refusal names its reason, the field, the rule and what would be right; the value itself it never repeats."""
    with pytest.raises(Refused) as gevangen:
        toegekend(**wijziging)
    geweigerd = gevangen.value
    assert (geweigerd.reason, geweigerd.field) == (reden, veld)
    assert geweigerd.rule
    assert geweigerd.remedy
    assert str(wijziging.get("houder", "?")) not in geweigerd.detail


@pytest.mark.parametrize(
    ("door", "rol", "mag"),
    [
        ("beheerder", "kcc", True),
        ("college", "aanbieder", True),
        ("wijkteam", "wijkteam", False),
        ("toezichthouder", "toezichthouder", True),
        ("beheerder", "toezichthouder", False),
        ("college", "toezichthouder", False),
        ("toezichthouder", "wijkteam", False),
    ],
)
def test_who_grants_is_apart_from_who_receives_and_toezicht_apart_from_both(door: str, rol: str, mag: bool) -> None:
    """The gemeente grants; a toezichthouder grants its own and nobody else's."""
    wijziging = {"door": Actor(door, OPSTERLAND, "x"), "rol": rol}
    if mag:
        assert toegekend(**wijziging)
    else:
        with pytest.raises(Forbidden, match="gaat niet over een abonnement"):
            toegekend(**wijziging)


def test_terms_do_not_change_under_a_running_numbering() -> None:
    """A subscription is granted once; another wish is another subscription."""
    with pytest.raises(Refused) as gevangen:
        toegekend(ABONNEMENT.fold(toegekend()))
    assert gevangen.value.reason == "abonnement_bestaat_al"


def test_an_end_takes_effect_on_its_day_and_comes_once() -> None:
    """Until the day before it holds; a second end is refused, and so is one in the past or of nothing."""
    staat = ABONNEMENT.fold(toegekend())
    opdracht = BeeindigAbonnement(op=date(2017, 5, 1), door=OPDRACHT.door, per=date(2017, 6, 1))
    beeindigd = ABONNEMENT.fold(beeindig(staat, opdracht), staat)
    assert beeindigd.geldt_op(date(2017, 5, 31))
    assert not beeindigd.geldt_op(date(2017, 6, 1))
    for van, opnieuw, reden in [
        (beeindigd, opdracht, "abonnement_al_beeindigd"),
        (staat, replace(opdracht, per=date(2017, 4, 30)), "periode_ongeldig"),
        (Abonnement(), opdracht, "abonnement_onbekend"),
    ]:
        with pytest.raises(Refused) as gevangen:
            beeindig(van, opnieuw)
        assert gevangen.value.reason == reden


def test_destroyed_terms_fold_and_deliver_nothing() -> None:
    """A subscription whose key was destroyed is an answer, not an error, and holds on no day."""
    [feit] = toegekend()
    leeg = object.__new__(type(feit.data))
    leeg.__dict__.update(dict.fromkeys(vars(feit.data), VERNIETIGD))
    staat = ABONNEMENT.fold([Fact(leeg, DAG), Fact(AbonnementBeeindigd(per=DAG), DAG)])
    assert staat.vernietigd
    assert not staat.geldt_op(DAG)


def test_a_gemeente_as_holder_is_named_as_callers_name_it() -> None:
    """Callers and recorded involvements name a gemeente by its code, others by OIN, KvK-nummer or AGB-code."""
    assert organisatie_van(Houder(soort="oin", nummer=oin_of(OPSTERLAND))) == OPSTERLAND
    assert organisatie_van(Houder(soort="oin", nummer="00000099000000720001")) == "00000099000000720001"
    assert organisatie_van(Houder(soort="agb", nummer="98765401")) == "98765401"


def test_who_works_for_itself_reads_for_no_gemeente(wereld: Wereld) -> None:
    """An aanbieder gets its own clients and not those of the gemeente that grants; a wijkteam works for it."""
    with wereld.store.transaction() as tx:
        assert {"aanbieder", "svb", "cak"} <= EIGEN_TAAK
    agb = wereld.ken_toe(houdersoort="agb", houder="98765401", rol="aanbieder")
    team = wereld.ken_toe(houdersoort="kvk", houder="12345678")
    with wereld.store.transaction() as tx:
        assert wereld.service.register.een(tx, agb).lezer.gemeenten == ()
        assert wereld.service.register.een(tx, team).lezer.gemeenten == (OPSTERLAND,)


def test_the_edge_reads_names_as_people_write_them(wereld: Wereld) -> None:
    """A gemeente by sleutel, an event type by class name or full wire type; codes of other lists are not accepted."""
    types = ["MeldingBevestigd", "nl.overheid.wmo.opdracht-verstrekt"]
    abonnement = wereld.ken_toe(gemeenten=["opsterland"], gebeurtenistypen=types)
    shown = wereld.vraag("http_abonnement", BEHEERDER, abonnement)
    assert shown["gemeenten"] == [OPSTERLAND]
    assert shown["gebeurtenistypen"] == ["melding-bevestigd", "opdracht-verstrekt"]
    for fout in ({"rol": "baas"}, {"vorm": "xml"}, {"profiel": "alles"}, {"houdersoort": "bsn"}):
        with pytest.raises(InvalidInput):
            wereld.ken_toe(**fout)


def test_the_catalogue_is_what_has_a_schema(tmp_path, monkeypatch: pytest.MonkeyPatch) -> None:
    """To subscribe to: the wire names in the folder with schemas, and nothing else."""
    (tmp_path / "melding").mkdir()
    (tmp_path / "melding" / "X.avsc").write_text('{"wiretype": "nl.overheid.wmo.iets-gebeurd"}')
    monkeypatch.setenv("CASUSLOG_SCHEMAS", str(tmp_path))
    assert gebeurtenistypen() == {"iets-gebeurd"}
