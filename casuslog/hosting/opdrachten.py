"""What a service can be asked to do: its commands, and of each who may give it and in which state it is carried out."""

from __future__ import annotations

from typing import Any, ClassVar

from werkzeug.wrappers import Request, Response

from casuslog.documents import command_document
from casuslog.errors import NotFound
from casuslog.http import http, json_response


class Opdrachten:
    """Mixin of every service. Open to everybody: it shows rules, and no case."""

    name: ClassVar[str]
    log: Any

    @http("GET", "/opdrachten")
    def http_opdrachten(self, request: Request) -> Response:  # noqa: ARG002  # nameko passes the request
        """The commands that this service takes."""
        return json_response({"service": self.name, "opdrachten": self.log.commands.names})

    @http("GET", "/opdrachten/<string:naam>")
    def http_over_opdracht(self, request: Request, naam: str) -> Response:  # noqa: ARG002  # nameko passes it
        """Who may give a command, on which ground, and what comes of its example in each state of the stream."""
        told = command_document(type(self), naam)
        if told is None:
            raise NotFound("Deze opdracht bestaat hier niet.", wat_zou_mogen="Kies een naam van GET /opdrachten.")
        return json_response(told)
