"""Who is involved in a casus, as each service keeps it."""

from __future__ import annotations

import uuid
from datetime import UTC, date, datetime
from typing import Any

import pytest
from sqlalchemy import Connection

from casuslog.envelope import Envelope
from casuslog.events import TYPE_PREFIX, VERNIETIGD
from casuslog.readmodels import InvolvementRegister, MeldingDays, note_rows

CASUS = str(uuid.uuid5(uuid.NAMESPACE_URL, "casus"))
DAG = date(2017, 3, 23)


def record(conn: Connection, gemeente: str = "0086", **changes: Any) -> None:
    right = {"organisatie": "0080", "als": "besluitende_gemeente", "vanaf": DAG, "tot": None, "thema": None}
    InvolvementRegister.record(conn, gemeente, CASUS, {**right, **changes})


def parties(conn: Connection, on: date = DAG) -> list[tuple[str, str]]:
    return [(one.gemeente, one.organisatie) for one in InvolvementRegister.of(conn, CASUS, on)]


@pytest.mark.parametrize(
    ("on", "involved"),
    [(date(2017, 3, 22), False), (DAG, True), (date(2017, 6, 30), True), (date(2017, 7, 1), False)],
)
def test_first_and_last_day_count(conn: Connection, on: date, involved: bool) -> None:
    """An involvement holds from its first to its last day, both included."""
    record(conn, tot=date(2017, 6, 30))
    assert bool(parties(conn, on)) is involved


def test_an_end_is_an_end_whatever_first_day_it_names(conn: Connection) -> None:
    """A later record of the same party in the same capacity takes the place of the earlier one."""
    record(conn)
    record(conn, vanaf=date(2017, 5, 1), tot=date(2017, 5, 2))
    assert parties(conn, date(2017, 6, 1)) == []


def test_an_end_for_one_thema_leaves_the_other(conn: Connection) -> None:
    """Involvement is per thema, also when both began on one day."""
    record(conn, thema="beschermd_wonen")
    record(conn, thema="maatwerk_zelfredzaamheid", tot=DAG)
    found = InvolvementRegister.of(conn, CASUS, date(2017, 4, 1))
    assert [one.thema for one in found] == ["beschermd_wonen"]


def test_who_recorded_it_stays_known(conn: Connection) -> None:
    """Two gemeenten may record the same party; the end that one records does not end what the other said."""
    record(conn)
    record(conn, "0074", tot=DAG)
    assert parties(conn, date(2017, 4, 1)) == [("0086", "0080")]


def test_the_same_again_changes_nothing(conn: Connection) -> None:
    """An event that comes twice leaves one row."""
    record(conn)
    record(conn)
    assert parties(conn) == [("0086", "0080")]


def test_one_whose_content_was_destroyed_grants_nothing(conn: Connection) -> None:
    """What was destroyed before it was read gives no right."""
    record(conn, organisatie=VERNIETIGD)
    assert parties(conn) == []


@pytest.mark.parametrize(
    ("rol", "organisatie", "als"),
    [("inwoner", None, ["client"]), ("derde", None, ["melder"]), ("wijkteam", "0086", [])],
)
def test_who_reports_is_the_client_or_a_melder_and_staff_is_neither(
    conn: Connection, rol: str, organisatie: str | None, als: list[str]
) -> None:
    """The envelope of a melding says who came; who wrote it down for the gemeente is no party."""
    InvolvementRegister.record_report(conn, melding(rol, organisatie))
    assert [one.als for one in InvolvementRegister.of(conn, CASUS, DAG)] == als


def melding(rol: str, organisatie: str | None) -> Envelope:
    return Envelope(
        id=CASUS,
        source="urn:nld:oin:00000099000000860000:systeem:melding",
        type=f"{TYPE_PREFIX}melding-geregistreerd",
        time=datetime(2017, 3, 23, 9, tzinfo=UTC),
        subject=CASUS,
        dataschema="/schemas/0123456789abcdef",
        sequence=1,
        gemeente="0086",
        stroom="melding",
        feitdatum=DAG,
        correlationid=CASUS,
        causationid=CASUS,
        actorrol=rol,
        actororganisatie=organisatie,
        actorid="persoon-1",
    )


def test_what_follows_from_facts_is_noted_in_one_visit(conn: Connection) -> None:
    """Both registers keep their rows, of one party the last one, and a register without rows stays as it is."""
    told = {"organisatie": "0080", "als": "melder", "vanaf": DAG, "tot": None, "thema": None}
    rows = [row for tot in (None, DAG) for row in InvolvementRegister.rows("0086", CASUS, {**told, "tot": tot})]
    note_rows(conn, rows, [MeldingDays.row("0086", CASUS, DAG)])
    note_rows(conn, [], [])
    assert [(one.organisatie, one.tot) for one in InvolvementRegister.of(conn, CASUS, DAG)] == [("0080", DAG)]
    assert MeldingDays.of(conn, CASUS, ["0086"]) == DAG
