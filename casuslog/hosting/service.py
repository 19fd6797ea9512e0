"""What every service has: commands over HTTP and rpc, its feed, its schemas, its health, what it knows of others."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, ClassVar

from nameko.rpc import rpc
from sqlalchemy import MetaData, select
from werkzeug.wrappers import Request, Response

from casuslog import tracing, vernietigen
from casuslog.commands import Answer, CommandCall, CommandType, Expiry, QuestionType, Readers
from casuslog.consume.handlers import EVERY_SOURCE
from casuslog.consume.timers import Timer
from casuslog.documents import openapi
from casuslog.errors import InvalidInput, NotFound, SchemaError
from casuslog.hosting.entrypoint import on_event
from casuslog.hosting.feed import FeedRpc
from casuslog.hosting.opdrachten import Opdrachten
from casuslog.hosting.operating import Operating
from casuslog.hosting.provider import CasusLog, ServiceLog
from casuslog.hosting.reading import TRACEPARENT, caller_of
from casuslog.hosting.streams import Streams
from casuslog.hosting.timers import on_timer
from casuslog.hosting.toegangsweigeringen import Toegangsweigeringen
from casuslog.hosting.verwerkingen import Verwerkingenlogboek
from casuslog.hosting.waiting import Waiting
from casuslog.http import http, json_body, json_response
from casuslog.metrics import UNKNOWN
from casuslog.readmodels import Policies, keep, note
from casuslog.recorded import RecordedEvent
from casuslog.store import Transaction
from casuslog.toestanden import Toestanden


class CasusService(FeedRpc, Streams, Verwerkingenlogboek, Toegangsweigeringen, Waiting, Operating, Opdrachten):
    """Base of a service. A subclass names itself, its commands and how it reads policy and foreign events."""

    name: ClassVar[str]
    commands: ClassVar[Sequence[CommandType]] = ()
    questions: ClassVar[Sequence[QuestionType]] = ()
    readers: ClassVar[Readers] = Readers()
    toestanden: ClassVar[Sequence[Toestanden]] = ()
    """Per kind of stream its states, with an example of each command: what may be done in which."""
    expiries: ClassVar[Mapping[str, Expiry]] = {}
    """Per kind of term: what follows when it runs out."""
    tables: ClassVar[MetaData | None] = None
    bewaart: ClassVar[bool] = False
    """Whether what is decided about keeping and destroying a casus is recorded here; of one service."""
    consumer_options: ClassVar[Mapping[str, Any]] = {}
    """How this service consumes, where it should be otherwise than usual: ``lanes``, ``prefetch``, ``batch``."""

    log: Any = CasusLog()

    @http("POST", "/opdrachten/<string:naam>")
    def http_opdracht(self, request: Request, naam: str) -> Response:
        """Carry out a command. Headers: Authorization, Idempotency-Key, If-Match, traceparent."""
        log: ServiceLog = self.log
        answer = log.meter.measured(naam, lambda: _carried_out(log, request, naam))
        headers = {"ETag": f'"{answer.versie}"'}
        if answer.herhaald:
            headers["Idempotent-Replayed"] = "true"
        return json_response(answer.as_json(), 200, headers)

    @http("POST", "/vragen/<string:naam>")
    def http_vraag(self, request: Request, naam: str) -> Response:
        """Answer a question from the inrichting; nothing is recorded."""
        log: ServiceLog = self.log
        caller = caller_of(log, request)
        return json_response(log.commands.ask(CommandCall(name=naam, body=json_body(request), caller=caller)))

    @rpc  # type: ignore[untyped-decorator]  # nameko ships no types
    def opdracht(
        self, naam: str, body: dict[str, Any], token: str, key: str | None = None, if_match: int | None = None
    ) -> dict[str, Any]:
        """The same over rpc."""
        log: ServiceLog = self.log
        gate = log.platform.gate
        caller = gate.check(token, service=log.service)
        call = CommandCall(name=naam, body=body, caller=caller, key=key, if_match=if_match)
        with gate.noting(log.service, caller):
            return log.meter.measured(naam, lambda: log.commands.run(call)).as_json()

    @http("GET", "/schemas/<string:fingerprint>")
    def http_schema(self, request: Request, fingerprint: str) -> Response:  # noqa: ARG002  # nameko passes it
        """The Avro schema with this fingerprint (16 hex), with which an event was written."""
        try:
            text = self.log.platform.registry.text(bytes.fromhex(fingerprint))
        except (SchemaError, ValueError):
            raise NotFound(f"Er is geen schema met vingerafdruk {fingerprint}.") from None
        return Response(text, mimetype="application/json")

    @http("GET", "/openapi.json")
    def http_openapi(self, request: Request) -> Response:  # noqa: ARG002  # nameko passes it
        """This document: every command, question and address of this service."""
        return json_response(openapi(type(self)))

    @http("GET", "/gezond")
    def http_gezond(self, request: Request) -> Response:  # noqa: ARG002  # nameko passes it
        """Whether the process lives."""
        return json_response({"service": self.name, "gezond": True})

    @http("GET", "/klaar")
    def http_klaar(self, request: Request) -> Response:  # noqa: ARG002  # nameko passes it
        """Whether it can take work: the database answers."""
        with self.log.store.reading() as conn:
            conn.execute(select(1))
        return json_response({"service": self.name, "klaar": True})

    @on_timer
    def termijn_verstreken(self, timer: Timer, tx: Transaction) -> None:
        """A term of this service ran out: its event follows once, dated on its due date."""
        self.log.term_ran_out(timer, tx)

    @on_event("inrichting", "InrichtingVastgesteld", projection=True)
    def houd_inrichting(self, event: RecordedEvent, tx: Transaction) -> None:
        """Keep each version of each inrichting: every act is judged by the one of its day."""
        Policies.keep(tx.aside, event)

    @on_event(EVERY_SOURCE, "GegevensVernietigd", projection=True)
    def wis_leesmodel(self, event: RecordedEvent, tx: Transaction) -> None:
        """A dossier of which events came in was destroyed: wipe what was kept of it, but not that it was."""
        vernietigen.wis_leesmodel(tx.conn, event)
        keep(tx.aside, [event])

    @on_event(EVERY_SOURCE, "GegevensVernietigd")
    def bevestig_vernietiging(self, event: RecordedEvent, tx: Transaction) -> None:
        """Wipe what else stands of it, forget the keys in this process, and say that it was done."""
        log: ServiceLog = self.log
        log.platform.keys.forget()
        self.wis_eigen(tx, event.envelope.gemeente, event.envelope.subject, event["omvang"])
        vernietigen.wis_overig(tx.conn, self.name, event)
        vernietigen.bevestig(tx, log.system, event)

    @classmethod
    def wis_eigen(cls, tx: Transaction, gemeente: str, subject: str, omvang: str) -> None:
        """Wipe what tables of its own hold of a casus that was destroyed. A service that has such tables says how."""

    @classmethod
    def verstrekkingen(cls, tx: Transaction, gemeente: str, subject: str) -> Sequence[Mapping[str, Any]]:  # noqa: ARG003
        """What this service delivered of a casus to holders outside, as JSON; for the proof. Most deliver nothing."""
        return ()

    def keep(self, event: RecordedEvent, tx: Transaction) -> None:
        """Keep a foreign event of which this service must know, and what it says of who is involved and since when."""
        keep(tx.aside, [event])

    def note(self, event: RecordedEvent, tx: Transaction) -> None:
        """Note who a foreign event says is involved, and of a melding when and by whom it was made; keep no more."""
        note(tx.aside, [event])


def _carried_out(log: ServiceLog, request: Request, name: str) -> Answer:
    traced = log.commands.traced(name)
    shown = name if name in log.commands.names else UNKNOWN
    with tracing.command(log.service, shown, _traceparent(request) if traced else None) as traceparent:
        call = CommandCall(
            name=name,
            body=json_body(request),
            caller=caller_of(log, request),
            key=_idempotency_key(request),
            if_match=_if_match(request),
            traceparent=traceparent,
        )
        return log.commands.run(call)


def _idempotency_key(request: Request) -> str | None:
    key = request.headers.get("Idempotency-Key")
    if key is not None and not 1 <= len(key) <= 200:
        raise InvalidInput("Een Idempotency-Key telt 1 tot 200 tekens.", errors={"Idempotency-Key": ["1-200 tekens"]})
    return key


def _if_match(request: Request) -> int | None:
    given = request.headers.get("If-Match")
    if given is None:
        return None
    text = given.strip().strip('"')
    if not text.isdigit():
        raise InvalidInput(
            "If-Match noemt de versie van de stroom, zoals de ETag van een antwoord.",
            errors={"If-Match": ['bijvoorbeeld "4"']},
        )
    return int(text)


def _traceparent(request: Request) -> str | None:
    """The trace of the caller; one that has not the form is left out, as W3C Trace Context says."""
    given = request.headers.get("traceparent", "")
    return given if TRACEPARENT.fullmatch(given) else None


__all__ = ["CasusService", "on_event"]
