"""The codec with both blocks, against bare fastavro and bare AES-GCM.

Ours checks every value, frames, asks the key store for keys, and checks that envelope and body agree; read as objects
of their class, which is what a service gets by default. The peer gives mappings.
"""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any

from casuslog.codec import Codec
from casuslog.recorded import StoredEvent
from casuslog.schema import record_view
from tests.bench.casework import PER_CASUS, Casework, casework
from tests.bench.frame import Bench, Result, Row, rate, ratios
from tests.bench.peers_bare import BareCodec, bare_event

MUST, AIM = 0.7, 0.85
PEER = "bare fastavro + bare AES-GCM"
PURPOSE = "bench"


@dataclass(frozen=True, slots=True)
class Prepared:
    """The same events for both sides."""

    work: Casework
    stored: Sequence[StoredEvent]
    bare: BareCodec
    to_write: Sequence[tuple[Any, ...]]
    to_read: Sequence[tuple[Any, ...]]


def prepared(events: int) -> Prepared:
    """Events that ours has encoded, and the same for the peer with its keys at hand."""
    work = casework(events)
    stored = [StoredEvent(envelope, work.codec.encode(fact, envelope)) for fact, envelope in work.facts]
    to_read = [(bare_event(belongs(one), one.envelope.type, one.body),) for one in stored]
    key_ids = {block.key_id: one for (one,) in to_read for block in one[2:] if block}
    keys = {key_id: work.keys.get(key_id, one.belongs[:4], PURPOSE) for key_id, one in key_ids.items()}
    bare = BareCodec(work.registry, {key_id: key for key_id, key in keys.items() if key is not None})
    to_write = [
        (belongs(kept), kept.envelope.type, dict(record_view(fact.data)), (one.feit.key_id, one.persoonsgegeven.key_id))
        for (fact, _), kept, (one,) in zip(work.facts, stored, to_read, strict=True)
    ]
    return Prepared(work, stored, bare, to_write, to_read)


def belongs(stored: StoredEvent) -> str:
    """How the associated data of an event begins."""
    e = stored.envelope
    return f"{e.gemeente}|{e.stroom}|{e.subject}|{e.id}"


def encoding(bench: Bench) -> Sequence[Result]:
    """Facts to bytes, one by one: values checked, keys from the key store."""
    made = prepared(bench.some(6_000))
    ours = partial(each, made.work.codec.encode, made.work.facts)
    theirs = partial(each, made.bare.encode, made.to_write)
    return compared(bench, "codec encode", len(made.stored), ours, theirs)


def decoding(bench: Bench) -> Sequence[Result]:
    """Bytes to typed objects: a page at a time, as whoever reads the log does, and one by one, as a consumer does."""
    made = prepared(bench.some(6_000))
    codec = made.work.codec
    theirs = partial(each, made.bare.decode, made.to_read)
    many = partial(drained, codec, made.stored)
    single = partial(one_by_one, codec, made.stored)
    return [
        *compared(bench, "codec decode", len(made.stored), many, theirs),
        *compared(bench, "codec decode, one by one", len(made.stored), single, theirs),
    ]


def compared(
    bench: Bench, name: str, events: int, ours: Callable[[], None], theirs: Callable[[], None]
) -> Sequence[Result]:
    """One result: ours against the peer."""
    rates = bench.alternate({"casuslog": timed(events, ours), PEER: timed(events, theirs)})
    note = f"{rate(rates['casuslog'])} and {rate(rates[PEER])}; {PER_CASUS} events to a pair of keys"
    return [Result(name=name, peer=PEER, rounds=ratios(rates, "casuslog", PEER), must=MUST, aim=AIM, note=note)]


def timed(events: int, work: Callable[[], None]) -> Callable[[], float]:
    """Events per second of the processor: neither side waits for anything, and others share the machine."""

    def side() -> float:
        began = time.process_time()
        work()
        return events / (time.process_time() - began)

    return side


def each(step: Callable[..., Any], many: Iterable[tuple[Any, ...]]) -> None:
    """Do ``step`` with each; nothing is kept, as by whoever moves on."""
    for one in many:
        step(*one)


def drained(codec: Codec, stored: Sequence[StoredEvent]) -> None:
    """Read all, a page of keys at a time."""
    deque(codec.decode_many(stored, purpose=PURPOSE), maxlen=0)


def one_by_one(codec: Codec, stored: Sequence[StoredEvent]) -> None:
    """Read each by itself."""
    for one in stored:
        codec.decode(one, purpose=PURPOSE)


ROWS = [
    Row("codec encode", "a fact to stored bytes, both blocks sealed", encoding),
    Row("codec decode", "stored bytes to a typed event", decoding),
]
