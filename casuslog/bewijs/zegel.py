"""The seal of a gemeente: an Ed25519 key with which this installation signs what it says of that gemeente's streams.

The private key stands in the folder ``zegels`` of the installation (mode 0600), one per gemeente; the public one beside
it, to be given to whoever must be able to check without us. A signature is over canonical JSON (:func:`canoniek`).
"""

from __future__ import annotations

import base64
import hashlib
import json
import os
import re
import secrets
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey

from casuslog.bewijs.bestand import bewaar_heel
from casuslog.errors import StoreError

MAP = "zegels"
ALGORITME = "Ed25519"
_BEGIN = b"-----BEGIN"


def canoniek(value: Any) -> bytes:
    """JSON in one form only: keys sorted, no spaces, no escapes beyond JSON's own, UTF-8."""
    return json.dumps(value, ensure_ascii=False, sort_keys=True, separators=(",", ":")).encode()


def vingerafdruk(value: Any) -> str:
    """SHA-256 of the canonical form, hexadecimal."""
    return hashlib.sha256(canoniek(value)).hexdigest()


class OpenbareSleutel:
    """The public part of a seal: checks, cannot sign. ``id`` is what a signature names it by."""

    def __init__(self, key: Ed25519PublicKey, gemeente: str | None = None) -> None:
        self._key = key
        self.gemeente = gemeente
        """Whose seal it is; ``None`` where the file does not say."""
        raw = key.public_bytes(serialization.Encoding.Raw, serialization.PublicFormat.Raw)
        self.id = hashlib.sha256(raw).hexdigest()[:16]

    @classmethod
    def uit_pem(cls, pem: bytes) -> OpenbareSleutel:
        """Read a public key, and from the line ``gemeente: <code>`` before it whose it is.

        Raises:
            ValueError: it is no Ed25519 public key in PEM.
        """
        said = re.search(rb"^gemeente: ([0-9]{4})$", pem, re.MULTILINE)
        key = serialization.load_pem_public_key(pem[max(pem.find(_BEGIN), 0) :])
        if not isinstance(key, Ed25519PublicKey):
            raise ValueError("geen openbare Ed25519-sleutel")
        return cls(key, None if said is None else said[1].decode())

    @property
    def pem(self) -> str:
        """As PEM (SubjectPublicKeyInfo), after a line that says whose it is."""
        encoding, form = serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo
        whose = "" if self.gemeente is None else f"gemeente: {self.gemeente}\n"
        return whose + self._key.public_bytes(encoding, form).decode()

    def klopt(self, value: Any, zegel: Mapping[str, Any]) -> bool:
        """Whether ``zegel`` was put on exactly this value with this key."""
        try:
            handtekening = base64.b64decode(str(zegel["handtekening"]), validate=True)
            self._key.verify(handtekening, canoniek(value))
        except (KeyError, ValueError, InvalidSignature):
            return False
        return zegel.get("sleutel") == self.id and zegel.get("algoritme") == ALGORITME


class Zegel:
    """The seal of one gemeente."""

    def __init__(self, key: Ed25519PrivateKey, gemeente: str) -> None:
        self._key = key
        self.gemeente = gemeente
        self.openbaar = OpenbareSleutel(key.public_key(), gemeente)

    @classmethod
    def van(cls, data: Path, gemeente: str) -> Zegel:
        """The seal of a gemeente in the data folder of an installation; made when it has none.

        Raises:
            StoreError: the file holds something else.
        """
        path = data / MAP / f"{gemeente}.key"
        if not path.exists():
            _maak(path)
        try:
            key = serialization.load_pem_private_key(path.read_bytes(), password=None)
        except ValueError:
            raise StoreError(f"{path} holds no private key") from None
        if not isinstance(key, Ed25519PrivateKey):
            raise StoreError(f"{path} holds no Ed25519 key")
        zegel = cls(key, gemeente)
        openbaar = path.with_suffix(".pub")
        if not openbaar.exists():
            bewaar_heel(openbaar, zegel.openbaar.pem, mode=0o644)
        return zegel

    def op(self, value: Any) -> dict[str, str]:
        """A signature on a value: ``sleutel``, ``algoritme`` and ``handtekening`` (base64)."""
        handtekening = base64.b64encode(self._key.sign(canoniek(value))).decode()
        return {"sleutel": self.openbaar.id, "algoritme": ALGORITME, "handtekening": handtekening}


def _maak(path: Path) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    beside = path.with_name(f"{path.name}.{secrets.token_hex(4)}")
    pem = Ed25519PrivateKey.generate().private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    handle = os.open(beside, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(pem)
            file.flush()
            os.fsync(file.fileno())
        # A link appears whole or not at all, and never replaces the key that another process has just made.
        os.link(beside, path)
    except FileExistsError:
        return
    finally:
        beside.unlink()


__all__ = ["OpenbareSleutel", "Zegel", "canoniek", "vingerafdruk"]
