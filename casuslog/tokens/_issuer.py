"""One issuer as an installation trusts it: what its tokens must hold, and for whom it may speak."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import jwt

from casuslog.errors import NotAuthenticated
from casuslog.tokens._keys import KeySource

AUDIENCE = "casuslog"
MINUTES = 60
"""How long a token may live at most, unless the entry of its issuer says otherwise."""
LEEWAY_SECONDS = 30
"""By how much the clocks of issuer and installation may differ."""


@dataclass(frozen=True, kw_only=True)
class TrustedIssuer:
    """An issuer as this installation trusts it."""

    name: str
    keys: KeySource
    audience: str = AUDIENCE
    gemeenten: frozenset[str] | None = None
    """For which it may speak; ``None`` is all."""
    rollen: frozenset[str] | None = None
    """Which it may give; ``None`` is all."""
    minutes: int = MINUTES

    def claims_of(self, token: str) -> dict[str, Any]:
        """The claims of a token that holds.

        Raises:
            NotAuthenticated: forged, expired, too long-lived, for somebody else, or beyond what this issuer may say.
        """
        claims = self._verified(token)
        if claims["exp"] - claims["iat"] > self.minutes * 60:
            lives = (claims["exp"] - claims["iat"]) // 60
            raise NotAuthenticated(
                f"Het token leeft te lang: {lives} minuten; hooguit {self.minutes} mag.", reason="leeft_te_lang"
            )
        if strange := _beyond(texts(claims, "gemeenten"), self.gemeenten):
            raise NotAuthenticated(f"Deze uitgever spreekt niet voor gemeente {strange}.", reason="buiten_uitgever")
        if strange := _beyond(roles_of(claims), self.rollen):
            raise NotAuthenticated(f"Deze uitgever mag de rol {strange} niet geven.", reason="buiten_uitgever")
        return claims

    def _verified(self, token: str) -> dict[str, Any]:
        try:
            claims: dict[str, Any] = jwt.decode(
                token,
                self.keys.key_of(token),
                algorithms=list(self.keys.algorithms),
                audience=self.audience,
                issuer=self.name,
                leeway=LEEWAY_SECONDS,
                options={"require": ["exp", "iat", "sub", "aud", "iss"]},
            )
        except jwt.ExpiredSignatureError:
            raise NotAuthenticated("Het token is verlopen. Meld u opnieuw aan.", reason="verlopen") from None
        except jwt.InvalidAudienceError:
            raise NotAuthenticated("Het token is niet voor casuslog bedoeld (aud).", reason="ander_doel") from None
        except jwt.MissingRequiredClaimError as error:
            raise NotAuthenticated(f"Het token mist {error.claim}.") from None
        except jwt.PyJWTError:
            raise NotAuthenticated("Het token is niet geldig.") from None
        return claims


def roles_of(claims: Mapping[str, Any]) -> tuple[str, ...]:
    """The roles of a token: ``rollen``, or the one in ``rol``."""
    if "rollen" in claims:
        return texts(claims, "rollen")
    return (claims["rol"],) if isinstance(claims.get("rol"), str) else ()


def texts(claims: Mapping[str, Any], name: str) -> tuple[str, ...]:
    """A claim that is a list of texts; absent is empty.

    Raises:
        NotAuthenticated: it is something else.
    """
    found = claims.get(name, [])
    if not isinstance(found, list) or not all(isinstance(one, str) for one in found):
        raise NotAuthenticated(f"Het token is niet geldig: {name} is een lijst van teksten.")
    return tuple(found)


def _beyond(told: tuple[str, ...], allowed: frozenset[str] | None) -> str:
    return "" if allowed is None else ", ".join(sorted(set(told) - allowed))
