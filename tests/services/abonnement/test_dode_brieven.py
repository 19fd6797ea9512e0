"""Dead letters: what a receiver rejects is kept with its reason, and can be sent again."""

from __future__ import annotations

import pytest

from casuslog.errors import InvalidInput, NotFound
from tests.services.abonnement.webhookproef import event, nummers, rondes, stel_in, vastgelegd, vraag
from tests.services.abonnement.wereld import BEHEERDER, WIJKTEAM

pytestmark = pytest.mark.usefixtures("dienst")


def test_a_message_that_is_refused_becomes_a_dead_letter_and_the_next_one_goes(wereld, ontvanger, bezorging):
    """With status and reason, as an event; sent again it carries its own number and id."""
    abonnement = wereld.ken_toe(vorm="json")
    wereld.melding()
    wereld.melding()
    stel_in(wereld, abonnement, ontvanger.url)
    ontvanger.antwoord = lambda bericht: (422 if event(bericht).attributes["nummer"] == 1 else 204, {})
    rondes(bezorging)
    assert nummers(ontvanger) == [1, 2]
    [brief] = vraag(wereld, "http_dode_brieven", WIJKTEAM, abonnement)["dode_brieven"]
    assert (brief["nummer"], brief["reden"], brief["status"]) == (1, "niet_aangenomen", 422)
    assert brief["gebeurtenis"] == wereld.ids(abonnement)[0]
    assert vastgelegd(wereld, abonnement, "dodebrief") == ["bericht-afgewezen"]
    vraag(wereld, "http_herhaal_brief", BEHEERDER, abonnement, 1)
    rondes(bezorging)
    assert vraag(wereld, "http_alle_dode_brieven", BEHEERDER)["dode_brieven"][0]["keren"] == 2
    ontvanger.antwoord = lambda _: (204, {})
    vraag(wereld, "http_herhaal_brief", WIJKTEAM, abonnement, 1)
    rondes(bezorging)
    assert nummers(ontvanger) == [1, 2, 1, 1]
    assert vraag(wereld, "http_dode_brieven", WIJKTEAM, abonnement)["dode_brieven"] == []
    with pytest.raises(NotFound):
        vraag(wereld, "http_herhaal_brief", WIJKTEAM, abonnement, 1)


def test_a_holder_may_say_that_it_cannot_handle_a_number(wereld):
    """Whichever way it came; sent again it goes into the queue once more. Twice said is one dead letter."""
    abonnement = wereld.ken_toe()
    wereld.melding()
    [eerste] = wereld.geleverd(abonnement)
    body = {"nummer": 1, "reden": "schema_onbekend"}
    assert vraag(wereld, "http_wijs_af", WIJKTEAM, abonnement, body=body)["nieuw"] is True
    assert vraag(wereld, "http_wijs_af", WIJKTEAM, abonnement, body=body)["nieuw"] is False
    with pytest.raises(NotFound):
        vraag(wereld, "http_wijs_af", WIJKTEAM, abonnement, body={"nummer": 2, "reden": "schema_onbekend"})
    assert vraag(wereld, "http_herhaal_brief", WIJKTEAM, abonnement, 1)["weg"] == "queue"
    assert [one.message_id for one in wereld.geleverd(abonnement)] == [eerste.message_id] * 2


def test_a_number_that_no_column_holds_was_not_given(wereld):
    """Whoever asks for it hears so, and no database is asked."""
    abonnement, veel = wereld.ken_toe(), 10**30
    for method, body in (
        ("http_herhaal_brief", {}),
        ("http_meld_fout", {"regel": "dubbel"}),
        ("http_cloudevent", None),
    ):
        with pytest.raises(NotFound):
            vraag(wereld, method, WIJKTEAM, abonnement, veel, body=body)
    for method, body in (
        ("http_wijs_af", {"nummer": veel, "reden": "te_druk"}),
        ("http_stel_webhook_in", {"url": "x", "na": veel}),
    ):
        with pytest.raises(InvalidInput):
            vraag(wereld, method, WIJKTEAM, abonnement, body=body)
