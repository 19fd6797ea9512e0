"""What was delivered to subscribers, and what had to be tried again, per channel."""

from __future__ import annotations

import threading
from collections import Counter

CHANNELS = ("amqp", "feed", "webhook")


class DeliveryCounts:
    """Counts of one process."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._delivered: Counter[str] = Counter()
        self._retried: Counter[str] = Counter()

    def delivered(self, channel: str, count: int = 1) -> None:
        """So many deliveries over a channel succeeded.

        Raises:
            ValueError: there is no such channel.
        """
        self._add(self._delivered, channel, count)

    def retried(self, channel: str, count: int = 1) -> None:
        """So many attempts over a channel failed, and will be made again; raises as :meth:`delivered`."""
        self._add(self._retried, channel, count)

    def counts(self) -> dict[str, tuple[int, int]]:
        """Per channel what was delivered and what was tried again; every channel, also an idle one."""
        return {channel: (self._delivered[channel], self._retried[channel]) for channel in CHANNELS}

    def _add(self, counts: Counter[str], channel: str, count: int) -> None:
        if channel not in CHANNELS:
            raise ValueError(f"no channel {channel!r}; there are {', '.join(CHANNELS)}")
        with self._lock:
            counts[channel] += count


DELIVERIES = DeliveryCounts()
"""Those of this process."""
