"""The HTTP edge by itself: bodies in, problem details out, and a client that waits for what is away."""

from __future__ import annotations

import json
from typing import Any

import pytest
import requests
from sqlalchemy.exc import OperationalError
from structlog.testing import capture_logs
from werkzeug.test import EnvironBuilder
from werkzeug.wrappers import Request, Response

from casuslog.caller import Caller, DevelopmentIssuer
from casuslog.errors import Conflict, InvalidInput, Refused, Unavailable
from casuslog.http import MAX_BODY, client, json_body, json_response, problem_response
from casuslog.http._entrypoint import ProblemHandler
from casuslog.http.client import ApiClient, Problem
from casuslog.settings import Settings

GEHEIM = "Wiarda-Terpstra"
TEAM = Caller("wijkteam", "0086", "team-1", ("0086",))


def request(data: bytes, **more: Any) -> Request:
    return Request(EnvironBuilder(method="POST", data=data, **more).get_environ())


class TestBodies:
    @pytest.mark.parametrize("data", [b'{"naam": "Wiarda-Terpstra"', b"\xff", b"", b"nul", b'{"a": Infinity}'])
    def test_what_is_no_json_is_not_told_back(self, data: bytes) -> None:
        """The refusal says what is right, and repeats nothing of what was sent."""
        with pytest.raises(InvalidInput) as refused:
            json_body(request(data))
        assert (refused.value.status, refused.value.code) == (400, "geen_json")
        assert GEHEIM not in json.dumps(refused.value.problem())

    def test_a_body_up_to_the_limit_is_read(self) -> None:
        """The largest body that may come, comes in whole."""
        data = json.dumps({"x": "a" * (MAX_BODY - 9)}).encode()
        assert len(data) == MAX_BODY
        assert len(json_body(request(data))["x"]) == MAX_BODY - 9

    def test_a_length_over_the_limit_is_refused_unread(self) -> None:
        """A body that announces itself as too large is not taken in."""
        made = request(b"{}")
        made.environ["CONTENT_LENGTH"] = str(MAX_BODY + 1)
        with pytest.raises(InvalidInput) as refused:
            json_body(Request(made.environ))
        assert refused.value.status == 413
        assert made.environ["wsgi.input"].read() == b"{}"


class TestAnswers:
    def test_an_error_is_a_problem_detail(self) -> None:
        """RFC 9457: type, title, status and detail, and what this error adds."""
        error = Refused("geen_mandaat", "Nee.", rule="inrichting opsterland@1", remedy="Dien in bij Leeuwarden.")
        answer = problem_response(error)
        told = json.loads(answer.get_data())
        assert answer.content_type == "application/problem+json"
        assert (told["type"], told["status"]) == ("urn:casuslog:fout:geen_mandaat", 409)
        assert told["grondslag"] == "inrichting opsterland@1"
        assert told["wat_zou_mogen"] == "Dien in bij Leeuwarden."

    def test_an_answer_is_json_as_people_write_it(self) -> None:
        """Letters stay letters, headers come along."""
        answer = json_response({"provincie": "Fryslân"}, 200, {"ETag": '"1"'})
        assert "Fryslân" in answer.get_data(as_text=True)
        assert answer.headers["ETag"] == '"1"'


class TestFailures:
    @pytest.fixture
    def handler(self) -> ProblemHandler:
        made = ProblemHandler("GET", "/")
        made.method_name = "lees"
        return made

    @pytest.mark.parametrize(
        ("error", "status"),
        [
            (Conflict("Nee.", actual=4), 409),
            (OperationalError("SELECT 1", {}, Exception(GEHEIM)), 503),
            (ValueError(GEHEIM), 500),
        ],
    )
    def test_no_failure_shows_what_was_sent(self, handler: ProblemHandler, error: Exception, status: int) -> None:
        """Ours, the database's or unforeseen: a problem detail without the text of the error."""
        answer: Response = handler.response_from_exception(error)
        assert answer.status_code == status
        assert GEHEIM not in answer.get_data(as_text=True)

    def test_an_unforeseen_error_is_logged_by_kind_and_place(self, handler: ProblemHandler) -> None:
        """Its text may hold somebody's data: the log says which error, and where."""
        with capture_logs() as logged:
            try:
                raise KeyError(GEHEIM)
            except KeyError as error:
                handler.response_from_exception(error)
        (line,) = logged
        assert (line["soort"], line["entrypoint"]) == ("KeyError", "lees")
        assert line["plaats"].startswith("test_http_edge.py:")
        assert GEHEIM not in str(line)


class TestClient:
    @pytest.fixture
    def asked(self, monkeypatch: pytest.MonkeyPatch) -> list[tuple[str, str]]:
        """What was asked; the first two times nobody is there, the third time the service answers."""
        seen: list[tuple[str, str]] = []

        def answer(_: requests.Session, method: str, url: str, **__: Any) -> requests.Response:
            seen.append((method, url))
            if len(seen) == 1:
                raise requests.ConnectionError
            made = requests.Response()
            made.status_code = 503 if len(seen) == 2 else 200
            made._content = b'{"casus": "c"}'
            return made

        monkeypatch.setattr(requests.Session, "request", answer)
        monkeypatch.setattr(client, "RETRY_SECONDS", 0.0)
        return seen

    def made(self, patience: float) -> ApiClient:
        return ApiClient(Settings.from_env({}), DevelopmentIssuer("x" * 40), patience=patience)

    def test_a_command_with_a_key_waits_for_a_service_that_is_away(self, asked: list[tuple[str, str]]) -> None:
        """It may have had its effect: only with a key is it sent again."""
        assert self.made(5).command("melding", "registreer-melding", {}, TEAM, key="k") == {"casus": "c"}
        assert len(asked) == 3

    def test_a_command_without_a_key_is_sent_once(self, asked: list[tuple[str, str]]) -> None:
        """Whether it had its effect is not known, so it is not sent again."""
        with pytest.raises(Unavailable):
            self.made(5).command("melding", "registreer-melding", {}, TEAM)
        assert len(asked) == 1

    def test_a_problem_keeps_what_the_service_said(self, monkeypatch: pytest.MonkeyPatch) -> None:
        """Status and code come from the answer, also where it is no JSON."""
        made = requests.Response()
        made.status_code = 422
        monkeypatch.setattr(requests.Session, "request", lambda *_, **__: made)
        for content, code in ((b'{"type": "urn:casuslog:fout:x", "status": 422, "detail": "d"}', "x"), (b"oeps", "")):
            made._content = content
            with pytest.raises(Problem) as refused:
                self.made(0).get("melding", "/iets", TEAM)
            assert (refused.value.status, refused.value.code) == (422, code)
