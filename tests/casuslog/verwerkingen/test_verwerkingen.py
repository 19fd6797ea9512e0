"""Every read of personal data is a record: who saw what of a casus, when and why."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import date
from pathlib import Path
from typing import Any

import pytest
import structlog
from click.testing import CliRunner
from sqlalchemy import select

from casuslog.caller import Caller
from casuslog.cli._installation import Installation
from casuslog.cli._root import cli
from casuslog.http.client import Problem
from casuslog.testing.platform import Platform
from casuslog.verwerkingen.tabel import verwerkingen

GEMEENTE = "0086"
TEAM = Caller("wijkteam", GEMEENTE, "team-1", (GEMEENTE,), "uitvoering_wmo")
VREEMD = Caller("wijkteam", "0080", "team-2", ("0080",), "uitvoering_wmo")
FG = Caller("functionaris_gegevensbescherming", GEMEENTE, "fg-1", (GEMEENTE,), "toezicht_avg")
FG_ELDERS = Caller("functionaris_gegevensbescherming", "0080", "fg-2", ("0080",), "toezicht_avg")
INWONER = Caller("inwoner", None, "burger-1", (GEMEENTE,), "eigen_zaak")
TRACE = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"


@pytest.fixture(scope="module")
def platform(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Platform]:
    """A platform with a gemeente in it."""
    with Platform(date(2017, 2, 13), data=tmp_path_factory.mktemp("verwerkingen")) as made:
        yield made


def gemeld(platform: Platform, caller: Caller = TEAM) -> str:
    """A new casus."""
    body = {"gemeente": "opsterland", "kanaal": "telefoon", "naam": "Wiarda-Terpstra", "bsn": "999900006"}
    casus = platform.command("melding", "registreer-melding", caller, **body).casus
    platform.settle()
    return casus


def van(platform: Platform, casus: str, caller: Caller = FG, service: str = "historie") -> list[dict[str, Any]]:
    """The records of a casus at one service."""
    found: list[dict[str, Any]] = platform.api.get(service, f"/verwerkingen/{GEMEENTE}/{casus}", caller)["verwerkingen"]
    return found


def test_a_read_is_recorded_in_the_words_of_the_standard(platform: Platform) -> None:
    """Trace, activity, times, status and attributes; of whom it is about a pseudonym, no casus and no name."""
    casus = gemeld(platform)
    platform.timeline(casus, TEAM)
    (one,) = van(platform, casus)
    assert (one["name"], one["status"], one["resource"]) == ("tijdlijn", "OK", {"service.name": "historie"})
    assert one["start_time"] == one["end_time"] == platform.clock.now().isoformat()
    a = one["attributes"]
    assert a["dpl.core.processing_activity_id"].endswith("casus-inzien")
    assert a["dpl.core.data_subject_id_type"] == "HMAC-SHA256"
    assert (a["casuslog.rol"], a["casuslog.lezer"], a["casuslog.doelbinding"]) == (
        "wijkteam",
        "team-1",
        "uitvoering_wmo",
    )
    assert len(one["trace_id"]) == 32
    assert len(one["span_id"]) == 16
    assert casus not in json.dumps(one)


def test_the_trace_of_the_caller_goes_on(platform: Platform) -> None:
    """Who reads within a trace is found again under that trace."""
    casus = gemeld(platform)
    api = platform.api
    url = f"{api._settings.http_url('historie')}/casussen/{casus}"
    token = platform.host.platform.issuer.issue(TEAM)
    answer = api._session.get(url, headers={"Authorization": f"Bearer {token}", "traceparent": TRACE}, timeout=10)
    assert answer.status_code == 200
    (one,) = van(platform, casus)
    assert (one["trace_id"], one["parent_span_id"]) == (TRACE[3:35], TRACE[36:52])


def test_a_refused_read_is_recorded_too(platform: Platform) -> None:
    """Another gemeente asks for the timeline and the stream: it sees nothing, and that it asked is known."""
    casus = gemeld(platform)
    for service, path in (
        ("historie", f"/casussen/{casus}/tijdlijn"),
        ("melding", f"/stromen/{GEMEENTE}/melding/{casus}"),
    ):
        with pytest.raises(Problem):
            platform.api.get(service, path, VREEMD)
    for service, name in (("historie", "tijdlijn"), ("melding", "melding")):
        (one,) = van(platform, casus, service=service)
        assert (one["name"], one["status"], one["attributes"]["casuslog.organisatie"]) == (name, "ERROR", "0080")


def test_the_inwoner_asks_who_saw_what(platform: Platform) -> None:
    """The person whom the casus is about reads the records; his own reads stand there as his, without his id."""
    casus = gemeld(platform, INWONER)
    platform.timeline(casus, TEAM)
    platform.timeline(casus, INWONER)
    found = van(platform, casus, INWONER)
    assert [one["attributes"]["casuslog.lezer"] for one in found] == ["team-1", "betrokkene"]
    assert "burger-1" not in json.dumps(found)


@pytest.mark.parametrize("caller", [TEAM, VREEMD, FG_ELDERS, INWONER], ids=lambda caller: f"{caller.rol}-{caller.id}")
def test_nobody_else_sees_who_looked(platform: Platform, caller: Caller) -> None:
    """Not the team itself, not another gemeente, not an inwoner whom it is not about; and that is recorded."""
    casus = gemeld(platform)
    platform.timeline(casus, TEAM)
    with pytest.raises(Problem) as refused:
        van(platform, casus, caller)
    assert refused.value.status == 404
    assert [(one["name"], one["status"]) for one in van(platform, casus)] == [
        ("tijdlijn", "OK"),
        ("verwerkingen", "ERROR"),
    ]


def test_a_casus_that_does_not_exist_leaves_nothing(platform: Platform) -> None:
    """Guessing ids makes no records and no keys."""
    before = _rows(platform)
    with pytest.raises(Problem):
        platform.timeline("00000000-0000-7000-8000-000000000000", TEAM)
    assert _rows(platform) == before
    assert platform.host.platform.keys.keys_of(GEMEENTE, "00000000-0000-7000-8000-000000000000") == []


def test_the_record_is_there_before_the_answer(platform: Platform, monkeypatch: pytest.MonkeyPatch) -> None:
    """Where the record cannot be kept, nothing is shown."""
    casus = gemeld(platform)

    def away(*_: object) -> int:
        raise OSError("full")

    monkeypatch.setattr("casuslog.verwerkingen.leg_vast", away)
    with pytest.raises(Problem) as failed:
        platform.timeline(casus, TEAM)
    assert failed.value.status == 500
    assert "Wiarda" not in json.dumps(failed.value.body)


def test_the_command_line_gathers_the_records_of_all_services(platform: Platform) -> None:
    """``casuslog verwerkingen``: a line per read, oldest first, and as JSON."""
    casus = gemeld(platform)
    platform.timeline(casus, TEAM)
    with pytest.raises(Problem):
        platform.timeline(casus, VREEMD)
    installation = Installation(platform.settings)
    shown = CliRunner().invoke(cli, ["verwerkingen", casus, "--gemeente", "opsterland"], obj=installation)
    assert shown.exit_code == 0, shown.output
    assert [line.split()[-1] for line in shown.output.splitlines() if "tijdlijn" in line] == ["getoond", "geweigerd"]
    with structlog.testing.capture_logs():  # the services live in this process; what they log is not what it prints
        told = CliRunner().invoke(cli, ["verwerkingen", casus, "--gemeente", "0086", "--json"], obj=installation)
    assert [one["name"] for one in json.loads(told.output)] == ["tijdlijn", "tijdlijn", "verwerkingen"]


def test_after_a_destruction_the_records_are_nobodys(platform: Platform) -> None:
    """With the key of the pseudonym gone the rows stay, and nobody finds or links them any more."""
    casus = gemeld(platform)
    platform.timeline(casus, TEAM)
    keys = platform.host.platform.keys
    rows = _rows(platform)
    keys.destroy_keys(GEMEENTE, [key.id for key in keys.keys_of(GEMEENTE, casus)])
    assert van(platform, casus) == []
    assert _rows(platform) == rows


def test_no_row_holds_a_casus_a_name_or_a_bsn(platform: Platform, tmp_path: Path) -> None:
    """All columns of all rows of all services, read as text."""
    casus = gemeld(platform)
    platform.timeline(casus, TEAM)
    platform.status(casus, TEAM)
    held = json.dumps(_everything(platform), default=str)
    assert len(held) > 1000
    for text in (casus, "Wiarda", "999900006"):
        assert text not in held


def _everything(platform: Platform) -> list[Any]:
    found = []
    for name in platform.services:
        with platform.store(name).engine.connect() as conn:
            found += [list(row) for row in conn.execute(select(verwerkingen))]
    return found


def _rows(platform: Platform) -> int:
    return len(_everything(platform))
