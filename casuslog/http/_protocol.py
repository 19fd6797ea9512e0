"""HTTP/1.1 as it comes in: how long it may take, and how its own refusals look."""

from __future__ import annotations

import http
import json
import time
from typing import Any
from urllib.parse import unquote

from eventlet.wsgi import STATE_CLOSE, Input, format_date_time
from nameko.web.server import HttpOnlyProtocol
from werkzeug.wrappers import Response

from casuslog.http._head import BadHead, line_of, read_fields

CLOSE = "casuslog.http.close"
"""Key of the environ: call it, and the connection ends with this answer."""
READ_SECONDS = 30.0
"""How long a client may be silent while it sends, or take no answer."""
IDLE_SECONDS = 75.0
"""How long a connection is kept for a next call."""
_CONTINUE = b"HTTP/1.1 100 Continue\r\n"


class Protocol(HttpOnlyProtocol):  # type: ignore[misc]  # nameko ships no types
    """One connection: it can be told to end, and answers what is no HTTP without repeating it.

    What an ordinary call takes is done here, in a third of the time of the library; all else it does itself.
    """

    def setup(self) -> None:
        """Note what all calls of a connection have in common."""
        super().setup()
        host, port = self.request.getsockname()[:2]
        self._shared = {
            **self.server.get_environ(),
            "SCRIPT_NAME": "",
            "SERVER_PROTOCOL": "HTTP/1.0",
            "SERVER_NAME": host,
            "SERVER_PORT": str(port),
            "REMOTE_ADDR": self.client_address[0],
            "REMOTE_PORT": str(self.client_address[1]),
            "GATEWAY_INTERFACE": "CGI/1.1",
            CLOSE: self._close_after,
        }

    def parse_request(self) -> bool:
        """Read the head of a call. Whether that is one; if not, it was refused."""
        line = line_of(self.raw_requestline)
        if line is None:
            return self._refused_line()
        self.command, self.request_version = line.method, f"HTTP/1.{line.minor}"
        self.requestline = f"{line.method} {line.target} {self.request_version}"
        # What begins with two would be another host to who resolves it against ours.
        self.path = "/" + line.target.lstrip("/") if line.target.startswith("//") else line.target
        try:
            self.headers = read_fields(self.rfile.readline)
        except BadHead:
            self.send_error(http.HTTPStatus.BAD_REQUEST)
            return False
        said = (self.headers.get("connection") or "").lower()
        self.close_connection = said == "close" or (line.minor == 0 and said != "keep-alive")
        return True

    def _refused_line(self) -> bool:
        """The library says what is wrong with it; one that it would take, older than HTTP/1.0, is refused as well."""
        try:
            if super().parse_request():
                self.send_error(http.HTTPStatus.BAD_REQUEST)
        finally:
            self.close_connection = True
        return False

    def get_environ(self) -> dict[str, Any]:
        """The environ of a call, with a way to end the connection."""
        path, asks, query = self.path.partition("?")
        environ: dict[str, Any] = {
            **self._shared,
            "REQUEST_METHOD": self.command,
            "RAW_PATH_INFO": path,
            "PATH_INFO": unquote(path, encoding="latin-1") if "%" in path else path,
            "CONTENT_TYPE": self.headers.get("content-type") or "",
            "headers_raw": tuple(self.headers),
            "eventlet.posthooks": [],
        }
        if asks:
            environ["QUERY_STRING"] = query
        for name, value in self.headers:
            # With an underscore it could pass for another one.
            if "_" not in name and name not in ("content-type", "content-length"):
                environ[f"HTTP_{name.replace('-', '_').upper()}"] = value
        length = self.headers.get("content-length")
        if length:
            environ["CONTENT_LENGTH"] = length
        environ["wsgi.input"] = environ["eventlet.input"] = self._input(environ, length)
        return environ

    def _input(self, environ: dict[str, Any], length: str | None) -> Input:
        chunked = environ.get("HTTP_TRANSFER_ENCODING", "").lower() == "chunked"
        waits = environ.get("HTTP_EXPECT", "").lower() == "100-continue"
        return Input(
            self.rfile,
            length if length or chunked else "0",
            self.connection,
            wfile=self.wfile if waits else None,
            wfile_line=_CONTINUE if waits else None,
            chunked_input=chunked,
        )

    def handle_one_response(self) -> None:
        """Answer a call: an answer that is whole goes out in one piece, any other by the library."""
        answer = self.server.app.answer(self.environ)
        if self.request_version == "HTTP/1.1" and self.command != "HEAD" and _is_whole(answer):
            self._write(answer)
            return
        self.application = answer
        super().handle_one_response()

    def _write(self, answer: Response) -> None:
        given = self.environ["eventlet.input"]
        unread = given.chunked_input or given.position < (given.content_length or 0)
        if unread or given.should_send_hundred_continue or self.conn_state[2] == STATE_CLOSE:
            # What is left of this call would be taken for the next one.
            self.close_connection = True
        lines = [f"HTTP/1.1 {answer.status}", *(f"{name}: {value}" for name, value in answer.headers), _date()]
        if self.close_connection:
            lines.append("Connection: close")
        elif (self.headers.get("connection") or "").lower() == "keep-alive":
            lines += ("Connection: keep-alive", f"Keep-Alive: timeout={int(self.server.keepalive)}")
        head = "\r\n".join([*lines, "\r\n"]).encode("latin-1")
        self.wfile.write(head + answer.get_data())
        self.wfile.flush()

    def send_error(self, code: int, message: str | None = None, explain: str | None = None) -> None:  # noqa: ARG002
        """Refuse what could not be read as HTTP. The message of the library holds what was sent: it stays inside."""
        told = {
            "type": "urn:casuslog:fout:geen_http",
            "title": "Geen http",
            "status": int(code),
            "detail": f"Dit is geen HTTP-aanroep die wij kunnen lezen ({http.HTTPStatus(code).phrase}).",
        }
        body = json.dumps(told).encode()
        head = (
            f"HTTP/1.1 {int(code)} {http.HTTPStatus(code).phrase}\r\n"
            "Content-Type: application/problem+json\r\nX-Content-Type-Options: nosniff\r\nCache-Control: no-store\r\n"
            f"Content-Length: {len(body)}\r\nConnection: close\r\n\r\n"
        )
        self.wfile.write(head.encode() + body)
        self.wfile.flush()
        self.close_connection = True

    def _close_after(self) -> None:
        self.close_connection = True


def _is_whole(answer: Response) -> bool:
    """Whether it can go out as it stands: one body of bytes whose length is told, and nothing left to work out."""
    body = answer.response
    return (
        isinstance(body, list)
        and len(body) == 1
        and isinstance(body[0], bytes)
        and answer.status_code not in (204, 304)
        and answer.status_code >= 200
        and answer.headers.get("Content-Length") == str(len(body[0]))
        and "Location" not in answer.headers
        and "Date" not in answer.headers
        and "Connection" not in answer.headers
    )


_second: tuple[int, str] = (0, "")


def _date() -> str:
    """The field Date, written once a second."""
    global _second
    now = int(time.time())
    if _second[0] != now:
        _second = (now, f"Date: {format_date_time(now)}")
    return _second[1]
