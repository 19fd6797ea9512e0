"""Copies of databases: of one moment, whole or not at all, each with a manifest of what it is and its checksums."""

from __future__ import annotations

import contextlib
import hashlib
import json
import os
import shutil
import sqlite3
import subprocess
from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from pathlib import Path

from sqlalchemy import URL, make_url

from casuslog.errors import CasuslogError

MANIFEST = "manifest.json"
KEY_TABLES = ("sleutels", "gemeentesleutels")
LOCKED_SECONDS = 10.0
"""How long a file may be in use by a writer before the copy gives up."""


class CopyFailed(CasuslogError):
    """A copy was not made or not put back; the text says why."""

    code = "back-up_mislukt"


def copy_files(files: Mapping[str, Path], folder: Path) -> None:
    """Copy SQLite files by name into a folder, all of them as they are at one moment; writers wait meanwhile."""
    with contextlib.ExitStack() as held:
        for path in files.values():
            # Whoever holds this is the only writer, so that no file is ahead of another.
            lock = held.enter_context(contextlib.closing(_opened(path)))
            lock.execute("BEGIN IMMEDIATE")
        for name, path in files.items():
            with contextlib.closing(_opened(path)) as source, contextlib.closing(_opened(folder / name)) as target:
                source.backup(target)


def _opened(path: Path) -> sqlite3.Connection:
    return sqlite3.connect(path, timeout=LOCKED_SECONDS, isolation_level=None)


def put_files(folder: Path, names: Sequence[str], target: Path) -> None:
    """Put copied files into an empty place.

    Raises:
        CopyFailed: one is there already; nothing was changed.
    """
    there = [name for name in names if (target / name).exists()]
    if there:
        raise CopyFailed(f"In {target} staat al {', '.join(there)}. Zet terug in een lege map.")
    target.mkdir(parents=True, exist_ok=True)
    for name in names:
        shutil.copyfile(folder / name, target / name)


def dump(url: str, file: Path, *words: str) -> None:
    """Dump a PostgreSQL database as it is at one moment."""
    _run("pg_dump", url, "--format=custom", f"--file={file}", *words)


def dump_roles(url: str, file: Path) -> None:
    """Write which roles the server has, without their passwords."""
    _run("pg_dumpall", url, "--roles-only", "--no-role-passwords", f"--file={file}")


def restore(url: str, file: Path) -> None:
    """Put a dump into a database, whole or not at all."""
    _run("pg_restore", url, "--exit-on-error", "--single-transaction", f"--dbname={make_url(url).database}", str(file))


def _run(program: str, url: str, *words: str) -> None:
    """One of PostgreSQL's own programs; the password goes by the environment, where others do not see it."""
    parts = make_url(url)
    folder = os.environ.get("CASUSLOG_POSTGRES_BIN", "")
    command = [str(Path(folder, program)) if folder else program, *words]
    if program == "pg_dump":
        command.append(f"--dbname={parts.database}")
    try:
        done = subprocess.run(  # noqa: S603  # PostgreSQL's own program
            command, env=_environment(parts), capture_output=True, text=True, check=False
        )
    except FileNotFoundError:
        raise CopyFailed(
            f"{program} is er niet. Installeer de programma's van PostgreSQL (postgresql-client)."
        ) from None
    if done.returncode:
        raise CopyFailed(f"{program} lukte niet: {done.stderr.strip()[-500:]}")


def _environment(parts: URL) -> dict[str, str]:
    given = {"PGHOST": parts.host, "PGPORT": parts.port, "PGUSER": parts.username, "PGPASSWORD": parts.password}
    return os.environ | {name: str(value) for name, value in given.items() if value is not None}


def seal(folder: Path, what: str, moment: datetime, services: Sequence[str]) -> None:
    """Write the manifest of a folder: what it holds, of when, and the checksum of each file."""
    files = {path.name: _checksum(path) for path in sorted(folder.iterdir()) if path.name != MANIFEST}
    told = {"wat": what, "moment": moment.isoformat(), "diensten": list(services), "bestanden": files}
    (folder / MANIFEST).write_text(json.dumps(told, indent=2) + "\n", encoding="utf-8")


def opened(folder: Path, what: str) -> list[str]:
    """The files of a copy, unless it is another one, or damaged.

    Raises:
        CopyFailed: it is no copy of this, or a file is not as it was written.
    """
    try:
        told = json.loads((folder / MANIFEST).read_text(encoding="utf-8"))
    except (OSError, ValueError):
        raise CopyFailed(f"{folder} is geen back-up: {MANIFEST} ontbreekt of is niet te lezen.") from None
    if told["wat"] != what:
        raise CopyFailed(f"{folder} is een back-up van {told['wat']}, niet van {what}.")
    for name, checksum in told["bestanden"].items():
        path = folder / name
        if not path.exists() or _checksum(path) != checksum:
            raise CopyFailed(f"{folder}: {name} ontbreekt of is beschadigd. Neem een andere back-up.")
    return list(told["bestanden"])


def _checksum(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


@contextlib.contextmanager
def fresh(folder: Path) -> Iterator[Path]:
    """A new folder that is there when all went well, and gone otherwise.

    Raises:
        CopyFailed: it is there already.
    """
    if folder.exists():
        raise CopyFailed(f"{folder} is er al. Geef een nieuwe map: een back-up wordt nooit overschreven.")
    folder.mkdir(parents=True, mode=0o700)
    try:
        yield folder
    except BaseException:
        shutil.rmtree(folder)
        raise
