"""Every metric by name: the list that the endpoints, the table in the documentation, the board and the alarms share."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum

PREFIX = "casuslog_"


class Kind(StrEnum):
    """What Prometheus may do with it."""

    COUNTER = "counter"
    GAUGE = "gauge"
    HISTOGRAM = "histogram"


SERVICE, RELAY, ABONNEMENT = "each service", "each relay process", "abonnement"
"""Who gives a metric."""


@dataclass(frozen=True, slots=True)
class Metric:
    """One metric: its name as Prometheus shows it, its labels, who gives it and what it means (for an operator)."""

    name: str
    kind: Kind
    labels: tuple[str, ...]
    given_by: str
    meaning: str


def _counter(name: str, labels: str, given_by: str, meaning: str) -> Metric:
    return Metric(PREFIX + name, Kind.COUNTER, tuple(labels.split()), given_by, meaning)


def _gauge(name: str, labels: str, given_by: str, meaning: str) -> Metric:
    return Metric(PREFIX + name, Kind.GAUGE, tuple(labels.split()), given_by, meaning)


CATALOGUE = (
    _gauge("database_up", "service", SERVICE, "1: the database answers; 0: the figures that it holds are left out"),
    _counter("events_appended_total", "service", SERVICE, "events appended since the start of the process"),
    _counter(
        "commands_total",
        "service command outcome",
        SERVICE,
        "commands by name and outcome; a name that does not exist counts as `onbekend`",
    ),
    Metric(f"{PREFIX}command_seconds", Kind.HISTOGRAM, ("service",), SERVICE, "how long a command took"),
    _counter(
        "signins_refused_total",
        "service reason",
        SERVICE,
        "sign-ins that were refused, by reason (aanmelden.md); from where stands in the log",
    ),
    _gauge(
        "relay_lag_seconds",
        "service",
        SERVICE,
        "how long the oldest event waits that the log has not confirmed, also where no relay runs; 0: level",
    ),
    _gauge("relay_waiting_events", "service", SERVICE, "how many events wait for the relay; counted up to 1000"),
    _gauge("log_position", "service", SERVICE, "position of the last event that is final"),
    _gauge("relay_position", "service", SERVICE, "position up to which the log has confirmed"),
    _gauge(
        "consumer_lag_seconds",
        "service source",
        SERVICE,
        "how long the oldest event of a source waits that came in and is not handled; 0: level",
    ),
    _gauge("consumer_waiting_events", "service", SERVICE, "events that came in and wait to be handled"),
    _gauge("consumer_connected", "service", SERVICE, "1: deliveries come in; 0: no connection to the broker"),
    _gauge("consumer_position", "service source", SERVICE, "position up to which all of a source is handled or parked"),
    _gauge("parked_lanes", "service", SERVICE, "lanes that stand still"),
    _gauge("parked_timers", "service", SERVICE, "terms that stand still"),
    _gauge("horizon_age_seconds", "service", SERVICE, "how long an open transaction has held up the log; 0: none does"),
    _counter(
        "deliveries_total", "service channel", ABONNEMENT, "deliveries that succeeded, by channel: amqp, feed, webhook"
    ),
    _counter("delivery_retries_total", "service channel", ABONNEMENT, "deliveries that failed and will be tried again"),
    _gauge(
        "suspended_webhooks",
        "service",
        ABONNEMENT,
        "webhooks that failed for days and are not tried again until somebody resumes them",
    ),
    _gauge(
        "relay_status", "service status", RELAY, "1 for the state that the relay of a service is in, 0 for the others"
    ),
    _gauge("broker_blocked", "service", RELAY, "1: the broker takes nothing (its memory or disk is nearly full)"),
    _counter("relay_confirmed_total", "service", RELAY, "events that the log confirmed since the start of the process"),
)
"""Beside these each process gives what prometheus-client tells of any process: ``process_*``."""

_BY_NAME = {metric.name: metric for metric in CATALOGUE}


def metric(name: str) -> Metric:
    """The metric of this name, without prefix.

    Raises:
        KeyError: there is none.
    """
    return _BY_NAME[PREFIX + name]


def table(metrics: Iterable[Metric] = CATALOGUE) -> str:
    """The metrics as a table in Markdown, for the operator."""
    lines = ["| name | kind | labels | given by | meaning |", "|---|---|---|---|---|"]
    for one in metrics:
        labels = ", ".join(f"`{label}`" for label in one.labels)
        lines.append(f"| `{one.name}` | {one.kind} | {labels} | {one.given_by} | {one.meaning} |")
    return "\n".join(lines)
