"""What whoever keeps a service running can ask of it, on real stores: status, lag, parked lanes, its log."""

import json
from dataclasses import replace
from datetime import date, timedelta
from types import SimpleNamespace
from typing import Any

import pytest
from nameko.containers import ServiceContainer
from sqlalchemy import insert

from casuslog.caller import NotAuthenticated
from casuslog.consume import timers
from casuslog.consume.books import UNREADABLE
from casuslog.consume.failures import Policy
from casuslog.envelope import Actor, Stream
from casuslog.errors import Forbidden, InvalidInput, NotFound
from casuslog.events import Fact
from casuslog.hosting.entrypoint import OnEvent, on_event
from casuslog.hosting.operating import Operating
from casuslog.hosting.standing import COUNTED
from casuslog.identifiers import new_id
from casuslog.recorded import Context
from casuslog.store.tables import relay_position
from tests.casuslog.consume.world import DAY, GEMEENTE, Gedaan, World, log, whole_log
from tests.casuslog.hosting.bench import BEHEER, Bench

GEHEIM = "Wiarda-Terpstra"


@pytest.fixture
def bench(world: World) -> Bench:
    """The bench on an empty world."""
    return Bench(world)


def relayed_up_to(world: World, cursor: object) -> None:
    with world.stores["bron"].engine.begin() as conn:
        conn.execute(insert(relay_position).values(name="relay", cursor=str(cursor), token=1))


def test_status_tells_what_was_not_passed_on_and_since_when(bench: Bench) -> None:
    """The oldest event that the log has not confirmed gives the lag of the relay, by the clock that dated it."""
    bron, clock = bench.world.stores["bron"], bench.world.clock
    first = log(bron, new_id(), 2)
    clock.advance(timedelta(seconds=40))
    log(bron, new_id(), 3)
    clock.advance(timedelta(seconds=2))
    relayed_up_to(bench.world, first[0].cursor)
    told = bench.ask(bench.bron.http_status_van_dienst)
    assert told["kop"] == str(whole_log(bron)[-1].cursor)
    assert told["doorgegeven"] == str(first[0].cursor)
    assert told["wachtend"] == 4
    assert told["achterstand_seconden"] == 42.0
    assert told["geparkeerd"] == {"banen": 0, "termijnen": 0, "per_bron": {}}
    assert told["klaar"] is True


def test_status_of_a_quiet_service_is_level(bench: Bench) -> None:
    """Nothing logged, nothing behind: the start as cursor, zero seconds, and each source at its start."""
    told = bench.ask(bench.volger.http_status_van_dienst)
    assert (told["kop"], told["doorgegeven"], told["achterstand_seconden"]) == ("0.0.0", "0.0.0", 0.0)
    assert told["verwerkt"] == {"bron": "0.0.0", "meer": "0.0.0"}
    assert told["horizon"] == {"seconden": 0.0, "alarm": False, "door": []}


def test_a_service_without_its_connection_is_not_ready(bench: Bench) -> None:
    """A consumer that gets no deliveries makes its service not ready; one that follows nobody is."""
    bench.following.running = SimpleNamespace(consumer=bench.consumer, connected=False)
    assert bench.ask(bench.volger.http_status_van_dienst)["klaar"] is False
    bench.following.running = None
    assert bench.ask(bench.volger.http_status_van_dienst)["klaar"] is False
    assert bench.ask(bench.bron.http_status_van_dienst)["klaar"] is True


def test_the_lag_of_a_consumer_follows_from_its_checkpoint(bench: Bench) -> None:
    """The cursor that a consumer handled gives, at its source, since when the next event waits; level gives none."""
    bron, clock = bench.world.stores["bron"], bench.world.clock
    log(bron, new_id())
    bench.deliver()
    clock.advance(timedelta(minutes=1))
    waiting = log(bron, new_id())[0]
    clock.advance(timedelta(seconds=3))
    at = bench.ask(bench.volger.http_status_van_dienst)["verwerkt"]["bron"]
    behind = bench.ask(bench.bron.http_achterstand, f"na={at}")
    assert behind["seconden"] == 3.0
    assert behind["oudste"] == waiting.envelope.time.isoformat()
    bench.deliver()
    at = bench.ask(bench.volger.http_status_van_dienst)["verwerkt"]["bron"]
    assert bench.ask(bench.bron.http_achterstand, f"na={at}") == {"service": "bron", "oudste": None, "seconden": 0.0}


def test_a_parked_lane_is_shown_with_its_reason_and_goes_on_after_a_replay(bench: Bench) -> None:
    """A clerk reads why a lane stands still, nothing of its content; after a repair the whole lane takes effect."""
    bron, casus = bench.world.stores["bron"], new_id()
    stored = log(bron, casus, 3)
    failing = str(stored[1].envelope.position)
    bench.world.errors[failing] = ValueError(GEHEIM)
    bench.deliver()
    listed = bench.ask(bench.volger.http_geparkeerd)
    assert [(lane["baan"], lane["gebeurtenissen"]) for lane in listed["banen"]] == [(casus, 2)]
    assert listed["banen"][0]["reden"] == "Niet verwerkt: een fout in de verwerking (ValueError)."
    shown = bench.ask(bench.volger.http_geparkeerde_baan, "", casus)
    assert [(one["sequence"], one["toestand"]) for one in shown["gebeurtenissen"]] == [(2, "geparkeerd"), (3, "wacht")]
    assert GEHEIM not in json.dumps([listed, shown])
    assert bench.ask(bench.volger.http_status_van_dienst)["geparkeerd"]["banen"] == 1
    again = bench.ask(bench.volger.http_herhaal, "", casus)
    assert (again["verwerkt"], again["over"]) == (0, 2)
    assert "ValueError" in again["reden"]
    del bench.world.errors[failing]
    assert bench.ask(bench.volger.http_herhaal, "", casus) == {
        "service": "volger", "baan": casus, "verwerkt": 2, "over": 0, "reden": None,
    }  # fmt: skip
    assert bench.world.effects() == [str(one.envelope.position) for one in stored]
    with pytest.raises(NotFound):
        bench.ask(bench.volger.http_geparkeerde_baan, "", casus)


def test_what_could_not_be_read_shows_its_reason_and_nothing_of_itself(bench: Bench) -> None:
    """A delivery that is no event belongs to no gemeente: its reason is shown, its headers and bytes are not."""
    bench.consumer.deliver({"cloudEvents_subject": GEHEIM}, GEHEIM.encode(), "text/plain", lambda: None)
    bench.consumer.settle()
    shown = bench.ask(bench.volger.http_geparkeerde_baan, "", UNREADABLE)
    assert [one["soort"] for one in shown["gebeurtenissen"]] == [UNREADABLE]
    assert shown["gebeurtenissen"][0]["reden"].startswith("Niet verwerkt: ")
    assert GEHEIM not in json.dumps(shown)


def test_a_parked_lane_of_another_gemeente_is_not_there(bench: Bench) -> None:
    """A beheerder sees, and replays, only lanes of the gemeenten of the token."""
    casus = new_id()
    stored = log(bench.world.stores["bron"], casus)
    bench.world.errors[str(stored[0].envelope.position)] = ValueError(GEHEIM)
    bench.deliver()
    elsewhere = replace(BEHEER, gemeenten=("0080",))
    assert bench.ask(bench.volger.http_geparkeerd, caller=elsewhere)["banen"] == []
    for method in (bench.volger.http_geparkeerde_baan, bench.volger.http_herhaal):
        with pytest.raises(NotFound):
            bench.ask(method, "", casus, caller=elsewhere)


def test_a_parked_term_is_shown_and_planned_anew(bench: Bench) -> None:
    """A term whose handler kept failing stands beside the lanes; a replay plans it again."""
    volger, stream = bench.world.volger, Stream(GEMEENTE, "onderzoek", new_id())
    key = volger.run_transaction(
        lambda tx: timers.schedule(tx.conn, "onderzoekstermijn", stream, bench.world.clock.now().date() - timedelta(3))
    )

    def fails(timer: timers.Timer, tx: object) -> None:
        raise ValueError(GEHEIM)

    timers.TimerLoop(volger, bench.world.clock, fails, policy=Policy(faults=1)).step()
    listed = bench.ask(bench.volger.http_geparkeerd)["termijnen"]
    assert [(one["baan"], one["termijn"]) for one in listed] == [(key, "onderzoekstermijn")]
    assert GEHEIM not in json.dumps(listed)
    assert bench.ask(bench.volger.http_geparkeerde_baan, "", key)["termijnen"] == listed
    assert bench.ask(bench.volger.http_status_van_dienst)["geparkeerd"]["termijnen"] == 1
    assert bench.ask(bench.volger.http_herhaal, "", key)["opnieuw_gepland"] is True
    assert bench.ask(bench.volger.http_geparkeerd)["termijnen"] == []


def test_the_log_is_read_on_by_cursor_without_content(bench: Bench) -> None:
    """The tail gives envelopes in order, a page at a time, and the cursor to ask on with; never a body."""
    stored = log(bench.world.stores["bron"], new_id(), 3)
    first = bench.ask(bench.bron.http_gebeurtenissen, "limiet=2")
    rest = bench.ask(bench.bron.http_gebeurtenissen, f"na={first['volgende']}")
    seen = first["gebeurtenissen"] + rest["gebeurtenissen"]
    assert [one["id"] for one in seen] == [one.envelope.id for one in stored]
    assert all(one.keys() == {*stored[0].envelope.attributes(), "cursor"} for one in seen)
    level = bench.ask(bench.bron.http_gebeurtenissen, f"na={rest['volgende']}")
    assert (level["gebeurtenissen"], level["volgende"]) == ([], rest["volgende"])


def test_a_besloten_stream_does_not_show_in_the_log(bench: Bench) -> None:
    """That a toezicht dossier exists is for the toezichthouder alone (Wmo 2015 art. 6.1); the cursor passes it."""
    bron, command = bench.world.stores["bron"], new_id()
    context = Context(actor=Actor("toezichthouder", None, "t-1"), correlationid=command, causationid=command)
    dossier = Stream(GEMEENTE, "toezicht", new_id())
    bron.run_transaction(lambda tx: tx.append(dossier, 0, [Fact(Gedaan(1), DAY)], context))
    open_one = log(bron, new_id())[0]
    answer = bench.ask(bench.bron.http_gebeurtenissen)
    assert [one["id"] for one in answer["gebeurtenissen"]] == [open_one.envelope.id]
    assert answer["volgende"] == str(open_one.cursor)


def test_only_a_beheerder_gets_in_and_only_for_its_own_gemeenten(bench: Bench) -> None:
    """Without a token nobody, with another role nobody, and a gemeente outside the token is refused by name."""
    methods = [
        (bench.bron.http_achterstand, ()),
        (bench.bron.http_gebeurtenissen, ()),
        (bench.volger.http_geparkeerd, ()),
        (bench.volger.http_geparkeerde_baan, ("x",)),
        (bench.volger.http_herhaal, ("x",)),
    ]
    for method, path in methods:
        with pytest.raises(NotAuthenticated):
            bench.ask(method, "", *path, caller=None)
        with pytest.raises(Forbidden) as refused:
            bench.ask(method, "", *path, caller=replace(BEHEER, rol="consulent"))
        assert refused.value.reason == "rol_beheerder_vereist"
    with pytest.raises(Forbidden, match="geldt niet voor gemeente 0080"):
        bench.ask(bench.bron.http_gebeurtenissen, "gemeente=0080")


@pytest.mark.parametrize("query", ["na=gisteren", "limiet=0", "limiet=veel"])
def test_a_wrong_cursor_or_limit_is_named(bench: Bench, query: str) -> None:
    """What is asked wrongly is told by field."""
    with pytest.raises(InvalidInput) as wrong:
        bench.ask(bench.bron.http_gebeurtenissen, query)
    assert list(wrong.value.errors) == [query.partition("=")[0]]


def test_the_dependency_holds_the_very_consumer_of_the_entrypoints() -> None:
    """One container has one consumer: what the endpoints show is what the ``@on_event`` methods fill."""

    class Dienst(Operating):
        name = "dienst"

        @on_event("melding")
        def volg(self, event: Any, tx: Any) -> None: ...

    container = ServiceContainer(Dienst, config={})
    (following,) = [one for one in container.entrypoints if isinstance(one, OnEvent)]
    (consuming,) = [one for one in container.dependencies if one.attr_name == "consuming"]
    assert consuming.get_dependency(None) is following.consumer


def test_more_behind_than_is_counted_is_told_as_that_many(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    """Counting stops at a bound: a status is asked often, also when a million events wait."""
    assert COUNTED == 1000
    monkeypatch.setattr("casuslog.hosting.standing.COUNTED", 2)
    log(bench.world.stores["bron"], new_id(), 3)
    assert bench.ask(bench.bron.http_status_van_dienst)["wachtend"] == 2


def test_a_clock_set_back_gives_no_negative_lag(bench: Bench) -> None:
    """An event dated after the present moment of a set clock waits zero seconds, not less."""
    log(bench.world.stores["bron"], new_id())
    bench.world.clock.set(date(2026, 3, 9))
    assert bench.ask(bench.bron.http_status_van_dienst)["achterstand_seconden"] == 0.0
