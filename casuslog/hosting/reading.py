"""Reading at an edge: who asks, as of which day, and the note that is made of every reading."""

from __future__ import annotations

import contextlib
import re
from collections.abc import Iterable
from datetime import date
from functools import partial
from typing import TYPE_CHECKING

import structlog
from werkzeug.wrappers import Request

from casuslog import verwerkingen
from casuslog.caller import Caller
from casuslog.clock import today
from casuslog.errors import Forbidden, InvalidInput
from casuslog.http import ON_REFUSAL, remote_of
from casuslog.identifiers import is_uuid
from casuslog.rights import Reader

if TYPE_CHECKING:
    from casuslog.hosting.provider import ServiceLog
    from casuslog.store import Transaction

_log = structlog.get_logger("casuslog.inzage")

BEHEERDER = "beheerder"
UNREADABLE = "geen_id"
TRACEPARENT = re.compile(r"[0-9a-f]{2}-[0-9a-f]{32}-[0-9a-f]{16}-[0-9a-f]{2}")
"""W3C Trace Context."""
_BEGIN = "casuslog.begin"
"""In the environment of a request: when it came."""
_PLAIN = re.compile(r"[a-z_]{1,32}|[0-9]{4}(,[0-9]{4})*")
"""Kinds of stream, and lists of gemeentecodes."""


def caller_of(log: ServiceLog, request: Request) -> Caller:
    """Who calls, in the role that the token holds or that ``Casuslog-Rol`` chooses.

    Raises:
        NotAuthenticated: no token that holds.
        Forbidden: a role that the token has not, or roles that exclude each other.
        TooMany: this caller, or whoever is at this address, has to wait.
    """
    request.environ.setdefault(_BEGIN, log.platform.clock.now())
    headers, gate = request.headers, log.platform.gate
    remote = remote_of(request, gate.proxies)
    caller = gate.caller_of(headers.get("Authorization"), headers.get("Casuslog-Rol"), remote, service=log.service)
    request.environ[ON_REFUSAL] = partial(gate.refused.of_rights, log.service, caller)
    return caller


def ensure_beheerder(caller: Caller, service: str) -> None:
    """Pass for who looks after this service, for gemeenten of its own.

    Raises:
        Forbidden: another role, or a token without a gemeente.
    """
    if caller.rol != BEHEERDER or not caller.gemeenten:
        raise Forbidden(
            "rol_beheerder_vereist",
            f"De rol {caller.rol} mag de dienst {service} niet beheren.",
            rule="AVG art. 32: alleen wie de dienst beheert",
            remedy="Gebruik een token met de rol beheerder en de gemeenten waarvoor u beheert.",
        )


def reader_of(log: ServiceLog, request: Request) -> Reader:
    """Who reads.

    Raises:
        NotAuthenticated: no token that holds.
    """
    caller = caller_of(log, request)
    return Reader(caller.rol, caller.organisatie, caller.id, caller.gemeenten, caller.doelbinding)


def as_of(log: ServiceLog, request: Request) -> date:
    """The day up to which is read: ``?op=``, else today. It chooses facts, never rights: those are of today.

    Raises:
        InvalidInput: not a day.
    """
    return day_of(request, "op") or today(log.platform.clock)


def day_of(request: Request, name: str) -> date | None:
    """The day that a call names under ``name``, if it names one.

    Raises:
        InvalidInput: not a day.
    """
    given = request.args.get(name)
    try:
        return None if given is None else date.fromisoformat(given)
    except ValueError:
        raise InvalidInput("De dag heeft de vorm 2017-04-13.", errors={name: ["JJJJ-MM-DD"]}) from None


def note(
    log: ServiceLog,
    reader: Reader,
    what: str,
    subject: str,
    *,
    allowed: bool,
    request: Request | None = None,
    about: Iterable[tuple[str, str]] = (),
    shown: int = 0,
    tx: Transaction | None = None,
) -> None:
    """Note a reading, also a refused one: who, in which role, for which purpose, of what; never what was read.

    It is a line of the log, and for each of whom it is about a processing record (:mod:`casuslog.verwerkingen`), which
    is kept before the answer goes out. What came in a URL is noted only where it is an id: somebody may have put a BSN
    or a name there.

    Args:
        log: of the service.
        reader: who reads.
        what: ``tijdlijn``, a kind of stream, ...
        subject: what was asked for.
        allowed: whether anything was shown.
        request: the call; says when it began and in which trace.
        about: per gemeente that answers for it the casus (or other subject) that exists and was read or refused.
        shown: how many events were shown.
        tx: the transaction of the reading, still open; without it the record gets one of its own.
    """
    plain = what if _PLAIN.fullmatch(what) else UNREADABLE
    now = log.platform.clock.now()
    _log.info(
        "inzage",
        wat=plain,
        onderwerp=subject if is_uuid(subject) or _PLAIN.fullmatch(subject) else UNREADABLE,
        lezer=reader.id,
        rol=reader.rol,
        organisatie=reader.organisatie,
        doelbinding=reader.doelbinding,
        toegestaan=allowed,
        tijd=now.isoformat(),
    )
    whom = list(about)
    if not whom:
        return
    given = None if request is None else request.headers.get("traceparent", "")
    read = verwerkingen.Verwerking(
        lezer=reader,
        onderdeel=plain,
        begin=now if request is None else request.environ.get(_BEGIN, now),
        toegestaan=allowed,
        traceparent=given if given and TRACEPARENT.fullmatch(given) else None,
        aantal=shown,
    )
    with contextlib.ExitStack() as opened:
        conn = (tx or opened.enter_context(log.store.transaction())).conn
        verwerkingen.leg_vast(conn, log.platform.keys, read, whom, now)
