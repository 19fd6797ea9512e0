"""A service over HTTP as it runs embedded: commands, questions, schemas, waiting, streams, and how it says no."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import date
from typing import Any

import pytest
import requests
from structlog.testing import capture_logs

from casuslog.caller import Caller, DevelopmentIssuer
from casuslog.envelope import Position, Stream
from casuslog.hosting.provider import MOST_WAITING
from casuslog.hosting.waiting import handled_up_to
from casuslog.http import MAX_BODY
from casuslog.identifiers import new_id
from casuslog.rights import BetrokkenheidVastgelegd
from casuslog.testing.platform import Platform
from services.pgb.signaal import SignaalAanToezichtGegeven

DAG = date(2017, 2, 15)
OPSTERLAND, HEERENVEEN = "0086", "0074"
TEAM = Caller("wijkteam", OPSTERLAND, "team-1", (OPSTERLAND,))
BUREN = Caller("wijkteam", HEERENVEEN, "team-2", (HEERENVEEN,))
TOEZICHT = Caller("toezichthouder", OPSTERLAND, "t-1", (OPSTERLAND,), "toezicht_wmo")
BSN = "999990342"


@pytest.fixture(scope="module")
def platform() -> Iterator[Platform]:
    """One platform for the module."""
    with Platform(DAG) as running:
        yield running


class Client:
    """Calls over HTTP that show the whole answer."""

    def __init__(self, platform: Platform) -> None:
        self._platform = platform

    def __call__(
        self, method: str, service: str, path: str, caller: Caller | None = TEAM, **request: Any
    ) -> requests.Response:
        headers = dict(request.pop("headers", {}))
        if caller is not None:
            headers["Authorization"] = f"Bearer {self._platform.host.platform.issuer.issue(caller)}"
        url = self._platform.settings.http_url(service) + path
        return requests.request(method, url, headers=headers, timeout=40, **request)

    def melding(self, caller: Caller | None = TEAM, headers: dict[str, str] | None = None, **body: Any) -> Any:
        given = {"gemeente": "opsterland", **body}
        return self("POST", "melding", "/opdrachten/registreer-melding", caller, json=given, headers=headers or {})


@pytest.fixture
def call(platform: Platform) -> Client:
    """A client of the platform."""
    return Client(platform)


def problem(answer: requests.Response, status: int, code: str) -> dict[str, Any]:
    """The problem detail of an answer, which has this status and code."""
    body: dict[str, Any] = answer.json()
    assert (answer.status_code, body["status"]) == (status, status)
    assert body["type"] == f"urn:casuslog:fout:{code}"
    assert answer.headers["Content-Type"] == "application/problem+json"
    assert "Traceback" not in answer.text
    return body


class TestCommands:
    def test_an_answer_carries_its_version(self, call: Client) -> None:
        """The ETag is the version of the stream, to give back in If-Match."""
        answer = call.melding()
        assert answer.status_code == 200
        assert answer.headers["ETag"] == f'"{answer.json()["versie"]}"'
        assert "Idempotent-Replayed" not in answer.headers

    def test_a_repeat_says_that_it_is_one(self, call: Client) -> None:
        """The same key and body: the same answer, marked in body and header."""
        key = {"Idempotency-Key": "http-1"}
        first, again = call.melding(headers=key), call.melding(headers=key)
        assert again.headers["Idempotent-Replayed"] == "true"
        assert again.json() == {**first.json(), "herhaald": True}
        problem(call.melding(headers=key, kanaal="loket"), 422, "idempotentiesleutel_hergebruikt")

    def test_the_same_command_many_times_at_once_has_one_effect(self, call: Client) -> None:
        """Ten calls with one key side by side: one casus."""
        with ThreadPoolExecutor(10) as pool:
            answers = list(pool.map(lambda _: call.melding(headers={"Idempotency-Key": "http-2"}), range(10)))
        assert {answer.status_code for answer in answers} == {200}
        assert len({answer.json()["casus"] for answer in answers}) == 1
        assert sum(not answer.json()["herhaald"] for answer in answers) == 1

    def test_of_two_who_saw_the_same_version_one_wins(self, call: Client) -> None:
        """If-Match from both at once: one 200, one 409 with the present version."""
        first = call.melding()
        body = {"gemeente": "opsterland", "casus": first.json()["casus"]}

        def bevestig(_: int) -> requests.Response:
            seen = {"If-Match": first.headers["ETag"]}
            return call("POST", "melding", "/opdrachten/bevestig-melding", json=body, headers=seen)

        with ThreadPoolExecutor(2) as pool:
            answers = sorted(pool.map(bevestig, range(2)), key=lambda answer: answer.status_code)
        assert [answer.status_code for answer in answers] == [200, 409]
        assert answers[1].json()["huidig"] == answers[0].json()["versie"]

    @pytest.mark.parametrize(
        ("header", "value"),
        [("If-Match", "vier"), ("If-Match", "-1"), ("Idempotency-Key", ""), ("Idempotency-Key", "x" * 201)],
    )
    def test_a_header_without_meaning_is_named(self, call: Client, header: str, value: str) -> None:
        """A wrong header is bad input under its name; the command is not carried out without it."""
        told = problem(call.melding(headers={header: value}), 422, "ongeldige_invoer")
        assert list(told["velden"]) == [header]

    def test_a_trace_without_form_is_left_out(self, platform: Platform, call: Client) -> None:
        """A bad traceparent is no reason to refuse; a good one stands on the events (W3C Trace Context)."""
        good = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"
        for given, kept in ((BSN, None), (good, good)):
            casus = call.melding(headers={"traceparent": given}).json()["casus"]
            assert {e.envelope.traceparent for e in platform.events("melding", casus)} == {kept}

    def test_what_is_no_command_names_what_is(self, call: Client) -> None:
        """An unknown name is 404 with the names that there are, which can also be asked for."""
        told = problem(call("POST", "melding", "/opdrachten/doe-iets", json={}), 404, "niet_gevonden")
        names = call("GET", "melding", "/opdrachten", None).json()["opdrachten"]
        assert "registreer-melding" in names
        assert all(name in told["detail"] for name in names)

    def test_a_command_tells_for_whom_and_in_which_state_it_is(self, call: Client) -> None:
        """Without a token: the roles with their ground, and per state who it is carried out for, and why not."""
        told = call("GET", "beschikking", "/opdrachten/neem-besluit", None).json()
        assert "kcc" not in told["rollen"]
        assert "Wmo 2015 art. 2.3.5" in told["grondslag"]
        states = {one["toestand"]: one for one in told["toestanden"]}
        assert states["aangevraagd"]["uitgevoerd"] == ["consulent", "college"]
        assert states["ingetrokken"]["geweigerd"]["consulent"] == "aanvraag_ingetrokken"
        assert states["besloten"]["na"] == ["dien-aanvraag-in", "neem-besluit"]
        problem(call("GET", "beschikking", "/opdrachten/doe-iets", None), 404, "niet_gevonden")


class TestBodies:
    @pytest.mark.parametrize(
        ("data", "status", "code"),
        [
            (b"", 400, "geen_json"),
            (b"naam=Jan", 400, "geen_json"),
            (b"\xff\xfe", 400, "geen_json"),
            (b"[]", 400, "geen_json"),
            (b'"tekst"', 400, "geen_json"),
            (b"[" * 60000, 400, "geen_json"),
            (b'{"gemeente": NaN}', 400, "geen_json"),
            (b'{"x": "' + b"a" * MAX_BODY + b'"}', 413, "inhoud_te_groot"),
        ],
    )
    def test_what_is_no_json_object_is_refused(self, call: Client, data: bytes, status: int, code: str) -> None:
        """Not JSON, no object, nested beyond measure or too large: each its own problem, and nothing changes."""
        as_json = {"Content-Type": "application/json"}
        problem(call("POST", "melding", "/opdrachten/registreer-melding", data=data, headers=as_json), status, code)

    def test_a_value_is_not_told_back(self, call: Client) -> None:
        """The answer to a wrong BSN names the field, never the number."""
        answer = call.melding(bsn="999990341")
        assert list(problem(answer, 422, "ongeldige_invoer")["velden"]) == ["bsn"]
        assert "999990341" not in answer.text


class TestWhoCalls:
    @pytest.mark.parametrize(
        ("method", "service", "path"),
        [
            ("POST", "melding", "/opdrachten/registreer-melding"),
            ("POST", "pgb", "/vragen/bereken-pgb-tarief"),
            ("GET", "melding", f"/stromen/0086/melding/{new_id()}"),
            ("GET", "onderzoek", f"/wacht/melding/0086/melding/{new_id()}/1"),
            ("GET", "toezicht", "/dossiers"),
            ("GET", "historie", f"/casussen/{new_id()}"),
            ("GET", "melding", "/geparkeerd"),
            ("GET", "melding", "/gebeurtenissen"),
            ("POST", "inrichting", "/inrichtingen/herlees"),
        ],
    )
    def test_nothing_of_a_casus_is_asked_without_a_token(
        self, call: Client, method: str, service: str, path: str
    ) -> None:
        """Without a token, with a forged one, or with another scheme: 401, before anything else is looked at."""
        forged = DevelopmentIssuer("een ander geheim van genoeg tekens, dat hier niet geldt").issue(TEAM)
        body = {"json": {}} if method == "POST" else {}
        for headers in ({}, {"Authorization": f"Bearer {forged}"}, {"Authorization": "Basic d2llOndhdA=="}):
            problem(call(method, service, path, None, headers=headers, **body), 401, "niet_aangemeld")

    def test_health_and_schemas_are_open(self, platform: Platform, call: Client) -> None:
        """What is about nobody can be asked by everybody: alive, ready, and the schema of an event."""
        assert call("GET", "melding", "/gezond", None).json()["gezond"] is True
        assert call("GET", "melding", "/klaar", None).json()["klaar"] is True
        casus = call.melding().json()["casus"]
        schema = call("GET", "onderzoek", platform.events("melding", casus)[0].envelope.dataschema, None)
        assert json.loads(schema.text)["name"] == "MeldingGeregistreerd"

    @pytest.mark.parametrize("fingerprint", ["0123456789abcdef", "zz", "00"])
    def test_an_unknown_schema_is_not_found(self, call: Client, fingerprint: str) -> None:
        """Whatever stands in the place of a fingerprint."""
        problem(call("GET", "melding", f"/schemas/{fingerprint}", None), 404, "niet_gevonden")


class TestWaiting:
    def test_a_write_can_be_awaited_elsewhere(self, call: Client) -> None:
        """With the position of an answer another service says when it has handled that event."""
        at = call.melding().json()["positie"]
        answer = call("GET", "onderzoek", f"/wacht/{at}?seconden=20")
        assert (answer.status_code, answer.json()) == (200, {"positie": at, "verwerkt": True})
        assert call("GET", "melding", f"/wacht/{at}?seconden=0").status_code == 200

    def test_what_is_not_there_in_time_is_a_time_out(self, call: Client) -> None:
        """An event that does not come: 504 after the seconds asked, no sooner and not much later."""
        began = time.monotonic()
        answer = call("GET", "onderzoek", f"/wacht/melding/0086/melding/{new_id()}/1?seconden=0.3")
        assert (answer.status_code, answer.json()["verwerkt"]) == (504, False)
        assert 0.3 <= time.monotonic() - began < 5

    def test_of_a_stream_of_another_it_says_nothing(self, call: Client) -> None:
        """For who may not act there a position that exists and one that does not get the same answer, at once."""
        at = call.melding().json()["positie"]
        absent = f"melding/0086/melding/{new_id()}/1"
        told = [
            problem(call("GET", "onderzoek", f"/wacht/{one}?seconden=20", BUREN), 404, "geen_betrokkenheid")
            for one in (at, absent)
        ]
        assert told[0] == told[1]

    def test_who_was_recorded_as_involved_may_wait(self, platform: Platform, call: Client) -> None:
        """A granted right opens the stream of another gemeente for waiting too."""
        answer = call.melding().json()
        granted = BetrokkenheidVastgelegd(organisatie=HEERENVEEN, als="uitvoerende_gemeente", vanaf=DAG)
        platform.seed("melding", OPSTERLAND, answer["casus"], [granted], on=DAG)
        platform.settle()
        assert call("GET", "onderzoek", f"/wacht/{answer['positie']}", BUREN).status_code == 200

    @pytest.mark.parametrize("rol", ["wijkteam", "kcc", "inkoper", "beheerder", "backoffice"])
    def test_of_a_closed_stream_it_tells_the_toezichthouder_only(
        self, platform: Platform, call: Client, rol: str
    ) -> None:
        """That a dossier is there cannot be found out by waiting for it, not by anybody of the own gemeente."""
        signaal = SignaalAanToezichtGegeven(aard="geen_hulp", over="hulpverlener_1")
        platform.seed("pgb", OPSTERLAND, new_id(), [signaal], on=DAG, kind="signaal")
        platform.settle()
        dossier = platform.events("toezicht")[-1].envelope.position
        path = f"/wacht/{dossier}?seconden=1"
        assert call("GET", "toezicht", path, TOEZICHT).status_code == 200
        other = Caller(rol, OPSTERLAND, f"{rol}-1", (OPSTERLAND,))
        problem(call("GET", "toezicht", path, other), 404, "geen_betrokkenheid")

    @pytest.mark.parametrize("seconds", ["nan", "inf", "-1", "31", "vijf", "1e3", ""])
    def test_seconds_without_meaning_are_bad_input(self, call: Client, seconds: str) -> None:
        """A wait has an end: what is no number of at most thirty is refused."""
        answer = call("GET", "onderzoek", f"/wacht/melding/0086/melding/{new_id()}/1?seconden={seconds}")
        assert list(problem(answer, 422, "ongeldige_invoer")["velden"]) == ["seconden"]

    @pytest.mark.parametrize("position", ["ergens", f"melding/0086/{BSN}", "a/b/c/d/e"])
    def test_a_position_without_form_is_not_told_back(self, call: Client, position: str) -> None:
        """What stands in the place of a position may be anything: it is not repeated."""
        answer = call("GET", "onderzoek", f"/wacht/{position}")
        problem(answer, 422, "ongeldige_invoer")
        assert position not in answer.text

    def test_waiting_leaves_workers_for_the_rest(self, call: Client) -> None:
        """More than may wait at once: some are told to come back, and a command is answered meanwhile."""
        seconds = 8  # longer than a busy machine takes to receive them all
        path = f"/wacht/melding/0086/melding/{new_id()}/1?seconden={seconds}"
        with ThreadPoolExecutor(MOST_WAITING + 5) as pool:
            waiting = [pool.submit(call, "GET", "melding", path) for _ in range(MOST_WAITING + 5)]
            began = time.monotonic()
            assert call.melding().status_code == 200
            assert time.monotonic() - began < seconds
            statuses = [one.result().status_code for one in waiting]
        assert statuses.count(504) <= MOST_WAITING
        assert set(statuses) == {503, 504}

    def test_a_service_that_follows_itself_is_asked_for_its_effects(self, platform: Platform) -> None:
        """Of its own log it says what it handled, not what it holds, where its own events have effects there."""
        log = platform._logs["melding"]
        casus = platform.command("melding", "registreer-melding", TEAM, gemeente="opsterland").casus
        at = Position("melding", Stream(OPSTERLAND, "melding", casus), 1)
        assert handled_up_to(log, at) > 0
        assert handled_up_to(log, at, own_too=True) == 0


class TestStreams:
    def test_the_own_gemeente_reads_its_stream(self, call: Client) -> None:
        """The events in order, each with what this role may see."""
        casus = call.melding(naam="Wiarda-Terpstra").json()["casus"]
        read = call("GET", "melding", f"/stromen/opsterland/melding/{casus}").json()
        assert read["stroom"] == f"{OPSTERLAND}/melding/{casus}"
        assert read["gebeurtenissen"][0]["data"]["naam"] == "Wiarda-Terpstra"

    def test_absent_and_secret_look_the_same(self, call: Client) -> None:
        """Another gemeente gets one answer for a stream that exists, one that does not, and one of its neighbour."""
        casus = call.melding().json()["casus"]
        told = [
            problem(call("GET", "melding", f"/stromen/{path}", BUREN), 404, "geen_betrokkenheid")
            for path in (f"0086/melding/{casus}", f"0086/melding/{new_id()}", f"0074/melding/{casus}")
        ]
        assert told[0] == told[1] == told[2]

    def test_a_day_of_before_brings_no_right_back(self, platform: Platform, call: Client) -> None:
        """Whose involvement ended yesterday reads nothing, also with ``op`` on a day when it held."""
        casus = new_id()
        ended = BetrokkenheidVastgelegd(
            organisatie=HEERENVEEN, als="uitvoerende_gemeente", vanaf=date(2017, 1, 2), tot=date(2017, 2, 14)
        )
        platform.seed("melding", OPSTERLAND, casus, [ended], on=date(2017, 1, 2))
        answer = call("GET", "melding", f"/stromen/0086/melding/{casus}?op=2017-01-20", BUREN)
        problem(answer, 404, "geen_betrokkenheid")

    def test_what_a_gemeente_records_itself_opens_no_other_stream(self, platform: Platform, call: Client) -> None:
        """A grant to itself, in its own stream under the same casus id, shows nothing of the other's stream."""
        casus = call.melding(naam="Wiarda-Terpstra").json()["casus"]
        itself = BetrokkenheidVastgelegd(organisatie=HEERENVEEN, als="uitvoerende_gemeente", vanaf=DAG)
        platform.seed("melding", HEERENVEEN, casus, [itself], on=DAG)
        problem(call("GET", "melding", f"/stromen/0086/melding/{casus}", BUREN), 404, "geen_betrokkenheid")

    def test_a_reading_is_noted_without_what_stood_in_the_url(self, call: Client) -> None:
        """Also a refused reading is noted: who, in which role, of what; a BSN in the URL does not reach the log."""
        paths = [("melding", f"/stromen/0086/melding/{BSN}"), ("melding", f"/stromen/0086/Jan%20Jansen/{new_id()}")]
        with capture_logs() as logged:
            for service, path in [*paths, ("historie", f"/casussen/{BSN}")]:
                call("GET", service, path)
        notes = [one for one in logged if one["event"] == "inzage"]
        assert [(one["lezer"], one["rol"], one["toegestaan"]) for one in notes] == [("team-1", "wijkteam", False)] * 3
        assert BSN not in str(logged)
        assert "Jansen" not in str(logged)


class TestElsewhere:
    @pytest.mark.parametrize(("method", "path"), [("GET", "/nergens"), ("DELETE", "/gezond")])
    def test_what_is_not_served_shows_no_stack(self, call: Client, method: str, path: str) -> None:
        """A wrong address or method is the caller's mistake, told without anything of ours."""
        answer = call(method, "melding", path)
        assert answer.status_code in (404, 405)
        assert "Traceback" not in answer.text

    def test_a_question_names_the_inrichting_that_it_was_answered_from(self, call: Client) -> None:
        """An answer of a question rests on a version, and says which."""
        body = {
            "gemeente": "harlingen",
            "voorziening": "begeleiding_individueel",
            "hulpverlener": "sociaal_netwerk",
            "op": "2017-02-13",
        }
        answer = call("POST", "pgb", "/vragen/bereken-pgb-tarief", json=body)
        assert (answer.json()["inrichting"], answer.json()["tarief_cent"]) == ("harlingen@1", 3503)
        problem(call("POST", "pgb", "/vragen/wat-kost-het", json=body), 404, "niet_gevonden")
