"""A receiver of webhooks with answers to order: a real HTTP server that knows nothing of ours."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any


@dataclass
class Bericht:
    """What came in."""

    method: str
    path: str
    headers: dict[str, str]
    body: bytes


Antwoord = tuple[int, dict[str, str]]


@dataclass
class Ontvanger:
    """Answers ``antwoord(bericht)``; says yes to the question whether it wants messages, unless told otherwise."""

    port: int = 0
    berichten: list[Bericht] = field(default_factory=list)
    vragen: list[Bericht] = field(default_factory=list)
    antwoord: Callable[[Bericht], Antwoord] = lambda _: (204, {})
    toestemming: Antwoord = (200, {"WebHook-Allowed-Origin": "*", "WebHook-Allowed-Rate": "*"})

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}/hier"

    def neem(self, bericht: Bericht) -> Antwoord:
        if bericht.method == "OPTIONS":
            self.vragen.append(bericht)
            return self.toestemming
        self.berichten.append(bericht)
        return self.antwoord(bericht)

    def nooit(self, _: Bericht) -> Antwoord:
        """Answer, but much later than anybody waits."""
        time.sleep(5)
        return 204, {}


@contextmanager
def ontvangend() -> Iterator[Ontvanger]:
    """A receiver that listens."""
    made = Ontvanger()

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def answer(self) -> None:
            body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
            headers = {name.lower(): value for name, value in self.headers.items()}
            status, told = made.neem(Bericht(self.command, self.path, headers, body))
            self.send_response(status)
            for name, value in {**told, "Content-Length": "0"}.items():
                self.send_header(name, value)
            self.end_headers()

        do_POST = do_OPTIONS = answer  # noqa: N815  # names of http.server

        def log_message(self, *_: Any) -> None:
            """Say nothing."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    server.block_on_close = False
    made.port = server.server_address[1]
    thread = threading.Thread(target=lambda: server.serve_forever(poll_interval=0.02))
    thread.start()
    try:
        yield made
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
