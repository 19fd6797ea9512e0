"""The wall before every service, over real sockets: what is no call that we take never reaches a worker."""

from __future__ import annotations

import json
import socket
from typing import Any, ClassVar

import pytest
import requests
from structlog.testing import capture_logs
from werkzeug.wrappers import Request, Response

from casuslog.errors import Conflict, TooMany
from casuslog.http import MAX_BODY, _wall, http, json_body, json_response
from casuslog.http._json import HEADERS

GEHEIM = "Wiarda-Terpstra"
JSON = b"Content-Type: application/json\r\n"


class Echo:
    """A service that answers what it got, and fails in every way."""

    name = "echo"
    reached: ClassVar[list[str]] = []

    @http("POST", "/echo")
    def echo(self, request: Request) -> Response:
        """What came."""
        self.reached.append("echo")
        return json_response(json_body(request))

    @http("GET", "/stuk/<string:hoe>")
    def stuk(self, _: Request, hoe: str) -> Response:
        """Fails."""
        raise {"fout": KeyError(GEHEIM), "conflict": Conflict("Nee."), "druk": TooMany("Te veel.", seconds=7)}[hoe]


@pytest.fixture
def url(port: int) -> str:
    """Of the service; nothing reached it yet."""
    Echo.reached.clear()
    return f"http://127.0.0.1:{port}"


def raw(port: int, sent: bytes, *, end: bool = False) -> tuple[int, dict[str, str], dict[str, Any], bool]:
    """Status, headers and problem of what is answered to these bytes, and whether the connection ended by itself."""
    with socket.create_connection(("127.0.0.1", port), timeout=10) as connection:
        connection.sendall(sent)
        if end:
            connection.shutdown(socket.SHUT_WR)
        got = b""
        while b"\r\n\r\n" not in got:
            part = connection.recv(65536)
            assert part, got
            got += part
        head, _, body = got.partition(b"\r\n\r\n")
        lines = head.decode().split("\r\n")
        headers = {name.lower(): value for name, _, value in (line.partition(": ") for line in lines[1:])}
        while len(body) < int(headers["content-length"]):
            body += connection.recv(65536)
        connection.settimeout(0.5)
        try:
            ended = connection.recv(1) == b""
        except TimeoutError:
            ended = False
    return int(lines[0].split()[1]), headers, json.loads(body), ended


def problem(answer: requests.Response, status: int, code: str) -> dict[str, Any]:
    """The problem detail of an answer, with every header that belongs on it."""
    assert (answer.status_code, answer.headers["Content-Type"]) == (status, "application/problem+json")
    assert HEADERS.items() <= dict(answer.headers).items()
    told: dict[str, Any] = answer.json()
    assert (told["type"], told["status"]) == (f"urn:casuslog:fout:{code}", status)
    return told


def test_every_answer_says_that_it_is_not_to_be_kept_framed_or_guessed(url: str) -> None:
    """Also one that goes well: it may hold somebody's case."""
    answer = requests.post(f"{url}/echo", json={"a": 1})
    assert answer.json() == {"a": 1}
    assert HEADERS.items() <= dict(answer.headers).items()
    assert "Server" not in answer.headers


@pytest.mark.parametrize("path", ["/nergens", "/stuk//fout", "/echo/", "/stuk/%ff/..%2f"])
def test_an_address_that_is_not_there_is_a_problem(url: str, path: str) -> None:
    """404 that says where the addresses stand, whatever the path holds; nothing of it is repeated."""
    told = problem(requests.get(f"{url}{path}"), 404, "adres_onbekend")
    assert "/openapi.json" in told["wat_zou_mogen"]
    assert path not in json.dumps(told)


@pytest.mark.parametrize("method", ["GET", "PUT", "DELETE", "PATCH", "OPTIONS", "TRACE"])
def test_a_method_that_is_not_taken_names_those_that_are(url: str, method: str) -> None:
    """405 with Allow (RFC 9110 15.5.6)."""
    answer = requests.request(method, f"{url}/echo")
    problem(answer, 405, "methode_niet_toegestaan")
    assert answer.headers["Allow"] == "POST"


@pytest.mark.parametrize(
    "kind", [None, "text/plain", "application/x-www-form-urlencoded", "application/jsonx", "+json"]
)
def test_a_body_that_is_not_announced_as_json_is_refused(url: str, kind: str | None) -> None:
    """415: a form that a browser sends for a stranger's page never gets in."""
    headers = {} if kind is None else {"Content-Type": kind}
    problem(requests.post(f"{url}/echo", data=b'{"a": 1}', headers=headers), 415, "geen_json_aangekondigd")
    assert Echo.reached == []


@pytest.mark.parametrize("kind", ["application/json; charset=utf-8", "application/cloudevents+json"])
def test_json_under_its_other_names_is_taken(url: str, kind: str) -> None:
    """A charset plays no part, and a kind of JSON is JSON."""
    assert requests.post(f"{url}/echo", data=b'{"a": 1}', headers={"Content-Type": kind}).json() == {"a": 1}


def test_a_body_over_the_limit_is_refused_unread_and_the_connection_ends(port: int, url: str) -> None:
    """413 on the announced length: the server does not take in the rest to keep the connection."""
    head = b"POST /echo HTTP/1.1\r\nHost: x\r\n" + JSON + b"Content-Length: %d\r\n\r\n" % (MAX_BODY + 1)
    status, headers, told, ended = raw(port, head + b"{")
    assert (status, told["type"]) == (413, "urn:casuslog:fout:inhoud_te_groot")
    assert (headers["connection"], ended, Echo.reached) == ("close", True, [])


def test_a_body_in_chunks_is_refused_with_what_would_be_right(port: int, url: str) -> None:
    """411: without a length nobody knows how much comes, and a line of a chunk may be endless."""
    head = b"POST /echo HTTP/1.1\r\nHost: x\r\n" + JSON + b"Transfer-Encoding: chunked\r\n\r\n"
    status, _, told, ended = raw(port, head + b'7\r\n{"a":1}\r\n0\r\n\r\n')
    assert (status, told["type"], ended) == (411, "urn:casuslog:fout:lengte_vereist", True)
    assert "Content-Length" in told["wat_zou_mogen"]
    assert Echo.reached == []


def test_a_length_that_lies_is_refused(port: int, url: str) -> None:
    """Fewer bytes than announced: the command is not carried out on half of it."""
    head = b"POST /echo HTTP/1.1\r\nHost: x\r\n" + JSON + b"Content-Length: 50\r\n\r\n"
    status, _, told, _ = raw(port, head + b'{"a": 1}', end=True)
    assert (status, told["type"], Echo.reached) == (400, "urn:casuslog:fout:inhoud_afgebroken", [])


def test_who_sends_too_slowly_holds_no_worker(port: int, url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """408 after the time that a body gets, and the connection ends."""
    monkeypatch.setattr(_wall, "BODY_SECONDS", 0.2)
    head = b"POST /echo HTTP/1.1\r\nHost: x\r\n" + JSON + b"Content-Length: 50\r\n\r\n"
    status, _, told, ended = raw(port, head + b'{"a"')
    assert (status, told["type"], ended) == (408, "urn:casuslog:fout:inhoud_te_traag", True)
    assert Echo.reached == []


@pytest.mark.parametrize(
    "sent",
    [b"GARBAGE " + GEHEIM.encode() + b"\r\n\r\n", b"GET / HTTP/9.9\r\n\r\n", b"\x16\x03\x01\x02\x00\x01\r\n\r\n"],
)
def test_what_is_no_http_gets_a_problem_without_what_was_sent(port: int, sent: bytes) -> None:
    """Also where the library answers by itself; and the service lives on."""
    status, headers, told, ended = raw(port, sent)
    assert status in (400, 505)
    assert headers["content-type"] == "application/problem+json"
    assert told["type"] == "urn:casuslog:fout:geen_http"
    assert GEHEIM not in json.dumps(told)
    assert ended
    assert requests.post(f"http://127.0.0.1:{port}/echo", json={}).status_code == 200


def test_a_connection_that_is_cut_does_not_stop_the_service(port: int) -> None:
    """nameko stops a whole service for an error in the thread of a connection: it never comes to that."""
    for _ in range(5):
        connection = socket.create_connection(("127.0.0.1", port))
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\x01\x00\x00\x00\x00\x00\x00\x00")
        connection.sendall(b"POST /echo HTTP/1.1\r\nHost: x\r\n" + JSON + b"Content-Length: 50\r\n\r\n{")
        connection.close()
    assert requests.post(f"http://127.0.0.1:{port}/echo", json={}).status_code == 200


def test_an_unforeseen_error_goes_out_as_a_number_that_stands_in_the_log(url: str) -> None:
    """500 with a trace and nothing else of the error; the log has the kind, the place and the same trace."""
    with capture_logs() as logged:
        told = problem(requests.get(f"{url}/stuk/fout"), 500, "fout")
    (line,) = [one for one in logged if one["event"] == "onverwachte fout"]
    assert line["trace"] == told["trace"]
    assert line["soort"] == "KeyError"
    assert set(told) == {"type", "title", "status", "detail", "trace"}
    assert GEHEIM not in json.dumps([told, str(line)])


def test_a_refusal_brings_its_headers_along(url: str) -> None:
    """429 says when to come back (RFC 6585); a conflict has nothing to add."""
    answer = requests.get(f"{url}/stuk/druk")
    assert problem(answer, 429, "te_veel_aanroepen")["wacht_seconden"] == 7
    assert answer.headers["Retry-After"] == "7"
    problem(requests.get(f"{url}/stuk/conflict"), 409, "andere_versie")
