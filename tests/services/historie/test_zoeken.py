"""Finding a casus by BSN: for who may know of it, for a purpose, noted; and no BSN is kept for it."""

from __future__ import annotations

import time
from collections.abc import Iterator
from datetime import date
from typing import Any

import pytest
import requests
from sqlalchemy import select
from structlog.testing import capture_logs

from casuslog.caller import Caller
from casuslog.identifiers import new_id
from casuslog.readmodels.tables import bsn_pointers
from casuslog.testing.platform import Platform
from casuslog.tokens import Buckets
from casuslog.vernietigen import wissen
from services.historie import zoeken
from services.melding.gebeurtenissen import BsnVervangen, PersoonsverwisselingVastgelegd
from services.onderzoek.gebeurtenissen import IdentiteitVastgesteld

DAG = date(2017, 2, 15)
OPSTERLAND, HEERENVEEN = "0086", "0074"
TEAM = Caller("wijkteam", OPSTERLAND, "team-1", (OPSTERLAND,))
KCC = Caller("kcc", OPSTERLAND, "kcc-1", (OPSTERLAND,))
BUREN = Caller("wijkteam", HEERENVEEN, "team-2", (HEERENVEEN,))
BSN, ANDER, NIEMAND = "999990342", "999990020", "999990639"


@pytest.fixture(scope="module")
def platform() -> Iterator[Platform]:
    """One platform for the module."""
    with Platform(DAG) as running:
        yield running


@pytest.fixture(scope="module")
def casus(platform: Platform) -> str:
    """A casus of Opsterland whose melding names a BSN."""
    found = platform.command("melding", "registreer-melding", TEAM, gemeente="opsterland", bsn=BSN, naam="Wiarda").casus
    platform.settle()
    return found


def zoek(platform: Platform, caller: Caller, bsn: str, **more: Any) -> requests.Response:
    """The lookup over HTTP."""
    token = platform.host.platform.issuer.issue(caller)
    url = f"{platform.settings.http_url('historie')}/zoek/casussen"
    return requests.post(url, json={"bsn": bsn, **more}, headers={"Authorization": f"Bearer {token}"}, timeout=20)


@pytest.mark.parametrize("caller", [TEAM, KCC])
def test_who_may_know_of_the_casus_finds_it_with_its_status(platform: Platform, casus: str, caller: Caller) -> None:
    """Status, owner and next step, as the role may hear them; nothing of what it is about."""
    answer = zoek(platform, caller, BSN)
    (found,) = answer.json()["casussen"]
    assert (found["casus"], found["status"], found["eigenaar"]) == (casus, "melding_ontvangen", OPSTERLAND)
    assert "Wiarda" not in answer.text
    assert BSN not in answer.text


def test_absent_and_secret_get_one_answer_after_the_same_time(platform: Platform, casus: str) -> None:
    """A neighbour hears the same of a BSN that is known and of one that is not, wherever it looks, and no sooner."""
    answers = []
    for bsn in (BSN, NIEMAND):
        for where in ({}, {"gemeente": "opsterland"}, {"gemeente": HEERENVEEN}):
            began = time.monotonic()
            answers.append(zoek(platform, BUREN, bsn, **where))
            assert time.monotonic() - began >= zoeken.ANSWER_SECONDS
    assert {(answer.status_code, answer.text) for answer in answers} == {(200, answers[0].text)}
    assert answers[0].json() == {"casussen": []}


def test_a_bsn_that_became_known_later_leads_to_the_casus_too(platform: Platform) -> None:
    """At the melding it may be missing; it is often recorded when the identity is established."""
    casus = platform.command("melding", "registreer-melding", TEAM, gemeente="opsterland").casus
    later = IdentiteitVastgesteld(soort_document="paspoort", bsn_nu_bekend=True, bsn=ANDER)
    platform.seed("onderzoek", OPSTERLAND, casus, [later], on=DAG)
    platform.settle()
    assert [one["casus"] for one in zoek(platform, TEAM, ANDER).json()["casussen"]] == [casus]


def test_a_number_that_was_replaced_leads_nowhere_and_the_right_one_does(platform: Platform) -> None:
    """It may be that of somebody else: who looks him up finds nothing of this casus."""
    wrong, right, never = "999990640", "999990652", "999990664"
    casus = platform.command("melding", "registreer-melding", TEAM, gemeente="opsterland", bsn=wrong).casus
    replaced = BsnVervangen(reden="vergissing", bsn=right)
    platform.seed("melding", OPSTERLAND, casus, [replaced], on=DAG)
    other = platform.command("melding", "registreer-melding", TEAM, gemeente="opsterland", bsn=never).casus
    platform.seed("melding", OPSTERLAND, other, [PersoonsverwisselingVastgelegd(reden="naamgenoot")], on=DAG)
    platform.settle()
    searcher = Caller("wijkteam", OPSTERLAND, f"team-{new_id()}", (OPSTERLAND,))
    found = {
        bsn: [one["casus"] for one in zoek(platform, searcher, bsn).json()["casussen"]] for bsn in (wrong, right, never)
    }
    assert found == {wrong: [], right: [casus], never: []}


def test_no_bsn_is_kept(platform: Platform, casus: str) -> None:
    """What is kept is a keyed hash; the same BSN has another one in another gemeente."""
    other = platform.command("melding", "registreer-melding", BUREN, gemeente="heerenveen", bsn=BSN).casus
    platform.settle()
    with platform.store("historie").engine.connect() as conn:
        rows = conn.execute(select(bsn_pointers).where(bsn_pointers.c.subject.in_((casus, other)))).all()
    assert len({row.wijzer for row in rows}) == len(rows) == 2
    assert {len(row.wijzer) for row in rows} == {32}
    for file in platform.settings.data.glob("historie.db*"):
        assert BSN.encode() not in file.read_bytes()


def test_a_lookup_is_noted_without_the_bsn(platform: Platform, casus: str) -> None:
    """Who looked, in which role, for which purpose, and at which casus; also when nothing was found."""
    with capture_logs() as logged:
        zoek(platform, TEAM, BSN)
        zoek(platform, BUREN, BSN, gemeente="opsterland")
        zoek(platform, TEAM, NIEMAND)
    notes = [
        (one["wat"], one["onderwerp"], one["lezer"], one["toegestaan"]) for one in logged if one["event"] == "inzage"
    ]
    what = "zoek_op_bsn"
    assert notes == [(what, casus, "team-1", True), (what, casus, "team-2", False), (what, "niets", "team-1", False)]
    assert BSN not in str(logged)


def test_without_a_purpose_nothing_is_looked_up(platform: Platform, casus: str) -> None:
    """403, the same whatever the BSN is."""
    nobody = Caller("wijkteam", OPSTERLAND, "team-1", (OPSTERLAND,), "")
    told = [zoek(platform, nobody, bsn).json() for bsn in (BSN, NIEMAND)]
    assert told[0] == told[1]
    assert (told[0]["status"], told[0]["reden"]) == (403, "doelbinding_ontbreekt")


@pytest.mark.parametrize("wrong", ["999990341", "000000000", "", "Jan", 999990342])
def test_what_is_no_bsn_is_not_told_back(platform: Platform, wrong: Any) -> None:
    """Bad input names the field, never the value."""
    answer = zoek(platform, TEAM, wrong)
    assert (answer.status_code, list(answer.json()["velden"])) == (422, ["bsn"])
    assert str(wrong) not in answer.text or wrong == ""


def test_who_tries_numbers_has_to_wait(platform: Platform, monkeypatch: pytest.MonkeyPatch) -> None:
    """A counter looks up a few; who does many in a row gets 429, whatever the numbers are."""
    prober = Caller("wijkteam", OPSTERLAND, f"prober-{new_id()}", (OPSTERLAND,))
    at_once = Buckets(zoeken.PER_SECOND, zoeken.AT_ONCE, monotonic=lambda: 0.0)  # however slow the machine
    monkeypatch.setattr(zoeken.Zoeken, "_lookups", at_once)
    for _ in range(zoeken.AT_ONCE):
        assert zoek(platform, prober, NIEMAND).status_code == 200
    answer = zoek(platform, prober, NIEMAND)
    assert answer.status_code == 429
    assert int(answer.headers["Retry-After"]) >= 1


@pytest.mark.parametrize("omvang", ["casus", "betrokkene"])
def test_after_vernietigen_nothing_leads_to_the_casus(platform: Platform, omvang: str) -> None:
    """The pointer goes with the casus, and with the person alone too."""
    casus = platform.command("melding", "registreer-melding", TEAM, gemeente="opsterland", bsn=NIEMAND).casus
    platform.settle()
    prober = Caller("wijkteam", OPSTERLAND, f"team-{omvang}", (OPSTERLAND,))
    assert casus in [one["casus"] for one in zoek(platform, prober, NIEMAND).json()["casussen"]]
    with platform.store("historie").transaction() as tx:
        assert wissen.wis_leesmodel(tx.conn, OPSTERLAND, casus, omvang=omvang, dossier="melding") > 0
    assert casus not in [one["casus"] for one in zoek(platform, prober, NIEMAND).json()["casussen"]]
