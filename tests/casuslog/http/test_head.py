"""HTTP by the letter, over real sockets: what two readers could take differently is refused, all else is answered."""

from __future__ import annotations

import json
import socket
from collections.abc import Iterator
from typing import Any, ClassVar

import pytest
from werkzeug.wrappers import Request, Response

from casuslog.http import http, json_body, json_response
from casuslog.http._head import MOST_FIELDS

BODY = b'{"a": 1}'
HEAD = b"POST /echo/een HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\n"
WHOLE = HEAD + b"Content-Length: 8\r\n\r\n" + BODY


class Echo:
    """Answers what it got."""

    name = "echo"
    reached: ClassVar[list[str]] = []

    @http("POST", "/echo/<string:wat>")
    def echo(self, request: Request, wat: str) -> Response:
        """What came, and under which fields."""
        self.reached.append(wat)
        shown = {name: value for name, value in request.headers.items() if name.startswith("X-")}
        return json_response({"wat": wat, "body": json_body(request), "velden": shown, "vraag": dict(request.args)})

    @http("GET", "/leeg")
    def leeg(self, request: Request) -> Response:  # noqa: ARG002  # nameko passes it
        """Nothing to show."""
        return Response(status=204)


@pytest.fixture
def line(port: int) -> Iterator[socket.socket]:
    """A connection to it."""
    Echo.reached.clear()
    with socket.create_connection(("127.0.0.1", port), timeout=5) as connection:
        yield connection


def answered(line: socket.socket) -> tuple[int, dict[str, str], Any]:
    """The next answer on a connection: status, fields and body."""
    reader = line.makefile("rb")
    status = int(reader.readline().split()[1])
    fields: dict[str, str] = {}
    while (one := reader.readline().decode().strip()) != "":
        name, _, value = one.partition(": ")
        fields[name.lower()] = value
    length = int(fields.get("content-length", 0))
    return status, fields, json.loads(reader.read(length)) if length else None


def ended(line: socket.socket) -> bool:
    """Whether the other side closed the connection."""
    line.settimeout(0.5)
    try:
        return line.recv(1) == b""
    except TimeoutError:
        return False


@pytest.mark.parametrize(
    "head",
    [
        HEAD + b"Content-Length: 8\r\nContent-Length: 9\r\n\r\n",
        HEAD + b"Content-Length : 8\r\n\r\n",
        HEAD + b"Content-Length: +8\r\n\r\n",
        HEAD + b"Content-Length: 0x8\r\n\r\n",
        HEAD + b"Content-Length: 1_0\r\n\r\n",
        HEAD + b"Content-Length: 8, 8\r\n\r\n",
        HEAD + b"Content-Length: -1\r\n\r\n",
        HEAD + b"Content-Length:\r\n\r\n",
        HEAD + b"Transfer-Encoding: chunked\r\nContent-Length: 8\r\n\r\n",
        HEAD + b"Content-Length: 8\r\nX-A: een\r\n twee\r\n\r\n",
        HEAD + b"Content-Length: 8\r\nX-A: een\rtwee\r\n\r\n",
        HEAD + b"Content-Length: 8\r\nX-A: een\x00twee\r\n\r\n",
        HEAD + b"Content-Length: 8\r\nzonder dubbele punt\r\n\r\n",
        HEAD + b"Content-Length: 8\r\n: zonder naam\r\n\r\n",
        HEAD + b"Host: y\r\nContent-Length: 8\r\n\r\n",
        HEAD + b"Content-Length: 8\r\n" + b"X-A: 1\r\n" * MOST_FIELDS + b"\r\n",
        HEAD + b"Content-Length: 8\r\nX-A: " + b"a" * 70_000 + b"\r\n\r\n",
        b"POST  /echo/een HTTP/1.1\r\nHost: x\r\n\r\n",
        b"POST /echo/een\tHTTP/1.1\r\nHost: x\r\n\r\n",
        b"POST /echo/een HTTP/1.1 \r\nHost: x\r\n\r\n",
        b"POST /echo/\xe9 HTTP/1.1\r\nHost: x\r\n\r\n",
        b"GET /leeg\r\n\r\n",
    ],
)
def test_what_is_not_by_the_letter_is_refused_and_the_connection_ends(line: socket.socket, head: bytes) -> None:
    """400, and nothing of what comes after it is taken for a call: so no call is hidden from who stands before us."""
    line.sendall(head + BODY + WHOLE)
    data = b""
    while part := line.recv(65536):
        data += part
    assert data.startswith((b"HTTP/1.1 400 ", b"HTTP/1.0 400 "))
    assert data.count(b"HTTP/1.") == 1
    assert Echo.reached == []


def test_calls_follow_each_other_on_a_connection(line: socket.socket) -> None:
    """Sent ahead or not, each gets its own answer, in order; the connection stays."""
    line.sendall(WHOLE + WHOLE.replace(b"een", b"twee"))
    data = b""
    while data.count(b'"body"') < 2:
        data += line.recv(65536)
    assert data.index(b'"een"') < data.index(b'"twee"')
    line.sendall(WHOLE)
    status, fields, told = answered(line)
    assert (status, told["wat"], "connection" in fields) == (200, "een", False)
    assert fields["date"].endswith(" GMT")
    assert Echo.reached == ["een", "twee", "een"]


def test_a_field_is_found_whatever_its_case_and_blanks(line: socket.socket) -> None:
    """Names in any case, blanks around a value, a value with a colon, several of one name as a list (RFC 9110 5.3)."""
    sent = b"X-a:  een: 1 \t\r\nx-A:twee\r\nX_A: ander\r\nX-Leeg:\r\n"
    line.sendall(HEAD + b"content-LENGTH: 8\r\n" + sent + b"\r\n" + BODY)
    assert answered(line)[2]["velden"] == {"X-A": "een: 1,twee", "X-Leeg": ""}


def test_the_path_of_one_call_says_nothing_of_the_next(line: socket.socket) -> None:
    """What is remembered of a path is where it leads: its values, its question and its escapes are of the call."""
    found = []
    for target in (b"/echo/een?x=1", b"/echo/een?x=2", b"/echo/e%65n", b"//echo/een", b"/echo/%C3%A9"):
        line.sendall(WHOLE.replace(b"/echo/een", target))
        told = answered(line)[2]
        found.append((told["wat"], told["vraag"]))
    assert found == [("een", {"x": "1"}), ("een", {"x": "2"}), ("een", {}), ("een", {}), ("é", {})]


@pytest.mark.parametrize(
    ("sent", "kept", "says"),
    [
        (WHOLE, True, None),
        (WHOLE.replace(b"Host", b"Connection: keep-alive\r\nHost"), True, "keep-alive"),
        (WHOLE.replace(b"Host", b"Connection: Close\r\nHost"), False, "close"),
        (WHOLE.replace(b"HTTP/1.1", b"HTTP/1.0"), False, "close"),
        (
            WHOLE.replace(b"HTTP/1.1", b"HTTP/1.0").replace(b"Host", b"Connection: keep-alive\r\nHost"),
            True,
            "keep-alive",
        ),
    ],
)
def test_a_connection_is_kept_as_long_as_the_client_wants(
    line: socket.socket, sent: bytes, kept: bool, says: str | None
) -> None:
    """HTTP/1.1 stays unless it is told to close, HTTP/1.0 closes unless it is told to stay (RFC 9112 9.3)."""
    line.sendall(sent)
    status, fields, told = answered(line)
    assert (status, told["body"], fields.get("connection")) == (200, {"a": 1}, says)
    assert ended(line) is not kept


def test_who_asks_first_whether_to_send_is_told_to_go_on(line: socket.socket) -> None:
    """Expect: 100-continue (RFC 9110 10.1.1): the body is asked for, and the call answered as any other."""
    line.sendall(HEAD + b"Expect: 100-continue\r\nContent-Length: 8\r\n\r\n")
    assert line.recv(65536) == b"HTTP/1.1 100 Continue\r\n\r\n"
    line.sendall(BODY)
    assert answered(line)[2]["body"] == {"a": 1}


def test_who_is_refused_before_it_sends_need_not_send(line: socket.socket) -> None:
    """The answer comes at once, and the connection ends: what was announced may come or not."""
    line.sendall(HEAD.replace(b"/echo/een", b"/nergens") + b"Expect: 100-continue\r\nContent-Length: 8\r\n\r\n")
    status, fields, _ = answered(line)
    assert (status, fields["connection"]) == (404, "close")
    assert ended(line)


def test_an_answer_without_a_body_says_no_length(line: socket.socket) -> None:
    """204 (RFC 9110 15.3.5), and the connection is fit for the next call."""
    line.sendall(b"GET /leeg HTTP/1.1\r\nHost: x\r\n\r\n" + WHOLE)
    head = b""
    while not head.endswith(b"\r\n\r\n"):
        head += line.recv(1)
    assert head.startswith(b"HTTP/1.1 204 ")
    assert b"content-length" not in head.lower()
    assert answered(line)[0] == 200
