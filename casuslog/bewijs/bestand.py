"""Files that are proof: each appears whole or not at all, also when its writer is killed; only its owner reads it."""

from __future__ import annotations

import os
import secrets
from pathlib import Path


def bewaar_heel(path: Path, tekst: str, *, mode: int = 0o600) -> None:
    """Write ``tekst`` (UTF-8) to ``path``, in the place of what stood there.

    Raises:
        OSError: the folder is not there or full; what stood there still does.
    """
    beside = path.with_name(f"{path.name}.{secrets.token_hex(4)}")
    handle = os.open(beside, os.O_WRONLY | os.O_CREAT | os.O_EXCL, mode)
    try:
        with os.fdopen(handle, "w", encoding="utf-8") as file:
            file.write(tekst)
            file.flush()
            os.fsync(file.fileno())
        beside.replace(path)
    except BaseException:
        beside.unlink(missing_ok=True)
        raise


__all__ = ["bewaar_heel"]
