"""The dependency through which a service reaches its store, its commands and what it knows of others."""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from nameko.extensions import DependencyProvider

from casuslog import toegangsweigeringen, tracing, verwerkingen
from casuslog.appending import append
from casuslog.clock import today
from casuslog.commands import CommandPath, Expiry
from casuslog.consume import timers
from casuslog.envelope import Actor, Envelope, Stream
from casuslog.events import Fact
from casuslog.hosting.entrypoint import PLATFORM_KEY
from casuslog.hosting.platform import Platform
from casuslog.identifiers import new_id
from casuslog.metrics import CommandMeter, registry_of_process
from casuslog.readmodels import KnownEvents, Policies, Policy
from casuslog.recorded import Aggregate, Context, RecordedEvent, StoredEvent
from casuslog.store import EventStore, Transaction

MOST_WAITING = 20
"""Calls that may wait side by side in one service: each holds a worker, and handling events needs workers too."""


class ServiceLog:
    """What a service does with the log: take commands, react, and read."""

    def __init__(self, platform: Platform, service_cls: Any) -> None:
        self.platform = platform
        self.service: str = service_cls.name
        self.store: EventStore = platform.store_for(self.service)
        self.known = KnownEvents(platform.codec)
        self.policies = Policies()
        self.commands = CommandPath(
            self.store,
            service_cls.commands,
            service_cls.questions,
            platform.clock,
            service_cls.readers,
            self.known,
        )
        self.registry = registry_of_process()
        """What Prometheus is told of this service (:mod:`casuslog.hosting.measuring`)."""
        self.meter = CommandMeter(self.service, self.commands.names, self.registry)
        self.waiting = threading.BoundedSemaphore(MOST_WAITING)
        """Places of calls that wait until something was handled."""
        self._expiries: Mapping[str, Expiry] = service_cls.expiries
        verwerkingen.metadata.create_all(self.store.engine)
        toegangsweigeringen.metadata.create_all(self.store.engine)
        if service_cls.tables is not None:
            service_cls.tables.create_all(self.store.engine)

    @property
    def system(self) -> Actor:
        """The service itself, as the actor of a reaction or a term that ran out."""
        return Actor("systeem", None, f"casuslog-{self.service}")

    def of_itself(self, **known: Any) -> Context:
        """The context of what the service does without an event or command as its cause."""
        cause = new_id()
        return Context(actor=self.system, correlationid=cause, causationid=cause, **known)

    def privacy_of(self, wire_type: str) -> Mapping[str, str]:
        """The privacy class of each field of an event type."""
        return self.platform.registry.current(wire_type).privacy

    def react(
        self,
        tx: Transaction,
        event: RecordedEvent,
        aggregate: Aggregate[Any],
        stream: Stream,
        decide: Callable[[Any, Policy], Sequence[Fact]],
        *,
        hidden: bool = False,
    ) -> list[StoredEvent]:
        """Append to ``stream`` what follows from ``event``, with the event as its cause.

        ``decide`` gets the folded state and the inrichting of the owner of ``stream``: what follows from an act of the
        same gemeente is judged by the version under which that act was done.
        ``hidden``: nothing in the envelope leads back to the event, for a stream that nobody may find from the casus.

        Raises:
            Refused: this service does not know that inrichting yet; the lane parks and a replay mends it.
        """
        state, version = tx.load(aggregate, stream)
        policy = self._policy_after(tx, event.envelope, stream)
        facts = decide(state, policy)
        if hidden:
            context = self.of_itself(inrichtingversie=policy.versie, uitvoerendegemeente=stream.gemeente)
        else:
            context = Context.caused_by(
                event.envelope,
                self.system,
                inrichtingversie=policy.versie,
                uitvoerendegemeente=stream.gemeente,
                traceparent=tracing.continued(event.envelope.traceparent),
            )
        return append(tx, stream, version, facts, context)

    def _policy_after(self, tx: Transaction, cause: Envelope, stream: Stream) -> Policy:
        if cause.inrichtingversie is not None and cause.gemeente == stream.gemeente:
            return self.policies.named(tx.aside, stream.gemeente, cause.inrichtingversie)
        return self.commands.policy(tx, stream.gemeente, cause.subject, cause.feitdatum)

    def term_ran_out(self, timer: timers.Timer, tx: Transaction) -> None:
        """Record that a term ran out, where this service says what follows.

        The inrichting is that of the last day of the term, however late the clock is looked at.
        """
        expiry = self._expiries.get(timer.name)
        if expiry is None:
            return
        state, version = tx.load(expiry.aggregate, timer.stream)
        owner = timer.stream.gemeente
        policy = self.commands.policy(tx, owner, timer.stream.id, timer.due_on)
        facts = expiry.decide(state, today(self.platform.clock), policy)
        context = self.of_itself(inrichtingversie=policy.versie, uitvoerendegemeente=owner)
        append(tx, timer.stream, version, facts, context)


class CasusLog(DependencyProvider):  # type: ignore[misc]  # nameko ships no types
    """Gives a service its :class:`ServiceLog`; one per container."""

    def setup(self) -> None:
        self._log = ServiceLog(self.container.config[PLATFORM_KEY], self.container.service_cls)

    def get_dependency(self, worker_ctx: Any) -> ServiceLog:  # noqa: ARG002  # nameko's signature
        return self._log
