"""The feed of a service over rpc: how another process reads its log, page by page, still encrypted."""

from __future__ import annotations

from base64 import b64decode, b64encode
from collections.abc import Mapping
from typing import Any

from nameko.constants import AMQP_URI_CONFIG_KEY
from nameko.rpc import rpc
from nameko.standalone.rpc import ServiceRpcProxy

from casuslog.consume.feeds import PAGE, Feed, LocalFeed
from casuslog.envelope import Envelope, Stream
from casuslog.errors import Unavailable
from casuslog.recorded import Cursor, StoredEvent

ANSWER_SECONDS = 8.0
"""How long an owner may take to answer a page. Who does not answer may be gone, and is asked again."""
RPC_PAGE = 200
"""Events in one answer at most: an event may take 64 KB."""


class FeedRpc:
    """Mixin of a service: hands out its own log to other services. ``self.log.store`` is its store."""

    log: Any

    @rpc  # type: ignore[untyped-decorator]  # nameko ships no types
    def feed_log(self, after: str, limit: int = RPC_PAGE) -> list[dict[str, Any]]:
        """The events beyond a cursor, of all gemeenten."""
        return [_told(stored) for stored in self._feed().log(after=Cursor.parse(after), limit=min(limit, RPC_PAGE))]

    @rpc  # type: ignore[untyped-decorator]  # nameko ships no types
    def feed_stream(self, gemeente: str, kind: str, stream: str, after: int, limit: int = RPC_PAGE) -> list[Any]:
        """The events of one stream beyond a sequence."""
        wanted = Stream(gemeente, kind, stream)
        return [_told(stored) for stored in self._feed().stream(wanted, after=after, limit=min(limit, RPC_PAGE))]

    @rpc  # type: ignore[untyped-decorator]  # nameko ships no types
    def feed_head(self) -> str:
        """The cursor of the last event that is final."""
        return str(self._feed().head())

    def _feed(self) -> Feed:
        return LocalFeed(self.log.store)


class RpcFeed:
    """The feed of a service in another process.

    Each call has a connection of its own: it is a rare call, and a shared one would have to be guarded and repaired.
    """

    def __init__(self, service: str, amqp_url: str, *, timeout: float = ANSWER_SECONDS) -> None:
        self._service = service
        self._config = {AMQP_URI_CONFIG_KEY: amqp_url}
        self._timeout = timeout

    def stream(self, stream: Stream, *, after: int, limit: int = PAGE) -> list[StoredEvent]:
        """See :class:`casuslog.consume.feeds.Feed`."""
        return _heard(self._ask("feed_stream", stream.gemeente, stream.kind, stream.id, after, limit))

    def log(self, *, after: Cursor, limit: int = PAGE) -> list[StoredEvent]:
        """See :class:`casuslog.consume.feeds.Feed`."""
        return _heard(self._ask("feed_log", str(after), limit))

    def head(self) -> Cursor:
        """See :class:`casuslog.consume.feeds.Feed`."""
        return Cursor.parse(self._ask("feed_head"))

    def _ask(self, method: str, *args: Any) -> Any:
        try:
            with ServiceRpcProxy(self._service, self._config, timeout=self._timeout) as owner:
                return getattr(owner, method)(*args)
        except Exception as error:
            # Not started yet, too slow, broker away, or an error over there: for who asks it comes to the same.
            told = type(error).__name__
            raise Unavailable(
                f"De dienst {self._service} gaf zijn log nu niet ({told}). Probeer het opnieuw."
            ) from error


def _told(stored: StoredEvent) -> dict[str, Any]:
    return {
        "envelope": stored.envelope.attributes(),
        "body": b64encode(stored.body).decode(),
        "hash": stored.hash.hex(),
        "prev_hash": stored.prev_hash.hex(),
        "cursor": str(stored.cursor),
    }


def _heard(told: list[Mapping[str, Any]]) -> list[StoredEvent]:
    return [
        StoredEvent(
            Envelope.from_attributes(one["envelope"]),
            b64decode(one["body"]),
            bytes.fromhex(one["hash"]),
            bytes.fromhex(one["prev_hash"]),
            Cursor.parse(one["cursor"]),
        )
        for one in told
    ]


__all__ = ["Feed", "FeedRpc", "LocalFeed", "RpcFeed"]
