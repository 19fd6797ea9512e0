"""Sign-ins that were refused: counted, and each a line of the log that says where from and why. Never the token."""

from __future__ import annotations

import threading
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager

import structlog

from casuslog.errors import Forbidden, NotAuthenticated

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
    """Those of one process, per service that was asked."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._counted: Counter[tuple[str, str]] = Counter()

    @contextmanager
    def noted(self, service: str, remote: str | None) -> Iterator[None]:
        """Note it when what happens within is refused for its token."""
        try:
            yield
        except (NotAuthenticated, Forbidden) as refusal:
            reason = refusal.reason
            self.count(service, reason)
            _log.warning("aanmelding_geweigerd", dienst=service, vanaf=remote, reden=reason)
            raise

    def count(self, service: str, reason: str) -> None:
        """One more, for a reason of the list."""
        with self._lock:
            self._counted[service, reason if reason in REASONS else "ongeldig"] += 1

    def of(self, service: str) -> dict[str, int]:
        """How many by reason, also those that never were."""
        with self._lock:
            return {reason: self._counted[service, reason] for reason in REASONS}


__all__ = ["REASONS", "TOO_OFTEN", "RefusedSignIns"]
