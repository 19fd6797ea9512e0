"""A subscriber in another language: a script that knows only ``schemas/`` reads what the service delivers."""

import json
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from casuslog.broker.connection import connect_to
from casuslog.broker.topology import holder_queue
from casuslog.codes import schemas_folder
from casuslog.schema import SchemaRegistry
from services.abonnement.uitgang import BrokerUitgang
from tests.services.abonnement.wereld import BEKEND, NAAM, Wereld, sqlite

HERE = Path(__file__).parents[2] / "docs" / "examples" / "node"
GROND = "Wmo 2015 art. 5.1.1"
FINGERPRINTS = "console.log(JSON.stringify([...require('./abonnee.js').readSchemas(process.argv[1]).keys()]))"


@pytest.fixture
def wereld(tmp_path: Path, amqp_url: str, monkeypatch: pytest.MonkeyPatch) -> Iterator[Wereld]:
    """A world whose pump feeds real queues."""
    monkeypatch.setattr("services.abonnement.besluiten.gebeurtenistypen", lambda: BEKEND)
    made = sqlite(tmp_path)
    made.pomp = made.nieuwe_pomp(verbind=lambda: BrokerUitgang(amqp_url))
    yield made
    made.pomp.stop()
    made.close()


@pytest.fixture
def schemas(tmp_path: Path) -> Path:
    """The published schemas, in a folder of their own."""
    return Path(shutil.copytree(schemas_folder(), tmp_path / "schemas"))


def node(amqp_url: str, abonnement: str, schemas: Path, count: int) -> subprocess.CompletedProcess[str]:
    """Let the script read ``count`` events."""
    return run("abonnee.js", amqp_url, holder_queue(abonnement), str(schemas), str(count))


def run(*arguments: str) -> subprocess.CompletedProcess[str]:
    """Run Node.js beside the script."""
    if shutil.which("node") is None or not (HERE / "node_modules").is_dir():
        pytest.fail("Node.js or its modules are missing: run scripts/ensure-node", pytrace=False)
    return subprocess.run(["node", *arguments], cwd=HERE, capture_output=True, text=True, timeout=30)


def lines(done: subprocess.CompletedProcess[str]) -> list[dict]:
    assert done.returncode == 0, done.stderr
    return [json.loads(line) for line in done.stdout.splitlines()]


def test_the_script_computes_the_fingerprint_of_every_schema_that_is_published() -> None:
    """Of each event type both records, all fields and only the facts: the same CRC-64-AVRO as ours."""
    registry = SchemaRegistry.load(schemas_folder())
    versions = [registry.current(wire_type) for wire_type in registry.wire_types]
    ours = {schema.fingerprint.hex() for version in versions for schema in (version.clear, version.feit.schema)}
    done = run("-e", FINGERPRINTS, str(schemas_folder()))
    assert done.returncode == 0, done.stderr
    assert set(json.loads(done.stdout)) == ours
    assert len(ours) > 50


@pytest.mark.rabbitmq
def test_a_script_that_knows_only_the_schemas_reads_every_event(wereld: Wereld, amqp_url: str, schemas: Path) -> None:
    """Whole records, with dates, lists and nested parts: the same values, envelope and numbers as were logged."""
    abonnement = wereld.ken_toe(profiel="volledig", grondslag=GROND)
    casus = wereld.melding()[0].envelope.subject
    events = [*wereld.melding(casus), *wereld.bevestiging(casus), *wereld.opdracht(casus)]
    wereld.pomp.stap()
    read = lines(node(amqp_url, abonnement, schemas, 5))
    assert [one["nummer"] for one in read] == [1, 2, 3, 4, 5]
    for told, event in zip(read[1:], events, strict=True):
        assert told["envelop"] == event.envelope.attributes()
        assert told["gegevens"] == wereld.codec.as_json(event)["data"]
    assert read[0]["gegevens"]["naam"] == NAAM


@pytest.mark.rabbitmq
def test_it_reads_facts_without_the_person(wereld: Wereld, amqp_url: str, schemas: Path) -> None:
    """The sub-record of facts has a fingerprint of its own, which the script derives from the same file."""
    abonnement = wereld.ken_toe()
    [event] = wereld.melding()
    wereld.pomp.stap()
    [told] = lines(node(amqp_url, abonnement, schemas, 1))
    alles = wereld.codec.as_json(event)["data"]
    privacy = wereld.codec.registry.current(event.envelope.type).privacy
    assert told["gegevens"] == {name: value for name, value in alles.items() if privacy[name] == "feit"}
    assert told["niveau"] == "feiten"


@pytest.mark.rabbitmq
def test_it_reads_json_and_what_has_no_body(wereld: Wereld, amqp_url: str, schemas: Path) -> None:
    """A JSON subscription gives the same data; informatiearm gives a reference, and a withheld number only itself."""
    in_json = wereld.ken_toe(vorm="json")
    arm = wereld.ken_toe(profiel="informatiearm")
    gestopt = wereld.ken_toe()
    wereld.melding()
    wereld.beeindig(gestopt)
    wereld.pomp.stap()
    assert lines(node(amqp_url, in_json, schemas, 1))[0]["gegevens"]["kanaal"] == "telefoon"
    [told] = lines(node(amqp_url, arm, schemas, 1))
    assert (told["gegevens"], told["verwijzing"]) == (None, f"/abonnementen/{arm}/gebeurtenissen/1")
    assert lines(node(amqp_url, gestopt, schemas, 1)) == [{"nummer": 1, "ingehouden": True}]


@pytest.mark.rabbitmq
def test_what_it_cannot_decode_stays_in_the_queue(wereld: Wereld, amqp_url: str, tmp_path: Path) -> None:
    """An unknown fingerprint is named, nothing is acknowledged, and with the right schemas it is read after all."""
    abonnement = wereld.ken_toe()
    wereld.melding()
    wereld.pomp.stap()
    (tmp_path / "leeg").mkdir()
    failed = node(amqp_url, abonnement, tmp_path / "leeg", 1)
    assert failed.returncode == 1
    assert "no schema has fingerprint" in failed.stderr
    assert failed.stdout == ""
    shutil.copytree(schemas_folder(), tmp_path / "schemas")
    assert lines(node(amqp_url, abonnement, tmp_path / "schemas", 1))[0]["nummer"] == 1


@pytest.mark.rabbitmq
def test_the_pump_survives_a_cut_connection_and_keeps_to_the_limit_of_the_queue(
    wereld: Wereld, amqp_url: str, rabbit
) -> None:
    """On a real broker: cut between two deliveries, every number arrives in order, and no more than the queue takes."""
    abonnement = wereld.ken_toe()
    wereld.pomp = wereld.nieuwe_pomp(verbind=lambda: BrokerUitgang(amqp_url), in_queue=3)
    wereld.melding()
    assert wereld.pomp.stap() == 1
    rabbit.close_connections()
    for _ in range(4):
        wereld.melding()
    for _ in range(5):
        wereld.pomp.stap()
        wereld.monotonic.now += 1
    with connect_to(amqp_url, name="test") as connection, connection.channel() as channel:
        queue = holder_queue(abonnement)
        assert channel.queue_declare(queue, passive=True).message_count == 3
        taken = [channel.basic_get(queue, no_ack=True).headers["casuslog_nummer"] for _ in range(3)]
        wereld.pomp.stap()
        while (message := channel.basic_get(queue, no_ack=True)) is not None:
            taken.append(message.headers["casuslog_nummer"])
    assert list(dict.fromkeys(taken)) == [1, 2, 3, 4, 5]
