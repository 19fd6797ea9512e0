"""Users of the broker for holders: each may read its own queue and nothing else, as RabbitMQ itself enforces.

Permissions are anchored: an unanchored pattern matches more than it means. A consumer that runs keeps receiving after
its permission is gone, so that withdrawing closes its connections too. What a user without any permission can still do
is ask by a passive declaration whether a queue of a known name exists, and how many messages lie in it: RabbitMQ asks
no permission for that. The names of holders' queues hold a random id for this reason.
"""

from __future__ import annotations

import re
import shlex
import subprocess
from collections.abc import Mapping, Sequence
from typing import Any, Protocol
from urllib.parse import quote, unquote, urlsplit

import requests

from casuslog.broker.topology import holder_queue
from casuslog.errors import Unavailable

SECONDS = 30.0
"""How long one request to the broker's management may take; ``rabbitmqctl`` starts a node of its own each time."""
NOTHING = "^$"


def holder_user(holder: str) -> str:
    """Name of the broker's user of a subscription."""
    return f"houder-{holder}"


def own_queue(holder: str) -> str:
    """The pattern of names that a holder may read: that of its own queue."""
    return f"^{re.escape(holder_queue(holder))}$".replace("\\-", "-")


def vhost_of(amqp_url: str) -> str:
    """The vhost of an AMQP URL; of several with ``;`` between them that of the first."""
    return unquote(urlsplit(amqp_url.split(";")[0]).path[1:]) or "/"


class HolderAccess(Protocol):
    """Who of the holders may come in. Every method may be repeated; each raises Unavailable when the broker is away."""

    def admit(self, holder: str, password: str) -> None:
        """Make the user with this password (or change it) and let it read its own queue, and nothing else."""

    def suspend(self, holder: str) -> None:
        """Take its permissions, then close its connections. Of a user that is not there: nothing."""

    def resume(self, holder: str) -> None:
        """Let a user that is there read its own queue again. Of a user that is not there: nothing."""

    def remove(self, holder: str) -> None:
        """There is no such user any more, and none of its connections."""


def access_by(configured: str, amqp_url: str) -> HolderAccess | None:
    """The way to the broker's users that an installation configured.

    Args:
        configured: ``http(s)://user:password@host:15672`` (management API), a ``rabbitmqctl`` command with its
            arguments, or empty: holders then have no users of their own.
        amqp_url: of the log; its vhost is where the queues are.

    Raises:
        ValueError: it is none of these.
    """
    if not configured:
        return None
    vhost = vhost_of(amqp_url)
    if configured.startswith(("http://", "https://")):
        return ManagementAccess(configured, vhost)
    command = shlex.split(configured)
    if command[0].endswith("rabbitmqctl"):
        return RabbitmqctlAccess(command, vhost)
    raise ValueError("CASUSLOG_AMQP_BEHEER is an http(s) URL of the management API, or a rabbitmqctl command")


class ManagementAccess:
    """Through the HTTP API of the management plugin."""

    def __init__(self, url: str, vhost: str) -> None:
        parts = urlsplit(url)
        self._url = f"{parts.scheme}://{parts.hostname}:{parts.port or 15672}{parts.path.rstrip('/')}/api"
        self._auth = (unquote(parts.username or ""), unquote(parts.password or ""))
        self._vhost = quote(vhost, safe="")

    def admit(self, holder: str, password: str) -> None:
        """See :class:`HolderAccess`."""
        self._ask("PUT", f"users/{holder_user(holder)}", {"password": password, "tags": ""})
        self._permit(holder)

    def suspend(self, holder: str) -> None:
        """See :class:`HolderAccess`."""
        self._ask("DELETE", f"permissions/{self._vhost}/{holder_user(holder)}", missing=True)
        self._ask("DELETE", f"connections/username/{holder_user(holder)}", missing=True)

    def resume(self, holder: str) -> None:
        """See :class:`HolderAccess`."""
        if self._ask("GET", f"users/{holder_user(holder)}", missing=True).status_code != 404:
            self._permit(holder)

    def remove(self, holder: str) -> None:
        """See :class:`HolderAccess`."""
        self.suspend(holder)
        self._ask("DELETE", f"users/{holder_user(holder)}", missing=True)

    def _permit(self, holder: str) -> None:
        allowed = {"configure": NOTHING, "write": NOTHING, "read": own_queue(holder)}
        self._ask("PUT", f"permissions/{self._vhost}/{holder_user(holder)}", allowed)

    def _ask(
        self, method: str, path: str, body: Mapping[str, Any] | None = None, *, missing: bool = False
    ) -> requests.Response:
        try:
            answer = requests.request(
                method,
                f"{self._url}/{path}",
                json=body,
                auth=self._auth,
                headers={"X-Reason": "recht ingetrokken"},
                timeout=SECONDS,
            )
        except requests.RequestException as error:
            raise Unavailable(f"the management of the broker does not answer ({type(error).__name__})") from error
        if not answer.ok and not (missing and answer.status_code == 404):
            raise Unavailable(f"the management of the broker answered {answer.status_code} to {method}")
        return answer


class RabbitmqctlAccess:
    """Through ``rabbitmqctl``, where the management plugin is not enabled. A password goes in by its input: arguments
    are seen by everybody on the machine.
    """

    def __init__(self, command: Sequence[str], vhost: str, env: Mapping[str, str] | None = None) -> None:
        self._command = (*command, "-q")
        self._vhost = vhost
        self._env = env

    def admit(self, holder: str, password: str) -> None:
        """See :class:`HolderAccess`."""
        user = holder_user(holder)
        self._run("change_password" if self._exists(user) else "add_user", user, given=f"{password}\n")
        self._permit(user, holder)

    def suspend(self, holder: str) -> None:
        """See :class:`HolderAccess`."""
        user = holder_user(holder)
        if self._exists(user):
            self._run("clear_permissions", "-p", self._vhost, user)
            self._run("close_all_user_connections", user, "recht ingetrokken")

    def resume(self, holder: str) -> None:
        """See :class:`HolderAccess`."""
        if self._exists(holder_user(holder)):
            self._permit(holder_user(holder), holder)

    def remove(self, holder: str) -> None:
        """See :class:`HolderAccess`."""
        if self._exists(holder_user(holder)):
            self.suspend(holder)
            self._run("delete_user", holder_user(holder))

    def _permit(self, user: str, holder: str) -> None:
        self._run("set_permissions", "-p", self._vhost, user, NOTHING, NOTHING, own_queue(holder))

    def _exists(self, user: str) -> bool:
        return any(line.split("\t")[0] == user for line in self._run("list_users", "--silent").splitlines())

    def _run(self, *arguments: str, given: str | None = None) -> str:
        try:
            done = subprocess.run(  # noqa: S603  # the command that the installation configured
                [*self._command, *arguments],
                input=given,
                env=self._env,
                capture_output=True,
                text=True,
                timeout=SECONDS,
                check=True,
            )
        except (OSError, subprocess.SubprocessError) as error:
            # The text may repeat what went in.
            raise Unavailable(f"rabbitmqctl {arguments[0]} failed ({type(error).__name__})") from None
        return done.stdout


__all__ = ["HolderAccess", "ManagementAccess", "RabbitmqctlAccess", "access_by", "holder_user", "own_queue"]
