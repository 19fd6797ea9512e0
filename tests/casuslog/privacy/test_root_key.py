"""The root key comes from outside, and is made loudly where there is none."""

from __future__ import annotations

import base64
from pathlib import Path

import pytest
import structlog

from casuslog.errors import StoreError
from casuslog.privacy import RootKey

TEXT = base64.b64encode(bytes(range(32))).decode()


def test_it_is_read_from_the_environment() -> None:
    """CASUSLOG_ROOT_KEY holds 32 bytes in base64."""
    assert RootKey.from_env({"CASUSLOG_ROOT_KEY": f"{TEXT}\n"}).secret == bytes(range(32))


@pytest.mark.parametrize("environ", [{}, {"CASUSLOG_ROOT_KEY": ""}, {"CASUSLOG_ROOT_KEY": "kort"},
                                     {"CASUSLOG_ROOT_KEY": "geen base64!"}])  # fmt: skip
def test_a_missing_or_wrong_one_is_refused(environ: dict[str, str]) -> None:
    """Nothing starts on an empty, short or unreadable root key."""
    with pytest.raises(StoreError, match=r"root key|CASUSLOG_ROOT_KEY"):
        RootKey.from_env(environ)


def test_a_new_file_is_made_once_with_a_warning_and_for_its_owner_only(tmp_path: Path) -> None:
    """Made with mode 0600 and a loud warning; the second time it is read, silently."""
    path = tmp_path / "map" / "root.key"
    with structlog.testing.capture_logs() as logs:
        made = RootKey.from_file(path, create=True)
    assert [(line["event"], line["log_level"]) for line in logs] == [("root_key_created", "warning")]
    assert path.stat().st_mode & 0o777 == 0o600
    assert [file.name for file in path.parent.iterdir()] == ["root.key"]
    with structlog.testing.capture_logs() as logs:
        assert RootKey.from_file(path, create=True).secret == made.secret
    assert logs == []


def test_a_file_that_others_can_read_is_warned_about(tmp_path: Path) -> None:
    """A key that others can read still works, and says what to do about it."""
    path = tmp_path / "root.key"
    path.write_text(TEXT)
    path.chmod(0o644)
    with structlog.testing.capture_logs() as logs:
        RootKey.from_file(path)
    assert [line["event"] for line in logs] == ["root_key_readable_by_others"]


def test_without_create_a_missing_file_is_an_error(tmp_path: Path) -> None:
    """In production a missing key is never replaced by a new one."""
    with pytest.raises(StoreError, match="no root key"):
        RootKey.from_file(tmp_path / "root.key")


def test_it_never_shows_itself() -> None:
    """Printed or logged it shows an id, from which the key does not follow."""
    key = RootKey(bytes(range(32)))
    assert repr(key) == f"<RootKey {key.id}>"
    assert key.id not in key.secret.hex()
    assert not hasattr(key, "__dict__")
