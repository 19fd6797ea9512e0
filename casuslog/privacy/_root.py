"""The root key: 32 bytes from outside (environment or a file) that wrap the key of each gemeente."""

from __future__ import annotations

import base64
import binascii
import hashlib
import os
import secrets
from collections.abc import Mapping
from pathlib import Path

import structlog

from casuslog.errors import StoreError
from casuslog.privacy._blocks import KEY_SIZE

VARIABLE = "CASUSLOG_ROOT_KEY"
_log = structlog.get_logger(__name__)


class RootKey:
    """The key that everything else hangs on. Whoever loses it has destroyed every personal fact; back it up apart."""

    __slots__ = ("id", "secret")

    def __init__(self, secret: bytes) -> None:
        """Take 32 random bytes.

        Raises:
            StoreError: it has another length.
        """
        if len(secret) != KEY_SIZE:
            raise StoreError(f"the root key is {KEY_SIZE} bytes, not {len(secret)}")
        self.secret = secret
        self.id = hashlib.sha256(b"casuslog root key" + secret).hexdigest()[:16]

    def __repr__(self) -> str:
        return f"<RootKey {self.id}>"

    @classmethod
    def generate(cls) -> RootKey:
        """A new one, kept nowhere."""
        return cls(secrets.token_bytes(KEY_SIZE))

    @classmethod
    def from_text(cls, text: str) -> RootKey:
        """Read it from base64.

        Raises:
            StoreError: it is no base64 of 32 bytes.
        """
        try:
            return cls(base64.b64decode(text.strip(), validate=True))
        except binascii.Error:
            raise StoreError("the root key is not valid base64") from None

    @classmethod
    def from_env(cls, environ: Mapping[str, str] = os.environ) -> RootKey:
        """Read it from ``CASUSLOG_ROOT_KEY`` (base64).

        Raises:
            StoreError: the variable is not set, or holds something else.
        """
        text = environ.get(VARIABLE)
        if not text:
            raise StoreError(f"{VARIABLE} is not set: 32 random bytes in base64 (openssl rand -base64 32)")
        return cls.from_text(text)

    @classmethod
    def from_file(cls, path: Path, *, create: bool = False) -> RootKey:
        """Read it from a file with base64; with ``create`` make one (mode 0600) where there is none, and warn loudly.

        Raises:
            StoreError: there is no file and ``create`` is off, or it holds something else.
        """
        if not path.exists():
            if not create:
                raise StoreError(f"there is no root key at {path}")
            _create(path)
        elif path.stat().st_mode & 0o077:
            _log.warning("root_key_readable_by_others", path=str(path), remedy=f"chmod 600 {path}")
        return cls.from_text(path.read_text(encoding="ascii"))


def _create(path: Path) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    beside = path.with_name(f"{path.name}.{os.getpid()}.{secrets.token_hex(4)}")
    handle = os.open(beside, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(base64.b64encode(secrets.token_bytes(KEY_SIZE)) + b"\n")
            file.flush()
            os.fsync(file.fileno())
        # A link appears whole or not at all, and never replaces the key that another process has just made.
        os.link(beside, path)
    except FileExistsError:
        return
    finally:
        beside.unlink()
    _log.warning(
        "root_key_created",
        path=str(path),
        meaning="whoever has this file reads all personal data; whoever loses it has destroyed all of it",
        remedy=f"keep a copy apart from the database, or set {VARIABLE}",
    )
