"""HTTP/1.1 as it comes in: how long it may take, and how its own refusals look."""

from __future__ import annotations

import http
import json
from typing import Any

from nameko.web.server import HttpOnlyProtocol

CLOSE = "casuslog.http.close"
"""Key of the environ: call it, and the connection ends with this answer."""
READ_SECONDS = 30.0
"""How long a client may be silent while it sends, or take no answer."""
IDLE_SECONDS = 75.0
"""How long a connection is kept for a next call."""


class Protocol(HttpOnlyProtocol):  # type: ignore[misc]  # nameko ships no types
    """One connection: it can be told to end, and answers what is no HTTP without repeating it."""

    def get_environ(self) -> dict[str, Any]:
        """The environ of a call, with a way to end the connection."""
        environ: dict[str, Any] = super().get_environ()
        environ[CLOSE] = self._close_after
        return environ

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
