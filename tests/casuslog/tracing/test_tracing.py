"""One trace from a call over HTTP through its events to their effects elsewhere; nothing of anybody in it."""

import re
import threading
from collections.abc import Iterator
from datetime import date
from wsgiref.simple_server import WSGIRequestHandler, make_server

import pytest
import requests
from opentelemetry.sdk.trace import ReadableSpan
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter
from opentelemetry.trace import SpanKind

from casuslog import tracing
from casuslog.caller import Caller
from casuslog.codes import oin_of
from casuslog.envelope import Stream
from casuslog.identifiers import new_id
from casuslog.recorded import RecordedEvent
from casuslog.testing.platform import Platform

TEAM = Caller("wijkteam", "0086", "w-1", ("0086",))
BEHEER = Caller("beheerder", "0086", "b-1", ("0086",))
TRACE, CALLER = "0af7651916cd43dd8448eb211c80319c", "b7ad6b7169203331"
PARENT = f"00-{TRACE}-{CALLER}-01"


@pytest.fixture(scope="module")
def platform() -> Iterator[Platform]:
    """Every service in one process."""
    with Platform(date(2017, 2, 13)) as running:
        yield running


@pytest.fixture
def spans() -> Iterator[InMemorySpanExporter]:
    """Tracing is on, and its spans are kept here."""
    exporter = InMemorySpanExporter()
    tracing.install(SimpleSpanProcessor(exporter))
    yield exporter
    tracing.shut_down()


def register(platform: Platform, traceparent: str | None = PARENT) -> str:
    headers = {"Authorization": f"Bearer {platform.host.platform.issuer.issue(TEAM)}", "Idempotency-Key": new_id()}
    if traceparent:
        headers["traceparent"] = traceparent
    answer = requests.post(
        f"{platform.settings.http_url('melding')}/opdrachten/registreer-melding",
        json={"gemeente": "opsterland", "kanaal": "telefoon"},
        headers=headers,
        timeout=20,
    )
    assert answer.status_code == 200, answer.text
    platform.settle()
    return str(answer.json()["casus"])


def logged(platform: Platform, service: str, kind: str, subject: str) -> list[RecordedEvent]:
    store = platform.store(service)
    return list(store.codec.decode_many(store.read_stream(Stream("0086", kind, subject)), purpose="toets", typed=False))


def who(span: ReadableSpan) -> str:
    return str(span.resource.attributes["service.name"]).removeprefix("casuslog-")


def test_one_trace_spans_command_relay_and_effect_in_another_service(
    platform: Platform, spans: InMemorySpanExporter
) -> None:
    """The trace of the caller goes on in its command, in the relay that sends, and in every service that acts."""
    casus = register(platform)
    made = [span for span in spans.get_finished_spans() if f"{span.context.trace_id:032x}" == TRACE]
    [command] = [span for span in made if span.kind is SpanKind.SERVER]
    assert (who(command), command.name) == ("melding", "opdracht registreer-melding")
    assert f"{command.parent.span_id:016x}" == CALLER
    event = logged(platform, "melding", "melding", casus)[0].envelope
    assert event.traceparent == f"00-{TRACE}-{command.context.span_id:016x}-01"
    sent = [span for span in made if span.kind is SpanKind.PRODUCER and span.parent.span_id == command.context.span_id]
    assert f"doorgeven {event.type}" in {span.name for span in sent}
    assert {who(span) for span in sent} == {"relay"}
    effects = [span for span in made if span.kind is SpanKind.CONSUMER and span.name == f"effect {event.type}"]
    assert {"onderzoek", "historie", "abonnement"} <= {who(span) for span in effects}
    assert {span.parent.span_id for span in effects} == {command.context.span_id}


def test_what_a_reaction_logs_stands_below_the_effect(platform: Platform, spans: InMemorySpanExporter) -> None:
    """An event that follows from an event carries the span of that effect, in the same trace: a tree, not a heap."""
    casus = register(platform)
    made = {f"{span.context.span_id:016x}": span for span in spans.get_finished_spans()}
    reactions = logged(platform, "onderzoek", "onderzoek", casus)
    assert reactions, "onderzoek logs the term when a melding was registered"
    _, trace, above, _ = str(reactions[0].envelope.traceparent).split("-")
    assert trace == TRACE
    assert (who(made[above]), made[above].kind) == ("onderzoek", SpanKind.CONSUMER)


def test_without_a_trace_of_the_caller_a_new_one_begins(platform: Platform, spans: InMemorySpanExporter) -> None:
    """While tracing is on, an operator can follow a call that brought no trace."""
    casus = register(platform, None)
    assert logged(platform, "melding", "melding", casus)[0].envelope.traceparent is not None


def test_a_subject_of_its_own_has_a_trace_of_its_own(platform: Platform, spans: InMemorySpanExporter) -> None:
    """What is no casus begins a new trace and its events carry none: no trace with acts in a casus leads there."""
    body = {
        "gemeente": "0086", "rol": "wijkteam", "houdersoort": "oin", "houder": oin_of("0086"), "gemeenten": ["0086"],
        "doelbinding": "uitvoering_wmo",
    }  # fmt: skip
    headers = {"Authorization": f"Bearer {platform.host.platform.issuer.issue(BEHEER)}", "traceparent": PARENT}
    answer = requests.post(
        f"{platform.settings.http_url('abonnement')}/opdrachten/ken-abonnement-toe",
        json=body, headers=headers, timeout=20,
    )  # fmt: skip
    assert answer.status_code == 200, answer.text
    platform.settle()
    event = logged(platform, "abonnement", "abonnement", answer.json()["casus"])[0]
    assert event.envelope.traceparent is None
    made = [span for span in spans.get_finished_spans() if who(span) == "abonnement"]
    assert made
    assert all(f"{span.context.trace_id:032x}" != TRACE for span in made)


def test_no_span_holds_what_a_casus_is_about(platform: Platform, spans: InMemorySpanExporter) -> None:
    """Neither the id of the casus, nor the gemeente, nor the text of an error goes to whoever collects traces."""
    casus = register(platform)
    headers = {"Authorization": f"Bearer {platform.host.platform.issuer.issue(TEAM)}"}
    url, body = f"{platform.settings.http_url('melding')}/opdrachten", {"kanaal": "rook van 999990019"}
    assert requests.post(f"{url}/registreer-melding", json=body, headers=headers, timeout=20).status_code == 422
    assert requests.post(f"{url}/999990019", json={}, headers=headers, timeout=20).status_code == 404
    told = " ".join(span.to_json() for span in spans.get_finished_spans())
    assert '"error.type": "InvalidInput"' in told
    told = re.sub(r'"0x[0-9a-f]+"|"[0-9]{4}-[0-9]{2}-[0-9]{2}T[^"]*"', "", told)  # a random id may hold any four digits
    for secret in (casus, "0086", "rook", "999990019"):
        assert secret not in told


def test_without_tracing_the_trace_of_the_caller_still_stands_in_its_events(platform: Platform) -> None:
    """Off is the default: no span is made, and the events carry what the caller sent, as they always did."""
    assert not tracing.active()
    casus = register(platform)
    assert logged(platform, "melding", "melding", casus)[0].envelope.traceparent == PARENT
    assert logged(platform, "onderzoek", "onderzoek", casus)[0].envelope.traceparent == PARENT


def test_what_follows_from_no_trace_leads_nowhere(spans: InMemorySpanExporter) -> None:
    """An event without a trace begets events without one, also while another span is at hand."""
    with tracing.command("melding", "registreer-melding", PARENT):
        assert tracing.continued(None) is None
        assert tracing.continued(f"00-{'1' * 32}-{'2' * 16}-01") == f"00-{'1' * 32}-{'2' * 16}-01"


class _Quiet(WSGIRequestHandler):
    def log_message(self, format: str, *args: object) -> None:
        """Not on the terminal of the test."""


def test_the_environment_names_where_traces_go(monkeypatch: pytest.MonkeyPatch) -> None:
    """Without an endpoint nothing is traced; with one, spans go there as OTLP over HTTP, at the latest at a stop."""
    received: list[tuple[str, bytes]] = []

    def collect(environ: dict, start_response) -> list[bytes]:  # type: ignore[type-arg,no-untyped-def]
        received.append((environ["PATH_INFO"], environ["wsgi.input"].read(int(environ["CONTENT_LENGTH"]))))
        start_response("200 OK", [("Content-Type", "application/x-protobuf")])
        return [b""]

    assert tracing.start({}) is False
    with make_server("127.0.0.1", 0, collect, handler_class=_Quiet) as collector:
        serving = threading.Thread(target=collector.serve_forever, daemon=True)
        serving.start()
        endpoint = f"http://127.0.0.1:{collector.server_port}"
        monkeypatch.setenv("OTEL_EXPORTER_OTLP_ENDPOINT", endpoint)
        assert tracing.start() is True
        with tracing.command("melding", "registreer-melding", PARENT):
            pass
        tracing.shut_down()
        collector.shutdown()
        serving.join()
    [(path, sent)] = received
    assert path == "/v1/traces"
    assert b"opdracht registreer-melding" in sent
    assert bytes.fromhex(TRACE) in sent
