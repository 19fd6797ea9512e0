"""The way in: a token that holds, within the number of calls that its holder may make."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator
from contextlib import contextmanager
from datetime import datetime
from typing import TypeVar

import structlog

from casuslog.caller import Caller
from casuslog.errors import CasuslogError, NotAuthenticated, TooMany
from casuslog.tokens._buckets import Buckets
from casuslog.tokens._refusals import TOO_OFTEN, RefusedSignIns
from casuslog.tokens._tally import Tally
from casuslog.tokens._tokens import Tokens

BURST_SECONDS = 10
"""So many seconds' worth of calls may come at once."""

_log = structlog.get_logger("casuslog.aanmelding")
T = TypeVar("T")


class Gate:
    """Lets a caller in, or says why not. One per process: what it counts is what this process was asked.

    Args:
        tokens: whose tokens hold.
        calls_per_second: per (organisatie, sub); 0 is no limit.
        failures_per_minute: per remote address; 0 is no limit.
        proxies: addresses whose word of who asks is taken.
        now: tells the moment of a refusal.
    """

    def __init__(
        self,
        tokens: Tokens,
        *,
        calls_per_second: float = 0,
        failures_per_minute: float = 0,
        proxies: Collection[str] = (),
        now: Callable[[], datetime] | None = None,
    ) -> None:
        self._tokens = tokens
        self.proxies = proxies
        self.refused = RefusedSignIns(None if now is None else Tally(now))
        self._calls = Buckets(calls_per_second, calls_per_second * BURST_SECONDS)
        self._failures = Buckets(failures_per_minute / 60, failures_per_minute)

    def caller_of(
        self, authorization: str | None, rol: str | None = None, remote: str | None = None, *, service: str = ""
    ) -> Caller:
        """The caller of an ``Authorization: Bearer <token>`` header, in the role that it names.

        Args:
            authorization: the header.
            rol: the header ``Casuslog-Rol``.
            service: which service is asked; a refused sign-in is noted under its name.
            remote: address of who asks. One that sent too many bad tokens is only let in with one that held before.

        Raises:
            NotAuthenticated: no token that holds.
            Forbidden: the token does not hold that role, or holds roles that exclude each other.
            TooMany: this caller, or this address, has to wait.
        """
        caller = None if authorization is None else self._tokens.at_hand(authorization, rol)
        if caller is None:
            caller = self._checked(authorization, rol, remote, service)
        if seconds := self._calls.take((caller.organisatie, caller.id)):
            _log.warning("te_veel_aanroepen", lezer=caller.id, rol=caller.rol, organisatie=caller.organisatie)
            raise TooMany("U doet meer aanroepen dan deze dienst van een aanroeper aanneemt.", seconds=seconds)
        return caller

    def _checked(self, authorization: str | None, rol: str | None, remote: str | None, service: str) -> Caller:
        if authorization is None or not self._tokens.remembers(authorization):
            self._refuse_hammering(remote, service)
        with self.refused.noted(service, remote):
            caller = self._counted(remote, lambda: self._tokens.caller_of(authorization, rol))
        if authorization is not None:
            self._tokens.have_at_hand(authorization, rol, caller)
        return caller

    def check(self, token: str, *, service: str) -> Caller:
        """The caller that a token names which came over the broker; raises as :meth:`caller_of`, but never TooMany."""
        with self.refused.noted(service, None):
            return self._tokens.check(token)

    @contextmanager
    def noting(self, service: str, caller: Caller) -> Iterator[None]:
        """Note it when this caller, who was let in, has no right to what it asks within."""
        try:
            yield
        except CasuslogError as error:
            self.refused.of_rights(service, caller, error)
            raise

    def _refuse_hammering(self, remote: str | None, service: str) -> None:
        if remote is not None and (seconds := self._failures.wait(remote)):
            self.refused.count(service, TOO_OFTEN)
            raise TooMany("Van dit adres kwamen te veel aanmeldingen die niet gelden.", seconds=seconds)

    def _counted(self, remote: str | None, enter: Callable[[], T]) -> T:
        try:
            return enter()
        except NotAuthenticated:
            if remote is not None:
                self._failures.take(remote)
            raise


__all__ = ["Gate"]
