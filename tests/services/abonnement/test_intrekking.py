"""A right that ends reaches what already lies in the queue: shut out, taken back, judged anew, and let in again."""

from datetime import date, timedelta

import pytest

from casuslog.broker.connection import connect_to
from casuslog.broker.topology import holder_queue
from casuslog.rights import BetrokkenheidVastgelegd
from services.abonnement.uitgang import BrokerUitgang
from services.abonnement.weergave import INGEHOUDEN, NUMMER
from tests.services.abonnement.wereld import AANBIEDER, LEEUWARDEN, OPSTERLAND, Wereld


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
