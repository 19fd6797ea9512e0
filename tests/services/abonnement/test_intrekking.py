"""A right that ends reaches what already lies in the queue: shut out, taken back, judged anew, and let in again."""

import json
from collections.abc import Iterator
from dataclasses import replace
from datetime import date, timedelta
from importlib import import_module

import pytest

from casuslog.broker import twin
from casuslog.broker.connection import connect_to
from casuslog.broker.topology import holder_queue
from casuslog.identifiers import new_id
from casuslog.rights import BetrokkenheidVastgelegd, Level, ToestemmingGegeven, matrix
from casuslog.store import Transaction
from services.abonnement import getoond
from services.abonnement.getoond import Getoond
from services.abonnement.uitgang import BrokerUitgang
from services.abonnement.weergave import INGEHOUDEN, NIVEAU, NUMMER
from tests.services.abonnement.wereld import AANBIEDER, LEEUWARDEN, NAAM, OPSTERLAND, Wereld

VOLLEDIG = {"profiel": "volledig", "grondslag": "Wmo 2015 art. 5.1.1"}


class Toegang:
    """Remembers what was done to the users of the broker; refuses when told."""

    def __init__(self) -> None:
        self.gedaan: list[str] = []
        self.wie: set[str] = set()
        self.weg = False

    def suspend(self, holder: str) -> None:
        if self.weg:
            raise ConnectionError("away")
        self.gedaan.append("suspend")
        self.wie.add(holder)

    def resume(self, holder: str) -> None:
        self.gedaan.append("resume")
        self.wie.add(holder)

    def remove(self, holder: str) -> None:
        self.gedaan.append("remove")
        self.wie.add(holder)


@pytest.fixture
def toegang(wereld: Wereld) -> Toegang:
    """The pump of this world shuts holders out through it."""
    made = Toegang()
    wereld.pomp = wereld.nieuwe_pomp(toegang=made)
    return made


def in_queue(wereld: Wereld, abonnement: str) -> list[tuple[int, bool]]:
    """Number and whether it is empty, of what lies in the queue."""
    return [(one.headers[NUMMER], one.ingehouden) for one in wereld.geleverd(abonnement)]


def einde(wereld: Wereld, casus: str) -> None:
    """The involvement of the aanbieder ended yesterday."""
    gisteren = wereld.clock.now().date() - timedelta(days=1)
    data = BetrokkenheidVastgelegd(organisatie=AANBIEDER, als="aanbieder", vanaf=gisteren, tot=gisteren)
    wereld.gebeurt(casus, data, service="beschikking")


def test_what_lies_in_the_queue_is_taken_back_when_the_right_ends(wereld: Wereld, toegang: Toegang) -> None:
    """Of the casus that ended an empty number, of the other the message, in their old order; nobody else is touched."""
    abonnement = wereld.ken_toe(houdersoort="agb", houder=AANBIEDER, rol="aanbieder")
    team = wereld.ken_toe()
    een, ander = (wereld.melding()[0].envelope.subject for _ in range(2))
    wereld.opdracht(een)
    wereld.opdracht(ander)
    assert in_queue(wereld, abonnement) == [(1, False), (2, False)]
    van_team = in_queue(wereld, team)
    einde(wereld, een)
    assert in_queue(wereld, abonnement) == [(1, True), (2, False)]
    assert in_queue(wereld, team)[: len(van_team)] == van_team
    assert toegang.wie == {abonnement}
    assert toegang.gedaan == ["suspend", "resume"]


def test_an_ended_subscription_loses_its_queue_and_its_user(wereld: Wereld, toegang: Toegang) -> None:
    """All that was not taken is withheld, and the user is gone."""
    abonnement = wereld.ken_toe()
    wereld.melding()
    assert in_queue(wereld, abonnement) == [(1, False)]
    wereld.beeindig(abonnement)
    assert in_queue(wereld, abonnement) == [(1, True)]
    assert toegang.gedaan == ["suspend", "remove"]


def test_a_last_day_that_passes_is_seen_by_the_clock_alone(wereld: Wereld, toegang: Toegang) -> None:
    """No event is needed: on the next day what lies in the queue is taken back."""
    abonnement = wereld.ken_toe(tot_en_met="2017-04-30")
    wereld.melding()
    assert in_queue(wereld, abonnement) == [(1, False)]
    wereld.clock.set(date(2017, 5, 1))
    assert in_queue(wereld, abonnement) == [(1, True)]
    assert toegang.gedaan == ["suspend", "remove"]


def test_a_partner_that_left_loses_what_it_had_not_taken(wereld: Wereld, toegang: Toegang) -> None:
    """The verband is told to have been left: at once, also for what was delivered and not taken."""
    wereld.verband("bw", (OPSTERLAND, LEEUWARDEN), ("beschermd_wonen",))
    selectie = {"gemeenten": [LEEUWARDEN], "themas": ["beschermd_wonen"]}
    abonnement = wereld.ken_toe(**selectie)
    wereld.bekendmaking(wereld.melding()[0].envelope.subject)
    assert in_queue(wereld, abonnement) == [(1, False)]
    wereld.uittreding("bw", LEEUWARDEN, wereld.clock.now().date())
    assert in_queue(wereld, abonnement) == [(1, True)]


def test_what_was_taken_long_ago_shuts_nobody_out_twice(wereld: Wereld, toegang: Toegang) -> None:
    """The holder took it before: it is shut out once, and not again on every later event or day."""
    abonnement = wereld.ken_toe(houdersoort="agb", houder=AANBIEDER, rol="aanbieder")
    casus = wereld.melding()[0].envelope.subject
    wereld.opdracht(casus)
    wereld.geleverd(abonnement).clear()
    einde(wereld, casus)
    wereld.geleverd(abonnement)
    einde(wereld, casus)
    wereld.clock.advance(timedelta(days=3))
    assert in_queue(wereld, abonnement) == []
    assert toegang.gedaan == ["suspend", "resume"]


def test_while_a_holder_cannot_be_shut_out_nothing_is_added(wereld: Wereld, toegang: Toegang) -> None:
    """The broker's management is away: it is tried again until it was done, and meanwhile this holder waits."""
    abonnement = wereld.ken_toe(houdersoort="agb", houder=AANBIEDER, rol="aanbieder")
    casus = wereld.melding()[0].envelope.subject
    wereld.opdracht(casus)
    wereld.geleverd(abonnement)
    toegang.weg = True
    einde(wereld, casus)
    wereld.opdracht(wereld.melding()[0].envelope.subject)
    assert in_queue(wereld, abonnement) == [(1, False)]
    toegang.weg = False
    wereld.monotonic.now += 60
    assert in_queue(wereld, abonnement) == [(1, True), (2, False)]


def test_a_crash_after_taking_back_leaves_nothing_behind(wereld: Wereld, monkeypatch: pytest.MonkeyPatch) -> None:
    """The database knows that it waits, the broker did not forget it: the next pump takes it back again."""
    abonnement = wereld.ken_toe(houdersoort="agb", houder=AANBIEDER, rol="aanbieder")
    casus = wereld.melding()[0].envelope.subject
    wereld.opdracht(casus)
    wereld.geleverd(abonnement)
    einde(wereld, casus)
    with monkeypatch.context() as patch:
        patch.setattr("services.abonnement.intrekking.gedaan", lambda *_: 1 / 0)
        wereld.pomp.stap()
    wereld.pomp.stop()
    wereld.pomp = wereld.nieuwe_pomp()
    assert in_queue(wereld, abonnement) == [(1, True)]


@pytest.fixture(params=["twin", pytest.param("rabbit", marks=pytest.mark.rabbitmq)])
def broker(request: pytest.FixtureRequest) -> Iterator[str]:
    """URL of a broker: the twin and RabbitMQ."""
    if request.param == "rabbit":
        yield request.getfixturevalue("amqp_url")
        return
    name = f"proef-{new_id()}"
    yield f"{twin.SCHEME}://{name}"
    twin.broker(name).forget()


def krimp(monkeypatch: pytest.MonkeyPatch, regel: str, niveau: Level, velden: frozenset[str] | None = None) -> None:
    """From the next start on a rule of the matrix shows less."""
    known = matrix()
    regels = tuple(replace(one, niveau=niveau, velden=velden) if one.id == regel else one for one in known.regels)
    module = import_module("casuslog.rights.sight")
    monkeypatch.setattr(module, "matrix", lambda: replace(known, regels=regels))


def niveaus(wereld: Wereld, abonnement: str) -> list[str]:
    """The level of what lies in the queue."""
    return [one.headers[NIVEAU] for one in wereld.geleverd(abonnement)]


def test_a_right_that_shrinks_takes_back_what_shows_too_much(wereld: Wereld, toegang: Toegang) -> None:
    """The inwoner let the outcome be seen, and then only how far it is: the same number, without its content."""
    abonnement = wereld.ken_toe(houdersoort="kvk", houder="90000003", rol="clientondersteuner", vorm="json", **VOLLEDIG)
    team = wereld.ken_toe()
    casus = wereld.melding()[0].envelope.subject
    wereld.gebeurt(casus, ToestemmingGegeven(aan=abonnement, omvang=("besluit",)))
    wereld.bekendmaking(casus, OPSTERLAND)
    [bericht] = wereld.geleverd(abonnement)
    assert json.loads(bericht.body)["data"]["beschikkingnummer"] == "B-1"
    van_team = len(wereld.geleverd(team))
    wereld.gebeurt(casus, ToestemmingGegeven(aan=abonnement, omvang=("voortgang",)))
    minder = wereld.geleverd(abonnement)[0]
    assert (minder.headers[NUMMER], minder.message_id) == (bericht.headers[NUMMER], bericht.message_id)
    assert b"B-1" not in minder.body
    assert set(niveaus(wereld, abonnement)) == {"status"}
    assert (toegang.gedaan, toegang.wie) == (["suspend", "resume"], {abonnement})
    assert [one.headers[NUMMER] for one in wereld.geleverd(team)[:van_team]] == list(range(1, van_team + 1))


@pytest.mark.parametrize("vorm", ["json", "avro"])
@pytest.mark.parametrize(
    ("niveau", "velden", "over"),
    [
        (Level.FEITEN, None, {"json": "feiten", "avro": "feiten"}),
        (Level.STATUS, None, {"json": "status", "avro": "status"}),
        (Level.VOLLEDIG, frozenset({"kanaal"}), {"json": "volledig", "avro": "informatiearm"}),
    ],
)
def test_rights_that_were_narrowed_reach_what_lies_in_the_queue_at_the_next_start(
    wereld: Wereld,
    monkeypatch: pytest.MonkeyPatch,
    vorm: str,
    niveau: Level,
    velden: frozenset[str] | None,
    over: dict[str, str],
) -> None:
    """A lower level or fewer fields: what went in full lies there with less; once, not at every start."""
    abonnement = wereld.ken_toe(vorm=vorm, **VOLLEDIG)
    wereld.melding()
    [bericht] = wereld.geleverd(abonnement)
    assert NAAM.encode() in bericht.body
    krimp(monkeypatch, "team-1", niveau, velden)
    wereld.pomp.stop()
    wereld.pomp = wereld.nieuwe_pomp()
    assert niveaus(wereld, abonnement) == [over[vorm]]
    [minder] = wereld.geleverd(abonnement)
    assert NAAM.encode() not in minder.body
    assert minder.headers[NUMMER] == 1
    toegang = Toegang()
    wereld.pomp.stop()
    wereld.pomp = wereld.nieuwe_pomp(toegang=toegang)
    assert niveaus(wereld, abonnement) == [over[vorm]]
    assert toegang.gedaan == []


def test_a_right_that_grows_takes_nothing_back(wereld: Wereld, monkeypatch: pytest.MonkeyPatch) -> None:
    """What lies there shows less than it might, and that harms nobody: the holder is left alone."""
    abonnement = wereld.ken_toe(vorm="json", **VOLLEDIG)
    with monkeypatch.context() as narrow:
        krimp(narrow, "team-1", Level.FEITEN)
        wereld.melding()
        assert niveaus(wereld, abonnement) == ["feiten"]
    toegang = Toegang()
    wereld.pomp.stop()
    wereld.pomp = wereld.nieuwe_pomp(toegang=toegang)
    assert niveaus(wereld, abonnement) == ["feiten"]
    assert toegang.gedaan == []


def test_what_is_on_its_way_when_the_right_ends_is_taken_back_too(
    wereld: Wereld, toegang: Toegang, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It was judged before and is confirmed after: it lies in the queue then, and nobody may see it any more."""
    abonnement = wereld.ken_toe(houdersoort="agb", houder=AANBIEDER, rol="aanbieder")
    casus = wereld.melding()[0].envelope.subject
    wereld.opdracht(casus)
    confirm = wereld.queues.bevestigd

    def meanwhile() -> None:
        monkeypatch.setattr(wereld.queues, "bevestigd", confirm)
        einde(wereld, casus)
        confirm()

    monkeypatch.setattr(wereld.queues, "bevestigd", meanwhile)
    assert in_queue(wereld, abonnement) == [(1, True)]
    assert toegang.gedaan == ["suspend", "resume"]


def test_a_narrowed_right_empties_and_fills_the_queue_of_the_broker(
    wereld: Wereld, broker: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """On the twin and on RabbitMQ: what lay there in full comes back as facts, under its number and in its order."""
    abonnement = wereld.ken_toe(vorm="json", **VOLLEDIG)
    for _ in range(3):
        wereld.melding()
    wereld.pomp = wereld.nieuwe_pomp(lambda: BrokerUitgang(broker))
    assert wereld.pomp.stap() == 3
    wereld.pomp.stop()
    krimp(monkeypatch, "team-1", Level.FEITEN)
    wereld.pomp = wereld.nieuwe_pomp(lambda: BrokerUitgang(broker))
    assert wereld.pomp.stap() == 3
    while wereld.pomp.stap():
        pass
    wereld.pomp.stop()
    with connect_to(broker, name="houder") as connection:
        channel = connection.channel()
        gekregen = [channel.basic_get(holder_queue(abonnement), no_ack=True) for _ in range(4)]
    assert gekregen[3] is None
    assert [(one.headers[NUMMER], one.headers[NIVEAU]) for one in gekregen[:3]] == [(n, "feiten") for n in (1, 2, 3)]
    assert all(NAAM not in str(one.body) for one in gekregen[:3])


@pytest.mark.parametrize(
    ("nu", "toen", "minder"),
    [
        (Getoond(2), Getoond(3), True),
        (Getoond(0), Getoond(1), True),
        (Getoond(3), Getoond(2), False),
        (Getoond(2), Getoond(2), False),
        (Getoond(2, frozenset({"a"})), Getoond(2), True),
        (Getoond(2), Getoond(2, frozenset({"a"})), False),
        (Getoond(2, frozenset({"a"})), Getoond(2, frozenset({"a", "b"})), True),
        (Getoond(3, frozenset({"a", "b"})), Getoond(2, frozenset({"a"})), False),
    ],
)
def test_what_is_less(nu: Getoond, toen: Getoond, minder: bool) -> None:
    """A lower level, or a field that is not shown any more."""
    assert nu.minder_dan(toen) is minder


def test_only_of_the_last_numbers_is_it_kept_what_they_show(wereld: Wereld) -> None:
    """What went twice and was not taken back counts with the most that it showed; what lies far behind is dropped."""

    def kept(nieuw: dict[int, Getoond]) -> dict[int, Getoond]:
        def bewaar(tx: Transaction) -> dict[int, Getoond]:
            getoond.bewaar(tx, "abonnement-1", nieuw, behoud=10)
            return getoond.per_nummer(tx, "abonnement-1")

        return wereld.store.run_transaction(bewaar)

    kept({1: Getoond(3), 2: Getoond(2, frozenset({"a"}))})
    assert kept({1: Getoond(2), 2: Getoond(2, frozenset({"b"}))}) == {
        1: Getoond(3),
        2: Getoond(2, frozenset({"a", "b"})),
    }
    assert set(kept({11: Getoond(0), 12: Getoond(0)})) == {11, 12}
    wereld.store.run_transaction(lambda tx: getoond.vergeet(tx, "abonnement-1", [11]))
    assert set(kept({13: Getoond(1)})) == {12, 13}


@pytest.mark.rabbitmq
def test_the_queue_of_rabbitmq_is_taken_back_with_what_nobody_acknowledged(wereld: Wereld, amqp_url: str) -> None:
    """What a consumer held and what lay ready come back together; not confirmed it returns to the queue."""
    abonnement = wereld.ken_toe()
    for _ in range(3):
        wereld.melding()
    wereld.pomp = wereld.nieuwe_pomp(lambda: BrokerUitgang(amqp_url))
    assert wereld.pomp.stap() == 3
    houder = connect_to(amqp_url, name="houder")
    channel = houder.channel()
    assert channel.basic_get(holder_queue(abonnement)).headers[NUMMER] == 1
    houder.release()
    uitgang = BrokerUitgang(amqp_url)
    assert sorted(uitgang.neem_terug(abonnement).nummers) == [1, 2, 3]
    uitgang.sluit()
    wereld.beeindig(abonnement)
    while wereld.pomp.stap():
        pass
    with connect_to(amqp_url, name="houder") as connection:
        channel = connection.channel()
        gekregen = [channel.basic_get(holder_queue(abonnement), no_ack=True) for _ in range(4)]
    assert gekregen[3] is None
    assert [(one.headers[NUMMER], one.headers[INGEHOUDEN]) for one in gekregen[:3]] == [(1, True), (2, True), (3, True)]
