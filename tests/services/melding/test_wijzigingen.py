"""What turns out otherwise about the person: told once recorded, pointing at what it puts right."""

from collections.abc import Iterator
from datetime import date

import pytest

from casuslog.caller import Caller
from casuslog.errors import InvalidInput, Refused
from casuslog.identifiers import new_id
from casuslog.testing.platform import Platform

TEAM = Caller("wijkteam", "0086", "w-1", ("0086",), "uitvoering_wmo")
DAG = date(2017, 3, 1)


@pytest.fixture(scope="module")
def platform() -> Iterator[Platform]:
    """All services in one process."""
    with Platform(DAG) as made:
        yield made


def melding(platform: Platform) -> str:
    casus = platform.command(
        "melding", "registreer-melding", TEAM, gemeente="opsterland", kanaal="telefoon", naam="Testpersoon"
    ).casus
    platform.settle()
    return casus


def laatste(platform: Platform, casus: str):
    return platform.events("melding", casus)[-1]


@pytest.mark.parametrize(
    ("opdracht", "gegeven", "veld", "waarde"),
    [
        ("leg-persoonsverwisseling-vast", {"reden": "naamgenoot"}, "reden", "naamgenoot"),
        ("vervang-bsn", {"bsn": "999990019"}, "bsn", "999990019"),
    ],
)
def test_what_puts_right_points_at_the_melding(
    platform: Platform, opdracht: str, gegeven: dict[str, str], veld: str, waarde: str
) -> None:
    """``corrigeert`` is the id of the event with which the melding was registered; it works after the closing too."""
    casus = melding(platform)
    gemeld = next(e for e in platform.events("melding", casus) if e.envelope.name == "melding-geregistreerd")
    platform.command("melding", "sluit-melding", TEAM, gemeente="opsterland", casus=casus, reden="overgedragen")
    platform.command("melding", opdracht, TEAM, gemeente="opsterland", casus=casus, **gegeven)
    event = laatste(platform, casus)
    assert event.envelope.corrigeert == gemeld.envelope.id
    assert event[veld] == waarde


def test_a_death_and_a_move_have_a_day_of_their_own(platform: Platform) -> None:
    """The day of the fact is when it was recorded as known; the day of death lies before it, a move may lie after."""
    casus = melding(platform)
    platform.command(
        "melding", "leg-overlijden-vast", TEAM, gemeente="opsterland", casus=casus, overleden_op=date(2017, 2, 27)
    )
    assert laatste(platform, casus)["overleden_op"] == date(2017, 2, 27)
    platform.command(
        "melding",
        "leg-verhuizing-vast",
        TEAM,
        gemeente="opsterland",
        casus=casus,
        per=date(2017, 4, 1),
        naar_gemeente="heerenveen",
    )
    event = laatste(platform, casus)
    assert (event["per"], event["naar_gemeente"]) == (date(2017, 4, 1), "0074")


@pytest.mark.parametrize(
    ("opdracht", "gegeven", "fout"),
    [
        ("leg-overlijden-vast", {"overleden_op": date(2017, 3, 2)}, Refused),
        ("vervang-bsn", {"bsn": "123456789"}, InvalidInput),
        ("vervang-bsn", {}, InvalidInput),
        ("leg-persoonsverwisseling-vast", {"reden": "zomaar"}, InvalidInput),
        ("leg-verhuizing-vast", {"naar_gemeente": "nergens"}, InvalidInput),
    ],
)
def test_what_cannot_be_is_refused(
    platform: Platform, opdracht: str, gegeven: dict[str, object], fout: type[Exception]
) -> None:
    """A death in the future, a BSN that is none, a reason or gemeente that no list knows."""
    with pytest.raises(fout):
        platform.command("melding", opdracht, TEAM, gemeente="opsterland", casus=melding(platform), **gegeven)


def test_without_a_melding_there_is_nothing_to_put_right(platform: Platform) -> None:
    """An unknown casus."""
    with pytest.raises(Refused) as gevangen:
        platform.command("melding", "leg-overlijden-vast", TEAM, gemeente="opsterland", casus=new_id())
    assert gevangen.value.reason == "geen_melding"
