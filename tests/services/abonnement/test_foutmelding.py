"""The way back: what a receiver says is wrong reaches the service that logged it, and whoever runs that."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date
from typing import Any

import pytest
import requests
from click.testing import CliRunner

from casuslog.caller import Caller
from casuslog.cli._installation import Installation
from casuslog.cli._root import cli
from casuslog.codes import oin_of
from casuslog.http.client import Problem
from casuslog.testing.platform import Platform

OPSTERLAND = "0086"
BEHEERDER = Caller("beheerder", OPSTERLAND, "b-1", (OPSTERLAND,))
ELDERS = Caller("beheerder", "0080", "b-2", ("0080",))
WIJKTEAM = Caller("wijkteam", OPSTERLAND, "w-1", (OPSTERLAND,))
KCC = Caller("kcc", OPSTERLAND, "k-1", (OPSTERLAND,))
TOEZICHT = Caller("toezichthouder", OPSTERLAND, "t-1", (OPSTERLAND,))
SELECTIE = {"houdersoort": "oin", "houder": oin_of(OPSTERLAND), "gemeenten": ["opsterland"], "doelbinding": "wmo"}


@pytest.fixture(scope="module")
def platform() -> Iterator[Platform]:
    """All services in one process."""
    with Platform(date(2017, 2, 13)) as made:
        yield made


@pytest.fixture(scope="module")
def abonnement(platform: Platform) -> str:
    """A subscription with the numbers of one melding."""
    grant = platform.command(
        "abonnement", "ken-abonnement-toe", BEHEERDER, gemeente="opsterland", rol="wijkteam", **SELECTIE
    )
    platform.settle()
    platform.command("melding", "registreer-melding", WIJKTEAM, gemeente="opsterland", kanaal="telefoon", naam="Wiarda")
    platform.settle()
    return grant.casus


def meld(platform: Platform, abonnement: str, nummer: int, caller: Caller = WIJKTEAM, **body: Any) -> Any:
    url = f"{platform.settings.http_url('abonnement')}/abonnementen/{abonnement}/gebeurtenissen/{nummer}/foutmelding"
    headers = {"Authorization": f"Bearer {platform.host.platform.issuer.issue(caller)}"}
    return requests.post(url, json=body, headers=headers, timeout=20)


def ontvangen(platform: Platform, service: str, caller: Caller = BEHEERDER) -> list[Any]:
    return platform.api.get(service, "/foutmeldingen", caller)["foutmeldingen"]


def test_the_service_that_logged_it_receives_what_a_subscriber_says(platform: Platform, abonnement: str) -> None:
    """Rule, field and event, and which organisation said so; said twice it is one. Others' services keep nothing."""
    told = meld(platform, abonnement, 1, regel="gegeven_onjuist", veld="kanaal").json()
    assert (told["bron"], told["nieuw"]) == ("melding", True)
    assert meld(platform, abonnement, 1, regel="gegeven_onjuist", veld="kanaal").json()["nieuw"] is False
    platform.settle()
    [kept] = ontvangen(platform, "melding")
    assert kept["gebeurtenis"] == told["gebeurtenis"]
    assert (kept["regel"], kept["veld"], kept["organisatie"]) == ("gegeven_onjuist", "kanaal", OPSTERLAND)
    assert "Wiarda" not in str(kept)
    assert ontvangen(platform, "onderzoek") == []
    assert ontvangen(platform, "melding", ELDERS) == []
    assert ontvangen(platform, "melding", TOEZICHT) == []


def test_nothing_but_codes_comes_in(platform: Platform, abonnement: str) -> None:
    """A field that the event has not, a rule that the list has not and free text are refused, each by name."""
    for body, field in (
        ({"regel": "code_onbekend", "veld": "mevrouw Wiarda belde"}, "veld"),
        ({"regel": "zomaar"}, "regel"),
        ({}, "regel"),
        ({"regel": "dubbel", "toelichting": "tekst"}, "toelichting"),
    ):
        answer = meld(platform, abonnement, 1, **body)
        assert (answer.status_code, list(answer.json()["velden"])) == (422, [field])
        assert "Wiarda" not in answer.text


def test_only_the_holder_reports_and_only_what_it_received(platform: Platform, abonnement: str) -> None:
    """Another sees no subscription; a number that was not given is not there."""
    assert meld(platform, abonnement, 1, KCC, regel="dubbel").status_code == 404
    assert meld(platform, abonnement, 99, regel="dubbel").status_code == 404
    with pytest.raises(Problem) as geweigerd:
        ontvangen(platform, "melding", WIJKTEAM)
    assert geweigerd.value.code == "rol_beheerder_vereist"


def test_the_command_line_shows_what_came_back_and_what_was_rejected(platform: Platform, abonnement: str) -> None:
    """A beheerder lists foutmeldingen, webhooks and dead letters, and sends one again."""
    meld(platform, abonnement, 2, regel="niet_voor_ons")
    platform.settle()
    url = f"{platform.settings.http_url('abonnement')}/abonnementen/{abonnement}/dode-brieven"
    headers = {"Authorization": f"Bearer {platform.host.platform.issuer.issue(WIJKTEAM)}"}
    requests.post(url, json={"nummer": 1, "reden": "niet_verwerkbaar"}, headers=headers, timeout=20).raise_for_status()

    def run(*arguments: str) -> str:
        done = CliRunner().invoke(cli, arguments, obj=Installation(platform.settings))
        assert done.exit_code == 0, done.output
        return done.output

    assert "niet_voor_ons" in run("foutmeldingen")
    assert "Er zijn geen webhooks." in run("webhooks")
    assert "niet_verwerkbaar" in run("brieven", "list")
    assert "via queue" in run("brieven", "herhaal", abonnement, "1")
    assert "Er zijn geen dode brieven." in run("brieven", "list")
