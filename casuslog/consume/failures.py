"""What a failed event means: try again later, or park its lane; and the reason that a clerk reads."""

from __future__ import annotations

import sqlite3
from dataclasses import dataclass, field
from enum import Enum

from sqlalchemy.exc import DBAPIError, OperationalError

from casuslog.backoff import Backoff
from casuslog.envelope import Envelope
from casuslog.errors import CasuslogError, Conflict, InvalidInput, KeyReused, Refused, SchemaError, Unavailable


class Outlook(Enum):
    """What may be expected of another attempt."""

    AWAY = "away"
    """Something is away: nothing can be done, parking neither. Wait as long as it takes."""
    BUSY = "busy"
    """Another writer was first, a lock, a time-out: likely to pass."""
    FAULT = "fault"
    """A mistake in code or data that may still depend on the moment."""
    HOPELESS = "hopeless"
    """The bytes themselves are wrong: the same again, however often."""


def outlook(error: BaseException) -> Outlook:
    """What kind of failure ``error`` is."""
    if isinstance(error, SchemaError):
        return Outlook.HOPELESS
    if _wrong_sql(error):
        return Outlook.FAULT
    if isinstance(error, Unavailable) or (isinstance(error, DBAPIError) and error.connection_invalidated):
        return Outlook.AWAY
    if isinstance(error, ConnectionError | TimeoutError):
        return Outlook.AWAY
    if isinstance(error, OperationalError) or (isinstance(error, Conflict) and not isinstance(error, KeyReused)):
        return Outlook.BUSY
    return Outlook.FAULT


def _wrong_sql(error: BaseException) -> bool:
    # SQLite reports a missing column as an operational error, as if the database were away; the store passes that on.
    cause = error if isinstance(error, DBAPIError) else error.__cause__
    original = getattr(cause, "orig", None)
    return isinstance(original, sqlite3.OperationalError) and original.sqlite_errorcode == sqlite3.SQLITE_ERROR


@dataclass(frozen=True, slots=True)
class Policy:
    """How often and how patiently a failed event is tried again."""

    backoff: Backoff = field(default_factory=Backoff)
    faults: int = 5
    """Attempts before a fault parks its lane."""
    busy: int = 20
    """Attempts before what should have passed parks its lane."""

    def parks(self, error: BaseException, attempts: int) -> bool:
        """Whether the lane is parked after this many attempts."""
        expected = outlook(error)
        if expected is Outlook.AWAY:
            return False
        limit = {Outlook.HOPELESS: 1, Outlook.FAULT: self.faults, Outlook.BUSY: self.busy}[expected]
        return attempts >= limit


class CauseMissing(Conflict):
    """The event that caused this one has not been handled yet, nor could it be fetched."""

    code = "oorzaak_ontbreekt"


def reason(error: BaseException, attempts: int = 1) -> str:
    """Why a lane was parked, in Dutch, without any value of the event: only kinds of error and our own words."""
    tried = f" na {attempts} pogingen" if attempts > 1 else ""
    return f"Niet verwerkt{tried}: {_said(error)} ({type(error).__name__})."


def _said(error: BaseException) -> str:
    if isinstance(error, Refused):
        # Its detail may name amounts or persons; code and rule do not.
        return f"geweigerd om reden {error.reason}, op grond van {error.rule}"
    if isinstance(error, InvalidInput):
        return f"ongeldige waarde in {', '.join(sorted(error.errors)) or 'een onderdeel van de gebeurtenis'}"
    if isinstance(error, SchemaError | Conflict | Unavailable):
        return str(error.detail).rstrip(".")
    if isinstance(error, CasuslogError):
        return error.code.replace("_", " ")
    return "een fout in de verwerking"


def waits_behind(envelope: Envelope) -> str:
    """The reason of an event that is itself sound, in a lane that was parked before it."""
    return (
        f"Wacht: een eerdere gebeurtenis in de baan van deze {envelope.stroom} staat geparkeerd; zo blijft de volgorde."
    )


def place(error: BaseException) -> str:
    """Where it was raised: function and line, to be logged in the place of its text. Empty where that is not known."""
    trace = error.__traceback__
    while trace is not None and trace.tb_next is not None:
        trace = trace.tb_next
    return "" if trace is None else f" in {trace.tb_frame.f_code.co_name}:{trace.tb_lineno}"
