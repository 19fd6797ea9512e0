"""A small client of the HTTP API, for the command line, the demo and tests."""

from __future__ import annotations

import time
from collections.abc import Mapping
from typing import Any

import requests

from casuslog.caller import Caller, DevelopmentIssuer
from casuslog.errors import CasuslogError, Unavailable
from casuslog.settings import Settings

RETRY_SECONDS = 0.1


class Problem(CasuslogError):
    """A problem detail that a service answered."""

    def __init__(self, body: Mapping[str, Any]) -> None:
        super().__init__(str(body.get("detail", body)))
        self.body = dict(body)
        self.status = int(body.get("status", 500))

    @property
    def code(self) -> str:  # type: ignore[override]  # the code is what the service said
        return str(self.body.get("type", "")).rpartition(":")[2]


class ApiClient:
    """Calls the services of one installation.

    Args:
        settings: where they are.
        issuer: signs a development token for each caller.
        token: used for every caller instead, where the installation trusts issuers of its own.
        patience: seconds during which a service that is away is tried again; a command only when it has a key.
    """

    def __init__(
        self, settings: Settings, issuer: DevelopmentIssuer, *, token: str = "", patience: float = 0.0
    ) -> None:
        self._settings = settings
        self._issuer = issuer
        self._token = token
        self._patience = patience
        self._session = requests.Session()

    def command(
        self, service: str, name: str, body: Mapping[str, Any], caller: Caller, *, key: str | None = None
    ) -> dict[str, Any]:
        """Give a command; its answer (casus, gebeurtenissen, versie, positie, herhaald).

        Raises:
            Problem: the service refused.
            Unavailable: it is away, for longer than the patience.
        """
        headers = {"Idempotency-Key": key} if key else {}
        patience = self._patience if key else 0.0
        return self._call("POST", service, f"/opdrachten/{name}", caller, patience, json=body, headers=headers)

    def ask(self, service: str, name: str, body: Mapping[str, Any], caller: Caller) -> dict[str, Any]:
        """Ask a question that records nothing; raises as :meth:`command` does."""
        return self._call("POST", service, f"/vragen/{name}", caller, self._patience, json=body)

    def get(self, service: str, path: str, caller: Caller | None = None) -> dict[str, Any]:
        """Read; raises as :meth:`command` does."""
        return self._call("GET", service, path, caller, self._patience)

    def post(self, service: str, path: str, caller: Caller) -> dict[str, Any]:
        """Ask for an act that is no command of the domain, such as a replay; raises as :meth:`command` does."""
        return self._call("POST", service, path, caller, 0.0)

    def _call(
        self, method: str, service: str, path: str, caller: Caller | None, patience: float, **request: Any
    ) -> dict[str, Any]:
        headers = dict(request.pop("headers", {}))
        if caller is not None:
            headers["Authorization"] = f"Bearer {self._token or self._issuer.issue(caller)}"
        url = self._settings.http_url(service) + path
        deadline = time.monotonic() + patience
        while True:
            try:
                answer = self._session.request(method, url, headers=headers, timeout=40, **request)
            except requests.ConnectionError:
                answer = None
            if answer is not None and answer.status_code != Unavailable.status:
                return _read(answer)
            if time.monotonic() >= deadline:
                raise Unavailable(f"{service} antwoordt niet op {url}. Draait `casuslog start`?")
            time.sleep(RETRY_SECONDS)


def _read(answer: requests.Response) -> dict[str, Any]:
    try:
        body = answer.json()
    except ValueError:
        body = {"detail": answer.text, "status": answer.status_code}
    if answer.status_code >= 400:
        raise Problem(body)
    return dict(body)
