"""What whoever subscribes reads first is served where it runs."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date

import pytest
import requests

from casuslog.documents import asyncapi_document, event_pages
from casuslog.testing.platform import Platform


@pytest.fixture(scope="module")
def url() -> Iterator[str]:
    """Where the service abonnement listens."""
    with Platform(date(2017, 2, 13)) as platform:
        yield platform.settings.http_url("abonnement")


def test_asyncapi_is_served_to_everybody(url: str) -> None:
    """The same document as in docs/api, without a token."""
    answer = requests.get(f"{url}/asyncapi.json", timeout=20)
    assert answer.json() == asyncapi_document()


@pytest.mark.parametrize(
    "name", ["MeldingGeregistreerd", "melding-geregistreerd", "nl.overheid.wmo.melding-geregistreerd"]
)
def test_the_page_of_an_event_type_is_served_by_any_of_its_names(url: str, name: str) -> None:
    """Class name, wire name or full type; as Markdown."""
    answer = requests.get(f"{url}/typen/{name}", timeout=20)
    assert answer.text == event_pages()["melding-geregistreerd"]
    assert answer.headers["Content-Type"].startswith("text/markdown")
    assert "MeldingGeregistreerd" in requests.get(f"{url}/typen", timeout=20).text


def test_a_type_that_there_is_not_says_where_to_look(url: str) -> None:
    """And does not repeat what was asked: anybody may put anything in an address."""
    answer = requests.get(f"{url}/typen/wiarda-terpstra", timeout=20)
    assert (answer.status_code, "wiarda" in answer.text) == (404, False)
    assert "GET /typen" in answer.text
