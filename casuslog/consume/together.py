"""Events on their way to handlers: those that take lists get as many at once as may be."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from casuslog.consume.handlers import Concerned
from casuslog.recorded import RecordedEvent


class Together:
    """Hands events over within one transaction, in the order in which they take effect.

    A projection gets all of its own in one list: it writes its tables from what the events say, and no other projection
    reads them. Of other methods only neighbours that go to the same ones are handed over together: were each given its
    whole list at once, an effect could run before its cause. What takes events one by one sees all before it done.
    """

    def __init__(self, tx: Any) -> None:
        self._tx = tx
        self._lists: dict[Callable[[Any, Any], None], list[RecordedEvent]] = {}
        self._last = Concerned()
        self.called = 0
        """How many events went to a method by themselves."""

    def give(self, event: RecordedEvent, concerned: Concerned) -> None:
        """Take an event along to the handlers that it concerns."""
        if concerned.single or not self._goes_along(concerned):
            self.flush()
        for handler in concerned.single:
            handler.call(event, self._tx)
            self.called += 1
        if concerned.listed:
            self._last = concerned
            for handler in concerned.listed:
                self._lists.setdefault(handler.call, []).append(event)

    def flush(self) -> None:
        """Hand over what is taken along."""
        lists, self._lists = self._lists, {}
        for call, events in lists.items():
            call(events, self._tx)

    def _goes_along(self, concerned: Concerned) -> bool:
        if concerned.projecting and self._last.projecting:
            return True
        return [handler.call for handler in concerned.listed] == [handler.call for handler in self._last.listed]


__all__ = ["Together"]
