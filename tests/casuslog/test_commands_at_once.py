"""A command that begins a casus on PostgreSQL: in one statement, and still what every other command is."""

from __future__ import annotations

import dataclasses
import json
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import date
from typing import Any
from unittest.mock import patch

import pytest
from sqlalchemy import text

import casuslog.rights.events
import casuslog.termijnen.events  # noqa: F401  # declares the shared events
from casuslog.caller import Caller
from casuslog.clock import SettableClock
from casuslog.codec import Codec
from casuslog.codes import oin_of, schemas_folder
from casuslog.commands import CommandCall, CommandPath, CommandType, Readers, Situation
from casuslog.consume import timers
from casuslog.envelope import Stream
from casuslog.errors import KeyReused, NotFound, Refused
from casuslog.events import Fact
from casuslog.privacy import KeyStore, RootKey
from casuslog.readmodels import InvolvementRegister, KnownEvents, MeldingDays, Policies, metadata
from casuslog.rights.events import BetrokkenheidVastgelegd
from casuslog.schema import SchemaRegistry
from casuslog.store import EVERY_GEMEENTE, EventStore
from casuslog.termijnen.events import TermijnGestart
from services.melding import commands, melding
from services.melding.gebeurtenissen import MeldingGeregistreerd

DAG = date(2017, 2, 15)
GEMEENTE = "0086"
TEAM = Caller("wijkteam", GEMEENTE, "w1", (GEMEENTE,))
BUREN = Caller("wijkteam", "0074", "w2", ("0074",))


@pytest.fixture
def store(postgres_url: str) -> Iterator[EventStore]:
    keys = KeyStore.open(postgres_url, RootKey.generate())
    codec = Codec(SchemaRegistry.load(schemas_folder()), keys)
    clock = SettableClock(DAG)
    opened = EventStore.open(postgres_url, "melding", codec=codec, clock=clock, oin_of=oin_of, tables=metadata)
    timers.prepare(opened)
    yield opened
    opened.close()
    keys.close()


def _beleid(store: EventStore, versie: int, vanaf: date, woord: str = "ja") -> None:
    row = {"gemeente": GEMEENTE, "versie": versie, "sleutel": "s", "geldig_vanaf": vanaf}
    with store.transaction() as tx:
        Policies.keep(tx.conn, {**row, "beleid": json.dumps({"woord": woord})})


def _decide(s: Situation) -> list[Fact]:
    if s.inrichting["woord"] == "nee":
        raise Refused("nee", "Nee.", rule="r", remedy="m", field="hulpvraag")
    gemeld = MeldingGeregistreerd(
        vorm="vormvrij", kanaal="telefoon", velden=(), melder="inwoner", betrokkene="client", ontvangen_door="team",
        woongemeente=GEMEENTE, thema="wmo",
    )  # fmt: skip
    betrokken = BetrokkenheidVastgelegd(organisatie=GEMEENTE, als="woongemeente", vanaf=s.command.op)
    facts = [Fact(gemeld, on=s.command.op), Fact(betrokken, on=s.command.op)]
    if s.inrichting["woord"] == "termijn":
        facts.append(Fact(_TERMIJN, on=s.command.op))
    return facts


_TERMIJN = TermijnGestart(
    soort="onderzoekstermijn",
    van=DAG,
    rekendatum=DAG,
    uiterlijk=date(2017, 4, 1),
    artikel="art. 2.3.2",
    kalender="2017",
)


@pytest.fixture
def path(store: EventStore) -> CommandPath:
    _beleid(store, 1, date(2015, 1, 1))
    return _path(store)


def _path(store: EventStore) -> CommandPath:
    kind = CommandType(
        name="registreer-melding",
        schema=commands.REGISTREER_MELDING,
        aggregate=melding.MELDING,
        decide=_decide,
        begins=True,
    )
    readers = Readers(inrichting=lambda policy: policy.beleid)
    return CommandPath(store, [kind], [], SettableClock(DAG), readers, KnownEvents(store.codec))


def _meld(key: str, caller: Caller = TEAM, **body: Any) -> CommandCall:
    return CommandCall(name="registreer-melding", body={"gemeente": GEMEENTE, **body}, caller=caller, key=key)


def _usual_ways(store: EventStore, path: CommandPath, call: CommandCall) -> int:
    """How often the command went through a transaction of more statements."""
    with patch.object(store, "run_transaction", wraps=store.run_transaction) as usual:
        path.run(call)
    return usual.call_count


def test_once_the_inrichting_is_known_one_statement_does(store: EventStore, path: CommandPath) -> None:
    """The first command reads which inrichting holds; the next of the same day needs no transaction of its own."""
    assert _usual_ways(store, path, _meld("een")) == 1
    assert _usual_ways(store, path, _meld("twee")) == 0


def test_it_keeps_what_the_usual_way_keeps(store: EventStore, path: CommandPath) -> None:
    """Events, their chain, who is involved, the day of the melding and the context are those of the usual way."""
    usual = path.run(_meld("een")).casus
    path.run(_meld("twee", op="2017-02-01"))
    at_once = path.run(_meld("drie", op="2017-02-01")).casus
    read = [list(store.read_stream(Stream(GEMEENTE, "melding", casus))) for casus in (usual, at_once)]
    told = [[(e.envelope.name, e.envelope.sequence, e.envelope.inrichtingversie) for e in events] for events in read]
    assert told[0] == told[1]
    assert not list(store.verify(EVERY_GEMEENTE))
    with store.transaction() as tx:
        assert [i.als for i in InvolvementRegister.of(tx.conn, at_once, DAG)] == ["woongemeente"]
        assert MeldingDays.of(tx.conn, at_once, {GEMEENTE}) == date(2017, 2, 1)


def test_a_repeat_gets_the_first_answer(store: EventStore, path: CommandPath) -> None:
    """The same key and body gives the same casus and events, marked as repeated, and appends nothing."""
    path.run(_meld("een"))
    first = path.run(_meld("twee"))
    before = len(store.read_log(EVERY_GEMEENTE))
    again = path.run(_meld("twee"))
    assert (again.casus, again.gebeurtenissen, again.herhaald) == (first.casus, first.gebeurtenissen, True)
    assert len(store.read_log(EVERY_GEMEENTE)) == before


def test_a_key_is_for_one_body(store: EventStore, path: CommandPath) -> None:
    """Another body under a used key is refused, and nothing of it is kept: no event, no row of a read model."""
    path.run(_meld("een"))
    path.run(_meld("twee"))
    with store.engine.connect() as conn:
        before = conn.execute(text("SELECT count(*) FROM meldingsdagen")).scalar()
    with pytest.raises(KeyReused):
        path.run(_meld("twee", externereferentie="anders"))
    with store.engine.connect() as conn:
        assert conn.execute(text("SELECT count(*) FROM meldingsdagen")).scalar() == before


def test_the_same_command_many_times_at_once_happens_once(store: EventStore, path: CommandPath) -> None:
    """Of callers with one key at one moment one is carried out; the others get its answer."""
    path.run(_meld("warm"))
    with ThreadPoolExecutor(8) as pool:
        answers = list(pool.map(lambda _: path.run(_meld("samen")), range(16)))
    assert len({answer.casus for answer in answers}) == 1
    assert sum(not answer.herhaald for answer in answers) == 1
    assert len(store.read_log(EVERY_GEMEENTE)) == 4


def _in_company(
    store: EventStore, path: CommandPath, *calls: CommandCall, before: Any = list, most: int = 0
) -> list[Any]:
    """What came of calls that all waited for one statement, after ``before()``; of so many, if some had to wait."""
    path.run(_meld("the first: which inrichting holds"))
    path.run(_meld("the second: at once"))
    at_once: Any = store.at_once
    [company] = at_once._companies.values()
    alone, together, shared = company._brief, company._together, list[int]()

    def first_waits(begin: Any) -> Any:
        _until(lambda: shared or len(company._waiting) == len(calls))
        company._went = len(calls)  # half of those who are there go together: as if as many went before
        return alone(begin)

    def noted(group: Any) -> Any:
        shared.append(len(group))
        # By another: who begins a casus holds its own transaction.
        beside.submit(before).result()
        return together(group)

    def tried(call: CommandCall) -> Any:
        try:
            return path.run(call)
        except Exception as error:
            return error

    beside = ThreadPoolExecutor(1)
    with (
        patch.multiple(company, _brief=first_waits, _together=noted),
        ThreadPoolExecutor(len(calls) + 1) as pool,
        beside,
    ):
        leader = pool.submit(path.run, _meld("who goes first"))
        _until(lambda: company._under_way)
        outcomes = list(pool.map(tried, calls))
        leader.result()
    assert shared[0] == (most or len(calls))
    return outcomes


def _until(holds: Any) -> None:
    end = time.monotonic() + 10
    while not holds():
        assert time.monotonic() < end
        time.sleep(0.002)


def _transactions(store: EventStore, answers: list[Any]) -> list[int]:
    """The transaction in which the events of each answer were kept."""
    with store.reading() as conn:
        asked = text("SELECT min(xid) FROM events WHERE event_id = ANY(:ids) HAVING min(xid) = max(xid)")
        return [conn.execute(asked, {"ids": list(answer.gebeurtenissen)}).scalar_one() for answer in answers]


def test_those_of_the_same_moment_begin_in_one_transaction(store: EventStore, path: CommandPath) -> None:
    """Each has its own casus, events, chain, rows of read models and answer, as if it came alone."""
    calls = [_meld(f"k{n}") for n in range(5)]
    answers = _in_company(store, path, *calls)
    assert len({answer.casus for answer in answers}) == 5
    assert len(set(_transactions(store, answers))) == 1
    assert list(store.verify(EVERY_GEMEENTE)) == []
    with store.reading() as conn:
        for call, answer in zip(calls, answers, strict=True):
            events = list(store.read_stream(Stream(GEMEENTE, "melding", answer.casus)))
            assert [event.envelope.id for event in events] == list(answer.gebeurtenissen)
            assert InvolvementRegister.of(conn, answer.casus, DAG)
            assert MeldingDays.of(conn, answer.casus, frozenset({GEMEENTE})) == DAG
            assert path.run(call) == dataclasses.replace(answer, herhaald=True)


def test_beside_others_each_has_its_own_outcome(store: EventStore, path: CommandPath) -> None:
    """A repetition, a used key with another body and a key twice at this moment stop nobody, and are what they were."""
    path.run(_meld("to know what holds"))
    earlier = path.run(_meld("before", naam="Een"))
    calls = (_meld("new"), _meld("before", naam="Een"), _meld("before", naam="Twee"), _meld("last"))
    new, again, other, last = _in_company(store, path, *calls, most=3)
    assert len({new.casus, earlier.casus, last.casus}) == 3
    assert (new.herhaald, last.herhaald) == (False, False)
    assert again == dataclasses.replace(earlier, herhaald=True)
    assert isinstance(other, KeyReused)
    assert list(store.verify(EVERY_GEMEENTE)) == []


def test_what_came_meanwhile_holds_for_all_that_go_together(store: EventStore, path: CommandPath) -> None:
    """Another inrichting holds by now: the statement keeps none of them, and each is judged by that one."""
    calls = [_meld(f"k{n}") for n in range(3)]
    outcomes = _in_company(store, path, *calls, before=lambda: _beleid(store, 2, date(2016, 1, 1), "nee"))
    assert [getattr(one, "code", one) for one in outcomes] == ["nee"] * 3
    assert _in_store(store, calls) == 0


def test_what_is_wrong_with_one_stops_no_other_that_goes_with_it(store: EventStore, path: CommandPath) -> None:
    """A value that the database cannot hold undoes the statement: each then goes alone, and only that one fails."""
    good, bad, last = _in_company(store, path, _meld("k1"), _meld("k2\x00"), _meld("k3"))
    assert isinstance(bad, ValueError)
    assert len(set(_transactions(store, [good, last]))) == 2


def _in_store(store: EventStore, calls: list[CommandCall]) -> int:
    """How many of these commands have an answer that is kept."""
    with store.reading() as conn:
        asked = text("SELECT count(*) FROM commands WHERE key = ANY(:keys)")
        return int(conn.execute(asked, {"keys": [call.key for call in calls]}).scalar_one())


def test_a_version_that_came_meanwhile_holds(store: EventStore, path: CommandPath) -> None:
    """What is remembered of an inrichting is no reason to judge by it when another one holds by now."""
    path.run(_meld("een"))
    _beleid(store, 2, date(2017, 1, 1))
    casus = path.run(_meld("twee")).casus
    envelopes = [e.envelope for e in store.read_stream(Stream(GEMEENTE, "melding", casus))]
    assert {e.inrichtingversie for e in envelopes} == {"s@2"}


def test_a_refusal_is_judged_by_what_holds_now(store: EventStore, path: CommandPath) -> None:
    """A remembered inrichting that refuses does not refuse where a newer one allows, and the other way round."""
    _beleid(store, 2, date(2016, 1, 1), "nee")
    with pytest.raises(Refused):
        path.run(_meld("een"))
    _beleid(store, 3, date(2017, 1, 1))
    assert path.run(_meld("een")).versie == 2
    _beleid(store, 4, date(2017, 2, 1), "nee")
    with pytest.raises(Refused):
        path.run(_meld("twee"))


def test_a_repeat_is_answered_also_where_it_would_be_refused_now(store: EventStore, path: CommandPath) -> None:
    """A command that was carried out gets its answer, whatever the inrichting has become."""
    first = path.run(_meld("een"))
    _beleid(store, 2, date(2017, 1, 1), "nee")
    with pytest.raises(Refused):
        path.run(_meld("twee"))
    assert path.run(_meld("een")).casus == first.casus


def test_who_may_not_act_is_refused_before_anything(store: EventStore, path: CommandPath) -> None:
    """A caller of another gemeente begins nothing here, remembered inrichting or not."""
    path.run(_meld("een"))
    with pytest.raises(NotFound):
        path.run(_meld("twee", BUREN))
    assert len(store.read_log(EVERY_GEMEENTE)) == 2


def test_a_term_that_starts_is_kept_with_its_event(store: EventStore, path: CommandPath) -> None:
    """A command that starts a term goes the usual way, so that its timer stands beside its event."""
    _beleid(store, 2, date(2016, 1, 1), "termijn")
    path.run(_meld("een"))
    casus = path.run(_meld("twee")).casus
    with store.engine.connect() as conn:
        assert conn.execute(text("SELECT due_on FROM timers WHERE subject = :s"), {"s": casus}).scalar() == date(
            2017, 4, 1
        )
