"""The HTTP edges at which a subscription is read: its terms, its numbers, and the state from which it continues."""

from __future__ import annotations

import time
from datetime import date
from typing import Any

import eventlet
from werkzeug.wrappers import Request, Response

from casuslog.clock import today
from casuslog.errors import InvalidInput
from casuslog.hosting.provider import ServiceLog
from casuslog.hosting.reading import note, reader_of
from casuslog.hosting.waiting import LONGEST_WAIT, place
from casuslog.http import http, json_response
from casuslog.identifiers import is_uuid
from casuslog.metrics import DELIVERIES
from casuslog.rights import Reader
from services.abonnement import feed, logboek, stand
from services.abonnement.inschrijving import Inschrijving
from services.abonnement.keuze import LIMIET, Keuze

LOOK_SECONDS = 0.1
"""Between two looks whether there is a new number: one read by key."""


class LeesHttp:
    """Mixin of the service. ``self.log`` is its :class:`ServiceLog`, ``self.register`` its subscriptions."""

    log: Any
    register: Any

    @http("GET", "/abonnementen")
    def http_abonnementen(self, request: Request) -> Response:
        """The subscriptions that the caller holds or grants, with their terms: also those that follow from the law."""
        log: ServiceLog = self.log
        lezer, dag = reader_of(log, request), today(log.platform.clock)
        with log.store.transaction() as tx:
            gevonden = [feed.toon(tx, one, dag) for one in self.register.alle(tx) if feed.is_van(one, lezer)]
        return json_response({"abonnementen": gevonden})

    @http("GET", "/abonnementen/<string:abonnement>")
    def http_abonnement(self, request: Request, abonnement: str) -> Response:
        """The terms of a subscription and how far it is, for its holder and for who grants."""
        log: ServiceLog = self.log
        lezer = reader_of(log, request)
        with log.store.transaction() as tx:
            inschrijving = feed.voor_houder_of_gever(self.register.een(tx, abonnement), lezer)
            shown = feed.toon(tx, inschrijving, today(log.platform.clock))
        return json_response(shown)

    @http("GET", "/abonnementen/<string:abonnement>/gebeurtenissen")
    def http_leveringen(self, request: Request, abonnement: str) -> Response:
        """The numbers after ``na``, at most ``limiet``, each as this holder may see it today.

        ``casus``, ``van_gemeente`` and ``sinds`` choose among them; ``wacht`` is for how many seconds to wait for one.
        """
        log: ServiceLog = self.log
        keuze = _keuze(request)
        self._wacht(reader_of(log, request), abonnement, keuze, _getal(request, "wacht", 0, int(LONGEST_WAIT)))
        return json_response(self._lees(request, abonnement, keuze))

    @http("GET", "/abonnementen/<string:abonnement>/gebeurtenissen/<int:nummer>")
    def http_levering(self, request: Request, abonnement: str, nummer: int) -> Response:
        """One number, as far as the rights and the grondslag go: what an informatiearm message refers to."""
        read = self._lees(request, abonnement, Keuze(na=nummer - 1, limiet=1), ophalen=True)
        return json_response(feed.enige(read, nummer))

    @http("GET", "/abonnementen/<string:abonnement>/stand")
    def http_stand(self, request: Request, abonnement: str) -> Response:
        """Where a new subscriber starts: its running casussen as they stand, and the number after which to go on.

        By page: ``na_casus`` is what the page before called ``volgende``, with the ``positie`` of the first page.
        """
        log: ServiceLog = self.log
        lezer, dag = reader_of(log, request), today(log.platform.clock)
        na_casus = _id(request, "na_casus")
        positie = _getal(request, "positie", 0, 999_999_999) if "positie" in request.args else None
        read = log.store.run_transaction(
            lambda tx: (
                None
                if (een := feed.van_houder(self.register.een(tx, abonnement), lezer)) is None
                else stand.lees(tx, log.known, log.platform.codec, een, dag, na_casus, positie)
            )
        )
        rijen = [one for casus in read["casussen"] for one in casus["gebeurtenissen"]] if read else []
        self._noteer(request, lezer, abonnement, rijen, allowed=read is not None)
        if read is None:
            raise feed.GeenAbonnement()
        return json_response(read)

    def _lees(self, request: Request, abonnement: str, keuze: Keuze, *, ophalen: bool = False) -> dict[str, Any]:
        log: ServiceLog = self.log
        lezer, dag = reader_of(log, request), today(log.platform.clock)
        with log.store.transaction() as tx:
            een = feed.van_houder(self.register.een(tx, abonnement), lezer)
            read = (
                None if een is None else feed.lees(tx, log.known, log.platform.codec, een, keuze, dag, ophalen=ophalen)
            )
        rijen = read["gebeurtenissen"] if read else []
        self._noteer(request, lezer, abonnement, rijen, allowed=read is not None)
        if read is None:
            raise feed.GeenAbonnement()
        DELIVERIES.delivered("feed", len(read["gebeurtenissen"]))
        return read

    def _noteer(
        self, request: Request, lezer: Reader, abonnement: str, rijen: list[dict[str, Any]], *, allowed: bool
    ) -> None:
        about, shown = logboek.over(rijen), len(rijen)
        note(self.log, lezer, "abonnement", abonnement, allowed=allowed, request=request, about=about, shown=shown)

    def _wacht(self, lezer: Reader, abonnement: str, keuze: Keuze, seconden: int) -> None:
        """Return when there is a number to read, or when the time is up."""
        if not seconden or self._is_er(lezer, abonnement, keuze):
            return
        einde = time.monotonic() + seconden
        with place(self.log):
            while time.monotonic() < einde and not self._is_er(lezer, abonnement, keuze):
                eventlet.sleep(LOOK_SECONDS)

    def _is_er(self, lezer: Reader, abonnement: str, keuze: Keuze) -> bool:
        """Whether there is an answer: a number, or that this is no subscription of the caller."""
        with self.log.store.transaction() as tx:
            een: Inschrijving | None = feed.van_houder(self.register.een(tx, abonnement), lezer)
            return een is None or feed.is_er(tx, een, keuze)


def _keuze(request: Request) -> Keuze:
    return Keuze(
        na=_getal(request, "na", 0, 999_999_999),
        limiet=max(1, min(_getal(request, "limiet", LIMIET, 999_999_999), LIMIET)),
        casus=_id(request, "casus"),
        gemeente=_gemeente(request),
        sinds=_dag(request),
    )


def _getal(request: Request, name: str, default: int, hoogste: int) -> int:
    given = request.args.get(name, str(default))
    if not given.isascii() or not given.isdigit() or len(given) > 9 or int(given) > hoogste:
        told = "een getal vanaf 0" if hoogste > 10**6 else f"een getal van 0 tot {hoogste}"
        raise InvalidInput(f"{name} is {told}.", errors={name: [told]})
    return int(given)


def _id(request: Request, name: str) -> str | None:
    given = request.args.get(name)
    if given is not None and not is_uuid(given):
        raise InvalidInput(f"Noem {name} bij haar id.", errors={name: ["een UUID, in kleine letters"]})
    return given


def _gemeente(request: Request) -> str | None:
    given = request.args.get("van_gemeente")
    if given is not None and not (given.isascii() and given.isdigit() and len(given) == 4):
        raise InvalidInput("van_gemeente is een CBS-code.", errors={"van_gemeente": ["vier cijfers, zoals 0086"]})
    return given


def _dag(request: Request) -> date | None:
    given = request.args.get("sinds")
    try:
        return None if given is None else date.fromisoformat(given)
    except ValueError:
        raise InvalidInput("De dag heeft de vorm 2017-04-13.", errors={"sinds": ["JJJJ-MM-DD"]}) from None
