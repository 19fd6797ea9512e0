"""A whole platform in one process: every service, its relay and its HTTP API, on a clock that the test sets.

It is the embedded form itself (SQLite and the twin), in a temporary folder, on free ports; nothing is faked::

    with Platform(date(2017, 2, 13)) as platform:
        melding = platform.command("melding", "registreer-melding", team, gemeente="opsterland", kanaal="telefoon")
        platform.settle()
        platform.events("onderzoek", melding.casus)

Call ``eventlet.monkey_patch()`` before anything else is imported: nameko hangs without it. See ``docs/testen.md``.
"""

from __future__ import annotations

import contextlib
import os
import tempfile
import time
import uuid
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import date, datetime
from pathlib import Path
from types import TracebackType
from typing import Any, Self

import eventlet
from sqlalchemy import func, select

from casuslog.appending import append
from casuslog.caller import Caller
from casuslog.clock import SettableClock
from casuslog.commands import Answer, CommandCall
from casuslog.consume.consumer import Consumer
from casuslog.consume.timers import PLANNED, timers
from casuslog.envelope import Actor, Stream
from casuslog.events import DomainEvent, Fact
from casuslog.hosting.entrypoint import LogConsumer
from casuslog.hosting.host import Host
from casuslog.hosting.provider import ServiceLog
from casuslog.hosting.standing import relayed
from casuslog.hosting.timers import OnTimer
from casuslog.http.client import ApiClient
from casuslog.recorded import START, Context, Cursor, RecordedEvent, StoredEvent
from casuslog.settings import Settings, service_class, service_names
from casuslog.store import EVERY_GEMEENTE, EventStore
from casuslog.subscribing import Subscription, subscribe
from casuslog.testing.instances import free_ports

INRICHTINGEN = "CASUSLOG_INRICHTINGEN"
"""Names the folder with inrichtingen to the service that reads them."""
LOOK_SECONDS = 0.002
"""Between two looks whether all has come to rest."""
PAGE = 500
RELAYS = 2
"""Relay processes in the largest installation that is tested; each has a port after those of the services."""
SEEDER = Actor("systeem", None, "testvoorgeschiedenis")


class NotSettled(AssertionError):
    """Something was still under way when the time was up; the text says what."""


class Platform:
    """Every service of this installation in one process.

    Args:
        day: where the clock begins.
        inrichtingen: folder with inrichtingen to work by; by default those of the installation.
        data: folder to keep everything in; by default a temporary one that is removed at the end.
        env: more of the environment (:mod:`casuslog.settings`), e.g. ``{"CASUSLOG_TEMPO": "0"}``; with an AMQP
            and a database URL it runs on those.
    """

    def __init__(
        self,
        day: date | datetime = date(2017, 1, 2),
        *,
        inrichtingen: Path | None = None,
        data: Path | None = None,
        env: Mapping[str, str] | None = None,
    ) -> None:
        self.clock = SettableClock(day)
        self.services = tuple(service_names())
        self._inrichtingen = inrichtingen
        self._data = data
        self._env = dict(env or {})
        self._open = contextlib.ExitStack()

    def __enter__(self) -> Self:
        with contextlib.ExitStack() as opening:
            folder = self._data or Path(opening.enter_context(tempfile.TemporaryDirectory(prefix="casuslog-test-")))
            opening.enter_context(_environment(INRICHTINGEN, self._inrichtingen))
            self.settings = _settings(folder, self._env)
            self.host = Host(self.settings, self.services, self.services, clock=self.clock)
            self._logs = {name: ServiceLog(self.host.platform, service_class(name)) for name in self.services}
            opening.callback(self.host.stop)
            self.host.start()
            self.api = ApiClient(self.settings, self.host.platform.issuer)
            self.settle()
            self._open = opening.pop_all()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._open.close()

    # -- what a user does ----------------------------------------------------------------------------------------------

    def command(
        self,
        service: str,
        name: str,
        caller: Caller,
        *,
        key: str | None = None,
        if_match: int | None = None,
        **body: Any,
    ) -> Answer:
        """Carry out a command through its whole path, without HTTP. What ``None`` says in the body is left out.

        Raises:
            CasuslogError: as :meth:`casuslog.commands.CommandPath.run`.
        """
        given = {field: _plain(value) for field, value in body.items() if value is not None}
        call = CommandCall(name=name, body=given, caller=caller, key=key, if_match=if_match)
        return self._logs[service].commands.run(call)

    def ask(self, service: str, name: str, caller: Caller, **body: Any) -> Mapping[str, Any]:
        """Ask a question that records nothing; raises as :meth:`command`."""
        given = {field: _plain(value) for field, value in body.items() if value is not None}
        return self._logs[service].commands.ask(CommandCall(name=name, body=given, caller=caller))

    def subscribe(
        self,
        abonnement: str,
        caller: Caller,
        *,
        position: Path | str,
        queue: bool = False,
        idle: float | None = 0.3,
    ) -> Subscription:
        """Follow a subscription as its holder does, over HTTP or over its queue; ends when nothing came for ``idle``
        seconds."""
        return subscribe(
            abonnement,
            queue=self.settings.amqp_url if queue else None,
            feed=self.settings.http_url("abonnement"),
            token=lambda: self.host.platform.issuer.issue(caller),
            position=position,
            idle=idle,
        )

    def timeline(self, casus: str, caller: Caller, op: date | None = None) -> list[dict[str, Any]]:
        """The timeline of a casus as this caller reads it over HTTP.

        Raises:
            Problem: the casus does not exist for this caller.
        """
        found: list[dict[str, Any]] = self.api.get("historie", f"/casussen/{casus}/tijdlijn{_as_of(op)}", caller)[
            "tijdlijn"
        ]
        return found

    def status(self, casus: str, caller: Caller, op: date | None = None) -> dict[str, Any]:
        """The status of a casus as this caller reads it over HTTP; raises as :meth:`timeline`."""
        return self.api.get("historie", f"/casussen/{casus}{_as_of(op)}", caller)

    def stream(self, service: str, stream: Stream, caller: Caller) -> list[dict[str, Any]]:
        """The events of one stream as this caller reads them over HTTP; raises as :meth:`timeline`."""
        found: list[dict[str, Any]] = self.api.get(service, f"/stromen/{stream}", caller)["gebeurtenissen"]
        return found

    # -- what a test sees ----------------------------------------------------------------------------------------------

    def store(self, service: str) -> EventStore:
        """The store of a service."""
        return self._logs[service].store

    def events(self, service: str | None = None, casus: str | None = None) -> list[RecordedEvent]:
        """What was logged, decoded, in the order of the log; of all services: one after the other."""
        found: list[RecordedEvent] = []
        for name in (service,) if service else self.services:
            store = self.store(name)
            stored = [one for one in _whole_log(store) if casus is None or one.envelope.subject == casus]
            found += store.codec.decode_many(stored, purpose="test")
        return found

    def seed(
        self,
        service: str,
        gemeente: str,
        casus: str,
        facts: Sequence[Fact | DomainEvent],
        *,
        on: date | None = None,
        kind: str | None = None,
        actor: Actor = SEEDER,
        geimporteerd: bool = False,
        **concerns: str | None,
    ) -> list[StoredEvent]:
        """Let these facts have happened: appended as a service appends, so that they flow through the log as others do.

        Args:
            service: whose facts they are.
            gemeente: code of the gemeente that owns the stream.
            casus: id of the casus, or of whatever the stream is about.
            facts: in order; a bare event happened on ``on``.
            on: the day of bare events.
            kind: kind of the stream; by default it is called as the service.
            actor: who did it.
            geimporteerd: imported history triggers no reactions.
            concerns: attributes of the envelope (``woongemeente``, ``thema``, ``inrichtingversie``, ...).
        """
        cause = str(uuid.uuid4())
        context = Context(
            actor=actor,
            correlationid=cause,
            causationid=cause,
            geimporteerd=geimporteerd,
            **{"woongemeente": gemeente, "uitvoerendegemeente": gemeente, **concerns},
        )
        stream = Stream(gemeente, kind or service, casus)
        dated = [one if isinstance(one, Fact) else Fact(one, _day(on, one)) for one in facts]
        store = self.store(service)
        return store.run_transaction(lambda tx: append(tx, stream, store.version(stream), dated, context))

    # -- rest ----------------------------------------------------------------------------------------------------------

    def settle(self, timeout: float = 30.0) -> None:
        """Return when all is at rest: everything passed on and handled (or parked), no term due that did not fire.

        Raises:
            NotSettled: something is still under way after ``timeout`` seconds.
        """
        deadline = time.monotonic() + timeout
        while (busy := self._busy()) is not None:
            if time.monotonic() > deadline:
                raise NotSettled(f"after {timeout:g} s: {busy}")
            eventlet.sleep(LOOK_SECONDS)

    def _busy(self) -> str | None:
        """What is under way, the first that is found; ``None`` at rest. What costs least to see is looked at first."""
        consumers = {name: self._extensions(name, LogConsumer) for name in self.services}
        for name, found in consumers.items():
            if any(_at_work(one) for one in found):
                return f"{name} still handles events"
        heads = self._heads()
        for name, head in heads.items():
            with self.store(name).engine.connect() as conn:
                if relayed(conn) < head:
                    return f"the relay of {name} has not passed on everything"
        for name, found in consumers.items():
            for one in found:
                if (source := _behind(one, heads)) is not None:
                    return f"{name} has not received everything of {source}"
        if self._fire_terms():
            return "a term ran out"
        # What came in meanwhile is handled now, or was and may have been logged in turn.
        rest = self._heads() == heads and not any(_at_work(one) for found in consumers.values() for one in found)
        return None if rest else "something was just logged"

    def _fire_terms(self) -> int:
        """Let terms that are due run out now, instead of when their service next looks at the clock."""
        due = [name for name in self.services if self._terms_due(name)]
        return sum(timer.fire_due() for name in due for timer in self._extensions(name, OnTimer))

    def _heads(self) -> dict[str, Cursor]:
        return {name: self.store(name).head(EVERY_GEMEENTE) for name in self.services}

    def _terms_due(self, service: str) -> bool:
        now = self.clock.now()
        query = select(func.count()).select_from(timers).where(timers.c.state == PLANNED, timers.c.fires_at <= now)
        with self.store(service).engine.connect() as conn:
            return bool(conn.execute(query).scalar())

    def _extensions(self, service: str, kind: type) -> list[Any]:
        return [one for one in self.host.containers[service].extensions if isinstance(one, kind)]


def _at_work(extension: LogConsumer) -> bool:
    if not extension.handlers.sources:
        return False
    running = extension.running
    return running is None or not running.caught_up.is_set() or running.consumer.waiting > 0


def _behind(extension: LogConsumer, heads: Mapping[str, Cursor]) -> str | None:
    """The first source of which this consumer has not received everything."""
    if extension.running is None:
        return None
    consumer: Consumer = extension.running.consumer
    return next((s for s in extension.handlers.sources if s in heads and consumer.tip(s) < heads[s]), None)


def _whole_log(store: EventStore) -> Iterator[StoredEvent]:
    after = START
    while page := store.read_log(EVERY_GEMEENTE, after=after, limit=PAGE):
        yield from page
        after = page[-1].cursor or START


def _settings(folder: Path, env: Mapping[str, str]) -> Settings:
    own = {"CASUSLOG_DATA": str(folder), "CASUSLOG_HTTP_PORT": str(_free_ports())}
    embedded = Settings.from_env({**env, **own})
    if not embedded.embedded:
        return embedded
    # A broker of its own: two platforms in one process do not hear each other.
    return replace(embedded, amqp_url=f"{embedded.amqp_url}-{uuid.uuid4().hex[:12]}")


def _free_ports() -> int:
    """The first of as many free ports in a row as there are services and relay processes."""
    return free_ports(len(service_names()) + RELAYS)


@contextlib.contextmanager
def _environment(name: str, value: Path | None) -> Iterator[None]:
    before = os.environ.get(name)
    if value is not None:
        os.environ[name] = str(value)
    try:
        yield
    finally:
        if value is not None:
            os.environ.pop(name)
            os.environ.update({} if before is None else {name: before})


def _plain(value: Any) -> Any:
    """As it would come over HTTP: days as text, sequences as lists."""
    match value:
        case date():
            return value.isoformat()
        case Mapping():
            return {key: _plain(one) for key, one in value.items()}
        case list() | tuple():
            return [_plain(one) for one in value]
    return value


def _as_of(op: date | None) -> str:
    return "" if op is None else f"?op={op.isoformat()}"


def _day(on: date | None, event: DomainEvent) -> date:
    if on is None:
        raise TypeError(f"on which day? Give Fact({type(event).__name__}(...), on=...), or on= for all")
    return on
