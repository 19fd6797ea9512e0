"""The pull feed of a subscription: everything after a number, over HTTP."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import requests

from casuslog.errors import CasuslogError, NotFound, Unavailable
from casuslog.subscribing.received import Received, of_json

TIMEOUT = 40.0
"""Seconds for one answer; longer than the feed holds a request open."""
PAGE = 100

Token = str | Callable[[], str]
"""A bearer token, or what gives one: tokens are short-lived."""


class Refused(CasuslogError):
    """The feed does not answer this caller: the text says why."""

    status = 403
    code = "feed_geweigerd"


class PullFeed:
    """Reads the numbers of one subscription.

    Args:
        url: of the service abonnement, e.g. ``https://casuslog.example:8107``.
        abonnement: id of the subscription.
        token: of its holder, in its role.
    """

    def __init__(self, url: str, abonnement: str, token: Token) -> None:
        self._url = url.rstrip("/")
        self._abonnement = abonnement
        self._token = token
        self._session = requests.Session()

    def after(self, nummer: int, *, wait: int = 0) -> list[Received]:
        """The next numbers, at most a page; empty when there are none (yet), after at most ``wait`` seconds.

        Raises:
            Unavailable: no answer; try again.
            Refused: this caller gets none.
        """
        told = self._get(f"/abonnementen/{self._abonnement}/gebeurtenissen", na=nummer, limiet=PAGE, wacht=wait or None)
        return [of_json(one) for one in told["gebeurtenissen"]]

    def between(self, after: int, last: int) -> Iterator[Received]:
        """The numbers after ``after`` up to and including ``last``; raises as :meth:`after`."""
        while after < last:
            page = self.after(after)
            if not page:
                return
            for one in page:
                if one.nummer > last:
                    return
                yield one
            after = page[-1].nummer

    def schema(self, fingerprint: str) -> str:
        """The text of a schema; raises as :meth:`after`."""
        return self._answer(f"/schemas/{fingerprint}").text

    def close(self) -> None:
        """Let go of the connection."""
        self._session.close()

    def _get(self, path: str, **query: Any) -> dict[str, Any]:
        told: dict[str, Any] = self._answer(path, **query).json()
        return told

    def _answer(self, path: str, **query: Any) -> requests.Response:
        token = self._token() if callable(self._token) else self._token
        try:
            answer = self._session.get(
                self._url + path, params=query, headers={"Authorization": f"Bearer {token}"}, timeout=TIMEOUT
            )
        except requests.RequestException as error:
            raise Unavailable(f"the feed at {self._url} does not answer ({type(error).__name__})") from error
        if answer.status_code in (429, 502, 503, 504):
            raise Unavailable(f"the feed at {self._url} is busy or away ({answer.status_code})")
        if answer.status_code == 404:
            raise NotFound(_detail(answer))
        if not answer.ok:
            raise Refused(_detail(answer))
        return answer


def _detail(answer: requests.Response) -> str:
    try:
        return str(answer.json()["detail"])
    except (ValueError, KeyError, TypeError):
        return f"the feed answered {answer.status_code}"
