"""A RabbitMQ of one's own."""

from __future__ import annotations

import contextlib
import os
import secrets
import signal
import socket
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path

from casuslog.errors import Unavailable
from casuslog.testing._instance import Kept, PrivateInstance, free_port, needs

RABBITMQ_BIN = Path(os.environ.get("CASUSLOG_RABBITMQ_BIN", "/usr/lib/rabbitmq/bin"))
_CONNECT_SECONDS = 5.0
"""How long a busy node is asked again before it is called away."""


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
        needs(RABBITMQ_BIN / "rabbitmq-server")
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
