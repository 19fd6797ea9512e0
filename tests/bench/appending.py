"""Our store while many append to it: as a service of nameko does, in greenlets, or in threads.

A service runs its workers as greenlets of one process, under eventlet's patch (docs/adr/0004). So a store that is
measured is asked in a process of its own under that patch; what its writers append, and when, is the bench's.
"""

from __future__ import annotations

import gc
import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from hashlib import sha256
from typing import Any

from casuslog.envelope import Stream
from casuslog.identifiers import new_id
from casuslog.recorded import StoredEvent
from casuslog.store import Command, EventStore
from tests.bench import material
from tests.bench.child import Child, arguments, serve
from tests.bench.material import Material

CALLER = "0080/5e0b5c8a-6c0e-4f6c-9a40-0d3c1b1f7a11"
TEN = 10
"""Events of a larger append."""
PER_STREAM = 20
"""Events in one stream of a casus: its keys are made with the first, and in the memory of the process for the rest."""


def together(jobs: Sequence[Callable[[], None]]) -> float:
    """Seconds that all jobs take side by side, each in a thread that stands ready: a greenlet where it is patched."""
    ready = threading.Barrier(len(jobs) + 1)
    failures: list[BaseException] = []

    def run(job: Callable[[], None]) -> None:
        ready.wait()
        try:
            job()
        except BaseException as error:
            failures.append(error)

    threads = [threading.Thread(target=run, args=(job,), daemon=True) for job in jobs]
    for thread in threads:
        thread.start()
    gc.collect()
    gc.freeze()  # the work lies ready, however much: no side pays for walking through it
    ready.wait()
    began = time.perf_counter()
    for thread in threads:
        thread.join()
    seconds = time.perf_counter() - began
    gc.unfreeze()
    if failures:
        raise failures[0]
    return seconds


def answer_of(events: Sequence[StoredEvent]) -> dict[str, Any]:
    """What a command answers."""
    last = events[-1].envelope
    return {
        "casus": last.subject,
        "gebeurtenissen": [event.envelope.id for event in events],
        "versie": last.sequence,
        "positie": str(last.position),
        "herhaald": False,
    }


def command() -> Command:
    """A command under a key of its own."""
    key = new_id()
    return Command(caller=CALLER, key=key, body_hash=sha256(key.encode()).digest(), answer=answer_of)


@dataclass
class Ours:
    """Our store, and what was appended to it."""

    material: Material
    store: EventStore
    appended: list[tuple[str, int]] = field(default_factory=list)

    def singles(self, streams: Sequence[Stream], numbers: Sequence[int]) -> Callable[[], None]:
        """A writer's work: one event and its command at a time, its streams by turns."""
        work = [
            (streams[n % len(streams)], n // len(streams), material.facts(1, n), material.context(), command())
            for n in numbers
        ]

        def append() -> None:
            for stream, version, facts, context, given in work:
                self.store.append(stream, version, facts, context, command=given)
                self.appended.append((stream.id, version + 1))

        return append

    def tens(self, streams: Sequence[Stream]) -> Callable[[], None]:
        """A writer's work: ten events at a time, each time to a new stream."""
        work = [(stream, material.facts(TEN), material.context()) for stream in streams]

        def append() -> None:
            for stream, facts, context in work:
                self.store.append(stream, 0, facts, context)

        return append

    def with_singles(self, writers: int, each: int) -> float:
        """Seconds that so many writers take, each so many events."""
        jobs = []
        for _ in range(writers):
            streams = material.streams(max(1, each // PER_STREAM))
            self.material.with_keys(streams)
            jobs.append(self.singles(streams, range(each)))
        return together(jobs)

    def with_tens(self, writers: int, each: int) -> float:
        """Seconds that so many writers take, each so many times ten events."""
        streams = [material.streams(each) for _ in range(writers)]
        for one in streams:
            self.material.with_keys(one)
        return together([self.tens(one) for one in streams])


def appender(url: str, *, green: bool = True, grouped: bool = True) -> Child:
    """Our store in a process of its own, its writers greenlets or threads.

    Orders: ``singles(writers, each)`` and ``tens(writers, each)`` give the seconds it took, ``count()`` how many events
    were appended one at a time, and ``appended()`` their streams and versions.
    """
    return Child(__name__, url=url, green=green, grouped=grouped)


def _serve(url: str, *, grouped: bool) -> None:
    made = Material.make()
    ours = Ours(made, made.store(url, grouped=grouped))
    serve(
        {
            "singles": ours.with_singles,
            "tens": ours.with_tens,
            "count": lambda: len(ours.appended),
            "appended": lambda: ours.appended,
        }
    )
    ours.store.close()


if __name__ == "__main__":
    given = arguments()
    if given.pop("green"):
        from casuslog.hosting.patch import patch

        patch()
    _serve(**given)
