"""The scene of a fault run: a whole installation as separate processes, under load, and a record of all of it."""

from __future__ import annotations

import contextlib
import os
import signal
import tempfile
import threading
import time
from collections.abc import Iterable, Mapping
from datetime import UTC, datetime, timedelta
from pathlib import Path
from types import TracebackType
from typing import Self

import requests
from sqlalchemy import Engine, create_engine

from casuslog.caller import Caller, DevelopmentIssuer
from casuslog.clock import FileClock
from casuslog.codes import oin_of
from casuslog.http.client import ApiClient
from casuslog.settings import Settings, service_names
from casuslog.testing.instances import PrivatePostgres, PrivateRabbit, free_ports
from casuslog.testing.platform import RELAYS
from tests.faults.arming import Arming
from tests.faults.arriving import Arriving
from tests.faults.audit import Findings
from tests.faults.collect import HANDLED, LOGGED, Collector
from tests.faults.fault import DidNotStrike
from tests.faults.ledger import Ledger
from tests.faults.load import Load
from tests.faults.processes import Keeper, Process, Zygote
from tests.faults.proxy import Proxy

GEMEENTEN = ("0086", "1940", "0518")
"""Opsterland, De Fryske Marren and Den Haag."""
START_SECONDS = 90.0
LEASE_SECONDS = 2

PROCESSES = (
    Process("melding+inrichting", ("inrichting", "melding")),
    Process("onderzoek", ("onderzoek",)),
    Process("beschikking+pgb+toezicht", ("beschikking", "pgb", "toezicht")),
    Process("historie+abonnement", ("historie", "abonnement")),
)
"""The services, in as few processes as leave every step of the path in another one. The relays come beside them."""
SECOND_DATABASE = ("onderzoek", "historie", "toezicht")
"""The services that stand in the other database in a divided installation; their log has a relay of its own."""


class Scene(Arming, Arriving):
    """An installation under load. Use it as a context manager.

    Args:
        seed: of the load.
        postgres, rabbit, zygote: servers to use, and who forks (not stopped here); by default each of its own.
        processes: the services by process.
        split: divided over two databases and two relays, by settings alone.
        disk_mb: the size of the disk of PostgreSQL, for whoever wants to fill it.
        env: further settings of the installation.
        gemeenten: for which commands are given, each with a subscriber of its own.
        per_second: commands in a second.
        through: the servers (``postgres``, ``rabbit``) that the processes reach through a proxy, which can go dead; the
            proxies are in ``lines`` by that name.
    """

    def __init__(
        self,
        *,
        seed: int,
        postgres: PrivatePostgres | None = None,
        rabbit: PrivateRabbit | None = None,
        zygote: Zygote | None = None,
        processes: Iterable[Process] = PROCESSES,
        split: bool = False,
        disk_mb: int | None = None,
        env: Mapping[str, str] | None = None,
        gemeenten: tuple[str, ...] = GEMEENTEN,
        per_second: float = 8.0,
        through: Iterable[str] = (),
    ) -> None:
        self.seed = seed
        self.lines: dict[str, Proxy] = {}
        self._through = tuple(through)
        self.gemeenten = gemeenten
        self.beheerder = Caller("beheerder", None, "b-faults", gemeenten)
        self._given = (postgres, rabbit)
        self._zygote = zygote
        self._processes = tuple(processes)
        self._split = split
        self._disk_mb = disk_mb
        self._more = dict(env or {})
        self._per_second = per_second
        self._open = contextlib.ExitStack()
        self._subscribers: dict[str, tuple[str, Path]] = {}
        self._shift = timedelta()
        self._ticking = threading.Lock()
        """The watch moves the clock, and a fault shifts it."""
        super().__init__()

    # -- start and end

    def __enter__(self) -> Self:
        with contextlib.ExitStack() as opening:
            self.folder = Path(opening.enter_context(tempfile.TemporaryDirectory(prefix="casuslog-fouten-")))
            self._start(opening)
            self._open = opening.pop_all()
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self._open.close()

    def _start(self, opening: contextlib.ExitStack) -> None:
        self.clock = FileClock(self.folder / "klok")
        self._tick()
        zygote = self._zygote or Zygote(os.environ)
        opening.callback(lambda: self._zygote is None and zygote.close())
        self._servers(opening)
        self.env = self._environment()
        self.settings = Settings.from_env(self.env)
        for name in ("arm", "log", "ontvangen"):
            (self.folder / name).mkdir()
        zygote.ready()
        relays = [Process(name, relays=carried) for name, carried in self.settings.relay_processes().items()]
        armed = [self._armed(one) for one in (*self._processes, *relays)]
        self.keeper = Keeper(zygote, armed, self.env, self.folder / "log")
        opening.callback(self.keeper.stop)
        self.keeper.start()
        self._wait_until_ready()
        self.issuer = DevelopmentIssuer.from_file(self.settings.data / "token.secret")
        self.api = ApiClient(self.settings, self.issuer, patience=START_SECONDS)
        self.ledger = Ledger(self.folder / "grootboek.jsonl")
        opening.callback(self.ledger.close)
        databases = {name: self._direct(name) for name in (*LOGGED, *HANDLED)}
        self.found = Collector(self.ledger, databases, self.amqp_url, self._subscribers)
        opening.callback(self.found.close)
        self.found.watch()
        self._wait_until_they_know()
        for gemeente in self.gemeenten:
            self.subscribe(gemeente)
        self._begin_watch(opening)
        self.load = Load(
            self.settings,
            self.issuer,
            self.ledger,
            self.gemeenten,
            seed=self.seed,
            per_second=self._per_second,
            behind=lambda: self.behind,
        )
        opening.callback(self.load.stop)
        self.load.start()

    def _servers(self, opening: contextlib.ExitStack) -> None:
        postgres, rabbit = self._given
        self.postgres = postgres or PrivatePostgres(disk_mb=self._disk_mb)
        # As a whole, not the server of this moment: a restore puts another one in its place.
        opening.callback(lambda: postgres is None and self.postgres.close())
        self.postgres.start()
        self.rabbit = rabbit.start() if rabbit else opening.enter_context(PrivateRabbit(heartbeat=5))
        self.database_url = self.postgres.create_database()
        self.second_url = self.postgres.create_database() if self._split else None
        self.amqp_url = self.rabbit.create_vhost()
        opening.callback(lambda: self.rabbit.running and self.rabbit.drop_vhost(self.amqp_url))
        for name in self._through:
            self.lines[name] = opening.enter_context(
                Proxy({"postgres": self.postgres, "rabbit": self.rabbit}[name].port)
            )

    def _seen(self, name: str, url: str) -> str:
        """The URL of a server as the processes get it."""
        line = self.lines.get(name)
        return url if line is None else url.replace(f":{line.target}/", f":{line.port}/")

    def _direct(self, service: str) -> str:
        """The URL of the database of a service, through no proxy."""
        url, line = self.settings.store_url(service), self.lines.get("postgres")
        return url if line is None else url.replace(f":{line.port}/", f":{line.target}/")

    def _division(self) -> dict[str, str]:
        if self.second_url is None:
            return {}
        there = self._seen("postgres", self.second_url)
        here = [name for name in service_names() if name not in SECOND_DATABASE]
        return {
            "CASUSLOG_RELAYS": f"{','.join(here)};{','.join(SECOND_DATABASE)}",
            **{f"CASUSLOG_DATABASE_URL_{name.upper()}": there for name in SECOND_DATABASE},
        }

    def _environment(self) -> dict[str, str]:
        return os.environ | {
            "CASUSLOG_DATABASE_URL": self._seen("postgres", self.database_url),
            "CASUSLOG_AMQP_URL": self._seen("rabbit", self.amqp_url),
            "CASUSLOG_DATA": str(self.folder / "data"),
            "CASUSLOG_CLOCK": f"file:{self.folder / 'klok'}",
            "CASUSLOG_HTTP_PORT": str(free_ports(len(service_names()) + RELAYS)),
            "CASUSLOG_LEASE_SECONDS": str(LEASE_SECONDS),
            "CASUSLOG_LOG_LEVEL": "warning",
            "CASUSLOG_ONTWIKKELTOKENS": "ja",
            # One caller sends all there is to send.
            "CASUSLOG_TEMPO": "0",
            **self._division(),
            **self._more,
        }

    def _wait_until_ready(self) -> None:
        deadline = time.monotonic() + START_SECONDS
        hosted = [service for process in self._processes for service in process.services]
        for service in hosted:
            while not _answers(f"{self.settings.http_url(service)}/klaar"):
                if time.monotonic() > deadline:
                    raise RuntimeError(f"{service} did not start:\n{self.log_of_all()[-4000:]}")
                time.sleep(0.1)

    def _wait_until_they_know(self) -> None:
        """A gemeente that a service does not know yet is refused, rightly: the load would take that for a breach."""
        deadline = time.monotonic() + START_SECONDS
        while not self.found.follow_policy(self.gemeenten):
            if time.monotonic() > deadline:
                raise RuntimeError(f"the inrichtingen did not arrive:\n{self.log_of_all()[-4000:]}")
            time.sleep(0.1)

    def ready(self, name: str) -> bool:
        """Whether a process takes work: each of its services, or the relay."""
        asked = self.keeper.specs[name].services or (name,)
        return all(_answers(f"{self.settings.http_url(one)}/klaar") for one in asked)

    # -- processes

    @property
    def processes(self) -> list[str]:
        """Names of all processes that run, subscribers too (``abonnee-<gemeentecode>``)."""
        return list(self.keeper.specs)

    def pid(self, name: str) -> int:
        """Process id of a process."""
        return self.keeper.pid(name)

    def relay_of(self, service: str) -> str:
        """Name of the process that carries the log of a service."""
        return next(name for name, carried in self.settings.relay_processes().items() if service in carried)

    def add(self, process: Process) -> None:
        """Start one process more; it is looked after as the others are."""
        self.keeper.add(self._armed(process))

    def remove(self, name: str) -> int:
        """Ask a process to stop, for good. Gives its exit status."""
        self.keeper.hold(name)
        status = self.kill(name, signal.SIGTERM)
        self.keeper.forget(name)
        return status

    def stop_processes(self) -> dict[str, int]:
        """Ask every process to stop, and leave it at that. Gives the exit status of each."""
        before = {name: len(self.keeper.ends(name)) for name in self.processes}
        for name in before:
            self.keeper.hold(name)
            with contextlib.suppress(ProcessLookupError):
                os.kill(self.pid(name), signal.SIGTERM)
        return {name: self.ended(name, count) for name, count in before.items()}

    def start_processes(self) -> None:
        """Let what was stopped begin again, and return when the services take work."""
        for name in self.processes:
            self.keeper.release(name)
        self._wait_until_ready()

    def kill(self, name: str, number: int = signal.SIGKILL, *, timeout: float = 30.0) -> int:
        """Signal a process, wait until it has ended, and give its exit status; the supervisor starts it again.

        Raises:
            DidNotStrike: it did not end.
        """
        before = len(self.keeper.ends(name))
        with contextlib.suppress(ProcessLookupError):
            os.kill(self.pid(name), number)
        return self.ended(name, before, timeout=timeout)

    def ended(self, name: str, before: int, *, timeout: float = 30.0) -> int:
        """Wait until a process has ended once more than ``before`` times (``len(scene.keeper.ends(name))``).

        Raises:
            DidNotStrike: it did not end.
        """
        deadline = time.monotonic() + timeout
        while len(self.keeper.ends(name)) <= before:
            if time.monotonic() > deadline:
                raise DidNotStrike(f"{name} did not end within {timeout:.0f} s")
            time.sleep(0.02)
        return self.keeper.ends(name)[before]

    def log_of_all(self) -> str:
        """What the processes wrote to their logs."""
        logs = sorted((self.folder / "log").glob("*.log"))
        return "\n".join(f"--- {path.stem}\n{path.read_text(errors='replace')[-3000:]}" for path in logs)

    # -- subscribers

    def subscribe(self, gemeente: str, *, variants: tuple[str, ...] = ()) -> str:
        """Grant the wijkteam of one gemeente a subscription, and start its subscriber. Gives the subscription id."""
        body = {
            "gemeente": gemeente,
            "rol": "wijkteam",
            "houdersoort": "oin",
            "houder": oin_of(gemeente),
            "gemeenten": [gemeente],
            "doelbinding": "uitvoering_wmo",
        }
        beheerder = Caller("beheerder", gemeente, f"b-{gemeente}", (gemeente,))
        key = f"abonnement-{gemeente}-{len(self._subscribers)}"
        answer = self.api.command("abonnement", "ken-abonnement-toe", body, beheerder, key=key)
        abonnement = str(answer["casus"])
        path = self.folder / "ontvangen" / f"{abonnement}.db"
        self._subscribers[abonnement] = (gemeente, path)
        name = f"abonnee-{gemeente}" if f"abonnee-{gemeente}" not in self.keeper.specs else f"abonnee-{abonnement}"
        arguments = (self.settings.amqp_url, abonnement, str(path))
        self.keeper.add(Process(name, entry="tests.faults.subscriber:run", arguments=arguments, variants=variants))
        return abonnement

    # -- what has arrived

    def audit(self) -> Findings:
        """Read everything anew and hold it against the ledger. To be called when settled."""
        self.found.forget()
        self.found.refresh()
        return self.found.audit()

    def engine(self, service: str = "melding") -> Engine:
        """A connection of one's own to the database of a service, as superuser and through no proxy."""
        return create_engine(self._direct(service))

    def redelivered(self) -> int:
        """How many messages RabbitMQ has delivered more than once, over all queues, since it started."""
        told = self.rabbit.evaluate(
            "lists:sum([maps:get(messages_redelivered_total, C, 0) || "
            "{_, C} <- maps:to_list(rabbit_global_counters:overview()), is_map(C)])."
        )
        return int(told)

    def shift_clock(self, by: timedelta) -> None:
        """Let the clock of the installation differ this much from the real one from now on; it goes on meanwhile."""
        self._shift = by
        self._tick()

    def _tick(self) -> None:
        with self._ticking:
            self.clock.set(datetime.now(UTC) + self._shift)


def _answers(url: str) -> bool:
    with contextlib.suppress(requests.RequestException):
        return requests.get(url, timeout=5).status_code == 200
    return False
