"""A holder's own way into the broker: a user that may read its own queue and nothing else.

The password is made here, told once, and kept nowhere: who lost it asks for another.
"""

from __future__ import annotations

import secrets
from typing import Any

from nameko.extensions import DependencyProvider
from werkzeug.wrappers import Request, Response

from casuslog.appending import append
from casuslog.broker.holders import HolderAccess, access_by, holder_user, vhost_of
from casuslog.clock import today
from casuslog.envelope import Stream
from casuslog.errors import Refused
from casuslog.events import Fact
from casuslog.hosting.entrypoint import PLATFORM_KEY
from casuslog.hosting.provider import ServiceLog
from casuslog.hosting.reading import caller_of, reader_of
from casuslog.http import http, json_response
from casuslog.identifiers import new_id
from casuslog.recorded import Context
from services.abonnement import feed
from services.abonnement.abonnement import ABONNEMENT, eis_geldt
from services.abonnement.gebeurtenissen import AbonnementtoegangVerstrekt


class Brokerbeheer(DependencyProvider):  # type: ignore[misc]  # nameko ships no types
    """The users of the broker, where the installation manages them."""

    def setup(self) -> None:
        """Find the way that was configured."""
        settings = self.container.config[PLATFORM_KEY].settings
        self._access = access_by(settings.amqp_beheer, settings.holders_url)

    def get_dependency(self, worker_ctx: Any) -> HolderAccess | None:  # noqa: ARG002  # nameko's signature
        """The way in, or ``None``."""
        return self._access


class ToegangHttp:
    """Mixin of the service. ``self.log`` is its :class:`ServiceLog`, ``self.register`` its subscriptions."""

    log: Any
    register: Any
    beheer: Any = Brokerbeheer()

    @http("POST", "/abonnementen/<string:abonnement>/toegang")
    def http_toegang(self, request: Request, abonnement: str) -> Response:
        """A user of the broker for the holder, with a new password: an earlier one no longer holds."""
        log: ServiceLog = self.log
        lezer, dag = reader_of(log, request), today(log.platform.clock)
        with log.store.transaction() as tx:
            een = feed.van_houder(self.register.een(tx, abonnement), lezer)
        if een is None:
            raise feed.GeenAbonnement()
        eis_geldt(een.abonnement, dag, "verstrekt")
        toegang: HolderAccess | None = self.beheer
        if toegang is None:
            raise Refused(
                "geen_eigen_toegang",
                "Niet verstrekt: deze installatie beheert geen gebruikers op de broker.",
                rule="CASUSLOG_AMQP_BEHEER",
                remedy="Lees het abonnement over HTTP, of vraag de beheerder om een eigen gebruiker.",
            )
        wachtwoord = secrets.token_urlsafe(32)
        verstrekt = AbonnementtoegangVerstrekt(gebruiker=holder_user(een.id), wachtrij=een.voorwaarden.queue)
        cause = new_id()
        context = Context(actor=caller_of(log, request).actor, correlationid=cause, causationid=cause)
        stream = Stream(een.gemeente, ABONNEMENT.kind, een.id)
        log.store.run_transaction(
            lambda tx: append(tx, stream, tx.load(ABONNEMENT, stream)[1], [Fact(verstrekt, on=dag)], context)
        )
        # After it was recorded: a user that nobody knows of would be worse than a record of one that was not made.
        toegang.admit(een.id, wachtwoord)
        told = {
            "gebruiker": verstrekt.gebruiker,
            "wachtwoord": wachtwoord,
            "vhost": vhost_of(log.platform.settings.holders_url),
            "wachtrij": verstrekt.wachtrij,
        }
        return json_response(told, headers={"Cache-Control": "no-store"})
