"""Spans by OpenTelemetry. Imported only where traces are wanted."""

from __future__ import annotations

import contextlib
import threading
from collections.abc import Iterator, Mapping

from opentelemetry import trace
from opentelemetry.context import Context
from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.trace import SpanProcessor, TracerProvider
from opentelemetry.trace import Span, SpanKind, Status, StatusCode
from opentelemetry.trace.propagation.tracecontext import TraceContextTextMapPropagator

_W3C = TraceContextTextMapPropagator()


class Recorder:
    """Makes spans, under the name of the service that does the work: one process may host several.

    Args:
        processor: gets every span.
    """

    def __init__(self, processor: SpanProcessor) -> None:
        self._processor = processor
        self._tracers: dict[str, trace.Tracer] = {}
        self._lock = threading.Lock()

    @contextlib.contextmanager
    def carrying(
        self, service: str, name: str, kind: str, parent: str | None, attributes: Mapping[str, str]
    ) -> Iterator[str | None]:
        """A span within the trace of ``parent`` (a new trace without one). Gives its ``traceparent``.

        Of an error only its kind is recorded: its text may hold what somebody sent.
        """
        above = _W3C.extract({"traceparent": parent} if parent else {}, context=Context())
        with self._tracer(service).start_as_current_span(
            name, above, SpanKind[kind], attributes, record_exception=False, set_status_on_exception=False
        ) as span:
            try:
                yield _traceparent(span)
            except Exception as error:
                span.set_status(Status(StatusCode.ERROR))
                span.set_attribute("error.type", type(error).__name__)
                raise

    def at_hand(self, parent: str) -> str | None:
        """The ``traceparent`` of the span in which this is called, where it is of the same trace as ``parent``."""
        span = trace.get_current_span()
        told = _traceparent(span)
        return told if told is not None and told.split("-")[1] == parent.split("-")[1] else None

    def close(self) -> None:
        """Send what is left."""
        self._processor.shutdown()

    def _tracer(self, service: str) -> trace.Tracer:
        with self._lock:
            if service not in self._tracers:
                provider = TracerProvider(
                    resource=Resource.create({"service.name": f"casuslog-{service}"}), shutdown_on_exit=False
                )
                provider.add_span_processor(self._processor)
                self._tracers[service] = provider.get_tracer("casuslog")
            return self._tracers[service]


def _traceparent(span: Span) -> str | None:
    about = span.get_span_context()
    if not about.is_valid:
        return None
    return f"00-{about.trace_id:032x}-{about.span_id:016x}-{int(about.trace_flags) & 1:02x}"
