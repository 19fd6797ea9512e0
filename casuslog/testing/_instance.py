"""A server of one's own, of whatever kind: its folder, its port, and a keeper that ends it when its owner is gone."""

from __future__ import annotations

import atexit
import contextlib
import os
import random
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
from typing import Self

from casuslog.errors import Unavailable

START_SECONDS = float(os.environ.get("CASUSLOG_START_SECONDS", "90"))
"""How long a server may take to answer. RabbitMQ needs 5 s on an idle machine, 15 s on two busy cores."""

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


def needs(binary: Path) -> None:
    """Say what installs a program that is not there.

    Raises:
        Unavailable: it is not there.
    """
    if not binary.exists():
        raise Unavailable(f"{binary} is missing; {INSTALL}")
