"""How each subscriber stands, for whoever runs the service: what was delivered, what waits, what fails until when."""

from typing import Any

import pytest

from services.abonnement import afnemers
from tests.services.abonnement.wereld import Wereld


def stand(wereld: Wereld, *gemeenten: str) -> dict[str, dict[str, Any]]:
    with wereld.store.engine.connect() as conn:
        return {row["abonnement"]: row for row in afnemers.stand(conn, gemeenten or ("0086",))}


def test_a_served_holder_shows_its_last_delivery(wereld: Wereld) -> None:
    """What was confirmed last, by the clock of the installation; nothing waits and nothing fails."""
    abonnement = wereld.ken_toe()
    assert stand(wereld)[abonnement]["laatste_levering"] is None
    wereld.melding()
    assert stand(wereld)[abonnement]["wacht"] == 1
    wereld.geleverd(abonnement)
    told = stand(wereld)[abonnement]
    assert told == {
        "abonnement": abonnement,
        "kanaal": "amqp",
        "laatste_levering": wereld.clock.now().isoformat(),
        "wacht": 0,
        "pogingen": 0,
        "volgende_poging": None,
        "reden": None,
    }


def test_a_failing_queue_shows_its_tries_until_it_is_served(wereld: Wereld) -> None:
    """How often in a row, the kind of error and when it is tried again; a new process that serves it clears that."""
    abonnement = wereld.ken_toe()
    wereld.melding()
    wereld.queues.refuses.add(abonnement)
    wereld.pomp.stap()
    wereld.monotonic.now += 60
    wereld.pomp.stap()
    told = stand(wereld)[abonnement]
    assert (told["pogingen"], told["reden"], told["wacht"]) == (2, "ConnectionError", 1)
    assert told["volgende_poging"] >= wereld.clock.now().isoformat(timespec="seconds")
    wereld.queues.refuses.clear()
    wereld.pomp.stop()
    wereld.pomp = wereld.nieuwe_pomp()
    wereld.geleverd(abonnement)
    assert (stand(wereld)[abonnement]["pogingen"], stand(wereld)[abonnement]["wacht"]) == (0, 0)


def test_a_beheerder_sees_the_subscriptions_of_its_own_gemeenten(wereld: Wereld) -> None:
    """That another gemeente has subscribers, and how they fare, is not told."""
    abonnement = wereld.ken_toe()
    assert abonnement in stand(wereld, "0086")
    assert stand(wereld, "0080") == {}


def test_a_note_that_cannot_be_kept_stops_no_delivery(wereld: Wereld, monkeypatch: pytest.MonkeyPatch) -> None:
    """It is for an operator only: a holder is served whether it can be written or not."""
    abonnement = wereld.ken_toe()
    wereld.melding()
    afnemers.haperingen.drop(wereld.store.engine)
    wereld.queues.refuses.add(abonnement)
    wereld.pomp.stap()
    wereld.queues.refuses.clear()
    wereld.monotonic.now += 60
    assert len(wereld.geleverd(abonnement)) == 1
