"""What an installation is told by its environment. Everything has a default that runs embedded on one machine.

Which variables there are stands in :mod:`casuslog.settings.variables` (and so in ``docs/configuratie.md``), what must
hold between them in :mod:`casuslog.settings.rules`; how an installation is divided, in ``docs/beheer-verdelen.md``.
"""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cache
from importlib.metadata import EntryPoint, entry_points
from pathlib import Path

from casuslog.settings.rules import broken, relay_groups, variable_of

TWIN_URL = "tweeling://casuslog"
ENTRY_POINTS = "casuslog.services"
LEASE_SECONDS = 15.0
CALLS_PER_SECOND = 200
FAILURES_PER_MINUTE = 60
RELAY = "relay"
"""The process that carries the log of every service; divided they are ``relay-1``, ``relay-2``, ..."""
EVERYWHERE, LOOPBACK = ("0.0.0.0", "::"), "127.0.0.1"  # noqa: S104  # who listens everywhere is found here

PORT_ORDER = ("inrichting", "melding", "onderzoek", "beschikking", "pgb", "toezicht", "historie", "abonnement")
"""Ports follow this order, so that a service keeps its port whichever others run; unknown ones come after, by name."""


@dataclass(frozen=True, kw_only=True)
class Settings:
    """The environment, read once."""

    amqp_url: str
    amqp_holders_url: str = ""
    """Where the queues of holders are: a vhost of their own keeps even the names of the log from them."""
    amqp_beheer: str = ""
    """The way to the users of the broker: :func:`casuslog.broker.holders.access_by`."""
    database_url: str
    keys_url: str
    data: Path
    root_key: str
    clock: str
    http_host: str
    http_port: int
    schemas: Path | None
    lease_seconds: float = LEASE_SECONDS
    """For how long a relay or a pump holds its turn without renewing it: a new one waits that long after a crash."""
    database_urls: Mapping[str, str] = field(default_factory=dict, hash=False)
    """Per service that stands elsewhere: its database."""
    issuers: Path | None = None
    """The file with the issuers whose tokens hold; without it those of the development issuer do."""
    public_url: str = ""
    """Base URL at which the receivers of webhooks reach the service abonnement; its host is who posts to them."""
    development_tokens: bool = False
    """Whether tokens of the development issuer hold where the installation is not embedded."""
    calls_per_second: int = CALLS_PER_SECOND
    """Of one caller at one service; 0: no limit."""
    failures_per_minute: int = FAILURES_PER_MINUTE
    """Tokens that do not hold, of one address; 0: no limit."""
    proxies: frozenset[str] = frozenset()
    """Addresses of proxies: of what comes from there the last address in ``X-Forwarded-For`` is who asks."""
    address: str = ""
    """How a service or relay process is reached: a URL with ``{naam}`` or ``{poort}``; empty: where it listens."""
    relays: tuple[tuple[str, ...], ...] = ()
    """Per relay process the services whose log it carries; empty: one process carries all."""

    @classmethod
    def from_env(cls, env: Mapping[str, str] | None = None) -> Settings:
        """Read the environment.

        Raises:
            ValueError: values have no meaning; the message names each variable, its rule and what would be right.
        """
        given = os.environ if env is None else env
        if problems := broken(given, service_names()):
            raise ValueError("\n".join(map(str, problems)))
        amqp, database = given.get("CASUSLOG_AMQP_URL", ""), given.get("CASUSLOG_DATABASE_URL", "")
        schemas, issuers = given.get("CASUSLOG_SCHEMAS"), given.get("CASUSLOG_UITGEVERS")
        return cls(
            amqp_url=amqp or TWIN_URL,
            amqp_holders_url=given.get("CASUSLOG_AMQP_HOUDERS", ""),
            amqp_beheer=given.get("CASUSLOG_AMQP_BEHEER", ""),
            database_url=database,
            keys_url=given.get("CASUSLOG_KEYS_URL", ""),
            data=Path(given.get("CASUSLOG_DATA") or ".casuslog"),
            root_key=given.get("CASUSLOG_ROOT_KEY", ""),
            clock=given.get("CASUSLOG_CLOCK") or "system",
            http_host=given.get("CASUSLOG_HTTP_HOST") or "127.0.0.1",
            http_port=int(given.get("CASUSLOG_HTTP_PORT") or 8100),
            address=given.get("CASUSLOG_HTTP_URL", ""),
            schemas=Path(schemas) if schemas else None,
            issuers=Path(issuers) if issuers else None,
            public_url=given.get("CASUSLOG_OPENBAAR_URL", ""),
            development_tokens=given.get("CASUSLOG_ONTWIKKELTOKENS", "") == "ja",
            calls_per_second=_count(given, "CASUSLOG_TEMPO", CALLS_PER_SECOND),
            failures_per_minute=_count(given, "CASUSLOG_AANMELDFOUTEN", FAILURES_PER_MINUTE),
            proxies=frozenset(filter(None, map(str.strip, given.get("CASUSLOG_PROXIES", "").split(",")))),
            lease_seconds=float(given.get("CASUSLOG_LEASE_SECONDS") or LEASE_SECONDS),
            database_urls={name: url for name in service_names() if (url := given.get(variable_of(name)))},
            relays=relay_groups(given.get("CASUSLOG_RELAYS", "")),
        )

    @property
    def holders_url(self) -> str:
        """The AMQP URL of the vhost with the queues of holders; that of the log where they have none of their own."""
        return self.amqp_holders_url or self.amqp_url

    @property
    def embedded(self) -> bool:
        """Whether all runs in one process, on SQLite and the twin."""
        return self.amqp_url.startswith(TWIN_URL)

    def refuse_silent_development(self) -> None:
        """Refuse to take development tokens in production, unless the environment says that it is meant.

        Raises:
            ValueError: neither issuers nor the word that development tokens hold.
        """
        if self.issuers is None and not self.embedded and not self.development_tokens:
            raise ValueError(
                "CASUSLOG_UITGEVERS names no issuers of tokens, so anybody who reads token.secret could be anybody; "
                "name the issuers, or say CASUSLOG_ONTWIKKELTOKENS=ja where no real data is kept"
            )

    def store_url(self, service: str) -> str:
        """Where the events of a service are: its own schema in PostgreSQL, or a file of its own."""
        return self.database_urls.get(service) or self.database_url or f"sqlite:///{self.data / service}.db"

    def key_url(self) -> str:
        """Where the keys are, for all services: by default the database of the installation, or a file ``sleutels``."""
        return self.keys_url or self.store_url("sleutels")

    def relay_processes(self) -> dict[str, tuple[str, ...]]:
        """The relay processes by name, each with the services whose log it carries."""
        if not self.relays:
            return {RELAY: tuple(service_names())}
        return {f"{RELAY}-{number}": services for number, services in enumerate(self.relays, start=1)}

    def relay_process_of(self, services: Sequence[str]) -> str:
        """The name of the process that carries the log of exactly these services; of others that of the first."""
        processes = self.relay_processes()
        wanted = set(services)
        return next((name for name, carried in processes.items() if set(carried) == wanted), next(iter(processes)))

    def http_address(self, service: str) -> tuple[str, int]:
        """Host and port of the HTTP API of a service or a relay process; those have the ports after the services."""
        return self.http_host, self.http_port + [*service_names(), *self.relay_processes()].index(service)

    def http_url(self, service: str) -> str:
        """Base URL of the HTTP API of a service or relay process, for who calls it."""
        host, port = self.http_address(service)
        if self.address:
            return self.address.replace("{naam}", service).replace("{poort}", str(port))
        return f"http://{LOOPBACK if host in EVERYWHERE else host}:{port}"


def _count(given: Mapping[str, str], variable: str, default: int) -> int:
    return int(given.get(variable) or default)


def service_names() -> list[str]:
    """The services of this installation (entry points ``casuslog.services``), in the order of their ports."""
    found = _points()
    known = [name for name in PORT_ORDER if name in found]
    return known + sorted(found.keys() - set(known))


def service_class(name: str) -> type:
    """The class of a service.

    Raises:
        ValueError: there is no such service; the message names those that there are.
    """
    point = _points().get(name)
    if point is None:
        raise ValueError(f"no service {name!r}; there are {', '.join(service_names())}")
    loaded: type = point.load()
    return loaded


@cache
def _points() -> dict[str, EntryPoint]:
    # Reading them takes 10 ms: the metadata of every installed distribution, which does not change meanwhile.
    return {point.name: point for point in entry_points(group=ENTRY_POINTS)}
