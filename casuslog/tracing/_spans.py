"""The spans that a process makes, and the one moment at which it is decided whether it makes any."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, nullcontext
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from opentelemetry.sdk.trace import SpanProcessor

    from casuslog.envelope import Envelope
    from casuslog.tracing._recorder import Recorder

_NOTHING: AbstractContextManager[None] = nullcontext()
_recorder: Recorder | None = None


def active() -> bool:
    """Whether this process makes spans."""
    return _recorder is not None


def install(processor: SpanProcessor) -> None:
    """Make spans from now on, and give them to ``processor``."""
    # Imported here: whoever traces nothing does not load the library.
    from casuslog.tracing._recorder import Recorder

    global _recorder  # one per process, as with a logger
    shut_down()
    _recorder = Recorder(processor)


def shut_down() -> None:
    """Send what is left, and make no more spans."""
    global _recorder
    recorder, _recorder = _recorder, None
    if recorder is not None:
        recorder.close()


def command(service: str, name: str, parent: str | None) -> AbstractContextManager[str | None]:
    """A command that is carried out. Gives the ``traceparent`` for its events: that of this span, else the parent."""
    if _recorder is None:
        return nullcontext(parent)
    return _recorder.carrying(service, f"opdracht {name}", "SERVER", parent, {"casuslog.opdracht": name})


def publishing(attributes: Mapping[str, str]) -> AbstractContextManager[Any]:
    """An event, by the attributes of its envelope, that a relay sends. One without a trace gets no span."""
    parent = attributes.get("traceparent")
    if _recorder is None or parent is None:
        return _NOTHING
    kind = attributes["type"]
    return _recorder.carrying("relay", f"doorgeven {kind}", "PRODUCER", parent, {"messaging.system": "rabbitmq"})


@contextlib.contextmanager
def effect(service: str, method: str, events: Sequence[Envelope]) -> Iterator[None]:
    """The effect of events in a service: a span for each that carries a trace, all as long as the effect lasts."""
    if _recorder is None:
        yield
        return
    with contextlib.ExitStack() as open_spans:
        for event in events:
            if event.traceparent is not None:
                about = {"casuslog.methode": method, "casuslog.bron": event.service}
                name = f"effect {event.type}"
                open_spans.enter_context(_recorder.carrying(service, name, "CONSUMER", event.traceparent, about))
        yield


def continued(parent: str | None) -> str | None:
    """The ``traceparent`` of what follows from an event that carries ``parent``: the span at hand, in that same trace.

    What carries none leads nowhere, and neither does what follows from it.
    """
    if _recorder is None or parent is None:
        return parent
    return _recorder.at_hand(parent) or parent


__all__ = ["active", "command", "continued", "effect", "install", "publishing", "shut_down"]
