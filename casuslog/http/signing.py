"""Signatures on messages that we send: HTTP Message Signatures (RFC 9421) with a shared key, over headers and body.

The receiver recomputes the digest of the body (RFC 9530) and the HMAC-SHA256 over the components that
``Signature-Input`` names. Covered are method, authority, path, digest, content type and every CloudEvents attribute
that stands in a header; ``created`` bounds how long a copied message could be sent again.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import re
from collections.abc import Mapping, Sequence
from datetime import datetime

from casuslog.http.outward import Target

LABEL = "casuslog"
_ALWAYS = ("@method", "@authority", "@path", "content-digest")
_INPUT = re.compile(rf'{LABEL}=(\((?:"[^"]+" ?)*\);created=(\d+);keyid="([^"]*)";alg="hmac-sha256")')


def digest(body: bytes) -> str:
    """The ``Content-Digest`` of a body."""
    return f"sha-256=:{base64.b64encode(hashlib.sha256(body).digest()).decode()}:"


def signed(
    method: str, target: Target, headers: Mapping[str, str], body: bytes, *, key: bytes, keyid: str, at: datetime
) -> dict[str, str]:
    """The headers to send: those given (names in lower case), with digest and signature."""
    made = {**headers, "content-digest": digest(body)}
    names = (*_ALWAYS, *sorted(name for name in made if name == "content-type" or name.startswith("ce-")))
    listed = " ".join(f'"{name}"' for name in names)
    params = f'({listed});created={int(at.timestamp())};keyid="{keyid}";alg="hmac-sha256"'
    made["signature-input"] = f"{LABEL}={params}"
    made["signature"] = f"{LABEL}=:{_mac(key, _base(method, target, made, names, params))}:"
    return made


def verified(method: str, target: Target, headers: Mapping[str, str], body: bytes, *, key: bytes) -> datetime | None:
    """When a message was signed with this key; ``None`` when it was not, or was changed on its way."""
    given = {name.lower(): value for name, value in headers.items()}
    match = _INPUT.fullmatch(given.get("signature-input", ""))
    if match is None or not hmac.compare_digest(given.get("content-digest", ""), digest(body)):
        return None
    names = re.findall(r'"([^"]+)"', match[1].partition(")")[0])
    unsigned = {name for name in given if name.startswith("ce-")} - set(names)
    if unsigned or not set(_ALWAYS) <= set(names) or any(n not in given for n in names if not n.startswith("@")):
        return None
    told = f"{LABEL}=:{_mac(key, _base(method, target, given, names, match[1]))}:"
    if not hmac.compare_digest(given.get("signature", ""), told):
        return None
    return datetime.fromtimestamp(int(match[2])).astimezone()


def _base(method: str, target: Target, headers: Mapping[str, str], names: Sequence[str], params: str) -> bytes:
    derived = {"@method": method, "@authority": target.authority.lower(), "@path": target.path.partition("?")[0]}
    lines = [f'"{name}": {derived[name] if name.startswith("@") else headers[name]}' for name in names]
    return "\n".join([*lines, f'"@signature-params": {params}']).encode()


def _mac(key: bytes, base: bytes) -> str:
    return base64.b64encode(hmac.new(key, base, hashlib.sha256).digest()).decode()
