"""Who calls: a role in an organisation, for gemeenten, with a purpose. Every command and every read has one.

Tokens are signed (JWT). Issuers that an installation trusts stand in :mod:`casuslog.tokens`. :class:`DevelopmentIssuer`
signs with a secret of the installation itself and says so in the token (``iss``): for embedded use, tests and the demo.
"""

from __future__ import annotations

import hashlib
import secrets
import time
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import jwt

from casuslog.envelope import Actor
from casuslog.errors import NotAuthenticated

DEVELOPMENT_ISSUER = "casuslog-ontwikkeling"
REMEMBERED = 10_000
"""Tokens that are remembered as checked before all are forgotten: a bound on memory."""
_ALGORITHM = "HS256"


@dataclass(frozen=True, slots=True)
class Caller:
    """The caller of a command or read.

    ``rol`` is a code of the list *rol*; ``organisatie`` a gemeentecode, OIN or AGB, or ``None`` for an inwoner;
    ``gemeenten`` the gemeentecodes for which it acts; ``id`` a pseudonym, never a name; ``doelbinding`` the purpose.
    """

    rol: str
    organisatie: str | None
    id: str
    gemeenten: tuple[str, ...] = ()
    doelbinding: str = "uitvoering_wmo"

    @property
    def actor(self) -> Actor:
        """The caller as it stands in an envelope."""
        return Actor(self.rol, self.organisatie, self.id)


def _make_secret(path: Path) -> None:
    """Written whole beside its place, then linked: of several processes that start at once, one wins."""
    beside = path.with_name(f"{path.name}.{secrets.token_hex(8)}")
    beside.touch(mode=0o600)
    beside.write_text(secrets.token_urlsafe(48), encoding="ascii")
    try:
        path.hardlink_to(beside)
    except FileExistsError:
        return
    finally:
        beside.unlink()


class DevelopmentIssuer:
    """Issues and checks tokens with a secret of this installation. For embedded use, tests and the demo."""

    def __init__(self, secret: str) -> None:
        self._secret = secret
        self._checked: dict[bytes, tuple[float, Caller]] = {}

    @classmethod
    def from_file(cls, path: Path) -> DevelopmentIssuer:
        """The issuer whose secret stands in ``path``; the file is made (mode 0600) when it is not there."""
        if not path.exists():
            _make_secret(path)
        return cls(path.read_text(encoding="ascii").strip())

    def issue(self, caller: Caller, *, hours: int = 12) -> str:
        """A token for this caller, valid for ``hours`` (real time, not the demo clock)."""
        now = datetime.now(UTC)
        claims = {
            "iss": DEVELOPMENT_ISSUER,
            "aud": "casuslog",
            "sub": caller.id,
            "rol": caller.rol,
            "organisatie": caller.organisatie,
            "gemeenten": list(caller.gemeenten),
            "doelbinding": caller.doelbinding,
            "iat": now,
            "exp": now + timedelta(hours=hours),
        }
        return jwt.encode(claims, self._secret, algorithm=_ALGORITHM)

    def check(self, token: str) -> Caller:
        """The caller that a token names. A token that held is taken at its word until it expires.

        Raises:
            NotAuthenticated: the token is forged, expired or not for casuslog.
        """
        digest = hashlib.sha256(token.encode(errors="replace")).digest()
        expires, caller = self._checked.get(digest, (0.0, None))
        if caller is not None and time.time() < expires:
            return caller
        claims = self.claims_of(token)
        caller = Caller(
            rol=claims["rol"],
            organisatie=claims["organisatie"],
            id=claims["sub"],
            gemeenten=tuple(claims["gemeenten"]),
            doelbinding=claims["doelbinding"],
        )
        if len(self._checked) >= REMEMBERED:
            self._checked.clear()
        self._checked[digest] = (float(claims["exp"]), caller)
        return caller

    def claims_of(self, token: str) -> dict[str, Any]:
        """The claims of a token that holds; raises as :meth:`check`."""
        try:
            claims: dict[str, Any] = jwt.decode(
                token,
                self._secret,
                algorithms=[_ALGORITHM],
                audience="casuslog",
                issuer=DEVELOPMENT_ISSUER,
                options={"require": ["exp", "iat", "sub", "aud", "iss"]},
            )
        except jwt.ExpiredSignatureError:
            raise NotAuthenticated(
                "Het token is verlopen. Vraag een nieuw aan met `casuslog token`.", reason="verlopen"
            ) from None
        except jwt.InvalidTokenError:
            raise NotAuthenticated("Het token is niet geldig. Vraag er een aan met `casuslog token`.") from None
        return claims


__all__ = ["DEVELOPMENT_ISSUER", "Caller", "DevelopmentIssuer", "NotAuthenticated"]
