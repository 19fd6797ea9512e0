"""``GET /toegangsweigeringen``: who was refused at this service, how often and why, as counts per hour."""

from __future__ import annotations

from typing import Any

from werkzeug.wrappers import Request, Response

from casuslog import toegangsweigeringen
from casuslog.errors import InvalidInput
from casuslog.hosting.bijhouden import Bijhouden, Bijhouder
from casuslog.hosting.operating import limit_of
from casuslog.hosting.provider import ServiceLog
from casuslog.hosting.reading import caller_of, day_of, ensure_beheerder
from casuslog.http import http, json_response


class Toegangsweigeringen:
    """Mixin of a service. ``self.log`` is its :class:`ServiceLog`."""

    log: Any
    bijhouden: Any = Bijhouden()

    @http("GET", "/toegangsweigeringen")
    def http_toegangsweigeringen(self, request: Request) -> Response:
        """Refused sign-ins and rights as counts per hour, reason, role and gemeente, oldest first; for a beheerder.

        Of the gemeenten of the token, and those of which nothing was proven. ``na`` (a number of before), ``sinds`` and
        ``limiet`` narrow it.
        """
        log: ServiceLog = self.log
        caller = caller_of(log, request)
        ensure_beheerder(caller, log.service)
        after, since, limit = _number(request), day_of(request, "sinds"), limit_of(request)
        bijhouder: Bijhouder = self.bijhouden
        bijhouder.schrijf()  # what this process counted just now; where that fails, what stands there is told
        with log.store.reading() as conn:
            found = toegangsweigeringen.lees(conn, caller.gemeenten, na=after, sinds=since, limiet=limit)
        following = found[-1]["nr"] if found else after
        return json_response({"service": log.service, "weigeringen": found, "volgende": following})


def _number(request: Request) -> int:
    given = request.args.get("na", "0")
    if not (given.isascii() and given.isdigit() and len(given) <= 15):
        raise InvalidInput("na is een getal vanaf 0.", errors={"na": ["het nr van een regel"]})
    return int(given)


__all__ = ["Toegangsweigeringen"]
