"""The issuers of an installation as a file."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import yaml

from casuslog.caller import DEVELOPMENT_ISSUER
from casuslog.errors import Unavailable
from casuslog.tokens._issuer import AUDIENCE, MINUTES, TrustedIssuer
from casuslog.tokens._keys import Fetch, KeySet, SharedSecret

_KEYS = frozenset({"iss", "jwks", "geheim", "doelgroep", "gemeenten", "rollen", "hooguit_minuten"})


def load_issuers(path: Path, env: Mapping[str, str]) -> list[TrustedIssuer]:
    """The issuers of a file.

    Raises:
        ValueError: an entry lacks something, or names a secret that is not in the environment; the text says which.
    """
    content = yaml.safe_load(path.read_text(encoding="utf-8"))
    entries = content.get("uitgevers") if isinstance(content, dict) else None
    if not isinstance(entries, list) or not entries:
        raise ValueError(f"{path.name}: geef onder `uitgevers` een lijst met ten minste een uitgever")
    return [_issuer(entry, path, env) for entry in entries]


def _issuer(entry: Mapping[str, Any], path: Path, env: Mapping[str, str]) -> TrustedIssuer:
    name = entry.get("iss")
    where = f"{path.name}, uitgever {name!r}"
    if not isinstance(name, str) or not name or name == DEVELOPMENT_ISSUER:
        raise ValueError(f"{where}: iss is de naam van de uitgever, en niet {DEVELOPMENT_ISSUER}")
    if unknown := entry.keys() - _KEYS:
        raise ValueError(f"{where}: {', '.join(sorted(unknown))} ken ik niet; wel {', '.join(sorted(_KEYS))}")
    if ("jwks" in entry) == ("geheim" in entry):
        raise ValueError(f"{where}: geef jwks (adres of bestand) of geheim (naam van een variabele)")
    return TrustedIssuer(
        name=name,
        keys=_secret(entry["geheim"], where, env) if "geheim" in entry else KeySet(_fetcher(entry["jwks"], path)),
        audience=entry.get("doelgroep", AUDIENCE),
        gemeenten=_set(entry, "gemeenten"),
        rollen=_set(entry, "rollen"),
        minutes=int(entry.get("hooguit_minuten", MINUTES)),
    )


def _secret(variable: str, where: str, env: Mapping[str, str]) -> SharedSecret:
    secret = env.get(variable, "")
    if len(secret.encode()) < 32:
        raise ValueError(f"{where}: {variable} in de omgeving moet een geheim van ten minste 32 bytes zijn")
    return SharedSecret(secret)


def _fetcher(place: str, beside: Path) -> Fetch:
    if not place.startswith("https://"):
        file = beside.parent / place
        return lambda: _json(file.read_text(encoding="utf-8"))
    return lambda: _download(place)


def _download(url: str) -> Mapping[str, Any]:
    import requests

    try:
        answer = requests.get(url, timeout=5, allow_redirects=False)
        answer.raise_for_status()
        return _json(answer.text)
    except requests.RequestException as error:
        raise Unavailable(f"De sleutels van een uitgever zijn niet op te halen ({type(error).__name__}).") from None


def _json(text: str) -> Mapping[str, Any]:
    # YAML reads JSON; what is neither gives no keys and is refused by its reader.
    found = yaml.safe_load(text)
    return found if isinstance(found, dict) else {}


def _set(entry: Mapping[str, Any], name: str) -> frozenset[str] | None:
    return frozenset(str(value) for value in entry[name]) if name in entry else None
