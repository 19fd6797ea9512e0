"""Where a webhook may point: never inwards, judged when it is given and at every call."""

from __future__ import annotations

import pytest

from casuslog.errors import InvalidInput, Refused
from casuslog.http.outward import Outward
from services.abonnement.afzender import Afzender
from tests.services.abonnement.webhookproef import bezorger, rondes, stand, stel_in, vastgelegd, vraag
from tests.services.abonnement.wereld import WIJKTEAM

pytestmark = pytest.mark.usefixtures("dienst")


@pytest.mark.parametrize(
    ("url", "reden"),
    [
        ("http://ontvanger.example/hier", "geen_https"),
        ("https://gebruiker:woord@ontvanger.example/", "adres_met_gegevens"),
        ("https://10.0.0.7/", "adres_niet_openbaar"),
        ("https://169.254.169.254/latest/meta-data", "adres_niet_openbaar"),
        ("https://[::1]/", "adres_niet_openbaar"),
        ("https://2130706433/", "adres_niet_openbaar"),
        ("ftp://ontvanger.example/", "adres_onjuist"),
        ("https://ontvanger.example/#deel", "adres_onjuist"),
        ("/hier", "adres_onjuist"),
    ],
)
def test_a_bad_address_is_refused_and_the_refusal_recorded(wereld, dienst, url, reden):
    """With the rule and what would be right; a webhook that ran, runs on; nothing of the address is repeated."""
    dienst.log.platform.settings.embedded = False
    abonnement = wereld.ken_toe()
    stel_in(wereld, abonnement, "https://ontvanger.example/hier")
    with pytest.raises(Refused) as geweigerd:
        stel_in(wereld, abonnement, url)
    assert (geweigerd.value.code, geweigerd.value.field) == (reden, "url")
    assert "ontvanger.example" not in geweigerd.value.detail
    assert vastgelegd(wereld, abonnement) == ["webhook-ingesteld", "webhookaanvraag-geweigerd"]
    assert stand(wereld, abonnement)["toestand"] == "te_bevestigen"


def test_a_name_that_points_inwards_is_refused_when_it_is_called(wereld, ontvanger):
    """Only the connection shows it; it is an event, and nothing arrived."""
    binnen = Outward(resolve=lambda *_, **__: [(2, 1, 6, "", ("127.0.0.1", ontvanger.port))])
    bezorging = bezorger(wereld, Afzender(oorsprong="casuslog.example", uit=binnen))
    abonnement = wereld.ken_toe()
    wereld.melding()
    stel_in(wereld, abonnement, "https://ontvanger.example/hier")
    rondes(bezorging)
    assert vastgelegd(wereld, abonnement)[-1] == "webhook-geweigerd"
    assert stand(wereld, abonnement)["reden"] == "adres_niet_openbaar"
    assert ontvanger.vragen == []
    bezorging.stop()


def test_a_body_that_is_wrong_names_its_fields(wereld):
    """Which field breaks which rule, in Dutch."""
    abonnement = wereld.ken_toe()
    with pytest.raises(InvalidInput) as fout:
        vraag(wereld, "http_stel_webhook_in", WIJKTEAM, abonnement, body={"wijze": "anders", "na": -1, "x": 1})
    assert set(fout.value.errors) == {"url", "wijze", "na", "x"}
