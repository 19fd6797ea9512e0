"""What the services of one process share: settings, clock, schemas, keys, stores and feeds."""

from __future__ import annotations

import contextlib
import os
import threading

import structlog

from casuslog.caller import DevelopmentIssuer
from casuslog.clock import Clock, clock_from
from casuslog.codec import Codec
from casuslog.codes import oin_of, schemas_folder
from casuslog.consume.feeds import Feed, LocalFeed
from casuslog.hosting.feed import RpcFeed
from casuslog.privacy import KeyStore, RootKey
from casuslog.readmodels import metadata
from casuslog.rights import matrix
from casuslog.schema import SchemaRegistry
from casuslog.settings import Settings
from casuslog.store import EventStore
from casuslog.tokens import Gate, Tokens, load_issuers

_log = structlog.get_logger("casuslog.platform")


class Platform:
    """One installation, as one process sees it.

    Args:
        settings: the environment.
        clock: another clock than the settings name, for tests.
        hosted: the services that run in this process; the feeds of others go over rpc.
    """

    def __init__(self, settings: Settings, *, clock: Clock | None = None, hosted: tuple[str, ...] = ()) -> None:
        self.settings = settings
        self.clock = clock or clock_from(settings.clock)
        self.hosted = hosted
        settings.data.mkdir(parents=True, exist_ok=True)
        root = (
            RootKey.from_text(settings.root_key)
            if settings.root_key
            else RootKey.from_file(settings.data / "root.key", create=True)
        )
        self.registry = SchemaRegistry.load(settings.schemas or schemas_folder())
        self.keys = KeyStore.open(settings.key_url(), root)
        self.codec = Codec(self.registry, self.keys)
        self.issuer = DevelopmentIssuer.from_file(settings.data / "token.secret")
        self.tokens = self._tokens()
        self.gate = Gate(
            self.tokens,
            calls_per_second=settings.calls_per_second,
            failures_per_minute=settings.failures_per_minute,
            proxies=settings.proxies,
            now=self.clock.now,
        )
        self._stores: dict[str, EventStore] = {}
        self._lock = threading.Lock()

    def _tokens(self) -> Tokens:
        incompatible = matrix().onverenigbaar
        if self.settings.issuers is not None:
            return Tokens(load_issuers(self.settings.issuers, os.environ), incompatible=incompatible)
        if not self.settings.embedded:
            _log.warning(
                "ontwikkeltokens_gelden",
                betekenis="wie token.secret leest, kan zich voor iedereen uitgeven",
                remedie="noem de uitgevers van tokens in CASUSLOG_UITGEVERS",
            )
        return Tokens((), self.issuer, incompatible)

    def store_for(self, service: str) -> EventStore:
        """The store of a service; opened (and migrated) once."""
        with self._lock:
            if service not in self._stores:
                self._stores[service] = EventStore.open(
                    self.settings.store_url(service),
                    service,
                    codec=self.codec,
                    clock=self.clock,
                    oin_of=oin_of,
                    tables=metadata,
                )
            return self._stores[service]

    def feed_for(self, source: str) -> Feed:
        """The log of another service: read directly when it lives in this process, else asked over rpc."""
        if source in self.hosted:
            return LocalFeed(self.store_for(source))
        return RpcFeed(source, self.settings.amqp_url)

    def close(self) -> None:
        """Let go of all connections; of each, also when another cannot be closed."""
        with contextlib.ExitStack() as closing:
            closing.callback(self.keys.close)
            for store in self._stores.values():
                closing.callback(store.close)
