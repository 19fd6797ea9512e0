"""The OpenAPI document of each service says what that service takes, no more and no less."""

from __future__ import annotations

import re

import pytest
import yaml

from casuslog.documents import documents
from casuslog.documents._openapi import OPEN, QUERY, _routes
from casuslog.settings import service_class, service_names


@pytest.fixture(scope="module")
def made() -> dict[str, dict]:
    """The document of each service, as a reader parses it."""
    texts = documents()
    return {name: yaml.safe_load(texts[f"openapi/{name}.yaml"]) for name in service_names()}


@pytest.mark.parametrize("service", service_names())
def test_each_command_has_an_address_with_the_fields_that_it_takes(made, service):
    """Who follows the document sends no field that is refused as unknown, and misses none that is required."""
    for command in service_class(service).commands:
        body = made[service]["paths"][f"/opdrachten/{command.name}"]["post"]["requestBody"]
        schema = body["content"]["application/json"]["schema"]
        own = {field.data_key or name for name, field in command.schema.fields.items()}
        assert own <= set(schema["properties"])
        assert schema["additionalProperties"] is False
        asked = {field.data_key or name for name, field in command.schema.fields.items() if field.required} - {"op"}
        assert asked <= set(schema["required"])
        assert (command.subject_field in schema["required"]) is not command.begins


@pytest.mark.parametrize("service", service_names())
def test_each_address_says_whether_it_needs_a_token(made, service):
    """Open are only those that show no case."""
    for path, operations in made[service]["paths"].items():
        for operation in operations.values():
            assert ("security" in operation) is (path not in OPEN), path


@pytest.mark.parametrize("service", service_names())
def test_each_query_parameter_that_a_route_documents_stands_in_the_document(made, service):
    """A parameter that only the code knows is a parameter that nobody uses."""
    for method, path, told in _routes(service_class(service)):
        asked = {name for name in QUERY if re.search(rf"``\??{name}\b", told)}
        named = {name for name in asked if f"{{{name}}}" not in path}
        if method in made[service]["paths"].get(path, {}):
            shown = {p["name"] for p in made[service]["paths"][path][method]["parameters"] if p["in"] == "query"}
            assert named == shown, path


def test_codes_stand_in_the_document_with_their_list(made):
    """A form can be built from the document alone."""
    body = made["melding"]["paths"]["/opdrachten/registreer-melding"]["post"]["requestBody"]
    kanaal = body["content"]["application/json"]["schema"]["properties"]["kanaal"]
    assert kanaal["x-codelijst"] == "kanaal"
    assert "telefoon" in kanaal["enum"]
