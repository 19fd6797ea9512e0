"""Which events get a number: what a holder may see, once, without gaps."""

from collections.abc import Callable, Iterator
from datetime import date, timedelta

import eventlet
import pytest

from casuslog.caller import Caller
from casuslog.errors import Conflict
from casuslog.identifiers import new_id
from casuslog.recorded import RecordedEvent
from casuslog.rights import BetrokkenheidVastgelegd
from services.beschikking.gebeurtenissen import OpdrachtVerstrekt
from tests.services.abonnement.wereld import (
    AANBIEDER,
    ANDERE_AANBIEDER,
    HEERENVEEN,
    LEEUWARDEN,
    OPSTERLAND,
    Wereld,
)


def test_numbers_are_gapless_per_subscription_however_much_lies_between(wereld: Wereld) -> None:
    """A filter makes holes in the sequence of a stream, never in the numbers of a subscription."""
    alles = wereld.ken_toe()
    besluiten = wereld.ken_toe(gebeurtenistypen=["MeldingBevestigd"])
    for _ in range(3):
        [gemeld] = wereld.melding()
        wereld.bevestiging(gemeld.envelope.subject)
    assert [nummer for nummer, _, _ in wereld.nummers(alles)] == [1, 2, 3, 4, 5, 6]
    assert [nummer for nummer, _, _ in wereld.nummers(besluiten)] == [1, 2, 3]


def test_an_event_gets_one_number_however_often_it_comes(wereld: Wereld) -> None:
    """An event that is handled again, after a restore say, is not told twice."""
    abonnement = wereld.ken_toe()
    [event] = wereld.melding()
    wereld.verwerk(event)
    assert wereld.ids(abonnement) == [event.envelope.id]


def test_a_failed_transaction_takes_its_number_back(wereld: Wereld) -> None:
    """What fails after a number was given leaves no gap."""
    abonnement = wereld.ken_toe()

    def mislukt(event: object, tx: object) -> None:
        wereld.service.nummer([event], tx)
        raise RuntimeError

    wereld.onderweg = True
    [event] = wereld.melding()
    with pytest.raises(RuntimeError):
        wereld.store.run_transaction(lambda tx: mislukt(event, tx))
    wereld.verwerk(event)
    assert wereld.nummers(abonnement) == [(1, event.envelope.id, "wacht")]


def test_an_aanbieder_gets_the_opdracht_though_its_involvement_stands_after_it(wereld: Wereld) -> None:
    """The opdracht comes before the fact that the aanbieder is involved: that fact brings it in view."""
    abonnement = wereld.ken_toe(houdersoort="agb", houder=AANBIEDER, rol="aanbieder")
    ander = wereld.ken_toe(houdersoort="agb", houder=ANDERE_AANBIEDER, rol="aanbieder")
    [gemeld] = wereld.melding()
    opdracht, _ = wereld.opdracht(gemeld.envelope.subject)
    assert wereld.ids(abonnement) == [opdracht.envelope.id]
    assert wereld.ids(ander) == []


def test_two_aanbieders_in_one_casus_each_get_their_own_opdracht(wereld: Wereld) -> None:
    """Being involved in the casus shows the own opdracht, and not that there is another aanbieder (S67)."""
    een = wereld.ken_toe(houdersoort="agb", houder=AANBIEDER, rol="aanbieder")
    ander = wereld.ken_toe(houdersoort="agb", houder=ANDERE_AANBIEDER, rol="aanbieder")
    casus = wereld.melding()[0].envelope.subject
    van_een, _ = wereld.opdracht(casus)
    van_ander, _ = wereld.opdracht(casus, ANDERE_AANBIEDER)
    assert wereld.ids(een) == [van_een.envelope.id]
    assert wereld.ids(ander) == [van_ander.envelope.id]


def test_a_gemeente_that_is_not_involved_gets_nothing_of_another(wereld: Wereld) -> None:
    """Naming another gemeente selects; what passes, a recorded involvement decides. Membership is none."""
    caller = Caller("beheerder", HEERENVEEN, "b-2", (HEERENVEEN,))
    selectie = {"gemeenten": [OPSTERLAND, HEERENVEEN], "themas": ["beschermd_wonen"]}
    wereld.verband("bw", (OPSTERLAND, HEERENVEEN), ("beschermd_wonen",))
    buur = wereld.ken_toe(caller, HEERENVEEN, houder="00000099000000740000", rol="wijkteam", **selectie)
    [gemeld] = wereld.melding()
    wereld.bekendmaking(gemeld.envelope.subject)
    assert wereld.ids(buur) == []


def test_the_woongemeente_hears_of_the_besluit_of_another_gemeente(wereld: Wereld) -> None:
    """The feedback to the team: of the stream of Leeuwarden it gets the bekendmaking, and no more."""
    wereld.verband("bw", (OPSTERLAND, LEEUWARDEN), ("beschermd_wonen",))
    selectie = {"gemeenten": [OPSTERLAND, LEEUWARDEN], "themas": ["beschermd_wonen"]}
    abonnement = wereld.ken_toe(gebeurtenistypen=["BesluitBekendgemaakt"], **selectie)
    [gemeld] = wereld.melding()
    [besluit] = wereld.bekendmaking(gemeld.envelope.subject)
    assert wereld.ids(abonnement) == [besluit.envelope.id]


def test_a_thema_that_is_not_asked_for_passes_by(wereld: Wereld) -> None:
    """Where a thema is asked, events of another and events without one are none of it."""
    abonnement = wereld.ken_toe(themas=["beschermd_wonen"])
    [gemeld] = wereld.melding()
    wereld.melding(thema="maatschappelijke_opvang")
    wereld.melding(thema=None)
    assert wereld.ids(abonnement) == [gemeld.envelope.id]


@pytest.mark.parametrize("rol", ["wijkteam", "consulent", "kcc", "inkoper", "college"])
def test_a_closed_stream_is_for_the_toezichthouder_alone(wereld: Wereld, rol: str) -> None:
    """Nobody else gets a number for a signal, so that no gap and no count betrays that it exists."""
    caller = Caller("toezichthouder", OPSTERLAND, "t-1", (OPSTERLAND,))
    toezicht = wereld.ken_toe(caller, rol="toezichthouder")
    ander = wereld.ken_toe(rol=rol)
    [signaal] = wereld.signaal()
    assert wereld.ids(toezicht) == [signaal.envelope.id]
    assert wereld.ids(ander) == []


def test_imported_history_gets_no_number_but_counts_for_the_rights(wereld: Wereld) -> None:
    """Imported history is told to nobody a second time; who is involved according to it, is involved."""
    abonnement = wereld.ken_toe(houdersoort="agb", houder=AANBIEDER, rol="aanbieder")
    casus = new_id()
    betrokken = BetrokkenheidVastgelegd(organisatie=AANBIEDER, als="aanbieder", vanaf=date(2017, 1, 1))
    wereld.gebeurt(casus, betrokken, service="beschikking", geimporteerd=True)
    verstrekt = OpdrachtVerstrekt(aanbieder=AANBIEDER, ingang=wereld.clock.now().date())
    [opdracht] = wereld.gebeurt(casus, verstrekt, service="beschikking")
    assert wereld.ids(abonnement) == [opdracht.envelope.id]


def test_outside_its_period_a_subscription_gets_nothing(wereld: Wereld) -> None:
    """From its first day to its last, both included, by the clock of delivery."""
    morgen, overmorgen = "2017-04-04", "2017-04-05"
    abonnement = wereld.ken_toe(van=morgen, tot_en_met=overmorgen)
    wereld.melding()
    verwacht = []
    for _ in range(2):
        wereld.clock.advance(timedelta(days=1))
        verwacht += [event.envelope.id for event in wereld.melding()]
    wereld.clock.advance(timedelta(days=1))
    wereld.melding()
    assert wereld.ids(abonnement) == verwacht


def test_a_subscription_that_began_earlier_gets_what_was_kept_since(wereld: Wereld) -> None:
    """Granted from a day in the past: all from that day on gets its number, casus by casus, and nothing of before."""
    wereld.melding()
    wereld.clock.advance(timedelta(days=3))
    [gemeld] = wereld.melding()
    [bevestigd] = wereld.bevestiging(gemeld.envelope.subject)
    wereld.clock.advance(timedelta(days=3))
    abonnement = wereld.ken_toe(van="2017-04-05")
    assert wereld.ids(abonnement) == [gemeld.envelope.id, bevestigd.envelope.id]


def test_after_its_end_a_subscription_gets_nothing_new(wereld: Wereld) -> None:
    """The end takes effect on its day; what was numbered keeps its number."""
    abonnement = wereld.ken_toe()
    [gemeld] = wereld.melding()
    wereld.beeindig(abonnement)
    wereld.melding()
    assert wereld.ids(abonnement) == [gemeld.envelope.id]


@pytest.fixture
def wereld_pg(postgres_url: str, monkeypatch: pytest.MonkeyPatch) -> Iterator[Wereld]:
    """A world on PostgreSQL."""
    made = Wereld(postgres_url)
    yield made
    made.close()


@pytest.mark.postgres
def test_on_postgresql_lanes_side_by_side_give_gapless_numbers(wereld_pg: Wereld) -> None:
    """Two transactions that want the next number at once: the second one tries again and no number is lost."""

    abonnement = wereld_pg.ken_toe()
    wereld_pg.onderweg = True
    events = [wereld_pg.melding()[0] for _ in range(12)]
    pool = eventlet.GreenPool(4)
    for event in events:
        pool.spawn(_koppig, wereld_pg.verwerk, event)
    pool.waitall()
    assert [one for one, _, _ in wereld_pg.nummers(abonnement)] == list(range(1, 13))
    assert sorted(wereld_pg.ids(abonnement)) == sorted(event.envelope.id for event in events)
    assert len(wereld_pg.geleverd(abonnement)) == 12


def _koppig(verwerk: Callable[[RecordedEvent], None], event: RecordedEvent) -> None:
    """As the consumer does: a lost race is tried again."""
    for _ in range(20):
        try:
            return verwerk(event)
        except Conflict:
            continue
    raise AssertionError("lost twenty races")
