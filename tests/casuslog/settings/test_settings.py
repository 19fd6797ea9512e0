"""What the environment tells an installation, above all how it is divided over databases and relays."""

from __future__ import annotations

from collections import Counter
from pathlib import Path

import pytest

from casuslog.settings import Settings, service_names

HERE, THERE = "postgresql+psycopg2://een/casuslog", "postgresql+psycopg2://twee/casuslog"
WHOLE = {"CASUSLOG_AMQP_URL": "amqp://broker", "CASUSLOG_DATABASE_URL": HERE, "CASUSLOG_DATA": "data"}
PARTS = (("inrichting", "melding", "onderzoek", "historie"), ("beschikking", "pgb", "toezicht", "abonnement"))
RELAYS = ";".join(",".join(part) for part in PARTS)


def test_without_more_everything_is_in_one_database_and_one_relay() -> None:
    """One database with a schema per service, and one relay process that carries the log of all."""
    settings = Settings.from_env(WHOLE)
    assert {settings.store_url(name) for name in service_names()} == {HERE}
    assert settings.relay_processes() == {"relay": tuple(service_names())}


def test_a_named_service_stands_in_its_own_database_and_the_keys_stay_together() -> None:
    """Only what is named stands elsewhere; every service finds the keys of a casus in one place."""
    settings = Settings.from_env({**WHOLE, "CASUSLOG_DATABASE_URL_PGB": THERE, "CASUSLOG_DATABASE_URL_TOEZICHT": ""})
    elsewhere = {name for name in service_names() if settings.store_url(name) == THERE}
    assert elsewhere == {"pgb"}
    assert settings.key_url() == HERE
    assert Settings.from_env({**WHOLE, "CASUSLOG_KEYS_URL": THERE}).key_url() == THERE


def test_relays_are_divided_by_service() -> None:
    """Each relay process has a name of its own and carries the log of its services; spaces do not matter."""
    expected = {"relay-1": PARTS[0], "relay-2": PARTS[1]}
    assert Settings.from_env({**WHOLE, "CASUSLOG_RELAYS": RELAYS}).relay_processes() == expected
    spaced = RELAYS.replace(",", ", ").replace(";", " ; ")
    assert Settings.from_env({**WHOLE, "CASUSLOG_RELAYS": spaced}).relay_processes() == expected


def test_a_turn_is_held_as_long_as_the_installation_says() -> None:
    """By default a relay that takes over from one that died waits a quarter of a minute at most."""
    assert Settings.from_env(WHOLE).lease_seconds == 15
    assert Settings.from_env({**WHOLE, "CASUSLOG_LEASE_SECONDS": "3"}).lease_seconds == 3


@pytest.mark.parametrize(
    ("env", "told"),
    [
        ({**WHOLE, "CASUSLOG_DATABASE_URL_PBG": THERE}, "CASUSLOG_DATABASE_URL_PBG noemt geen dienst. Er zijn inrich"),
        (
            {"CASUSLOG_DATABASE_URL_PGB": THERE},
            "CASUSLOG_DATABASE_URL_PGB verdeelt een installatie, maar CASUSLOG_DATA",
        ),
        ({**WHOLE, "CASUSLOG_RELAYS": RELAYS.replace(",pgb", "")}, "CASUSLOG_RELAYS laat pgb weg. Noem elke dienst"),
        ({**WHOLE, "CASUSLOG_RELAYS": f"{RELAYS},melding"}, "CASUSLOG_RELAYS noemt melding 2 keer"),
        ({**WHOLE, "CASUSLOG_RELAYS": f"{RELAYS};"}, "CASUSLOG_RELAYS noemt '', dat geen dienst is"),
        ({**WHOLE, "CASUSLOG_HTTP_PORT": "web"}, "CASUSLOG_HTTP_PORT is 'web': dat is ongeldig. Geef een heel"),
        ({"CASUSLOG_AMQP_URL": "amqp://broker"}, "CASUSLOG_DATABASE_URL ontbreekt, terwijl CASUSLOG_AMQP_URL er is"),
        ({**WHOLE, "CASUSLOG_LEASE_SECONDS": "1"}, "CASUSLOG_LEASE_SECONDS .* van 2 tot en met 300"),
    ],
    ids=["no such service", "nothing to divide", "left out", "twice", "empty part", "port", "half", "lease"],
)
def test_what_has_no_meaning_is_refused_by_name(env: dict[str, str], told: str) -> None:
    """A division that leaves a service out, or names none, would lose events in silence: it is refused at the start."""
    with pytest.raises(ValueError, match=told):
        Settings.from_env(env)


def test_the_example_of_a_division_holds() -> None:
    """``deploy/verdeeld.env`` is read without complaint: four services on each server, two relays, keys apart."""
    lines = (Path(__file__).parents[3] / "deploy" / "verdeeld.env").read_text().splitlines()
    settings = Settings.from_env(dict(_variable(line) for line in lines if line and not line.startswith("#")))
    assert Counter(settings.store_url(name) for name in service_names()) == {
        settings.database_url: 4,
        settings.store_url("pgb"): 4,
    }
    assert [len(services) for services in settings.relay_processes().values()] == [4, 4]
    assert settings.key_url() not in {settings.store_url(name) for name in service_names()}


def _variable(line: str) -> tuple[str, str]:
    name, _, value = line.partition("=")
    return name, value.strip('"')


def test_embedded_each_service_has_a_file() -> None:
    """Without a database every service and the keys have a file of their own in the data folder."""
    settings = Settings.from_env({"CASUSLOG_DATA": "ergens"})
    assert settings.embedded
    assert settings.store_url("pgb") == f"sqlite:///{Path('ergens') / 'pgb'}.db"
    assert settings.key_url() == f"sqlite:///{Path('ergens') / 'sleutels'}.db"
