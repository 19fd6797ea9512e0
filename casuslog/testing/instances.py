"""A PostgreSQL and a RabbitMQ of one's own: on free ports of 127.0.0.1, in a temporary folder, gone when we are.

For tests, fault runs and trying things out; never for real data (PostgreSQL runs without fsync unless asked).
No process survives its owner: each server has a keeper (:mod:`casuslog.testing.keeper`) that ends it when the owner's
pipe closes, however the owner died.
"""

from __future__ import annotations

import atexit
import contextlib
import os
import pwd
import random
import secrets
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
from abc import ABC, abstractmethod
from collections.abc import Iterator
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from casuslog.errors import Unavailable
from casuslog.testing._disk import SmallDisk

POSTGRES_BIN = Path(os.environ.get("CASUSLOG_POSTGRES_BIN", "/usr/lib/postgresql/15/bin"))
RABBITMQ_BIN = Path(os.environ.get("CASUSLOG_RABBITMQ_BIN", "/usr/lib/rabbitmq/bin"))
START_SECONDS = float(os.environ.get("CASUSLOG_START_SECONDS", "90"))
"""How long a server may take to answer. RabbitMQ needs 5 s on an idle machine, 15 s on two busy cores."""

_CONNECT_SECONDS = 5.0
INSTALL = "scripts/ensure-servers installs them (apt-get install postgresql rabbitmq-server)"


def free_port() -> int:
    """A TCP port of 127.0.0.1 that nobody listens on now."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def free_ports(wanted: int) -> int:
    """The first of ``wanted`` ports in a row that nobody listens on now, below those that clients are given.

    Raises:
        OSError: there are none.
    """
    for _ in range(100):
        first = random.randrange(20000, 32000)  # noqa: S311  # no secret
        if all(_is_free(port) for port in range(first, first + wanted)):
            return first
    raise OSError(f"no {wanted} free ports in a row")


def _is_free(port: int) -> bool:
    with socket.socket() as probe:
        try:
            probe.bind(("127.0.0.1", port))
        except OSError:
            return False
        return True


class Kept:
    """One server process under a keeper."""

    def __init__(self, directory: Path, account: str, command: list[str], env: dict[str, str]) -> None:
        keeper = [sys.executable, "-I", str(Path(__file__).with_name("keeper.py")), str(directory), account, *command]
        self._keeper = subprocess.Popen(  # noqa: S603  # our own script and paths
            keeper, env=env, stdin=subprocess.PIPE, stdout=subprocess.PIPE, start_new_session=True
        )
        assert self._keeper.stdout is not None
        line = self._keeper.stdout.readline()
        if not line:
            raise Unavailable(f"{command[0]} did not start; {INSTALL}")
        self.pid = int(line)

    def running(self) -> bool:
        return self._keeper.poll() is None

    def signal(self, number: signal.Signals) -> None:
        """Signal the server; a server that is gone is no error."""
        with contextlib.suppress(ProcessLookupError):
            os.kill(self.pid, number)

    def wait(self, seconds: float) -> bool:
        """Whether the server ended within this time."""
        with contextlib.suppress(subprocess.TimeoutExpired):
            self._keeper.wait(seconds)
        return not self.running()

    def close(self) -> None:
        """Release the keeper of a server that has ended."""
        for pipe in (self._keeper.stdin, self._keeper.stdout):
            if pipe is not None:
                pipe.close()
        self._keeper.wait(START_SECONDS)


class PrivateInstance(ABC):
    """What both servers can: start, stop, die, hang and come back on the same port with the same data."""

    stop_signal: signal.Signals
    account = "-"

    def __init__(self) -> None:
        self.port = free_port()
        self.directory = Path(tempfile.mkdtemp(prefix="casuslog-"))
        self._server: Kept | None = None
        atexit.register(self.close)

    @abstractmethod
    def _command(self) -> list[str]: ...

    @abstractmethod
    def answers(self) -> bool:
        """Whether it accepts work now."""

    @abstractmethod
    def _prepare(self) -> None:
        """Make what must be there before the server can run."""

    def _env(self) -> dict[str, str]:
        return {"PATH": os.environ.get("PATH", "/usr/bin:/bin"), "LC_ALL": "C.UTF-8"}

    @property
    def running(self) -> bool:
        return self._server is not None and self._server.running()

    @property
    def pid(self) -> int:
        """Process id of the server.

        Raises:
            Unavailable: it does not run.
        """
        if self._server is None:
            raise Unavailable(f"{type(self).__name__} does not run; call start()")
        return self._server.pid

    def start(self) -> Self:
        """Start and wait until it accepts work; a running one stays as it is.

        Raises:
            Unavailable: it is not installed or does not come up.
        """
        if self.running:
            return self
        self._release()
        self._prepare()
        self._server = Kept(self.directory, self.account, self._command(), self._env())
        deadline = time.monotonic() + START_SECONDS
        while not self.answers():
            if not self._server.running() or time.monotonic() > deadline:
                tail = self.log()[-2000:]
                self.kill()
                raise Unavailable(f"{type(self).__name__} does not come up on port {self.port}:\n{tail}")
            time.sleep(0.05)
        return self

    def stop(self) -> None:
        """Stop in an orderly way; the data stays."""
        if self._server is not None and self._server.running():
            self.resume()
            self._server.signal(self.stop_signal)
            if not self._server.wait(30):
                self._server.signal(signal.SIGKILL)
        self._release()

    def kill(self) -> None:
        """End it at once with SIGKILL, as a crash does; the data stays as it is."""
        if self._server is not None:
            self._server.signal(signal.SIGKILL)
            self._server.wait(10)
        self._release()

    def restart(self, *, crash: bool = False) -> None:
        """Stop (or kill) and start again on the same port."""
        self.kill() if crash else self.stop()
        self.start()

    def pause(self) -> None:
        """Let it hang: connections stay open and nothing answers, until :meth:`resume`."""
        if self._server is not None:
            self._server.signal(signal.SIGSTOP)

    def resume(self) -> None:
        """Go on after :meth:`pause`."""
        if self._server is not None:
            self._server.signal(signal.SIGCONT)

    def close(self) -> None:
        """End it and remove all it wrote."""
        self.kill()
        shutil.rmtree(self.directory, ignore_errors=True)
        atexit.unregister(self.close)

    def log(self) -> str:
        """What the server wrote to its log."""
        return "\n".join(p.read_text(errors="replace") for p in sorted(self._logs()))

    @abstractmethod
    def _logs(self) -> Iterator[Path]: ...

    def _release(self) -> None:
        if self._server is not None:
            self._server.close()
            self._server = None

    def __enter__(self) -> Self:
        return self.start()

    def __exit__(self, kind: type[BaseException] | None, value: BaseException | None, at: TracebackType | None) -> None:
        self.close()


def _needs(binary: Path) -> None:
    if not binary.exists():
        raise Unavailable(f"{binary} is missing; {INSTALL}")


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
        _needs(POSTGRES_BIN / "postgres")
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


class PrivateRabbit(PrivateInstance):
    """A RabbitMQ of one's own, with its own port mapper (epmd), node name, cookie and folders.

    Args:
        heartbeat: seconds that the broker proposes to its clients.
        settings: further lines for ``rabbitmq.conf``.
        plugins: plugins to enable; none by default, the management plugin doubles the start time.
    """

    stop_signal = signal.SIGTERM
    user = "casuslog"

    def __init__(
        self, *, heartbeat: int = 10, settings: dict[str, str] | None = None, plugins: tuple[str, ...] = ()
    ) -> None:
        super().__init__()
        self.password = secrets.token_hex(12)
        self.node = f"casuslog-{self.port}@localhost"
        self._cookie = secrets.token_hex(16)
        self._epmd_port = free_port()
        self._dist_port = free_port()
        self._epmd: Kept | None = None
        self._plugins = plugins
        self._settings = {
            "listeners.tcp.1": f"127.0.0.1:{self.port}",
            "default_user": self.user,
            "default_pass": self.password,
            "heartbeat": str(heartbeat),
            "vm_memory_high_watermark.absolute": "1GB",
            "disk_free_limit.absolute": "50MB",
            **(settings or {}),
        }

    def url(self, vhost: str = "/") -> str:
        """AMQP URL of a vhost, as administrator."""
        name = "%2F" if vhost == "/" else vhost
        return f"amqp://{self.user}:{self.password}@127.0.0.1:{self.port}/{name}"

    def create_vhost(self, name: str | None = None) -> str:
        """Make an empty vhost and give its URL. Takes a tenth of a second: one call into the running node."""
        made = name or f"t{secrets.token_hex(6)}"
        self.evaluate(
            f'ok = rabbit_vhost:add(<<"{made}">>, <<"{self.user}">>),'
            f'rabbit_auth_backend_internal:set_permissions(<<"{self.user}">>, <<"{made}">>,'
            f'<<".*">>, <<".*">>, <<".*">>, <<"{self.user}">>).'
        )
        return self.url(made)

    def drop_vhost(self, url: str) -> None:
        """Remove a vhost with all that is in it; its connections are closed."""
        self.evaluate(f'rabbit_vhost:delete(<<"{url.rpartition("/")[2]}">>, <<"{self.user}">>).')

    def close_connections(self, reason: str = "cut by the test") -> None:
        """Close every client connection from the broker's side, as an operator or a failover does."""
        self.evaluate(
            f'[rabbit_networking:close_connection(P, "{reason}") || P <- rabbit_networking:connections_local()], ok.'
        )

    def evaluate(self, erlang: str) -> str:
        """Evaluate Erlang in the running node; much faster than ``rabbitmqctl``, which boots a node of its own.

        Raises:
            Unavailable: the node does not answer or the expression fails.
        """
        command = ["erl_call", "-c", self._cookie, "-address", f"localhost:{self._dist_port}", "-e"]
        deadline = time.monotonic() + _CONNECT_SECONDS
        while True:
            done = subprocess.run(  # noqa: S603  # our own words
                command, input=f"{erlang}\n", env=self._env(), capture_output=True, text=True, timeout=60
            )
            # A busy node may refuse a handshake; then nothing was evaluated, and asking again is safe.
            if "failed to connect" not in done.stderr or not self.running or time.monotonic() > deadline:
                break
            time.sleep(0.2)
        if done.returncode != 0 or not done.stdout.startswith("{ok"):
            raise Unavailable(f"{self.node} refused: {done.stdout}{done.stderr}")
        return done.stdout.removeprefix("{ok,").rstrip().removesuffix("}").strip()

    def rabbitmqctl(self, *arguments: str) -> str:
        """Run ``rabbitmqctl`` against this node; takes a second or two."""
        command = [str(RABBITMQ_BIN / "rabbitmqctl"), "-q", *arguments]
        done = subprocess.run(command, env=self._env(), check=True, capture_output=True, text=True)  # noqa: S603  # own
        return done.stdout

    def answers(self) -> bool:
        """Whether it speaks AMQP: it answers a protocol header with ``Connection.Start``."""
        with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", self.port), 2) as link:
            link.sendall(b"AMQP\x00\x00\x09\x01")
            return link.recv(1) == b"\x01"
        return False

    def _prepare(self) -> None:
        _needs(RABBITMQ_BIN / "rabbitmq-server")
        conf = "".join(f"{key} = {value}\n" for key, value in self._settings.items())
        (self.directory / "rabbitmq.conf").write_text(conf)
        (self.directory / "plugins").write_text(f"[{','.join(self._plugins)}].\n")
        cookie = self.directory / ".erlang.cookie"
        if not cookie.exists():
            cookie.touch(mode=0o600)
            cookie.write_text(self._cookie)
        if self._epmd is None or not self._epmd.running():
            self._release_epmd()
            command = ["epmd", "-port", str(self._epmd_port), "-address", "127.0.0.1"]
            self._epmd = Kept(self.directory, "-", command, self._env())

    def _env(self) -> dict[str, str]:
        home = str(self.directory)
        return super()._env() | {
            "HOME": home,
            "ERL_EPMD_PORT": str(self._epmd_port),
            "ERL_EPMD_ADDRESS": "127.0.0.1",
            "RABBITMQ_NODENAME": self.node,
            "RABBITMQ_DIST_PORT": str(self._dist_port),
            "RABBITMQ_MNESIA_BASE": f"{home}/mnesia",
            "RABBITMQ_LOG_BASE": f"{home}/log",
            "RABBITMQ_PID_FILE": f"{home}/rabbitmq.pid",
            "RABBITMQ_CONFIG_FILE": f"{home}/rabbitmq.conf",
            "RABBITMQ_CONF_ENV_FILE": "/dev/null",
            "RABBITMQ_ENABLED_PLUGINS_FILE": f"{home}/plugins",
            "RABBITMQ_SERVER_ADDITIONAL_ERL_ARGS": "-kernel inet_dist_use_interface {127,0,0,1}",
            # The server script then becomes the server itself, instead of a shell that waits for it.
            "RUNNING_UNDER_SYSTEMD": "true",
        }

    def _command(self) -> list[str]:
        return [str(RABBITMQ_BIN / "rabbitmq-server")]

    def _logs(self) -> Iterator[Path]:
        return (self.directory / "log").glob("*.log")

    def close(self) -> None:
        """End it, its port mapper too, and remove all it wrote."""
        self.kill()
        if self._epmd is not None:
            self._epmd.signal(signal.SIGKILL)
            self._release_epmd()
        super().close()

    def _release_epmd(self) -> None:
        if self._epmd is not None:
            self._epmd.close()
            self._epmd = None
