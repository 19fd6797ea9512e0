"""Sign-ins that were refused: counted, and each a line of the log that says where from and why. Never the token.

They wait in a :class:`Tally` to be written down, with the refusals of callers who were let in and had no right to what
they asked.
"""

from __future__ import annotations

import threading
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager

import structlog

from casuslog.caller import Caller
from casuslog.errors import CasuslogError, Forbidden, NotAuthenticated
from casuslog.tokens._tally import NOBODY, Tally, Whose, whose_call, whose_token

TOO_OFTEN = "te_vaak"
"""Refused unseen: this address sent too many bad tokens. Counted, not logged: what it sent before was."""
REASONS = (
    "ander_doel",
    "buiten_uitgever",
    "geen_token",
    "leeft_te_lang",
    "ongeldig",
    "onleesbaar",
    "rol_niet_in_token",
    "rol_ontbreekt",
    "rollen_onverenigbaar",
    "sleutel_onbekend",
    TOO_OFTEN,
    "uitgever_onbekend",
    "verlopen",
)
"""Every reason there is: what somebody sent is no label of a metric."""

_log = structlog.get_logger("casuslog.aanmelding")


class RefusedSignIns:
    """Those of one process, per service that was asked.

    Args:
        tally: where they wait to be written down.
    """

    def __init__(self, tally: Tally | None = None) -> None:
        self.tally = tally or Tally()
        self._lock = threading.Lock()
        self._counted: Counter[tuple[str, str]] = Counter()

    @contextmanager
    def noted(self, service: str, remote: str | None) -> Iterator[None]:
        """Note it when what happens within is refused for its token."""
        try:
            yield
        except (NotAuthenticated, Forbidden) as refusal:
            reason = refusal.reason
            self.count(service, reason, whose_token(refusal.proven) if refusal.proven else NOBODY)
            _log.warning("aanmelding_geweigerd", dienst=service, vanaf=remote, reden=reason)
            raise

    def count(self, service: str, reason: str, whose: Whose = NOBODY) -> None:
        """One more, for a reason of the list."""
        known = reason if reason in REASONS else "ongeldig"
        with self._lock:
            self._counted[service, known] += 1
        self.tally.note(service, known, whose)

    def of_rights(self, service: str, caller: Caller, error: BaseException) -> None:
        """One more of who was let in, if this error says that the caller has no right to what it asked."""
        if isinstance(error, CasuslogError) and error.about_rights:
            self.tally.note(service, error.code, whose_call(caller))

    def of(self, service: str) -> dict[str, int]:
        """How many by reason, also those that never were."""
        with self._lock:
            return {reason: self._counted[service, reason] for reason in REASONS}


__all__ = ["REASONS", "TOO_OFTEN", "RefusedSignIns"]
