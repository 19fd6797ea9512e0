"""What is wrong is told apart, clearly, on the whole platform: nothing changes by it and nothing is lost."""

from __future__ import annotations

import io
import json
import logging
import shutil
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import pytest
import requests
import structlog
import yaml

from casuslog.caller import Caller
from casuslog.consume import wire
from casuslog.errors import InvalidInput
from casuslog.hosting.logs import configure
from casuslog.http import MAX_BODY
from casuslog.http.client import Problem
from casuslog.identifiers import new_id
from casuslog.relay import LogPublisher
from casuslog.store import EVERY_GEMEENTE, canonical, link
from casuslog.testing.platform import Platform

DEPLOY = Path(__file__).parents[1] / "deploy" / "inrichtingen"
GEMEENTEN = ("opsterland", "leeuwarden", "heerenveen", "harlingen")
TODAY = date(2017, 3, 1)

TEAM = Caller("wijkteam", "0086", "team-1", ("0086",))
CONSULENT = Caller("consulent", "0086", "consulent-1", ("0086",))
INWONER = Caller("inwoner", None, "inwoner-1", ("0086",), "eigen_zaak")
BEHEERDER = Caller("beheerder", "0086", "beheerder-1", ("0086",), "beheer")
NAME, BSN = "Testpersoon Wiebrigje", "999900006"


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The inrichtingen of four gemeenten."""
    made = tmp_path_factory.mktemp("inrichtingen")
    for naam in (*GEMEENTEN, "samenwerkingsverbanden"):
        shutil.copy(DEPLOY / f"{naam}.yaml", made)
    return made


@pytest.fixture(scope="module")
def platform(folder: Path) -> Iterator[Platform]:
    """One platform for all that is refused: nothing of it may leave a trace."""
    with Platform(TODAY, inrichtingen=folder) as running:
        yield running


def melding(platform: Platform, **anders: Any) -> str:
    """A casus with a melding, in Opsterland."""
    platform.clock.set(TODAY)
    answer = platform.command("melding", "registreer-melding", TEAM, gemeente="opsterland", naam=NAME, **anders)
    platform.settle()
    return answer.casus


def refused(platform: Platform, doe: Callable[[], object], code: str, status: int, *mentions: str) -> dict[str, Any]:
    """It is refused over HTTP with this code and status; the problem detail mentions these; nothing changes."""
    before = _heads(platform)
    with pytest.raises(Problem) as caught:
        doe()
    platform.settle()
    body = caught.value.body
    assert (caught.value.code, caught.value.status) == (code, status), body
    assert body["type"] == f"urn:casuslog:fout:{code}"
    assert body["title"]
    told = json.dumps(body, ensure_ascii=False)
    assert not [text for text in mentions if text not in told], body
    assert NAME not in told
    assert _heads(platform) == before
    return body


def _heads(platform: Platform) -> dict[str, Any]:
    return {name: platform.store(name).head(EVERY_GEMEENTE) for name in platform.services}


def command(platform: Platform, service: str, name: str, caller: Caller, **body: Any) -> Callable[[], object]:
    """A command over HTTP."""
    return lambda: platform.api.command(service, name, {"gemeente": "opsterland", **body}, caller)


def test_an_unknown_gemeente_is_named_as_such(platform: Platform) -> None:
    """A gemeente that the list does not know is no gemeente, and the list is named."""
    ask = command(platform, "melding", "registreer-melding", TEAM, gemeente="atlantis")
    body = refused(platform, ask, "ongeldige_invoer", 422, "gemeente")
    assert body["codelijst"] == "gemeente"


def test_a_gemeente_without_an_inrichting_is_refused(platform: Platform) -> None:
    """A gemeente that exists but arranged nothing here is not judged by somebody else's arrangement."""
    caller = replace(TEAM, organisatie="0518", gemeenten=("0518",))
    ask = command(platform, "melding", "registreer-melding", caller, gemeente="den-haag")
    refused(platform, ask, "inrichting_onbekend", 409, "inrichting")


@pytest.mark.parametrize(("field", "value"), [("thema", "toverij"), ("kanaal", "rookpluim")])
def test_an_unknown_code_names_its_field_and_the_codes_that_there_are(
    platform: Platform, field: str, value: str
) -> None:
    """A code outside its list is refused; the answer tells which codes would be right."""
    body = refused(
        platform,
        command(platform, "melding", "registreer-melding", TEAM, **{field: value}),
        "ongeldige_invoer",
        422,
        f"codelijst {field}",
    )
    assert list(body["velden"]) == [field]


@pytest.mark.parametrize("bsn", ["123456789", "000000000", "99990000", "9999O0006"])
def test_a_number_that_is_no_bsn_is_refused_and_not_repeated(platform: Platform, bsn: str) -> None:
    """Elfproef, not nine zeros, nine digits; what was sent stands not in the answer."""
    body = refused(
        platform,
        command(platform, "melding", "registreer-melding", TEAM, bsn=bsn, naam=NAME),
        "ongeldige_invoer",
        422,
        "elfproef",
    )
    assert list(body["velden"]) == ["bsn"]
    assert bsn not in json.dumps(body)


def test_a_fact_in_the_future_has_not_happened(platform: Platform) -> None:
    """Tomorrow is no day for a fact; the last day that is right is named."""
    platform.clock.set(TODAY)
    later = (TODAY + timedelta(days=1)).isoformat()
    ask = command(platform, "melding", "registreer-melding", TEAM, op=later)
    body = refused(platform, ask, "ongeldige_invoer", 422, TODAY.isoformat())
    assert list(body["velden"]) == ["op"]


def test_a_casus_of_another_gemeente_is_as_one_that_does_not_exist(platform: Platform) -> None:
    """Heerenveen gets the same answer for a casus of Opsterland and for one that nobody ever had."""
    casus = melding(platform)
    heerenveen = Caller("wijkteam", "0074", "team-2", ("0074",))
    answers = [
        refused(
            platform,
            command(platform, "melding", "bevestig-melding", heerenveen, casus=one),
            "geen_betrokkenheid",
            404,
            "bestaat niet, of",
        )
        for one in (casus, new_id())
    ]
    assert answers[0] == answers[1]
    reading = [
        refused(platform, lambda one=one: platform.timeline(one, heerenveen), "geen_betrokkenheid", 404)
        for one in (casus, new_id())
    ]
    assert reading[0] == reading[1]


def test_a_besluit_without_mandate_names_who_has_it(platform: Platform) -> None:
    """The gebiedsteam of Opsterland does not decide on beschermd wonen; Leeuwarden does."""
    casus = melding(platform, thema="beschermd_wonen")
    besluit = command(
        platform,
        "beschikking",
        "neem-besluit",
        TEAM,
        casus=casus,
        thema="beschermd_wonen",
        voorziening="beschermd_wonen",
    )
    body = refused(platform, besluit, "niet_bevoegd_te_besluiten", 403, "gebiedsteam Opsterland", "versie 1")
    assert "Leeuwarden" in body["wat_zou_mogen"]


def test_an_afwijzing_needs_an_onderzoek(platform: Platform) -> None:
    """Six weeks passed, so that the aanvraag may come; but nothing can be turned down that nobody looked into."""
    casus = melding(platform)
    platform.clock.set(TODAY + timedelta(weeks=7))
    platform.settle()
    platform.command("beschikking", "dien-aanvraag-in", INWONER, gemeente="opsterland", casus=casus)
    platform.settle()
    afwijzing = command(
        platform,
        "beschikking",
        "neem-besluit",
        CONSULENT,
        casus=casus,
        uitkomst="afgewezen",
        motivering="geen",
        voorziening="huishoudelijke_hulp_2",
    )
    body = refused(platform, afwijzing, "afwijzing_zonder_onderzoek", 409, "2.3.2")
    assert "nooit als soort uitgesloten" in body["wat_zou_mogen"]


def test_a_pgb_tariff_that_the_inrichting_does_not_know_is_not_made_up(platform: Platform) -> None:
    """Leeuwarden has no tariff for HH2; there is no other that silently holds."""
    vraag = {"gemeente": "leeuwarden", "voorziening": "hh2", "hulpverlener": "sociaal_netwerk"}
    caller = replace(CONSULENT, organisatie="0080", gemeenten=("0080",))
    body = refused(
        platform,
        lambda: platform.api.ask("pgb", "bereken-pgb-tarief", vraag, caller),
        "onbekend_pgb_tarief",
        409,
        "leeuwarden, versie 1",
    )
    assert "niet stil een ander tarief" in body["wat_zou_mogen"]


def test_an_unknown_sort_of_hulpverlener_is_no_tariff_at_all(platform: Platform) -> None:
    """A code that does not exist is wrong input, not a gap in the inrichting."""
    vraag = {"gemeente": "harlingen", "voorziening": "begeleiding_individueel", "hulpverlener": "buurman"}
    refused(
        platform,
        lambda: platform.api.ask("pgb", "bereken-pgb-tarief", vraag, CONSULENT),
        "ongeldige_invoer",
        422,
        "hulpverlener",
        "sociaal_netwerk",
    )


def _sent(platform: Platform, content: bytes, **headers: str) -> requests.Response:
    token = platform.host.platform.issuer.issue(TEAM)
    url = f"{platform.settings.http_url('melding')}/opdrachten/registreer-melding"
    before = _heads(platform)
    sent = {"Authorization": f"Bearer {token}", "Content-Type": "application/json", **headers}
    answer = requests.post(url, data=content, headers=sent, timeout=10)
    platform.settle()
    assert _heads(platform) == before
    assert answer.headers["Content-Type"] == "application/problem+json"
    return answer


def test_a_body_that_is_too_large_is_not_read(platform: Platform) -> None:
    """64 KiB is the limit: an event may not be larger either. The service serves on."""
    answer = _sent(platform, json.dumps({"hulpvraag": "x" * MAX_BODY}).encode())
    assert (answer.status_code, answer.json()["type"]) == (413, "urn:casuslog:fout:inhoud_te_groot")
    assert str(MAX_BODY) in answer.json()["detail"]
    assert platform.api.get("melding", "/gezond")["gezond"]


@pytest.mark.parametrize("content", [b"naam=" + NAME.encode(), b"[1, 2]", b'{"naam": ', b"\xff\xfe", b"[" * 20000])
def test_a_body_that_is_no_json_object_is_told_so(platform: Platform, content: bytes) -> None:
    """A form, a list, half a document, other bytes, a nest without end: each gets the same clear answer."""
    answer = _sent(platform, content)
    assert (answer.status_code, answer.json()["type"]) == (400, "urn:casuslog:fout:geen_json")
    assert NAME not in answer.text


def test_a_call_without_a_token_is_not_let_in(platform: Platform) -> None:
    """No token, a forged one: 401, with what to do."""
    for headers in ({}, {"Authorization": "Bearer verzonnen"}):
        url = f"{platform.settings.http_url('melding')}/opdrachten/registreer-melding"
        answer = requests.post(url, json={"gemeente": "opsterland"}, headers=headers, timeout=10)
        assert (answer.status_code, answer.json()["type"]) == (401, "urn:casuslog:fout:niet_aangemeld")
        assert "token" in answer.json()["detail"]
        assert answer.headers["WWW-Authenticate"] == "Bearer"


def test_an_undecodable_event_parks_its_lane_with_a_reason_and_the_other_lanes_run_on(platform: Platform) -> None:
    """Bytes that no schema fits stop one casus, readable for a clerk; every other casus goes on, nothing is lost."""
    spoilt = melding(platform)
    real = next(
        stored
        for stored in platform.store("melding").read_log(EVERY_GEMEENTE)
        if stored.envelope.subject == spoilt and stored.envelope.sequence == 1
    )
    broken = replace(
        real, envelope=replace(real.envelope, id=new_id(), sequence=3), body=b"\xc3\x01" + b"\x00" * 40, cursor=None
    )
    # As its service sent it: what changed on its way is another matter, and has another lane.
    broken = replace(broken, hash=link(broken.prev_hash, canonical(broken.envelope.attributes()), broken.body))
    publisher = LogPublisher(platform.settings.amqp_url, "melding")
    publisher.publish(broken, wire.headers(broken))
    publisher.confirm()
    publisher.close()
    healthy = melding(platform)
    assert platform.events("onderzoek", healthy), "the other lane stood still"
    parked = _parked(platform)
    assert list(parked) == [spoilt]
    assert parked[spoilt]["reden"]
    assert NAME not in json.dumps(parked)
    assert platform.events("onderzoek", spoilt), "what came before it was handled"


def _parked(platform: Platform) -> dict[str, Any]:
    for _ in range(100):
        found = platform.api.get("onderzoek", "/geparkeerd", BEHEERDER)["banen"]
        if found:
            return {lane["baan"]: lane for lane in found}
        platform.settle()
    return {}


WRONG = {"melding": {"kanaal": {"waarde": "telefoon", "bron": "test:1"}}}


def test_an_inrichting_file_with_a_wrong_key_changes_nothing_and_says_where(platform: Platform, folder: Path) -> None:
    """File, key and rule are named; the inrichtingen that hold go on holding."""
    before = platform.api.command("melding", "registreer-melding", {"gemeente": "heerenveen"}, _team("0074"))
    file = folder / "heerenveen.yaml"
    kept = file.read_text(encoding="utf-8")
    document = yaml.safe_load(kept)
    document["versies"][0] |= WRONG
    file.write_text(yaml.safe_dump(document), encoding="utf-8")
    platform.settle()
    try:
        refused(
            platform,
            lambda: platform.api.post("inrichting", "/inrichtingen/herlees", BEHEERDER),
            "ongeldige_invoer",
            422,
            "heerenveen.yaml",
            "versies.0.melding.kanaal",
            "onbekende sleutel",
            "kanalen",
        )
    finally:
        file.write_text(kept, encoding="utf-8")
    after = platform.api.command("melding", "registreer-melding", {"gemeente": "heerenveen"}, _team("0074"))
    assert before["casus"] != after["casus"]


def test_a_platform_does_not_start_on_a_broken_inrichting(tmp_path: Path) -> None:
    """A broken file stops the start, with the same words, instead of a gemeente without rules."""
    document = {
        "sleutel": "voorbeeldstad",
        "gemeentecode": "9901",
        "naam": "Voorbeeldstad",
        "wettelijk_kader": "wmo_2015",
        "bronnen": {"test": "test"},
        "versies": [{"geldig_vanaf": "2017-01-01", **WRONG}],
    }
    (tmp_path / "voorbeeldstad.yaml").write_text(yaml.safe_dump(document), encoding="utf-8")
    with pytest.raises(InvalidInput, match=r"voorbeeldstad\.yaml.*melding\.kanaal"), Platform(inrichtingen=tmp_path):
        pytest.fail("it started")


def _team(code: str) -> Caller:
    return Caller("wijkteam", code, "team-3", (code,))


@pytest.fixture
def logged() -> Iterator[io.StringIO]:
    """All that is logged, from debug on, as a service logs it."""
    root = logging.getLogger()
    handlers, level = root.handlers, root.level
    stream = io.StringIO()
    configure(form="json", level="debug", stream=stream)
    yield stream
    structlog.reset_defaults()
    root.handlers, root.level = handlers, level


def test_the_log_holds_nothing_of_anybody(platform: Platform, logged: io.StringIO) -> None:
    """Accepted, refused, unreadable or read: names, BSN, address and free text stay out of the log."""
    personal = {"naam": NAME, "bsn": BSN, "adres": "Testlaan 7", "hulpvraag": "kan de trap niet meer op"}
    casus = melding(platform, **{k: v for k, v in personal.items() if k != "naam"})
    for body in ({**personal, "thema": NAME}, {**personal, "bsn": "123456789"}, {**personal, "op": personal["adres"]}):
        refused(platform, command(platform, "melding", "registreer-melding", TEAM, **body), "ongeldige_invoer", 422)
    _sent(platform, json.dumps(personal).encode()[:-1])
    assert NAME in json.dumps(platform.timeline(casus, TEAM))
    told = logged.getvalue()
    assert "inzage" in told, "nothing was logged at all"
    assert casus in told
    assert not [text for text in (*personal.values(), "Wiebrigje", "123456789") if text in told]
