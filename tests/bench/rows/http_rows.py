"""A command over HTTP through its whole path, beside a bare nameko http entrypoint that inserts one row and commits.

Ours checks the token and the body, asks who is involved and which inrichting holds, folds, decides, makes the keys of a
new dossier, encrypts, chains, and commits events, read models and the answer under its idempotency key.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial

from casuslog.testing.instances import free_port
from tests.bench.child import Child
from tests.bench.commanding import BARE, CLIENTS, OURS, requests, seconds_for, server
from tests.bench.frame import Bench, Result, Row, rate, ratios, typical

MUST, AIM = 0.5, 0.65
PEER = "bare nameko http, one INSERT and a commit"


def command(bench: Bench) -> Sequence[Result]:
    """Eight callers register meldingen, each of a new casus."""
    count = bench.some(1500, 40)
    amqp = bench.rabbit.create_vhost()
    ports = {side: free_port() for side in (OURS, BARE)}
    children: list[Child] = []
    try:
        for side, port in ports.items():
            children.append(server(side, amqp, bench.postgres.create_database(), port))
        rates = bench.alternate({side: partial(_rate, side, port, count) for side, port in ports.items()})
    finally:
        for child in children:
            child.close()
        bench.rabbit.drop_vhost(amqp)
    note = f"{rate(rates[OURS])} against {rate(rates[BARE])}, {CLIENTS} callers at a time"
    mine, ratio = typical(rates[OURS]), ratios(rates, OURS, BARE)
    return [Result(name="http_command", peer=PEER, rounds=ratio, must=MUST, aim=AIM, rate=mine, note=note)]


def _rate(side: str, port: int, count: int) -> float:
    return count / seconds_for(port, requests(side, count))


ROWS = (Row("http_command", "registreer-melding over HTTP, the whole path", command),)
