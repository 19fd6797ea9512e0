"""nameko's http entrypoint with our manners: every failure is a problem detail, none shows a stack."""

from __future__ import annotations

import logging
from collections.abc import Callable
from typing import Any, TypeVar

from nameko.web.handlers import HttpRequestHandler
from sqlalchemy.exc import OperationalError
from werkzeug.wrappers import Response

from casuslog.errors import CasuslogError, Unavailable
from casuslog.http._json import MAX_BODY, problem_response
from casuslog.http._server import ClosingServer
from casuslog.http._unforeseen import unforeseen

__all__ = ["MAX_BODY", "ON_REFUSAL", "http"]

ON_REFUSAL = "casuslog.bij_weigering"
"""In the environment of a request of which the caller is known: called with the error that it ends in."""
_EXPECTED = "(expected) error handling worker"


def _no_refusal(record: logging.LogRecord) -> bool:
    """Whether a line of nameko is about more than a refusal: that is an answer, and nobody needs its stack."""
    return not str(record.msg).startswith(_EXPECTED)


logging.getLogger("nameko.containers").addFilter(_no_refusal)


class ProblemHandler(HttpRequestHandler):  # type: ignore[misc]  # nameko ships no types
    """An http entrypoint whose errors are RFC 9457 problem details."""

    server = ClosingServer()

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._fitted: set[tuple[int, tuple[str, ...]]] = set()
        """Shapes of a call (how many by place, which by name) that fit the method: there are few."""

    def check_signature(self, args: Any, kwargs: Any) -> None:
        """Whether the method takes such a call; looked up once for each shape."""
        shape = (len(args), tuple(kwargs))
        if shape not in self._fitted:
            super().check_signature(args, kwargs)
            self._fitted.add(shape)

    def handle_result(self, event: Any, worker_ctx: Any, result: Any, exc_info: Any) -> Any:
        """Let whoever keeps count of refusals know of one, as far as it was known who called."""
        noted = worker_ctx.args[0].environ.get(ON_REFUSAL)
        if exc_info is not None and noted is not None:
            noted(exc_info[1])
        return super().handle_result(event, worker_ctx, result, exc_info)

    def response_from_exception(self, exc: Exception) -> Response:
        if isinstance(exc, OperationalError):
            exc = Unavailable("De database is nu niet bereikbaar. Er is niets verloren; probeer het opnieuw.")
        if isinstance(exc, CasuslogError):
            return problem_response(exc)
        return problem_response(unforeseen(exc, self.method_name))


F = TypeVar("F", bound=Callable[..., Any])


TAKES = "takes"


def http(method: str, url: str, *, takes: Any = None) -> Callable[[F], F]:
    """Serve a method of a service at ``url`` for an HTTP method; it gets the werkzeug request and the path values.

    ``takes``: the marshmallow schema of its body, for the OpenAPI document; the method itself reads it.
    """
    decorator: Callable[[F], F] = ProblemHandler.decorator(method, url, expected_exceptions=CasuslogError)

    def serve(function: F) -> F:
        setattr(function, TAKES, takes)
        return decorator(function)

    return serve
