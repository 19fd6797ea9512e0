"""Files that are proof: whole or not at all, and for their owner only."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from casuslog.bewijs import bewaar_heel


def test_who_is_broken_off_leaves_what_stood_there(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Half a certificate would stand in the way of every later export; the old one does not."""
    path = tmp_path / "verklaring.json"
    bewaar_heel(path, "eerst")
    with monkeypatch.context() as patched:

        def full(_: int) -> None:
            raise OSError(28, "No space left on device")

        patched.setattr(os, "fsync", full)
        with pytest.raises(OSError, match="No space"):
            bewaar_heel(path, "daarna")
    assert path.read_text(encoding="utf-8") == "eerst"
    assert list(tmp_path.iterdir()) == [path]


def test_only_the_owner_reads_it_whatever_stood_there(tmp_path: Path) -> None:
    """An export holds somebody's whole case: a file that everybody could read is replaced by one that they cannot."""
    path = tmp_path / "casus.json"
    path.write_text("iets", encoding="utf-8")
    path.chmod(0o644)
    bewaar_heel(path, "alles")
    assert path.stat().st_mode & 0o777 == 0o600
