"""Bringing in a gemeente's history beside bare COPY of the very same rows into the very same tables.

Ours checks, encodes, encrypts, chains and makes the keys of every casus while the clock runs; COPY gets text that is
ready. Both in this process, on one connection at a time, in parts of as many rows.
"""

from __future__ import annotations

import time

from casuslog.envelope import Stream
from casuslog.identifiers import new_id
from casuslog.store import GENESIS, History
from casuslog.store._import import PART
from casuslog.store._making import Writer
from tests.bench import material, peers_postgres
from tests.bench.frame import Bench, Result, Row, rate, ratios, typical
from tests.bench.material import Material

EVENTS = 20_000
PER_CASUS = 20
GEMEENTE = "0080"


def imported(bench: Bench) -> list[Result]:
    """A history of casussen of one gemeente."""
    casussen = bench.some(EVENTS, 200) // PER_CASUS
    made = Material.make(bench.postgres.create_database())
    store = made.store(bench.postgres.create_database())
    bare_url = bench.postgres.create_database()
    made.store(bare_url).close()
    connection = peers_postgres.connect(bare_url)
    writer = Writer(material.SERVICE, made.codec, made.clock, material.oin_of)

    def histories() -> list[History]:
        return [
            History(Stream(GEMEENTE, "melding", new_id()), material.facts(PER_CASUS), material.context())
            for _ in range(casussen)
        ]

    def ours() -> float:
        told = histories()
        began = time.perf_counter()
        outcome = store.import_history(told)
        return outcome.added / (time.perf_counter() - began)

    def bare() -> float:
        told = histories()
        made.codec.have_keys(material.SERVICE, GEMEENTE, [(one.stream.id, one.facts[0]) for one in told])
        rows = [
            peers_postgres.row(one)
            for history in told
            for one in writer.make(history.stream, 0, history.facts, history.context, GENESIS)
        ]
        parts = [peers_postgres.copy_text(rows[at : at + PART]) for at in range(0, len(rows), PART)]
        began = time.perf_counter()
        for part in parts:
            peers_postgres.copy(connection, part)
        return len(rows) / (time.perf_counter() - began)

    rates = bench.alternate({"ours": ours, "bare": bare})
    store.close()
    return [
        Result(
            name="import of a gemeente's history",
            peer="bare COPY of the same rows",
            rounds=ratios(rates, "ours", "bare"),
            rate=typical(rates["ours"]),
            must=0.35,
            aim=0.5,
            note=f"{PER_CASUS} events per casus, keys included; ours {rate(rates['ours'])}, it {rate(rates['bare'])}",
        )
    ]


ROWS = [Row("import", "a gemeente's history, encoded, encrypted and chained, beside bare COPY", imported)]
