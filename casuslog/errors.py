"""Everything that casuslog raises, in one drawing. At the HTTP edge each becomes a problem detail (RFC 9457).

::

    CasuslogError
    ├── Refused                the domain says no: reason, rule, remedy                 (409, 410, 422 or 403)
    │   └── Forbidden          the reader or actor has no right to it                  (403; 404 where secret)
    ├── InvalidInput           a field breaks a rule: which, and what is right          (400, 413, 415, 422)
    ├── NotFound               no such casus for this caller                            (404)
    ├── NotAuthenticated       no token, or one that does not hold                      (401)
    ├── TooMany                more calls than one caller may make                      (429)
    ├── BadRequest             HTTP that cannot be taken: method, length, media type    (400, 405, 408, 411, 413, 415)
    ├── Conflict               the stream is at another version                         (409 on If-Match)
    │   └── KeyReused          the Idempotency-Key was used for another body            (422)
    ├── SchemaError            bytes or schema break the contract                       (parked, or the gate fails)
    ├── StoreError             the store cannot vouch for its order (era, server)       (start is refused)
    └── Unavailable            database or broker is away for now                       (503)
"""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Any


class CasuslogError(Exception):
    """Base of all. ``code`` is stable: it is the last part of the problem ``type`` and safe to branch on."""

    status = 500
    code = "fout"
    headers: Mapping[str, str] = MappingProxyType({})
    """HTTP headers that go with the answer."""
    about_rights = False
    """Whether it says that this caller has no right to what it asked: such a refusal is counted (aanmelden.md)."""
    proven: Mapping[str, Any] = MappingProxyType({})
    """Claims of a token that was refused though its signature holds; for who keeps watch, never answered."""

    def __init__(self, detail: str, **members: Any) -> None:
        super().__init__(detail)
        self.detail = detail
        self.members = {k: v for k, v in members.items() if v is not None}

    def problem(self) -> dict[str, Any]:
        """The RFC 9457 problem detail: type, title, status, detail and the members of this error."""
        return {
            "type": f"urn:casuslog:fout:{self.code}",
            "title": self.code.replace("_", " ").capitalize(),
            "status": self.status,
            "detail": self.detail,
            **self.members,
        }


class Refused(CasuslogError):
    """The domain refuses an act. Nothing was changed; a refusal is not stored and not a failure of the system.

    Args:
        reason: stable code of the refusal, e.g. ``niet_bevoegd_te_besluiten``.
        detail: one sentence a consulent can read, naming who, what and under which inrichting.
        rule: article, verordening or inrichting (with version) on which it rests.
        remedy: what would be right, as an instruction.
        field: the field of the command it is about, if one.
    """

    status = 409

    def __init__(
        self, reason: str, detail: str, *, rule: str, remedy: str, field: str | None = None, **members: Any
    ) -> None:
        super().__init__(detail, reden=reason, grondslag=rule, wat_zou_mogen=remedy, veld=field, **members)
        self.reason = reason
        self.rule = rule
        self.remedy = remedy
        self.field = field

    @property
    def code(self) -> str:  # type: ignore[override]  # the reason is the code
        return self.reason


class Forbidden(Refused):
    """This reader or actor has no right to this. Where even existence is secret, the edge shows :class:`NotFound`."""

    status = 403
    about_rights = True


class InvalidInput(CasuslogError):
    """Input breaks a rule. ``errors`` maps each field to what is wrong and what would be right."""

    status = 422
    code = "ongeldige_invoer"

    def __init__(self, detail: str, *, errors: Mapping[str, Any] | None = None, **members: Any) -> None:
        super().__init__(detail, velden=dict(errors) if errors else None, **members)
        self.errors = dict(errors or {})


class NotFound(CasuslogError):
    """There is no such thing for this caller: absent and secret look the same."""

    status = 404
    code = "niet_gevonden"


class Conflict(CasuslogError):
    """The stream is at another version than the one expected."""

    status = 409
    code = "andere_versie"

    def __init__(self, detail: str, *, expected: int | None = None, actual: int | None = None) -> None:
        super().__init__(detail, verwacht=expected, huidig=actual)
        self.expected = expected
        self.actual = actual


class KeyReused(Conflict):
    """The same Idempotency-Key came with another body."""

    status = 422
    code = "idempotentiesleutel_hergebruikt"


class NotAuthenticated(CasuslogError):
    """No token, or one that is forged or expired. ``reason``: which, for who keeps watch; it is not answered."""

    status = 401
    code = "niet_aangemeld"
    headers = MappingProxyType({"WWW-Authenticate": "Bearer"})

    def __init__(self, detail: str, *, reason: str = "ongeldig") -> None:
        super().__init__(detail)
        self.reason = reason


class TooMany(CasuslogError):
    """More calls than one caller may make. ``seconds``: after how many whole seconds one more is taken."""

    status = 429
    code = "te_veel_aanroepen"

    def __init__(self, detail: str, *, seconds: int) -> None:
        super().__init__(detail, wacht_seconden=seconds, wat_zou_mogen=f"Probeer het over {seconds} s opnieuw.")
        self.headers = {"Retry-After": str(seconds)}


class BadRequest(CasuslogError):
    """HTTP that cannot be taken as it came; nothing of its content was looked at.

    Args:
        status: the HTTP status.
        code: stable code of what is wrong.
        detail: what is wrong.
        remedy: what would be right.
        headers: of the answer, e.g. ``Allow``.
    """

    status = 400
    code = "aanroep_ongeldig"

    def __init__(
        self, status: int, code: str, detail: str, *, remedy: str, headers: Mapping[str, str] | None = None
    ) -> None:
        super().__init__(detail, wat_zou_mogen=remedy)
        self.status = status
        self.code = code
        self.headers = dict(headers or {})


class SchemaError(CasuslogError):
    """Bytes that do not decode, a schema that is unknown, or a change that breaks readers."""

    status = 422
    code = "schemafout"


class StoreError(CasuslogError):
    """The store cannot vouch for its order: another server, an era that does not fit, a broken chain."""

    code = "opslagfout"


class Unavailable(CasuslogError):
    """A database or broker is away. Nothing was lost; try again."""

    status = 503
    code = "tijdelijk_niet_beschikbaar"
    headers = MappingProxyType({"Retry-After": "1"})
