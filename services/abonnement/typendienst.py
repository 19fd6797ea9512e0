"""What whoever subscribes reads first, served where it runs: AsyncAPI, and a page per event type."""

from __future__ import annotations

from werkzeug.wrappers import Request, Response

from casuslog.consume.handlers import wire_name
from casuslog.documents import asyncapi_document, event_pages
from casuslog.errors import NotFound
from casuslog.http import http, json_response

MARKDOWN = "text/markdown; charset=utf-8"


class TypenDienst:
    """Mixin of the service. Open to everybody: it shows no case, and nothing of the installation."""

    @http("GET", "/asyncapi.json")
    def http_asyncapi(self, request: Request) -> Response:  # noqa: ARG002  # nameko passes it
        """Every event that can arrive over queue, feed or webhook, with real examples (AsyncAPI 3)."""
        return json_response(asyncapi_document())

    @http("GET", "/typen")
    def http_typen(self, request: Request) -> Response:  # noqa: ARG002  # nameko passes it
        """All event types, as Markdown."""
        return Response(event_pages()[""], content_type=MARKDOWN)

    @http("GET", "/typen/<string:naam>")
    def http_type(self, request: Request, naam: str) -> Response:  # noqa: ARG002  # nameko passes it
        """The page of one event type: meaning, law, fields with privacy class, who sees it, versions, example."""
        page = event_pages().get(wire_name(naam)) if naam else None
        if page is None:
            raise NotFound("Dit gebeurtenistype bestaat niet.", wat_zou_mogen="Kies een naam van GET /typen.")
        return Response(page, content_type=MARKDOWN)
