"""Which inrichting holds: by day, by the day of the melding, and by the name that an event carries."""

from __future__ import annotations

import json
from datetime import date
from typing import Any

import pytest
from sqlalchemy import Connection

from casuslog.errors import Refused
from casuslog.readmodels import MeldingDays, Policies

OPSTERLAND, CASUS = "0086", "01890a5d-ac96-774b-bcce-b302099a8057"
JANUARI, JULI = date(2017, 1, 1), date(2017, 7, 1)


def keep(conn: Connection, versie: int, vanaf: date, lopend: str | None = None, gemeente: str = OPSTERLAND) -> None:
    beleid: dict[str, Any] = {"kop": {"versie": versie}}
    if lopend is not None:
        beleid["overgang"] = {"lopende_casussen": lopend}
    row = {"gemeente": gemeente, "versie": versie, "sleutel": "opsterland", "geldig_vanaf": vanaf}
    Policies.keep(conn, {**row, "beleid": json.dumps(beleid)})


@pytest.mark.parametrize(
    ("dag", "versie"),
    [(JANUARI, "opsterland@1"), (date(2017, 6, 30), "opsterland@1"), (JULI, "opsterland@2")],
)
def test_the_version_of_the_day_of_the_act_holds(conn: Connection, dag: date, versie: str) -> None:
    """A version holds from its first day until the day before the next."""
    keep(conn, 1, JANUARI)
    keep(conn, 2, JULI)
    assert Policies().on(conn, OPSTERLAND, dag).versie == versie


@pytest.mark.parametrize(
    ("lopend", "gemeld_op", "versie"),
    [
        ("dag_van_de_melding", date(2017, 6, 30), "opsterland@1"),
        ("dag_van_de_melding", JULI, "opsterland@2"),
        ("dag_van_de_melding", None, "opsterland@2"),
        ("dag_van_de_handeling", date(2017, 6, 30), "opsterland@2"),
        (None, date(2017, 6, 30), "opsterland@2"),
    ],
)
def test_what_a_version_means_for_running_cases_is_data(
    conn: Connection, lopend: str | None, gemeld_op: date | None, versie: str
) -> None:
    """Only with dag_van_de_melding, and only a casus that was reported before, stays with the version before it."""
    keep(conn, 1, JANUARI)
    keep(conn, 2, JULI, lopend)
    assert Policies().on(conn, OPSTERLAND, date(2017, 8, 1), melding=gemeld_op).versie == versie


def test_each_version_says_it_for_itself(conn: Connection) -> None:
    """A version that leaves running cases alone leaves them to the one before it, which may take them on."""
    keep(conn, 1, JANUARI)
    keep(conn, 2, date(2017, 4, 1), "dag_van_de_handeling")
    keep(conn, 3, JULI, "dag_van_de_melding")
    assert Policies().on(conn, OPSTERLAND, date(2017, 8, 1), melding=date(2017, 2, 1)).versie == "opsterland@2"


def test_the_first_version_has_none_before_it(conn: Connection) -> None:
    """A casus of before the first version is judged by that version once it holds."""
    keep(conn, 1, JULI, "dag_van_de_melding")
    assert Policies().on(conn, OPSTERLAND, JULI, melding=JANUARI).versie == "opsterland@1"


def test_a_gemeente_without_one_is_refused(conn: Connection) -> None:
    """Before the first day, or for another gemeente: inrichting_onbekend, with what to do."""
    keep(conn, 1, JULI)
    for gemeente, dag in ((OPSTERLAND, date(2017, 6, 30)), ("0080", JULI)):
        with pytest.raises(Refused) as refused:
            Policies().on(conn, gemeente, dag)
        assert refused.value.reason == "inrichting_onbekend"
        assert refused.value.remedy


def test_a_version_is_found_by_the_name_on_an_event(conn: Connection) -> None:
    """What follows from an act is judged by the version that the act names."""
    keep(conn, 1, JANUARI)
    keep(conn, 2, JULI)
    assert Policies().named(conn, OPSTERLAND, "opsterland@1").versie == "opsterland@1"


@pytest.mark.parametrize("naam", ["opsterland@2", "leeuwarden@1", "opsterland", "opsterland@een"])
def test_a_name_that_was_not_heard_of_is_refused(conn: Connection, naam: str) -> None:
    """A version that has not arrived yet, or that does not exist, is not replaced by another one."""
    keep(conn, 1, JANUARI)
    with pytest.raises(Refused) as refused:
        Policies().named(conn, OPSTERLAND, naam)
    assert refused.value.reason == "inrichting_onbekend"


def test_the_first_melding_among_these_gemeenten_counts(conn: Connection) -> None:
    """A melding under the same casus id in the stream of another gemeente does not count."""
    assert MeldingDays.of(conn, CASUS, [OPSTERLAND]) is None
    MeldingDays.record(conn, OPSTERLAND, CASUS, JULI)
    MeldingDays.record(conn, "0074", CASUS, JANUARI)
    assert MeldingDays.of(conn, CASUS, [OPSTERLAND]) == JULI
    assert MeldingDays.of(conn, CASUS, [OPSTERLAND, "0074"]) == JANUARI
