"""The pull feed: the same events under the same numbers, for the holder in its role, judged again at reading."""

import json
from dataclasses import replace
from datetime import timedelta

import pytest
import structlog
from structlog.testing import capture_logs

from casuslog.caller import Caller
from casuslog.errors import InvalidInput, NotFound
from services.abonnement.feed import GeenAbonnement
from services.abonnement.weergave import NUMMER
from tests.services.abonnement.wereld import (
    BEHEERDER,
    LEEUWARDEN,
    NAAM,
    OIN_OPSTERLAND,
    OPSTERLAND,
    WIJKTEAM,
    Wereld,
)


def test_the_feed_answers_what_the_queue_got(wereld: Wereld) -> None:
    """Structured JSON in the queue and in the feed are the same object under the same number."""
    abonnement = wereld.ken_toe(vorm="json")
    casus = wereld.melding()[0].envelope.subject
    wereld.bevestiging(casus)
    queue = [json.loads(one.body) for one in wereld.geleverd(abonnement)]
    assert wereld.lees(abonnement)["gebeurtenissen"] == queue


def test_the_feed_of_an_avro_subscription_has_the_numbers_and_ids_of_its_queue(wereld: Wereld) -> None:
    """Whatever the form of the messages, the feed is JSON with the same numbers."""
    abonnement = wereld.ken_toe()
    wereld.melding()
    wereld.melding()
    queue = [(one.headers[NUMMER], one.message_id) for one in wereld.geleverd(abonnement)]
    assert [(one["nummer"], one["id"]) for one in wereld.lees(abonnement)["gebeurtenissen"]] == queue


def test_reading_on_from_a_number_misses_and_repeats_nothing(wereld: Wereld) -> None:
    """Page by page from the last number that was read, until there is no more."""
    abonnement = wereld.ken_toe()
    verwacht = [wereld.melding()[0].envelope.id for _ in range(5)]
    gelezen: list[str] = []
    na, meer = 0, True
    while meer:
        bladzij = wereld.lees(abonnement, query=f"na={na}&limiet=2")
        gelezen += [one["id"] for one in bladzij["gebeurtenissen"]]
        na, meer = bladzij["gebeurtenissen"][-1]["nummer"], bladzij["meer"]
    assert gelezen == verwacht
    assert wereld.lees(abonnement, query="na=5") == {
        "abonnement": abonnement,
        "gebeurtenissen": [],
        "positie": 5,
        "laatste": 5,
        "meer": False,
    }


@pytest.mark.parametrize(
    "vreemde",
    [
        replace(WIJKTEAM, organisatie=LEEUWARDEN, gemeenten=(LEEUWARDEN,)),
        replace(WIJKTEAM, rol="kcc"),
        replace(WIJKTEAM, organisatie=None),
        BEHEERDER,
    ],
)
def test_only_the_holder_in_its_role_reads_the_feed(wereld: Wereld, vreemde: Caller) -> None:
    """Another organisation, another role of the same one, and who granted it: for them there is no such feed."""
    abonnement = wereld.ken_toe()
    wereld.melding()
    with pytest.raises(GeenAbonnement) as geweigerd:
        wereld.lees(abonnement, vreemde)
    with pytest.raises(GeenAbonnement) as onbekend:
        wereld.lees("0190a5f0-0000-7000-8000-000000000001", vreemde)
    assert geweigerd.value.problem() == onbekend.value.problem()


def test_a_right_that_ended_shows_nothing_of_what_was_delivered(wereld: Wereld) -> None:
    """Judged at reading: after its last day the feed has the numbers and no events."""
    abonnement = wereld.ken_toe(tot_en_met=str(wereld.clock.now().date()))
    wereld.melding()
    assert "id" in wereld.lees(abonnement)["gebeurtenissen"][0]
    wereld.clock.advance(timedelta(days=1))
    assert wereld.lees(abonnement)["gebeurtenissen"] == [{"nummer": 1, "ingehouden": True}]


@pytest.mark.parametrize(("grondslag", "toont_naam"), [(None, False), ("Wmo 2015 art. 5.1.1", True)])
def test_a_reference_answers_as_far_as_right_and_grondslag_go(
    wereld: Wereld, grondslag: str | None, toont_naam: bool
) -> None:
    """What an informatiearm message refers to: the facts, and the person only where there is a grondslag."""
    gegeven = {} if grondslag is None else {"grondslag": grondslag}
    abonnement = wereld.ken_toe(profiel="informatiearm", **gegeven)
    wereld.melding()
    told = wereld.vraag("http_levering", WIJKTEAM, abonnement, 1)
    assert told["data"]["kanaal"] == "telefoon"
    assert (told["data"].get("naam") == NAAM) is toont_naam
    with pytest.raises(NotFound):
        wereld.vraag("http_levering", WIJKTEAM, abonnement, 2)


def test_holder_and_who_grants_see_the_terms_and_how_far_it_is(wereld: Wereld) -> None:
    """Terms, whether it holds today, the last number, and how many wait; a stranger learns not even that it exists."""
    abonnement = wereld.ken_toe()
    wereld.melding()
    for lezer in (WIJKTEAM, BEHEERDER):
        shown = wereld.vraag("http_abonnement", lezer, abonnement)
        assert shown["houder"] == {"soort": "oin", "nummer": OIN_OPSTERLAND}
        assert (shown["geldt"], shown["laatste"], shown["wacht_op_levering"]) == (True, 1, 1)
    with pytest.raises(GeenAbonnement):
        wereld.vraag("http_abonnement", replace(BEHEERDER, gemeenten=(LEEUWARDEN,)), abonnement)


def test_the_subscription_of_a_toezichthouder_is_hidden_from_who_decides(wereld: Wereld) -> None:
    """That the toezichthouder subscribes, to what and how much it got, the beheerder of the gemeente does not see."""
    toezichthouder = Caller("toezichthouder", OPSTERLAND, "t-1", (OPSTERLAND,))
    abonnement = wereld.ken_toe(toezichthouder, rol="toezichthouder")
    assert wereld.vraag("http_abonnement", toezichthouder, abonnement)["rol"] == "toezichthouder"
    with pytest.raises(GeenAbonnement):
        wereld.vraag("http_abonnement", BEHEERDER, abonnement)


@pytest.mark.parametrize("query", ["na=-1", "na=x", "limiet=1.5", "na=9999999999"])
def test_a_number_that_is_none_is_refused(wereld: Wereld, query: str) -> None:
    """The field that is wrong is named."""
    abonnement = wereld.ken_toe()
    with pytest.raises(InvalidInput) as gevangen:
        wereld.lees(abonnement, query=query)
    assert query.partition("=")[0] in gevangen.value.errors


def test_every_reading_is_noted_also_a_refused_one_and_without_content(wereld: Wereld) -> None:
    """Who read, in which role and for which purpose, and whether it was allowed; never what was read."""
    abonnement = wereld.ken_toe(profiel="volledig", grondslag="Wmo 2015 art. 5.1.1")
    wereld.melding()
    structlog.reset_defaults()
    with capture_logs() as genoteerd:
        wereld.lees(abonnement)
        with pytest.raises(GeenAbonnement):
            wereld.lees(abonnement, replace(WIJKTEAM, rol="kcc"))
    inzage = [one for one in genoteerd if one["event"] == "inzage"]
    assert [(one["rol"], one["toegestaan"], one["onderwerp"]) for one in inzage] == [
        ("wijkteam", True, abonnement),
        ("kcc", False, abonnement),
    ]
    assert NAAM not in str(genoteerd)
