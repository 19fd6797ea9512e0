"""The service inrichting: who works how, established from dated files and told to everybody through the log."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any, ClassVar

import structlog
from nameko.extensions import DependencyProvider
from werkzeug.wrappers import Request, Response

from casuslog.errors import Forbidden
from casuslog.hosting.entrypoint import PLATFORM_KEY
from casuslog.hosting.provider import ServiceLog
from casuslog.hosting.reading import caller_of
from casuslog.hosting.service import CasusService
from casuslog.http import http, json_response
from services.inrichting.commands import COMMANDS
from services.inrichting.laden import stel_alles_vast
from services.inrichting.toestanden import TOESTANDEN

FOLDER = "CASUSLOG_INRICHTINGEN"
"""Environment variable: the folder with inrichtingen; by default ``deploy/inrichtingen`` beside the packages."""

_log = structlog.get_logger("casuslog.inrichting")


def folder() -> Path:
    """The folder with the inrichtingen of this installation."""
    named = os.environ.get(FOLDER)
    return Path(named) if named else Path(__file__).resolve().parents[2] / "deploy" / "inrichtingen"


class Inrichtingen(DependencyProvider):  # type: ignore[misc]  # nameko ships no types
    """Establishes what the folder holds before the service takes its first call. A broken file stops the start."""

    def start(self) -> None:
        log = ServiceLog(self.container.config[PLATFORM_KEY], self.container.service_cls)
        _log.info("inrichtingen vastgesteld", gebeurtenissen=stel_alles_vast(log, folder()))


class InrichtingService(CasusService):
    """Inrichtingen and samenwerkingsverbanden."""

    name = "inrichting"
    toestanden: ClassVar[Any] = TOESTANDEN
    commands: ClassVar[Any] = COMMANDS
    inrichtingen: Any = Inrichtingen()

    @http("POST", "/inrichtingen/herlees")
    def http_herlees(self, request: Request) -> Response:
        """Read the folder again, after a new version was put there. For a beheerder."""
        log: ServiceLog = self.log
        caller = caller_of(log, request)
        if caller.rol != "beheerder":
            raise Forbidden(
                "niet_bevoegd",
                f"De rol {caller.rol} stelt geen inrichtingen vast.",
                rule="een inrichting wordt namens het college beheerd",
                remedy="Laat een beheerder dit doen.",
            )
        return json_response({"vastgesteld": stel_alles_vast(log, folder())})
