"""Catching up: from a number on, of one casus or gemeente, again on the queue, and from the state of today."""

import threading
import time
from datetime import date, timedelta

import eventlet
import pytest

from casuslog.caller import Caller
from casuslog.errors import InvalidInput, Refused, Unavailable
from casuslog.rights import BetrokkenheidVastgelegd
from services.abonnement import stand
from services.abonnement.weergave import NUMMER
from services.melding.gebeurtenissen import MeldingAfgesloten
from tests.services.abonnement.wereld import AANBIEDER, BEHEERDER, LEEUWARDEN, OPSTERLAND, WIJKTEAM, Wereld

TYPEN = {"themas": ["beschermd_wonen"], "gemeenten": [OPSTERLAND, LEEUWARDEN]}


def nummers(gelezen: dict) -> list[int]:
    return [one["nummer"] for one in gelezen["gebeurtenissen"]]


def test_one_casus_or_one_gemeente_is_read_apart(wereld: Wereld) -> None:
    """A choice leaves out other numbers and changes none: with ``positie`` the reading goes on after what was seen."""
    wereld.verband("bw", (OPSTERLAND, LEEUWARDEN), ("beschermd_wonen",))
    abonnement = wereld.ken_toe(**TYPEN)
    een, ander = (wereld.melding()[0].envelope.subject for _ in range(2))
    wereld.bevestiging(een)
    wereld.bekendmaking(ander)
    assert nummers(wereld.lees(abonnement)) == [1, 2, 3, 4]
    assert nummers(wereld.lees(abonnement, query=f"casus={een}")) == [1, 3]
    assert nummers(wereld.lees(abonnement, query=f"van_gemeente={LEEUWARDEN}")) == [4]
    deel = wereld.lees(abonnement, query=f"casus={een}&limiet=1")
    assert (nummers(deel), deel["positie"], deel["meer"]) == ([1], 1, True)
    rest = wereld.lees(abonnement, query=f"casus={een}&limiet=1&na={deel['positie']}")
    assert (nummers(rest), rest["positie"], rest["meer"]) == ([3], 4, False)


def test_what_was_logged_since_a_day(wereld: Wereld) -> None:
    """A day chooses by when it was logged."""
    abonnement = wereld.ken_toe()
    wereld.melding()
    wereld.clock.advance(timedelta(days=2))
    wereld.melding()
    assert nummers(wereld.lees(abonnement, query="sinds=2017-04-04")) == [2]


@pytest.mark.parametrize(
    "query", ["wacht=31", "wacht=-1", "wacht=nan", "casus=x", "van_gemeente=86", "sinds=gisteren", "na=1e9"]
)
def test_a_choice_that_means_nothing_is_refused(wereld: Wereld, query: str) -> None:
    """Each wrong part of the query is named with what would be right."""
    abonnement = wereld.ken_toe()
    with pytest.raises(InvalidInput) as gevangen:
        wereld.lees(abonnement, query=query)
    assert list(gevangen.value.errors) == [query.split("=")[0]]


def test_a_long_poll_answers_when_a_number_comes(wereld: Wereld) -> None:
    """The call waits, and answers as soon as there is something after ``na``; an answer that is there does not wait."""
    abonnement = wereld.ken_toe()
    begin = time.monotonic()
    wachtend = eventlet.spawn(wereld.lees, abonnement, query="wacht=20")
    eventlet.sleep(0.3)
    wereld.melding()
    assert nummers(wachtend.wait()) == [1]
    assert nummers(wereld.lees(abonnement, query="wacht=20")) == [1]
    assert time.monotonic() - begin < 15


def test_a_long_poll_ends_when_its_time_is_up(wereld: Wereld) -> None:
    """Nothing came: an empty answer with the position to go on from, and the place is free again."""
    abonnement = wereld.ken_toe()
    for _ in range(3):
        assert wereld.lees(abonnement, query="wacht=1&na=7") == {
            "abonnement": abonnement,
            "gebeurtenissen": [],
            "positie": 7,
            "laatste": 0,
            "meer": False,
        }


def test_waiting_takes_a_place_and_the_places_are_few(wereld: Wereld) -> None:
    """Who waits holds a worker: beyond the places the answer is to try again."""
    abonnement = wereld.ken_toe()
    wachtend = [eventlet.spawn(wereld.lees, abonnement, query="wacht=2") for _ in range(2)]
    eventlet.sleep(0.3)
    with pytest.raises(Unavailable):
        wereld.lees(abonnement, query="wacht=1")
    assert [nummers(one.wait()) for one in wachtend] == [[], []]


def test_a_repetition_goes_to_the_queue_again_under_its_own_numbers(wereld: Wereld) -> None:
    """After a number, of one casus: the same ids and numbers once more; another subscription gets nothing."""
    abonnement, ander = wereld.ken_toe(), wereld.ken_toe()
    een, _ = (wereld.melding()[0].envelope.subject for _ in range(2))
    wereld.bevestiging(een)
    eerst = [(one.headers[NUMMER], one.message_id) for one in wereld.geleverd(abonnement)]
    wereld.geleverd(ander)
    for queue in wereld.queues.queues.values():
        queue.clear()
    wereld.herhaal(abonnement, betreft_casus=een, na=1)
    assert [(one.headers[NUMMER], one.message_id) for one in wereld.geleverd(abonnement)] == eerst[2:]
    assert wereld.geleverd(ander) == []


def test_a_repetition_is_judged_by_the_rights_of_now(wereld: Wereld) -> None:
    """What may no longer be seen comes again as an empty number."""
    abonnement = wereld.ken_toe(houdersoort="agb", houder=AANBIEDER, rol="aanbieder")
    casus = wereld.melding()[0].envelope.subject
    wereld.opdracht(casus)
    wereld.geleverd(abonnement).clear()
    vandaag = wereld.clock.now().date()
    einde = BetrokkenheidVastgelegd(organisatie=AANBIEDER, als="aanbieder", vanaf=vandaag, tot=vandaag)
    wereld.gebeurt(casus, einde, service="beschikking")
    wereld.clock.advance(timedelta(days=1))
    wereld.herhaal(abonnement)
    assert [one.ingehouden for one in wereld.geleverd(abonnement)] == [True]


@pytest.mark.parametrize("sinds", [None, "2007-01-01"])
def test_ten_years_at_once_are_refused(wereld: Wereld, sinds: str | None) -> None:
    """More than a year is read casus by casus: also where no day is named and the subscription is older."""
    abonnement = wereld.ken_toe()
    wereld.clock.set(date(2027, 4, 3))
    with pytest.raises(Refused) as gevangen:
        wereld.herhaal(abonnement, **({"sinds": sinds} if sinds else {}))
    assert gevangen.value.reason == "terugblik_te_lang"
    wereld.herhaal(abonnement, sinds="2026-06-01")


def test_only_who_grants_or_holds_asks_for_a_repetition(wereld: Wereld) -> None:
    """The holder in its role and the grantor may; another role of the same gemeente may not."""
    abonnement = wereld.ken_toe()
    wereld.herhaal(abonnement, WIJKTEAM)
    with pytest.raises(Refused) as gevangen:
        wereld.herhaal(abonnement, Caller("kcc", OPSTERLAND, "k-1", (OPSTERLAND,)))
    assert gevangen.value.reason == "niet_bevoegd"


def test_a_subscription_that_ended_is_not_delivered_again(wereld: Wereld) -> None:
    """An expired period takes effect at once, for a repetition too."""
    abonnement = wereld.ken_toe(tot_en_met="2017-04-30")
    wereld.clock.set(date(2017, 5, 1))
    with pytest.raises(Refused) as gevangen:
        wereld.herhaal(abonnement)
    assert gevangen.value.reason == "abonnement_verlopen"


def test_a_new_subscriber_starts_from_what_runs(wereld: Wereld) -> None:
    """What was logged before the first day stands in the state and gets no number; what came later has one."""
    oud = wereld.melding()[0]
    wereld.clock.advance(timedelta(days=1))
    abonnement = wereld.ken_toe()
    [nieuw] = wereld.bevestiging(oud.envelope.subject)
    gelezen = wereld.stand(abonnement)
    [casus] = gelezen["casussen"]
    assert (gelezen["positie"], gelezen["volgende"]) == (1, None)
    assert [(one["id"], one.get("nummer")) for one in casus["gebeurtenissen"]] == [
        (oud.envelope.id, None),
        (nieuw.envelope.id, 1),
    ]
    assert casus["stromen"] == {f"{OPSTERLAND}/melding/{oud.envelope.subject}": 2}
    [later] = wereld.bevestiging(oud.envelope.subject)
    assert [one["id"] for one in wereld.lees(abonnement, query="na=1")["gebeurtenissen"]] == [later.envelope.id]


def test_a_casus_that_ended_is_no_part_of_the_state(wereld: Wereld) -> None:
    """Only what runs."""
    abonnement = wereld.ken_toe()
    wereld.gebeurt(wereld.melding()[0].envelope.subject, MeldingAfgesloten(reden="overleden"))
    loopt = wereld.melding()[0].envelope.subject
    assert [one["casus"] for one in wereld.stand(abonnement)["casussen"]] == [loopt]


def test_the_state_shows_what_the_rights_and_the_profile_show(wereld: Wereld) -> None:
    """An aanbieder sees its own opdracht and no other casus; only the holder gets the state."""
    abonnement = wereld.ken_toe(houdersoort="agb", houder=AANBIEDER, rol="aanbieder")
    casus = wereld.melding()[0].envelope.subject
    wereld.melding()
    wereld.opdracht(casus)
    eigen = Caller("aanbieder", AANBIEDER, "a-1", (), "uitvoering_wmo")
    [gezien] = wereld.stand(abonnement, eigen)["casussen"]
    assert [one["type"].rpartition(".")[2] for one in gezien["gebeurtenissen"]] == ["opdracht-verstrekt"]
    with pytest.raises(Exception, match="bestaat niet"):
        wereld.stand(abonnement, BEHEERDER)


def test_state_and_feed_together_hold_everything_once_while_others_write(wereld: Wereld, monkeypatch) -> None:
    """Page by page, with new events between and during the pages: each event is in the state or after its position."""
    beproef(wereld, monkeypatch)


def test_the_same_on_postgresql(postgres_url: str, tmp_path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A transaction there sees one moment, and who numbers meanwhile is waited for."""
    made = Wereld(postgres_url)
    try:
        beproef(made, monkeypatch)
    finally:
        made.close()


def beproef(wereld: Wereld, monkeypatch: pytest.MonkeyPatch) -> None:
    """Read the state while a thread logs; hold state and feed against what was logged."""
    monkeypatch.setattr(stand, "BLADZIJDE", 3)
    casussen = [wereld.melding()[0].envelope.subject for _ in range(8)]
    wereld.clock.advance(timedelta(days=1))
    abonnement = wereld.ken_toe()
    gestopt = threading.Event()

    def schrijf() -> None:
        beurt = 0
        while not gestopt.is_set():
            wereld.bevestiging(casussen[beurt % 8])
            beurt += 1
            time.sleep(0.001)

    schrijver = threading.Thread(target=schrijf)
    schrijver.start()
    try:
        bladen = [wereld.stand(abonnement)]
        while bladen[-1]["volgende"]:
            time.sleep(0.02)
            query = f"na_casus={bladen[-1]['volgende']}&positie={bladen[0]['positie']}"
            bladen.append(wereld.stand(abonnement, query=query))
        time.sleep(0.05)
    finally:
        gestopt.set()
        schrijver.join()
    in_stand = [one["id"] for blad in bladen for casus in blad["casussen"] for one in casus["gebeurtenissen"]]
    daarna, na = [], bladen[0]["positie"]
    while (gelezen := wereld.lees(abonnement, query=f"na={na}"))["gebeurtenissen"]:
        daarna += [one["id"] for one in gelezen["gebeurtenissen"]]
        na = gelezen["positie"]
    gelogd = [one.envelope.id for one in wereld.log_of("melding")]
    assert len(bladen) > 1
    assert daarna
    assert sorted(in_stand + daarna) == sorted(gelogd)


def test_a_state_that_cannot_be_named_is_refused(wereld: Wereld) -> None:
    """A page is named by the casus before it."""
    with pytest.raises(InvalidInput):
        wereld.stand(wereld.ken_toe(), query="na_casus=1")
