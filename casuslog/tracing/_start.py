"""Tracing as the environment asks for it, in the variables that OpenTelemetry itself has for that."""

from __future__ import annotations

import os
from collections.abc import Mapping

from casuslog.tracing._spans import install

ENDPOINTS = ("OTEL_EXPORTER_OTLP_ENDPOINT", "OTEL_EXPORTER_OTLP_TRACES_ENDPOINT")
"""Where traces go; one of them turns tracing on. The library reads the other ``OTEL_*`` variables itself."""
SEND_SECONDS = 3
"""How long sending may take, where ``OTEL_EXPORTER_OTLP_TIMEOUT`` does not say: a stop waits for it."""


def start(env: Mapping[str, str] | None = None) -> bool:
    """Begin to trace if the environment names where to; whether it did."""
    given = os.environ if env is None else env
    if not any(given.get(name) for name in ENDPOINTS) or given.get("OTEL_SDK_DISABLED", "").lower() == "true":
        return False
    from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
    from opentelemetry.sdk.trace.export import BatchSpanProcessor

    timeout = None if given.get("OTEL_EXPORTER_OTLP_TIMEOUT") else SEND_SECONDS
    install(BatchSpanProcessor(OTLPSpanExporter(timeout=timeout)))
    return True
