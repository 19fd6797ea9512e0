"""Refused access as a durable record: on both databases, over HTTP, and gone after its term."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
import requests
from sqlalchemy import func, select

from casuslog import logboektermijnen, toegangsweigeringen
from casuslog.caller import Caller, DevelopmentIssuer
from casuslog.clock import SettableClock
from casuslog.codes import oin_of
from casuslog.errors import Unavailable
from casuslog.hosting.bijhouden import Bijhouder
from casuslog.http.client import Problem
from casuslog.store import EventStore
from casuslog.testing.platform import Platform
from casuslog.toegangsweigeringen import toegangsweigeringen as tabel
from casuslog.tokens import Refusals, Whose

DAY = date(2017, 2, 13)
HOUR = datetime(2017, 2, 13, 9, tzinfo=UTC)
OPSTERLAND, LEEUWARDEN = "0086", "0080"
BEHEERDER = Caller("beheerder", OPSTERLAND, "beheer-1", (OPSTERLAND,), "beheer")
ELDERS = Caller("beheerder", LEEUWARDEN, "beheer-2", (LEEUWARDEN,), "beheer")
TEAM = Caller("wijkteam", OPSTERLAND, "team-1", (OPSTERLAND,), "uitvoering_wmo")
VREEMD = Caller("wijkteam", LEEUWARDEN, "team-2", (LEEUWARDEN,), "uitvoering_wmo")
FORGED = DevelopmentIssuer("y" * 40).issue(TEAM)


@pytest.fixture(params=["sqlite", "postgresql"])
def store(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[EventStore]:
    """The store of a service with the table, on either database."""
    url = f"sqlite:///{tmp_path}/" if request.param == "sqlite" else request.getfixturevalue("postgres_url")
    made = EventStore.open(url, "melding", codec=None, clock=SettableClock(DAY), oin_of=oin_of)  # type: ignore[arg-type]
    toegangsweigeringen.metadata.create_all(made.engine)
    yield made
    made.close()


def many(reason: str = "ongeldig", whose: Whose = Whose(), *, hour: datetime = HOUR, count: int = 3) -> Refusals:  # noqa: B008  # frozen
    return Refusals(hour, reason, whose, hour + timedelta(minutes=1), hour + timedelta(minutes=2), count)


def write(store: EventStore, *refusals: Refusals) -> None:
    store.run_transaction(lambda tx: toegangsweigeringen.schrijf(tx.conn, refusals))


def read(store: EventStore, *gemeenten: str, **how: Any) -> list[dict[str, Any]]:
    with store.reading() as conn:
        return toegangsweigeringen.lees(conn, gemeenten, **how)


def test_what_is_written_again_is_added(store: EventStore) -> None:
    """One row per hour, reason, role and gemeente: the count grows, the first moment stays, the last one moves."""
    write(store, many(), many(whose=Whose("kcc", OPSTERLAND)))
    later = Refusals(HOUR, "ongeldig", Whose(), HOUR + timedelta(minutes=5), HOUR + timedelta(minutes=9), 4)
    earlier = Refusals(HOUR, "ongeldig", Whose(), HOUR, HOUR, 1)
    write(store, later)
    write(store, earlier)
    first, second = read(store, OPSTERLAND)
    assert (first["aantal"], first["rol"], first["gemeente"]) == (8, None, None)
    assert (first["eerste"], first["laatste"]) == (HOUR.isoformat(), (HOUR + timedelta(minutes=9)).isoformat())
    assert (second["aantal"], second["rol"], second["gemeente"]) == (3, "kcc", OPSTERLAND)


def test_a_gemeente_reads_its_own_and_what_is_of_nobody(store: EventStore) -> None:
    """Not those of another gemeente; by number, by day, and so many at a time."""
    write(store, many(), many(whose=Whose("kcc", OPSTERLAND)), many(whose=Whose("kcc", LEEUWARDEN)))
    write(store, many(hour=HOUR + timedelta(days=1)))
    assert [one["gemeente"] for one in read(store, OPSTERLAND)] == [None, OPSTERLAND, None]
    first = read(store, LEEUWARDEN, limiet=1)
    assert [one["gemeente"] for one in read(store, LEEUWARDEN, na=first[-1]["nr"])] == [LEEUWARDEN, None]
    assert [one["uur"] for one in read(store, sinds=date(2017, 2, 14))] == [(HOUR + timedelta(days=1)).isoformat()]


def test_what_is_past_its_term_is_wiped(store: EventStore, monkeypatch: pytest.MonkeyPatch) -> None:
    """By the term of the data, also where a gemeente chose another one; the last day of the term is still there."""
    terms = [
        {"logboek": "toegangsweigeringen", "dagen": 10, "bron": "b"},
        {"logboek": "toegangsweigeringen", "dagen": 2, "gemeente": OPSTERLAND, "bron": "b"},
    ]
    known = logboektermijnen.ontleed({"termijnen": terms})
    monkeypatch.setattr(logboektermijnen, "logboektermijnen", lambda: known)
    for days in (0, 2, 3, 10, 11):
        hour = HOUR - timedelta(days=days)
        write(store, many(hour=hour), many(hour=hour, whose=Whose("kcc", OPSTERLAND)))
    assert store.run_transaction(lambda tx: toegangsweigeringen.wis_verlopen(tx.conn, DAY)) == 4
    left = [((HOUR - datetime.fromisoformat(one["uur"])).days, one["gemeente"]) for one in read(store, OPSTERLAND)]
    assert left == [(0, None), (0, OPSTERLAND), (2, None), (2, OPSTERLAND), (3, None), (10, None)]
    assert store.run_transaction(lambda tx: toegangsweigeringen.wis_verlopen(tx.conn, DAY)) == 0


@pytest.fixture(scope="module")
def platform(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Platform]:
    """A platform with a gemeente in it."""
    with Platform(DAY, data=tmp_path_factory.mktemp("weigeringen")) as made:
        yield made


def counted(platform: Platform, caller: Caller = BEHEERDER, service: str = "melding") -> dict[tuple[Any, ...], int]:
    """What a beheerder reads, as counts."""
    rows = platform.api.get(service, "/toegangsweigeringen?limiet=500", caller)["weigeringen"]
    return {(one["reden"], one["rol"], one["gemeente"]): one["aantal"] for one in rows}


def bad(platform: Platform, token: str = FORGED, service: str = "melding") -> int:
    url = f"{platform.settings.http_url(service)}/status"
    return requests.get(url, headers={"Authorization": f"Bearer {token}"}, timeout=10).status_code


def test_a_beheerder_reads_who_was_refused(platform: Platform) -> None:
    """A forged token is of nobody; one that expired of its role and gemeente, for that gemeente alone."""
    before, elders = counted(platform), counted(platform, ELDERS)
    expired = platform.host.platform.issuer.issue(TEAM, hours=-1)
    assert [bad(platform), bad(platform), bad(platform, expired)] == [401, 401, 401]
    new = {
        kind: count - before.get(kind, 0) for kind, count in counted(platform).items() if count > before.get(kind, 0)
    }
    assert new == {("ongeldig", None, None): 2, ("verlopen", "wijkteam", OPSTERLAND): 1}
    assert counted(platform, ELDERS).keys() - elders.keys() <= {("ongeldig", None, None)}
    assert FORGED not in json.dumps(platform.api.get("melding", "/toegangsweigeringen", BEHEERDER))


def test_rights_beyond_ones_gemeente_are_counted_too(platform: Platform) -> None:
    """A command in another gemeente's casus, another's events as beheerder, and a role that may not."""
    casus = platform.command("melding", "registreer-melding", TEAM, gemeente="opsterland", kanaal="telefoon").casus
    platform.settle()
    before = counted(platform, ELDERS)
    body = {"gemeente": "opsterland", "casus": casus, "toelichting": "x"}
    for asked in (
        lambda: platform.api.command("melding", "trek-melding-in", body, VREEMD),
        lambda: platform.api.get("melding", f"/gebeurtenissen?gemeente={OPSTERLAND}", ELDERS),
        lambda: platform.api.get("melding", "/status", VREEMD),
    ):
        with pytest.raises(Problem):
            asked()
    assert set(counted(platform, ELDERS).items()) - set(before.items()) == {
        (("geen_betrokkenheid", "wijkteam", LEEUWARDEN), 1),
        (("gemeente_niet_in_token", "beheerder", LEEUWARDEN), 1),
        (("rol_beheerder_vereist", "wijkteam", LEEUWARDEN), 1),
    }
    assert ("geen_betrokkenheid", "wijkteam", LEEUWARDEN) not in counted(platform)


@pytest.mark.parametrize(
    ("caller", "query", "status"), [(TEAM, "", 403), (BEHEERDER, "?na=x", 422), (BEHEERDER, "?sinds=x", 422)]
)
def test_nobody_else_reads_it_and_what_is_asked_is_checked(
    platform: Platform, caller: Caller, query: str, status: int
) -> None:
    """It is for the beheerder; a number or day that is none is named."""
    with pytest.raises(Problem) as refused:
        platform.api.get("melding", f"/toegangsweigeringen{query}", caller)
    assert refused.value.status == status


def test_an_answer_neither_waits_for_the_record_nor_fails_with_it(
    platform: Platform, monkeypatch: pytest.MonkeyPatch
) -> None:
    """With the database of the record away the refusal is the same; what was counted is written when it is back."""
    before = counted(platform).get(("ongeldig", None, None), 0)

    def away(*_: object) -> None:
        raise Unavailable("weg")

    with monkeypatch.context() as broken:
        broken.setattr("casuslog.toegangsweigeringen.schrijf", away)
        assert bad(platform) == 401
        bijhouder = Bijhouder(platform.host.platform, platform.store("melding"))
        assert bijhouder.schrijf() is False
        assert counted(platform).get(("ongeldig", None, None), 0) == before
    assert counted(platform)[("ongeldig", None, None)] == before + 1


def test_what_was_counted_is_written_at_a_stop(tmp_path: Path) -> None:
    """A graceful stop loses nothing: the next start tells of it."""
    with Platform(DAY, data=tmp_path) as running:
        assert [bad(running) for _ in range(5)] == [401] * 5
    with Platform(DAY, data=tmp_path) as again:
        assert [one["aantal"] for one in read(again.store("melding"))] == [5]
        with again.store("pgb").reading() as conn:
            assert conn.execute(select(func.count()).select_from(tabel)).scalar() == 0


def test_a_service_wipes_what_is_past_its_term(platform: Platform) -> None:
    """By the clock of the installation and the term of its data."""
    store, kept = platform.store("onderzoek"), logboektermijnen.termijn("toegangsweigeringen")
    old = datetime.combine(kept.bewaard_vanaf(DAY) - timedelta(days=1), HOUR.timetz())
    write(store, many(hour=old), many(hour=old + timedelta(days=1)))
    assert Bijhouder(platform.host.platform, store).wis_verlopen() == 1
    assert [one["uur"] for one in read(store)] == [(old + timedelta(days=1)).isoformat()]


@pytest.mark.parametrize(
    "term",
    [
        {"logboek": "a", "bron": "b"},
        {"logboek": "a", "jaren": 0, "dagen": 0, "bron": "b"},
        {"logboek": "a", "dagen": -1, "jaren": 1, "bron": "b"},
        {"logboek": "a", "dagen": 1},
    ],
)
def test_a_term_without_a_length_or_source_is_none(term: dict[str, Any]) -> None:
    """A term that would wipe everything, or says not why, is refused when it is read."""
    with pytest.raises(ValueError, match="logboektermijnen"):
        logboektermijnen.ontleed({"termijnen": [term]})


def test_a_log_without_a_term_is_an_error() -> None:
    """Nothing is kept or wiped by a term that is not there; a gemeente without one of its own has that of all."""
    assert logboektermijnen.termijn("toegangsweigeringen", OPSTERLAND).gemeente == ""
    with pytest.raises(ValueError, match="geheim"):
        logboektermijnen.termijn("geheim")


@pytest.mark.parametrize(
    ("vandaag", "jaren", "dagen", "vanaf"),
    [
        (date(2026, 11, 22), 15, 0, date(2011, 11, 22)),
        (date(2028, 2, 29), 15, 0, date(2013, 2, 28)),
        (date(2026, 3, 1), 0, 365, date(2025, 3, 1)),
        (date(2026, 3, 1), 1, 1, date(2025, 2, 28)),
    ],
)
def test_the_first_day_that_is_kept(vandaag: date, jaren: int, dagen: int, vanaf: date) -> None:
    """Whole years by the calendar, then days."""
    een = logboektermijnen.Logboektermijn("a", jaren, dagen, "", "b")
    assert een.bewaard_vanaf(vandaag) == vanaf
