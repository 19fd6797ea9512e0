"""What Prometheus reads: the names of the catalogue and no others, bounded labels, and true figures."""

import time
from types import SimpleNamespace

import pytest
from prometheus_client import CollectorRegistry
from prometheus_client.parser import text_string_to_metric_families

from casuslog.errors import Conflict, Forbidden, InvalidInput, KeyReused, NotFound, Refused, Unavailable
from casuslog.metrics import CATALOGUE, CommandMeter, DeliveryCounts, Figures, exposition, outcome_of, table
from casuslog.metrics._commands import UNKNOWN

REFUSAL = {"rule": "r", "remedy": "w"}


def samples(*sources: object) -> dict[tuple[str, ...], float]:
    """The figures of an exposition, by name and the values of the labels in alphabetical order of their names."""
    text = exposition(*sources)[0].decode()  # type: ignore[arg-type]
    families = text_string_to_metric_families(text)
    return {(one.name, *one.labels.values()): one.value for family in families for one in family.samples}


@pytest.fixture
def registry() -> CollectorRegistry:
    """An empty registry."""
    return CollectorRegistry()


def test_a_command_counts_once_by_name_and_outcome(registry: CollectorRegistry) -> None:
    """What was carried out, what was repeated and what was refused are told apart; the error itself passes."""
    meter = CommandMeter("melding", ["registreer-melding"], registry)
    meter.measured("registreer-melding", lambda: SimpleNamespace(herhaald=False))
    meter.measured("registreer-melding", lambda: SimpleNamespace(herhaald=True))

    def refuse() -> SimpleNamespace:
        raise Refused("nee", "Nee.", **REFUSAL)

    with pytest.raises(Refused):
        meter.measured("registreer-melding", refuse)
    found = samples(registry)
    counted = {key[1:3]: value for key, value in found.items() if key[0] == "casuslog_commands_total"}
    assert counted == {
        ("registreer-melding", "ok"): 1,
        ("registreer-melding", "repeated"): 1,
        ("registreer-melding", "refused"): 1,
    }
    assert found["casuslog_command_seconds_count", "melding"] == 3


def test_a_name_that_does_not_exist_is_no_label(registry: CollectorRegistry) -> None:
    """What somebody typed, a BSN perhaps, never becomes a series."""
    meter = CommandMeter("melding", ["registreer-melding"], registry)
    for typed in ("999990019", "x" * 500):
        with pytest.raises(NotFound):
            meter.measured(typed, lambda: (_ for _ in ()).throw(NotFound("weg")))
    text = exposition(registry)[0].decode()
    assert samples(registry)["casuslog_commands_total", UNKNOWN, "not_found", "melding"] == 2
    assert "999990019" not in text
    assert "xxx" not in text


@pytest.mark.parametrize(
    ("error", "outcome"),
    [
        (Refused("a", "b", **REFUSAL), "refused"),
        (Forbidden("a", "b", **REFUSAL), "forbidden"),
        (InvalidInput("a"), "invalid"),
        (NotFound("a"), "not_found"),
        (Conflict("a"), "conflict"),
        (KeyReused("a"), "conflict"),
        (Unavailable("a"), "unavailable"),
        (ZeroDivisionError(), "error"),
    ],
)
def test_outcomes_come_from_a_fixed_list(error: Exception, outcome: str) -> None:
    """However many codes of refusal there are, the series of a command stay a handful."""
    assert outcome_of(error) == outcome


def test_a_figure_that_the_catalogue_does_not_know_is_refused() -> None:
    """Nothing is shown to Prometheus that the table for operators does not explain."""
    with pytest.raises(KeyError):
        exposition(Figures(lambda: [("verzonnen", ("melding",), 1.0)]))


def test_a_delivery_counts_for_its_channel_only() -> None:
    """Idle channels show as 0, so that a rate can be taken from the first delivery on; others do not exist."""
    counts = DeliveryCounts()
    counts.delivered("amqp", 3)
    counts.retried("webhook")
    assert counts.counts() == {"amqp": (3, 0), "feed": (0, 0), "webhook": (0, 1)}
    with pytest.raises(ValueError, match="no channel"):
        counts.delivered("post")


def test_the_table_explains_every_metric_once() -> None:
    """One row per metric; names are unique, and no label can hold a casus, a person or a gemeente."""
    names = [metric.name for metric in CATALOGUE]
    assert len(set(names)) == len(names)
    assert len(table().splitlines()) == len(names) + 2
    labels = {label for metric in CATALOGUE for label in metric.labels}
    assert labels == {"service", "command", "outcome", "source", "channel", "status", "reason"}


def test_counting_costs_a_command_next_to_nothing(registry: CollectorRegistry) -> None:
    """Under 50 microseconds of processor time a command, which itself takes thousands."""
    meter, answer = CommandMeter("melding", ["registreer-melding"], registry), SimpleNamespace(herhaald=False)
    began = time.process_time()
    for _ in range(2000):
        meter.measured("registreer-melding", lambda: answer)
    assert (time.process_time() - began) / 2000 < 50e-6
