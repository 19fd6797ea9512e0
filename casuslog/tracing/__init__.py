"""Traces (OpenTelemetry) from a call over HTTP through its events to their effects in other services.

Off unless the environment names where traces go (``OTEL_EXPORTER_OTLP_ENDPOINT``); off costs a look at a variable. The
``traceparent`` of a call stands in the envelope of its events, also without tracing; with it, each step is a span of
that trace. A span holds names of services, commands and event types, never an id of a casus or a value; of an error its
kind. What has a subject of its own (a signal, a dossier) begins a trace of its own: nothing leads there from a casus.
"""

from casuslog.tracing._spans import active, command, continued, effect, install, publishing, shut_down
from casuslog.tracing._start import start

__all__ = ["active", "command", "continued", "effect", "install", "publishing", "shut_down", "start"]
