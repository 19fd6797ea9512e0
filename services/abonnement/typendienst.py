"""What whoever subscribes reads first, served where it runs: AsyncAPI, and a page per event type."""

from __future__ import annotations

from typing import Any

from werkzeug.wrappers import Request, Response

from casuslog.codes import schemas_folder
from casuslog.consume.handlers import wire_name
from casuslog.documents import asyncapi_document, event_pages
from casuslog.errors import Forbidden, NotFound
from casuslog.events import TYPE_PREFIX
from casuslog.hosting.provider import ServiceLog
from casuslog.hosting.reading import caller_of
from casuslog.http import http, json_response
from casuslog.schema.corpus import specimens
from casuslog.schema.uitfasering import uitfaseringen
from services.abonnement import versies

BEHEERDER = "beheerder"
MARKDOWN = "text/markdown; charset=utf-8"


class TypenDienst:
    """Mixin of the service. The documents are open to everybody: they show no case, and nothing of the installation."""

    log: Any
    register: Any

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

    @http("GET", "/versies")
    def http_versies(self, request: Request) -> Response:
        """Per event type its versions, when each ends, and who was last sent it; for a beheerder.

        ``type`` is a wire name, for one of them.
        """
        log: ServiceLog = self.log
        caller = caller_of(log, request)
        if caller.rol != BEHEERDER or not caller.gemeenten:
            raise Forbidden(
                "rol_beheerder_vereist",
                f"De rol {caller.rol} ziet niet wie welke versie leest.",
                rule="AVG art. 32: alleen wie de dienst beheert",
                remedy="Gebruik een token met de rol beheerder; de versies zelf staan op GET /typen.",
            )
        folder, gevraagd = schemas_folder(), request.args.get("type")
        bekend = specimens(folder)
        eindes = uitfaseringen(folder, {name: [one.number for one in found] for name, found in bekend.items()})
        gekozen = {k: v for k, v in bekend.items() if gevraagd in (None, k.removeprefix(TYPE_PREFIX))}
        with log.store.transaction() as tx:
            eigen = [one for one in self.register.alle(tx) if one.gemeente in caller.gemeenten]
            return json_response({"typen": versies.overzicht(tx, eigen, gekozen, eindes)})
