"""What integrators read is what runs."""

from __future__ import annotations

import json
from pathlib import Path

import jsonschema_rs
import pytest
import schemathesis
import yaml
from jsonschema_rs import ValidationError

from casuslog.codes import schemas_folder
from casuslog.documents import check, documents, write
from casuslog.documents._files import described
from casuslog.documents._receivers import cell
from casuslog.rights.matrix import Level, matrix
from casuslog.schema import SchemaRegistry
from casuslog.settings import service_names

DATA = Path(__file__).parents[2] / "data"
PUBLISHED = schemas_folder().parent / "docs" / "api"


def test_the_published_documents_are_those_of_what_runs():
    """`make check` asks the same: a schema, right or code list that changes without its page is refused."""
    assert check(PUBLISHED) == []


def test_a_document_that_differs_lacks_or_is_left_over_is_named(tmp_path: Path):
    """Who changes a page by hand hears which; who removes an event type hears that its page is still there."""
    write(tmp_path)
    (tmp_path / "asyncapi.yaml").write_text("anders")
    (tmp_path / "ontvangers.md").unlink()
    (tmp_path / "events" / "melding" / "Verdwenen.md").write_text("weg")
    problems = check(tmp_path)
    assert problems == [
        "asyncapi.yaml loopt achter",
        "ontvangers.md ontbreekt",
        "events/melding/Verdwenen.md hoort nergens meer bij",
    ]
    assert len(write(tmp_path)) == 3
    assert check(tmp_path) == []


def test_each_event_type_has_a_page_with_every_field_and_its_privacy_class():
    """An integrator finds the meaning, the law and the class of each field in one place."""
    made = documents()
    for event in described():
        page = made[event.page]
        for field in event.declaration["fields"]:
            assert f"| `{field['name']}` |" in page, (event.name, field["name"])
            assert f"| {field['privacy']} |" in page
        assert event.version.dataschema in page


def test_the_examples_are_real_bytes_that_any_reader_of_the_schemas_decodes():
    """What stands in AsyncAPI and on the pages decodes by the published schema to the JSON beside it."""
    registry = SchemaRegistry.load(schemas_folder())
    document = yaml.safe_load(documents()["asyncapi.yaml"])
    for event in described():
        message = document["components"]["messages"][event.version.name]
        (example,) = message["examples"]
        entry, record = registry.read(bytes.fromhex(message["x-avro"]["exampleHex"]))
        assert entry.version.wire_type == example["payload"]["type"]
        assert set(record) == set(example["payload"]["data"])


def test_asyncapi_knows_every_event_type_and_the_empty_number():
    """A receiver that generates code from the document misses no message."""
    document = yaml.safe_load(documents()["asyncapi.yaml"])
    assert document["asyncapi"] == "3.0.0"
    named = set(document["channels"]["houder"]["messages"])
    assert named == {event.version.name for event in described()} | {"Ingehouden"}
    assert document["channels"]["houder"]["x-queue-arguments"]["x-queue-type"] == "quorum"
    for channel in ("feed", "webhook"):
        assert document["channels"][channel]["messages"] == document["channels"]["houder"]["messages"]


def test_asyncapi_keeps_to_its_own_schema():
    """The JSON Schema of AsyncAPI 3.0.0 accepts it: generators of others read it."""
    schema = json.loads((DATA / "asyncapi-3.0.0.schema.json").read_text())
    validator = jsonschema_rs.Draft7Validator(schema)
    document = yaml.safe_load(documents()["asyncapi.yaml"])
    assert [error.message for error in validator.iter_errors(document)] == []
    assert not validator.is_valid({**document, "channels": []})


def test_each_example_keeps_to_the_schema_of_its_message():
    """What a receiver generates from the schema reads the example, and refuses one with a wrong field."""
    document = yaml.safe_load(documents()["asyncapi.yaml"])
    for name, message in document["components"]["messages"].items():
        for example in message.get("examples", ()):
            payload = message["payload"]["allOf"]
            whole = {"allOf": [document["components"]["schemas"]["Envelop"], payload[1]]}
            assert jsonschema_rs.Draft202012Validator(whole).is_valid(example["payload"]), name
            assert not jsonschema_rs.Draft202012Validator(whole).is_valid({**example["payload"], "id": 7}), name


@pytest.mark.parametrize("service", service_names())
def test_openapi_keeps_to_its_own_schema(service):
    """The meta schema of OpenAPI 3.1 accepts the document of each service."""
    document = yaml.safe_load(documents()[f"openapi/{service}.yaml"])
    schemathesis.openapi.from_dict(document).validate()
    with pytest.raises(ValidationError):
        schemathesis.openapi.from_dict({**document, "paths": []}).validate()


@pytest.mark.parametrize(
    ("event", "stream", "role", "expected"),
    [
        ("besluit-genomen", "beschikking", "kcc", "s"),
        ("besluit-genomen", "beschikking", "inkoper", ""),
        ("besluit-genomen", "beschikking", "inwoner", "v"),
        ("besluit-genomen", "beschikking", "cak", "f*"),
        ("toezichtonderzoek-gestart", "toezicht", "toezichthouder", "v"),
        ("toezichtonderzoek-gestart", "toezicht", "wijkteam", ""),
    ],
)
def test_the_matrix_of_receivers_is_that_of_the_rights(event, stream, role, expected):
    """KCC sees status, an inkoper nothing, and a dossier of toezicht is for the toezichthouder alone."""
    assert cell(matrix(), stream, event, role) == expected


def test_a_star_stands_only_where_every_rule_has_a_condition_of_its_own():
    """Who sees all by one rule and part by another sees all."""
    rights = matrix()
    for rule in rights.regels:
        if rule.niveau is Level.VOLLEDIG and rule.velden is None and not rule.omvang and not rule.vanaf_betrokkenheid:
            role, stream = next(iter(rule.rollen)), next(iter(rule.stromen))
            name = next(iter(rule.types)) if rule.types else "iets"
            assert cell(rights, stream, name, role) == "v", rule.id
