"""The HTTP edge of a service beside a bare nameko http entrypoint, each in a process of its own; and who calls them.

Ours is the service melding as it is hosted, with its inrichting. The caller is one process that keeps eight connections
busy with requests made beforehand, so that it is no bottleneck.
"""

from __future__ import annotations

import json
import selectors
import socket
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from datetime import date
from pathlib import Path
from typing import Any

from casuslog.caller import Caller, DevelopmentIssuer
from tests.bench.child import Child, arguments, serve

OURS, BARE = "ours", "bare"
CLIENTS = 8
GEMEENTE, SLEUTEL = "0080", "leeuwarden"
SECRET = "geheim-van-de-bench-" * 3
CALLER = Caller("consulent", GEMEENTE, "5e0b5c8a-6c0e-4f6c-9a40-0d3c1b1f7a11", (GEMEENTE,))
MELDING: dict[str, Any] = {
    "gemeente": GEMEENTE,
    "kanaal": "telefoon",
    "melder": "inwoner",
    "naam": "Testpersoon Een",
    "adres": "Teststraat 1",
    "woonplaats": "Leeuwarden",
    "telefoon": "058-0000000",
    "geboortedatum": "1938-03-04",
    "hulpvraag": "Het huishouden lukt niet meer sinds de val; de was en de boodschappen blijven liggen.",
}
"""A melding by telephone, as a screen sends it."""


def server(side: str, amqp_uri: str, url: str, port: int) -> Child:
    """A service that answers on a port of 127.0.0.1 for as long as it is asked nothing."""
    return Child(__name__, side=side, amqp_uri=amqp_uri, url=url, port=port)


def requests(side: str, count: int) -> Sequence[bytes]:
    """So many requests: each its own command under its own key, or its own row."""
    if side == BARE:
        return [_request("/rijen", {**MELDING, "n": n}, ()) for n in range(count)]
    token = f"Authorization: Bearer {DevelopmentIssuer(SECRET).issue(CALLER)}"
    made = time.monotonic_ns()
    return [
        _request("/opdrachten/registreer-melding", MELDING, (token, f"Idempotency-Key: bench-{made}-{n}"))
        for n in range(count)
    ]


def seconds_for(port: int, asked: Sequence[bytes]) -> float:
    """How long it takes to get all of these answered over :data:`CLIENTS` connections.

    Raises:
        AssertionError: an answer is another than 200.
    """
    waiting = iter(asked)
    with selectors.DefaultSelector() as selector:
        began = time.monotonic()
        for _ in range(CLIENTS):
            link = socket.create_connection(("127.0.0.1", port))
            link.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            selector.register(link, selectors.EVENT_READ, bytearray())
            _next(selector, link, waiting)
        while selector.get_map():
            for key, _ in selector.select(30):
                link: Any = key.fileobj
                key.data.extend(link.recv(65536))
                if _complete(key.data):
                    assert key.data.startswith(b"HTTP/1.1 200"), bytes(key.data)
                    key.data.clear()
                    _next(selector, link, waiting)
        return time.monotonic() - began


def _next(selector: selectors.BaseSelector, link: socket.socket, waiting: Iterator[bytes]) -> None:
    request = next(waiting, None)
    if request is None:
        selector.unregister(link)
        link.close()
    else:
        link.sendall(request)


def _complete(answer: bytearray) -> bool:
    head, end, body = answer.partition(b"\r\n\r\n")
    if not end:
        assert answer, "the server closed the connection"
        return False
    length = next(line for line in head.lower().split(b"\r\n") if line.startswith(b"content-length:"))
    return len(body) >= int(length.partition(b":")[2])


def _request(path: str, body: dict[str, Any], headers: Sequence[str]) -> bytes:
    text = json.dumps(body).encode()
    lines = (
        f"POST {path} HTTP/1.1",
        "Host: 127.0.0.1",
        "Content-Type: application/json",
        f"Content-Length: {len(text)}",
        *headers,
    )
    return "\r\n".join(lines).encode() + b"\r\n\r\n" + text


def _bare(url: str) -> tuple[type, dict[str, Any]]:
    from nameko.web.handlers import http
    from sqlalchemy import create_engine, text

    engine = create_engine(url, pool_size=10, max_overflow=40)
    with engine.begin() as conn:
        conn.execute(text("CREATE TABLE IF NOT EXISTS rijen (id bigserial PRIMARY KEY, inhoud text)"))
    insert = text("INSERT INTO rijen (inhoud) VALUES (:inhoud)")

    class Bare:
        name = "kaal"

        @http("POST", "/rijen")
        def rij(self, request: Any) -> str:
            body = json.loads(request.get_data())
            with engine.begin() as conn:
                conn.execute(insert, {"inhoud": body["hulpvraag"]})
            return json.dumps({"n": body["n"]})

    return Bare, {}


def _ours(amqp_uri: str, url: str) -> tuple[type, dict[str, Any]]:
    from casuslog.hosting.entrypoint import PLATFORM_KEY
    from casuslog.hosting.platform import Platform
    from casuslog.readmodels import Policies
    from casuslog.settings import Settings
    from services.inrichting.folder import beleiden
    from services.melding.service import MeldingService

    folder = Path(tempfile.mkdtemp(prefix="casuslog-bench-"))
    settings = Settings.from_env(
        {
            "CASUSLOG_AMQP_URL": amqp_uri,
            "CASUSLOG_DATABASE_URL": url,
            "CASUSLOG_DATA": str(folder),
            "CASUSLOG_TEMPO": "0",
        }
    )
    (folder / "token.secret").write_text(SECRET, encoding="ascii")
    platform = Platform(settings, hosted=("inrichting", "melding"))
    platform.store_for("inrichting")
    inrichtingen = Path(__file__).resolve().parents[2] / "deploy" / "inrichtingen"
    beleid = next(one for one in beleiden(inrichtingen) if one["kop"]["sleutel"] == SLEUTEL)
    known = {
        "gemeente": GEMEENTE,
        "versie": 1,
        "sleutel": SLEUTEL,
        "geldig_vanaf": date(2015, 1, 1),
        "beleid": json.dumps(beleid),
    }
    with platform.store_for("melding").transaction() as tx:
        Policies.keep(tx.conn, known)
    return MeldingService, {PLATFORM_KEY: platform}


def _run(side: str, amqp_uri: str, url: str, port: int) -> None:
    import logging

    import structlog
    from eventlet import tpool
    from nameko.containers import ServiceContainer

    # Standard output is for answers.
    structlog.configure(
        wrapper_class=structlog.make_filtering_bound_logger(logging.WARNING),
        logger_factory=structlog.PrintLoggerFactory(sys.stderr),
    )
    cls, known = _bare(url) if side == BARE else _ours(amqp_uri, url)
    config = {"AMQP_URI": amqp_uri, "WEB_SERVER_ADDRESS": f"127.0.0.1:{port}", "max_workers": 50, **known}
    container = ServiceContainer(cls, config)
    container.start()
    serve({"cpu": time.process_time}, read=lambda: str(tpool.execute(sys.stdin.readline)))
    container.stop()


if __name__ == "__main__":
    from casuslog.hosting.patch import patch

    patch()
    _run(**arguments())
