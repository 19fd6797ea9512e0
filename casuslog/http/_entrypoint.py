"""nameko's http entrypoint with our manners: every failure is a problem detail, none shows a stack."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeVar

import structlog
from nameko.web.handlers import HttpRequestHandler
from sqlalchemy.exc import OperationalError
from werkzeug.wrappers import Response

from casuslog.errors import CasuslogError, Unavailable
from casuslog.http._json import MAX_BODY, problem_response
from casuslog.http._server import ClosingServer

__all__ = ["MAX_BODY", "http"]

_log = structlog.get_logger("casuslog.http")


class ProblemHandler(HttpRequestHandler):  # type: ignore[misc]  # nameko ships no types
    """An http entrypoint whose errors are RFC 9457 problem details."""

    server = ClosingServer()

    def response_from_exception(self, exc: Exception) -> Response:
        if isinstance(exc, OperationalError):
            exc = Unavailable("De database is nu niet bereikbaar. Er is niets verloren; probeer het opnieuw.")
        if isinstance(exc, CasuslogError):
            return problem_response(exc)
        # The text of an unforeseen error may hold what was sent: only its kind goes to the log, nothing goes out.
        _log.error("onverwachte fout", entrypoint=self.method_name, soort=type(exc).__name__, plaats=_where(exc))
        return problem_response(CasuslogError("Er ging bij ons iets mis. De fout staat in ons logboek."))


def _where(exc: BaseException) -> str:
    trace = exc.__traceback__
    while trace is not None and trace.tb_next is not None:
        trace = trace.tb_next
    return "" if trace is None else f"{trace.tb_frame.f_code.co_filename.rpartition('/')[2]}:{trace.tb_lineno}"


F = TypeVar("F", bound=Callable[..., Any])


def http(method: str, url: str) -> Callable[[F], F]:
    """Serve a method of a service at ``url`` for an HTTP method; it gets the werkzeug request and the path values."""
    decorator: Callable[[F], F] = ProblemHandler.decorator(method, url, expected_exceptions=CasuslogError)
    return decorator
