"""A PostgreSQL of one's own."""

from __future__ import annotations

import os
import pwd
import secrets
import shutil
import signal
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from casuslog.testing._disk import SmallDisk
from casuslog.testing._instance import PrivateInstance, needs

POSTGRES_BIN = Path(os.environ.get("CASUSLOG_POSTGRES_BIN", "/usr/lib/postgresql/15/bin"))


class PrivatePostgres(PrivateInstance):
    """A PostgreSQL 15 of one's own. As root it runs as the account ``postgres``, for it refuses root.

    Args:
        durable: fsync on, as in production; without it a crash of the server loses nothing, one of the machine does.
        settings: further lines for ``postgresql.conf``.
        disk_mb: its data stands on a disk of its own of this many megabytes (200 is little, 60 is too little for an
            empty one), which can be filled: ``disk.fill()``. It takes root; ``start`` says so where it cannot be had.
        in_place_of: the server whose port and password it takes over, so that URLs stay as they are. Stop that first.
    """

    stop_signal = signal.SIGINT

    def __init__(
        self,
        *,
        durable: bool = False,
        settings: dict[str, str] | None = None,
        disk_mb: int | None = None,
        in_place_of: PrivatePostgres | None = None,
    ) -> None:
        super().__init__()
        self.account = "postgres" if os.geteuid() == 0 else "-"
        self.password = secrets.token_hex(12)
        if in_place_of is not None:
            self.port, self.password = in_place_of.port, in_place_of.password
        self._data = self.directory / "data"
        self.disk = None if disk_mb is None else SmallDisk(self._data, disk_mb)
        self._settings = {
            "listen_addresses": "127.0.0.1",
            "port": str(self.port),
            "unix_socket_directories": "",
            "max_connections": "200",
            "shared_buffers": "64MB",
            "fsync": "on" if durable else "off",
            "full_page_writes": "on" if durable else "off",
            "timezone": "UTC",
            "log_timezone": "UTC",
            **(settings or {}),
        }

    def url(self, database: str = "postgres") -> str:
        """SQLAlchemy URL of a database, as superuser, through psycopg2."""
        return f"postgresql+psycopg2://postgres:{self.password}@127.0.0.1:{self.port}/{database}"

    def create_database(self, name: str | None = None) -> str:
        """Make an empty database and give its URL."""
        made = name or f"casuslog_{secrets.token_hex(6)}"
        self.execute(f'CREATE DATABASE "{made}"')
        return self.url(made)

    def drop_database(self, url: str) -> None:
        """Remove a database, also while others are connected to it."""
        self.execute(f'DROP DATABASE IF EXISTS "{url.rpartition("/")[2]}" WITH (FORCE)')

    def execute(self, sql: str, database: str = "postgres") -> None:
        """Run one statement outside a transaction."""
        connection = self._connect(database)
        try:
            connection.autocommit = True
            connection.cursor().execute(sql)
        finally:
            connection.close()

    def tool(self, name: str, *arguments: str) -> subprocess.CompletedProcess[str]:
        """Run one of PostgreSQL's own programs (``pg_dump``, ``pg_restore``, ``psql``) against this instance."""
        env = self._env() | {
            "PGPASSWORD": self.password,
            "PGHOST": "127.0.0.1",
            "PGPORT": str(self.port),
            "PGUSER": "postgres",
        }
        command = [str(POSTGRES_BIN / name), *arguments]
        return subprocess.run(command, env=env, check=True, capture_output=True, text=True)  # noqa: S603  # own paths

    def answers(self) -> bool:
        """Whether it accepts a login."""
        import psycopg2

        try:
            self._connect("postgres").close()
        except psycopg2.OperationalError:
            return False
        return True

    def _connect(self, database: str) -> Any:
        import psycopg2

        return psycopg2.connect(
            host="127.0.0.1",
            port=self.port,
            user="postgres",
            password=self.password,
            dbname=database,
            connect_timeout=5,
        )

    def _prepare(self) -> None:
        needs(POSTGRES_BIN / "postgres")
        if self._data.exists():
            return
        secret = self.directory / "password"
        secret.write_text(self.password)
        user = None if self.account == "-" else self.account
        if user is not None:
            shutil.chown(self.directory, user, pwd.getpwnam(user).pw_gid)
            shutil.chown(secret, user)
        if self.disk is not None:
            self.disk.mount(user)
        command = [str(POSTGRES_BIN / "initdb"), "-D", str(self._data), "-U", "postgres", "-A", "scram-sha-256"]
        command += ["--pwfile", str(secret), "-E", "UTF8", "--locale=C", "--no-sync"]
        subprocess.run(  # noqa: S603  # our own paths
            command, env=self._env(), cwd=self.directory, user=user, group=user, check=True, stdout=subprocess.DEVNULL
        )
        secret.unlink()

    def _command(self) -> list[str]:
        given = [part for key, value in self._settings.items() for part in ("-c", f"{key}={value}")]
        logged = ["-c", "logging_collector=on", "-c", f"log_directory={self.directory / 'log'}"]
        return [str(POSTGRES_BIN / "postgres"), "-D", str(self._data), *given, *logged]

    def _logs(self) -> Iterator[Path]:
        return (self.directory / "log").glob("*.log")

    def close(self) -> None:
        """End it and remove all it wrote, its disk too."""
        self.kill()
        if self.disk is not None:
            self.disk.unmount()
        super().close()
