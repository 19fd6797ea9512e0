"""What an installation is told by its environment. Everything has a default that runs embedded on one machine.

=====================  =======================================  ==================================================
variable               default                                  meaning
=====================  =======================================  ==================================================
CASUSLOG_AMQP_URL      (empty: the in-process twin)             the log: ``amqp://user:pass@host:5672/vhost``
CASUSLOG_DATABASE_URL  (empty: SQLite files in CASUSLOG_DATA)   ``postgresql+psycopg2://user:pass@host/db``
CASUSLOG_KEYS_URL      beside the database                      the keys; give them a backup rule of their own
CASUSLOG_DATA          .casuslog                                folder for SQLite files, root key and secrets
CASUSLOG_ROOT_KEY      (empty: root.key in CASUSLOG_DATA)       root key, 32 bytes in base64
CASUSLOG_CLOCK         system                                   ``system`` or ``file:<path>`` (demo and tests)
CASUSLOG_HTTP_HOST     127.0.0.1                                address that the HTTP API listens on
CASUSLOG_HTTP_PORT     8100                                     first port; each service has its own
CASUSLOG_SCHEMAS       schemas beside the packages              folder with Avro schemas and code lists
=====================  =======================================  ==================================================
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from importlib.metadata import EntryPoint, entry_points
from pathlib import Path

TWIN_URL = "tweeling://casuslog"
ENTRY_POINTS = "casuslog.services"

PORT_ORDER = ("inrichting", "melding", "onderzoek", "beschikking", "pgb", "toezicht", "historie", "abonnement")
"""Ports follow this order, so that a service keeps its port whichever others run; unknown ones come after, by name."""


@dataclass(frozen=True, kw_only=True)
class Settings:
    """The environment, read once."""

    amqp_url: str
    database_url: str
    keys_url: str
    data: Path
    root_key: str
    clock: str
    http_host: str
    http_port: int
    schemas: Path | None

    @classmethod
    def from_env(cls, env: Mapping[str, str] | None = None) -> Settings:
        """Read the environment.

        Raises:
            ValueError: a value has no meaning; the message names the variable and what would be right.
        """
        given = os.environ if env is None else env
        port = given.get("CASUSLOG_HTTP_PORT", "8100")
        if not port.isdigit() or not 0 <= int(port) <= 65000:
            raise ValueError(f"CASUSLOG_HTTP_PORT is {port!r}; give a number up to 65000, for example 8100")
        amqp, database = given.get("CASUSLOG_AMQP_URL", ""), given.get("CASUSLOG_DATABASE_URL", "")
        if bool(amqp) != bool(database):
            raise ValueError(
                "give both CASUSLOG_AMQP_URL and CASUSLOG_DATABASE_URL (RabbitMQ and PostgreSQL), or neither (embedded)"
            )
        schemas = given.get("CASUSLOG_SCHEMAS")
        return cls(
            amqp_url=amqp or TWIN_URL,
            database_url=database,
            keys_url=given.get("CASUSLOG_KEYS_URL", ""),
            data=Path(given.get("CASUSLOG_DATA", ".casuslog")),
            root_key=given.get("CASUSLOG_ROOT_KEY", ""),
            clock=given.get("CASUSLOG_CLOCK", "system"),
            http_host=given.get("CASUSLOG_HTTP_HOST", "127.0.0.1"),
            http_port=int(port),
            schemas=Path(schemas) if schemas else None,
        )

    @property
    def embedded(self) -> bool:
        """Whether all runs in one process, on SQLite and the twin."""
        return self.amqp_url == TWIN_URL

    def store_url(self, service: str) -> str:
        """Where the events of a service are: its own schema in PostgreSQL, or a file of its own."""
        return self.database_url or f"sqlite:///{self.data / service}.db"

    def key_url(self) -> str:
        """Where the keys are: by default the schema or file ``sleutels`` beside the events."""
        return self.keys_url or self.store_url("sleutels")

    def http_address(self, service: str) -> tuple[str, int]:
        """Host and port of a service's HTTP API."""
        return self.http_host, self.http_port + service_names().index(service)

    def http_url(self, service: str) -> str:
        """Base URL of a service's HTTP API."""
        host, port = self.http_address(service)
        return f"http://{host}:{port}"


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
