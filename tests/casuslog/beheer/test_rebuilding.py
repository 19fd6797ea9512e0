"""A rebuild of one gemeente's read model beside the live one: the same where all is well, and what is not is found."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from datetime import date
from pathlib import Path
from typing import Any

import psycopg2.extensions
import pytest
import structlog
from click.testing import CliRunner, Result
from sqlalchemy import Connection, Table, delete, event, select, update

from casuslog.beheer import rebuilding
from casuslog.beheer.rebuilding import Rebuild, Rebuilt, projections
from casuslog.cli._installation import Installation
from casuslog.cli._root import cli
from casuslog.clock import SettableClock
from casuslog.codes import oin_of
from casuslog.consume.catchup import catch_up
from casuslog.consume.consumer import Consumer
from casuslog.consume.feeds import LocalFeed
from casuslog.envelope import Actor, Stream
from casuslog.errors import InvalidInput
from casuslog.events import Fact
from casuslog.hosting.platform import Platform
from casuslog.identifiers import new_id
from casuslog.readmodels import _copy, _upsert
from casuslog.readmodels.beside import EXTRA, MISSING, OTHER
from casuslog.readmodels.tables import involvements, known_events, melding_days, metadata, policies
from casuslog.recorded import Context
from casuslog.rights.events import BetrokkenheidVastgelegd
from casuslog.settings import Settings
from casuslog.store.tables import inbox
from services.inrichting.inrichting import InrichtingVastgesteld
from services.melding.gebeurtenissen import ContactGeregistreerd, MeldingGeregistreerd

OURS, OTHERS = "0086", "0080"
MELDING_NAME = "melding-geregistreerd"
DAY = date(2017, 3, 1)
MELDING = MeldingGeregistreerd(
    vorm="vormvrij",
    kanaal="telefoon",
    velden=("naam",),
    melder="inwoner",
    betrokkene="client",
    ontvangen_door="wijkteam",
    woongemeente=OURS,
    thema="wmo",
    naam="J. de Vries",
)


class World:
    """An installation whose services logged things, and a historie that follows them when told to."""

    def __init__(self, settings: Settings) -> None:
        self.settings = settings
        self.platform = Platform(settings, clock=SettableClock(date(2017, 3, 10)))
        feeds = {source: LocalFeed(self.platform.store_for(source)) for source in self.handlers.sources}
        self.historie = self.platform.store_for("historie")
        self._consumer = Consumer("historie", self.historie, self.handlers, feeds, self.platform.clock)
        self._consumer.open()

    @property
    def handlers(self):
        return projections(self.platform, "historie")

    def log(self, service: str, gemeente: str, subject: str, *facts: Fact, after: int = 0) -> None:
        """Append to a stream; who acts is the inwoner."""
        command = new_id()
        context = Context(actor=Actor("inwoner", None, "i-1"), correlationid=command, causationid=command)
        stream = Stream(gemeente, service, subject)
        store = self.platform.store_for(service)
        store.run_transaction(lambda tx: tx.append(stream, after, facts, context))

    def melding(self, gemeente: str = OURS) -> str:
        """A casus with contact, a melding and somebody involved."""
        casus = new_id()
        facts = (
            Fact(ContactGeregistreerd(kanaal="telefoon", punt="kcc"), DAY),
            Fact(MELDING, DAY),
            Fact(BetrokkenheidVastgelegd(organisatie="41414141", als="aanbieder", vanaf=DAY), DAY),
        )
        self.log("melding", gemeente, casus, *facts)
        return casus

    def inrichting(self, versie: int = 1) -> None:
        """A version of the inrichting of our gemeente."""
        vastgesteld = InrichtingVastgesteld(
            gemeente=OURS,
            versie=versie,
            sleutel="opsterland",
            geldig_vanaf=DAY,
            lopende_casussen="meteen",
            beleid="{}",
            digest="",
        )
        self.log("inrichting", OURS, new_id(), Fact(vastgesteld, DAY))

    def follow(self) -> None:
        """Let the live read model take all that was logged."""
        assert catch_up(self._consumer) == []
        self._consumer.settle()

    def rebuild(self, rounds: int = 1) -> Rebuilt:
        """Rebuild our gemeente once."""
        return Rebuild(self.platform, "historie", OURS).run(rounds=rounds, pause=lambda _: None)

    def live(self, table) -> list:
        with self.historie.engine.connect() as conn:
            return sorted(map(tuple, conn.execute(select(table))))


@pytest.fixture(params=["sqlite", pytest.param("postgres", marks=pytest.mark.postgres)])
def world(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[World]:
    """The same world on either database."""
    given = {"CASUSLOG_DATA": str(tmp_path)}
    if request.param == "postgres":
        given |= {"CASUSLOG_DATABASE_URL": request.getfixturevalue("postgres_url"), "CASUSLOG_AMQP_URL": "amqp://none"}
    made = World(Settings.from_env(given))
    yield made
    made.platform.close()


def kinds(rebuilt: Rebuilt) -> list[tuple[str, str]]:
    """Table and kind of each difference."""
    return [(one.table, one.kind) for one in rebuilt.comparison.differences]


def test_a_rebuild_of_what_was_followed_has_no_difference(world: World) -> None:
    """The log says the same twice: every row of every table is there again, and nothing live was touched."""
    world.inrichting()
    for gemeente in (OURS, OURS, OTHERS):
        world.melding(gemeente)
    world.follow()
    before = {table.name: world.live(table) for table in metadata.sorted_tables}
    rebuilt = world.rebuild()
    assert rebuilt.sound
    assert rebuilt.events == 7
    of_ours = sum(row[0] == OURS for rows in before.values() for row in rows)
    assert rebuilt.comparison.rows == of_ours == 6 + 2 + 4 + 1
    assert {table.name: world.live(table) for table in metadata.sorted_tables} == before


def test_what_was_changed_by_hand_is_found_as_what_it_is(world: World) -> None:
    """A row that went, one that nobody logged and one that was changed: each by table, kind and place, no content."""
    world.inrichting()
    gone, changed = world.melding(), world.melding()
    world.follow()
    with world.historie.engine.begin() as conn:
        first = (known_events.c.subject == gone) & (known_events.c.sequence == 1)
        conn.execute(delete(known_events).where(first))
        conn.execute(update(melding_days).where(melding_days.c.subject == changed).values(gemeld_op=date(2016, 1, 1)))
        conn.execute(update(policies).values(beleid='{"x": 1}'))
        nobody = {"organisatie": "99", "als": "aanbieder", "thema": "", "vanaf": DAY, "tot": None}
        conn.execute(involvements.insert().values(gemeente=OURS, subject=new_id(), **nobody))
    rebuilt = world.rebuild()
    assert not rebuilt.sound
    assert kinds(rebuilt) == [
        ("bekend", MISSING),
        ("betrokken", EXTRA),
        ("inrichtingen", OTHER),
        ("meldingsdagen", OTHER),
    ]
    told = [str(one) for one in rebuilt.comparison.differences]
    assert told[0] == f"ontbreekt in bekend: bron=melding stroom=melding subject={gone} sequence=1"
    assert "99" not in told[1].replace(rebuilt.comparison.differences[1].key["subject"], "")


def test_another_gemeente_is_neither_read_nor_compared(world: World) -> None:
    """What is wrong with another gemeente does not show, and its keys are not asked for."""
    world.melding()
    world.melding(OTHERS)
    world.follow()
    with world.historie.engine.begin() as conn:
        conn.execute(delete(known_events).where(known_events.c.gemeente == OTHERS))
    world.platform.keys.uses.clear()
    assert world.rebuild().sound
    assert {(gemeente, purpose) for gemeente, purpose in world.platform.keys.uses} == {(OURS, rebuilding.PURPOSE)}


def test_only_what_a_projection_looks_into_is_decrypted(world: World) -> None:
    """A rebuild reads who is involved and where a BSN leads, and leaves every other event closed."""
    world.melding()
    world.follow()
    world.platform.keys.uses.clear()
    world.rebuild()
    # The block of who is involved, that of the melding in which a BSN may stand, none of the contact.
    assert sum(world.platform.keys.uses.values()) == 2


def test_what_a_batch_is_looked_into_for_is_decrypted_together(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    """The key store is asked once for a type of a batch, also the first time that somebody looks inside."""
    for _ in range(3):
        world.melding()
    keys = world.platform.keys
    get_of, asked = keys.get_of, []

    def watched(wanted, purpose):
        asked.append(wanted)
        return get_of(wanted, purpose)

    monkeypatch.setattr(keys, "get_of", watched)
    keys.uses.clear()
    Rebuild(world.platform, "historie", OURS).run(rounds=1)
    # One block of who is involved in each of three meldingen, and one of the meldingen: a BSN may stand in it.
    assert [len(wanted[OURS]) for wanted in asked] == [3, 3]
    assert sum(keys.uses.values()) == 6


def test_each_block_is_opened_once_somebody_asks_for_what_is_in_it(world: World) -> None:
    """A field of another block, all fields together, and one that there is not: each is as the event says it."""
    world.melding()
    (stored,) = [
        one for one in world.platform.store_for("melding").read_log((OURS,)) if one.envelope.name == MELDING_NAME
    ]
    asked: dict[str, frozenset[str]] = {}
    later = rebuilding._Page(world.platform.codec, [stored], asked).events[0].data
    assert (later["naam"], later["bsn"]) == ("J. de Vries", None)
    assert later["kanaal"] == "telefoon"
    assert later["naam"] == "J. de Vries"
    (read,) = world.platform.codec.decode_many([stored], purpose="test", typed=False)
    assert dict(later) == read.data
    assert len(later) == len(read.data)
    with pytest.raises(KeyError, match="onbekend"):
        _ = later["onbekend"]


def test_what_was_asked_of_one_page_is_ready_in_the_next(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    """The next page is decrypted while it is read, as far as projections have looked inside so far, and no further."""
    for _ in range(2):
        world.melding()
    first, second = [
        one for one in world.platform.store_for("melding").read_log((OURS,)) if one.envelope.name == MELDING_NAME
    ]
    codec = world.platform.codec
    asked: dict[str, frozenset[str]] = {}
    assert rebuilding._Page(codec, [first], asked).events[0]["bsn"] is None
    world.platform.keys.uses.clear()
    page = rebuilding._Page(codec, [second], asked)
    assert world.platform.keys.uses[OURS, rebuilding.PURPOSE] == 1
    monkeypatch.setattr(codec, "decode_fields", None)
    assert page.events[0]["naam"] == "J. de Vries"


def test_a_casus_that_the_live_side_has_not_finished_is_no_difference(world: World) -> None:
    """Both are compared at the same position: what is on its way is told apart, and compared once it has come."""
    world.inrichting()
    still, moving = world.melding(), world.melding()
    world.follow()
    world.log("melding", OURS, moving, Fact(ContactGeregistreerd(kanaal="balie", punt="kcc"), DAY), after=3)
    world.inrichting(2)
    behind = world.rebuild()
    assert behind.comparison.differences == []
    assert moving in behind.comparison.moving
    assert still not in behind.comparison.moving
    assert behind.comparison.unlike == {"inrichtingen"}
    assert not behind.sound


def test_what_goes_on_meanwhile_is_followed_until_all_was_compared(world: World) -> None:
    """The live side moves on between two comparisons, past the rebuild: both meet, and what is wrong shows."""
    world.inrichting()
    casus = world.melding()
    world.follow()
    added = world.melding()

    def meanwhile(_: float) -> None:
        world.log("melding", OURS, casus, Fact(ContactGeregistreerd(kanaal="balie", punt="kcc"), DAY), after=3)
        world.follow()
        with world.historie.engine.begin() as conn:
            conn.execute(delete(melding_days).where(melding_days.c.subject == added))

    rebuilt = Rebuild(world.platform, "historie", OURS).run(rounds=2, pause=meanwhile)
    assert rebuilt.comparison.moving == frozenset()
    assert [(one.table, one.kind, one.key["subject"]) for one in rebuilt.comparison.differences] == [
        ("meldingsdagen", MISSING, added)
    ]


def test_live_rows_whose_inbox_is_lost_are_not_called_sound(world: World) -> None:
    """Without its inbox nobody can say what the live side has seen: the casus counts as not compared."""
    casus = world.melding()
    world.follow()
    with world.historie.engine.begin() as conn:
        conn.execute(delete(inbox))
    rebuilt = world.rebuild(rounds=2)
    assert rebuilt.comparison.moving == {casus}
    assert not rebuilt.sound


def test_a_rebuild_leaves_nothing_behind(world: World) -> None:
    """Its tables are gone with their connection: the next one begins empty and finds the live tables by their names."""
    world.melding()
    world.follow()
    for _ in range(2):
        assert world.rebuild().sound
    with world.historie.engine.connect() as conn:
        assert len(conn.execute(select(known_events)).all()) == 3


def test_live_and_rebuilt_are_written_by_the_same_statements(world: World) -> None:
    """There is one projection: what is sent to the database differs in nothing, only in which table the name means."""
    world.melding()
    seen: list[str] = []

    def note(conn: Connection, cursor: object, statement: str, *_: object) -> None:
        if statement.startswith(("INSERT INTO bekend ", "INSERT INTO betrokken ")):
            seen.append(statement)

    event.listen(world.historie.engine, "before_cursor_execute", note)
    world.follow()
    live, seen[:] = set(seen), []
    world.rebuild()
    assert live == set(seen) != set()


def test_in_a_plain_process_what_is_rebuilt_is_the_same(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    """Where the driver takes COPY rows go in by it, page after page read ahead; what differs is found as ever."""
    copied: list[str] = []

    def copy_rows(conn: Connection, table: Table, rows: Sequence[Mapping[str, Any]]) -> bool:
        copied.append(table.name)
        return _copy.copy_rows(conn, table, rows)

    for _ in range(3):
        world.melding()
    world.inrichting()
    world.follow()
    with world.historie.engine.begin() as conn:
        conn.execute(update(known_events).where(known_events.c.sequence == 2).values(body=b"anders"))
    monkeypatch.setattr(rebuilding, "BATCH", 2)
    monkeypatch.setattr(_upsert, "copy_rows", copy_rows)
    green = psycopg2.extensions.get_wait_callback()
    psycopg2.extensions.set_wait_callback(None)
    try:
        world.historie.engine.dispose()
        rebuilt = world.rebuild()
    finally:
        psycopg2.extensions.set_wait_callback(green)
    assert kinds(rebuilt) == [("bekend", OTHER)] * 3
    assert rebuilt.events == 10
    postgres = world.historie.engine.dialect.name == "postgresql"
    assert ("bekend" in copied) == ("betrokken" in copied) == postgres


def test_a_service_that_also_reacts_cannot_be_rebuilt(world: World) -> None:
    """What does not follow from the logs alone is refused before anything is read."""
    for service in ("onderzoek", "abonnement"):
        with pytest.raises(InvalidInput, match="niet los te herbouwen"):
            Rebuild(world.platform, service, OURS)


def test_the_command_tells_differences_and_ends_with_1(world: World) -> None:
    """``casuslog herbouw``: 0 and one line where all is well; else a line per difference, some of many, and 1."""

    def run(*args: str) -> Result:
        installation = Installation(world.settings)
        installation.__dict__["clock"] = world.platform.clock
        asked = ["herbouw", "historie", "--gemeente", "opsterland", *args]
        with structlog.testing.capture_logs():
            return CliRunner().invoke(cli, asked, obj=installation)

    for _ in range(8):
        world.melding()
    world.follow()
    well = run()
    assert well.exit_code == 0, well.output
    assert well.stdout.startswith("historie, gemeente 0086: 24 gebeurtenissen herbouwd in ")
    assert well.stdout.endswith("48 rijen vergeleken, geen verschil\n")
    with world.historie.engine.begin() as conn:
        conn.execute(delete(known_events))
    wrong = run()
    assert wrong.exit_code == 1
    assert len(wrong.stdout.splitlines()) == 20 + 1 + 1
    assert wrong.stdout.splitlines()[-1].endswith("24 verschillen")
    assert len(run("--alle").stdout.splitlines()) == 24 + 1
    assert run("--gemeente", "atlantis").exit_code == 1
    assert oin_of(OURS) not in wrong.stdout
