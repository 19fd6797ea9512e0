"""Where the keys of an issuer come from: a set that it publishes, or a secret that both know."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

import jwt

from casuslog.errors import NotAuthenticated, Unavailable

REFRESH_SECONDS = 60.0
"""A key set is fetched again for a key that is not in it, but not more often than this."""
_ASYMMETRIC = ("RS256", "RS384", "RS512", "PS256", "PS384", "PS512", "ES256", "ES384", "EdDSA")

Fetch = Callable[[], Mapping[str, Any]]
"""Gives a key set (JWKS) as parsed JSON; raises :class:`Unavailable` when it is away."""


class KeySource(Protocol):
    """Where the keys of an issuer come from."""

    @property
    def algorithms(self) -> Sequence[str]:
        """By which a token may be signed."""

    def key_of(self, token: str) -> Any:
        """The key with which this token must have been signed.

        Raises:
            NotAuthenticated: it names no key of this issuer.
            Unavailable: the keys cannot be fetched now.
        """


@dataclass(frozen=True)
class SharedSecret:
    """One secret for issuer and installation (HS256)."""

    secret: str
    algorithms: Sequence[str] = ("HS256",)

    def key_of(self, token: str) -> Any:  # noqa: ARG002  # it is always the same
        """See :class:`KeySource`."""
        return self.secret


class KeySet:
    """Public keys by their id, fetched when first needed and again when an unknown id comes by."""

    algorithms: Sequence[str] = _ASYMMETRIC

    def __init__(self, fetch: Fetch, *, monotonic: Callable[[], float] = time.monotonic) -> None:
        self._fetch = fetch
        self._monotonic = monotonic
        self._keys: dict[str, Any] = {}
        self._asked: float | None = None
        self._lock = threading.Lock()

    def key_of(self, token: str) -> Any:
        """See :class:`KeySource`."""
        named = jwt.get_unverified_header(token).get("kid")
        if not isinstance(named, str):
            raise NotAuthenticated(
                "Het token noemt niet met welke sleutel het is getekend (kid).", reason="sleutel_onbekend"
            )
        with self._lock:
            if named not in self._keys and self._may_ask():
                self._keys = {key.key_id: key.key for key in self._fetched() if key.key_id}
        if named not in self._keys:
            raise NotAuthenticated(
                "Het token is getekend met een sleutel die de uitgever niet (meer) noemt.", reason="sleutel_onbekend"
            )
        return self._keys[named]

    def _may_ask(self) -> bool:
        now = self._monotonic()
        if self._asked is not None and now - self._asked < REFRESH_SECONDS:
            return False
        self._asked = now
        return True

    def _fetched(self) -> list[jwt.PyJWK]:
        try:
            return list(jwt.PyJWKSet.from_dict(dict(self._fetch())).keys)
        except jwt.PyJWTError as error:
            raise Unavailable(f"De sleutels van een uitgever zijn niet te lezen ({type(error).__name__}).") from None
