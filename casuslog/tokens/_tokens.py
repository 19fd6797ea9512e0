"""Every token that comes in: whose it is, whether it holds, and in which role it is used."""

from __future__ import annotations

import hashlib
import time
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import jwt
import structlog

from casuslog.caller import DEVELOPMENT_ISSUER, Caller, DevelopmentIssuer
from casuslog.errors import Forbidden, NotAuthenticated
from casuslog.tokens._issuer import TrustedIssuer, roles_of, texts

MAX_TOKEN = 8 * 1024
"""Longest token, in characters: what is longer is not even looked at."""
REMEMBERED = 1024
"""How many verified tokens are remembered, by their hash, until they expire."""
SIGNED = frozenset({"buiten_uitgever", "leeft_te_lang", "verlopen"})
"""Reasons for which a token is refused after its signature was found to hold."""
_log = structlog.get_logger("casuslog.aanmelding")


class Tokens:
    """Checks every token that comes in.

    Args:
        issuers: those that are trusted.
        development: the development issuer, where its tokens hold too.
        incompatible: roles that nobody may hold beside a role (:attr:`casuslog.rights.Matrix.onverenigbaar`).
    """

    def __init__(
        self,
        issuers: Sequence[TrustedIssuer],
        development: DevelopmentIssuer | None = None,
        incompatible: Mapping[str, frozenset[str]] | None = None,
        *,
        now: Callable[[], float] = time.time,
    ) -> None:
        self._issuers = {issuer.name: issuer for issuer in issuers}
        self._development = development
        self._incompatible = incompatible or {}
        self._now = now
        self._known: dict[bytes, tuple[float, dict[str, Any]]] = {}
        self._callers: dict[tuple[bytes, str | None], tuple[float, Caller]] = {}
        """By the hash of the header and the role that was chosen: until when its token holds, and whom it names."""

    def caller_of(self, authorization: str | None, rol: str | None = None) -> Caller:
        """The caller of an ``Authorization: Bearer <token>`` header, in the role that it names.

        Raises:
            NotAuthenticated: it is absent, of another scheme, or its token does not hold.
            Forbidden: the token does not hold that role, or holds roles that exclude each other.
        """
        token = _bearer(authorization)
        if not token:
            raise NotAuthenticated("Stuur een header `Authorization: Bearer <token>` mee.", reason="geen_token")
        return self.check(token, rol)

    def remembers(self, authorization: str) -> bool:
        """Whether this header carries a token that held before and has not expired: nothing needs to be checked."""
        known = self._known.get(_digest(_bearer(authorization)))
        return known is not None and known[0] > self._now()

    def at_hand(self, authorization: str, rol: str | None) -> Caller | None:
        """Whom this header named before, used in this role, as long as its token holds: nothing needs to be checked."""
        known = self._callers.get((_digest(authorization), rol))
        return known[1] if known is not None and known[0] > self._now() else None

    def have_at_hand(self, authorization: str, rol: str | None, caller: Caller) -> None:
        """Remember whom a header names that was checked just now."""
        known = self._known.get(_digest(_bearer(authorization)))
        if known is None:
            return
        if len(self._callers) >= REMEMBERED:
            self._callers.clear()
        self._callers[_digest(authorization), rol] = (known[0], caller)

    def check(self, token: str, rol: str | None = None) -> Caller:
        """The caller that a token names; raises as :meth:`caller_of`."""
        if len(token) > MAX_TOKEN:
            raise NotAuthenticated(f"Het token is langer dan {MAX_TOKEN} tekens.", reason="onleesbaar")
        digest = _digest(token)
        known = self._known.get(digest)
        if known is None or known[0] <= self._now():
            claims = self._verified(token)
            self._remember(digest, claims)
        else:
            claims = known[1]
        try:
            self._refuse_conflict(claims)
            return _caller(claims, _chosen(claims, rol))
        except (NotAuthenticated, Forbidden) as refusal:
            refusal.proven = claims
            raise

    def _verified(self, token: str) -> dict[str, Any]:
        try:
            return self._claims(token)
        except NotAuthenticated as refusal:
            if refusal.reason in SIGNED:
                refusal.proven = jwt.decode(token, options={"verify_signature": False})
            raise

    def _claims(self, token: str) -> dict[str, Any]:
        name = _named(token)
        if name == DEVELOPMENT_ISSUER and self._development is not None:
            return self._development.claims_of(token)
        issuer = self._issuers.get(name)
        if issuer is None:
            raise NotAuthenticated(
                "Het token is van een uitgever die deze installatie niet kent.", reason="uitgever_onbekend"
            )
        return issuer.claims_of(token)

    def _remember(self, digest: bytes, claims: dict[str, Any]) -> None:
        if len(self._known) >= REMEMBERED:
            self._known.clear()
        self._known[digest] = (float(claims["exp"]), claims)

    def _refuse_conflict(self, claims: dict[str, Any]) -> None:
        held = set(roles_of(claims))
        for role in sorted(held):
            clash = held & self._incompatible.get(role, frozenset())
            if clash:
                others = ", ".join(sorted(clash))
                _log.warning("rollen_onverenigbaar", lezer=claims["sub"], rol=role, naast=others)
                raise Forbidden(
                    "rollen_onverenigbaar",
                    f"Wie {role} is, is niet ook {others}: het toezicht staat los van wie besluit, inkoopt of betaalt.",
                    rule="Wmo 2015 art. 6.1",
                    remedy="Meld u aan met een token voor een van deze rollen.",
                )


def _bearer(authorization: str | None) -> str:
    """The token of the header; empty where it has none."""
    scheme, _, token = (authorization or "").partition(" ")
    return token.strip() if scheme.lower() == "bearer" else ""


def _digest(token: str) -> bytes:
    # Found by its hash: how long that takes tells nothing of a token that holds.
    return hashlib.sha256(token.encode(errors="replace")).digest()


def _named(token: str) -> str:
    try:
        claims = jwt.decode(token, options={"verify_signature": False})
    except (jwt.PyJWTError, RecursionError):
        raise NotAuthenticated(
            "Het token is niet te lezen: een JWT heeft drie delen met punten ertussen.", reason="onleesbaar"
        ) from None
    return str(claims.get("iss", ""))


def _chosen(claims: Mapping[str, Any], wanted: str | None) -> str:
    held = roles_of(claims)
    if not held:
        raise NotAuthenticated("Het token noemt geen rol.", reason="rol_ontbreekt")
    if wanted is None and len(held) == 1:
        return held[0]
    if wanted is None:
        told = ", ".join(held)
        raise NotAuthenticated(
            f"Het token heeft meer rollen ({told}): kies er een met de header Casuslog-Rol.", reason="rol_ontbreekt"
        )
    if wanted not in held:
        raise Forbidden(
            "rol_niet_in_token",
            "Het token heeft de gevraagde rol niet.",
            rule="wie handelt, handelt in een rol van het eigen token",
            remedy=f"Kies uit {', '.join(held)}.",
        )
    return wanted


def _caller(claims: Mapping[str, Any], rol: str) -> Caller:
    organisation = claims.get("organisatie")
    return Caller(
        rol=rol,
        organisatie=organisation if isinstance(organisation, str) else None,
        id=str(claims["sub"]),
        gemeenten=texts(claims, "gemeenten"),
        doelbinding=str(claims.get("doelbinding") or ""),
    )
