"""The HTTP edge: JSON in, JSON or a problem detail (RFC 9457) out."""

from casuslog.http._entrypoint import MAX_BODY, ON_REFUSAL, TAKES, http
from casuslog.http._json import json_body, json_response, problem_response, secured
from casuslog.http._remote import remote_of
from casuslog.http._unforeseen import unforeseen

__all__ = [
    "MAX_BODY",
    "ON_REFUSAL",
    "TAKES",
    "http",
    "json_body",
    "json_response",
    "problem_response",
    "remote_of",
    "secured",
    "unforeseen",
]
