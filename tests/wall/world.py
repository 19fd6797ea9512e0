"""The world behind the wall: casussen of four gemeenten, full of words that stand nowhere else, and who listens."""

from __future__ import annotations

import random
import secrets
from collections import defaultdict
from collections.abc import Iterator
from datetime import date
from typing import Any

import jwt
from werkzeug.test import Client

from casuslog.caller import Caller, DevelopmentIssuer
from casuslog.http._entrypoint import ProblemHandler
from casuslog.http._wall import Wall
from casuslog.identifiers import bsn_ok, new_id
from casuslog.rights import BetrokkenheidVastgelegd
from casuslog.settings import service_names
from casuslog.testing.platform import Platform
from services.beschikking.gebeurtenissen import AanvraagOntvangen, OpdrachtVerstrekt
from services.onderzoek.gebeurtenissen import (
    IndicatieIngediend,
    IndicatieVeld,
    MantelzorgSituatieVastgelegd,
    VerslagOpgesteld,
)
from services.pgb.signaal import SignaalAanToezichtGegeven
from tests.wall.marks import APART, CASUS, ID, WOORD, Mark, Oracle

DAG = date(2017, 2, 15)
GEMEENTEN = ("0086", "0074", "0080", "0518")
"""Opsterland, Heerenveen, Leeuwarden (centrumgemeente) and Den Haag."""
CENTRUM = "0080"
CASUSSEN = 4
"""Per gemeente."""
ROLLEN = (
    "wijkteam", "consulent", "kcc", "backoffice", "centrumgemeente", "college", "inkoper", "gemeenteraad",
    "toezichthouder", "beheerder", "beleidsmedewerker",
)  # fmt: skip
AANBIEDERS = ("98765401", "98765402")
AUDIT = "abonnementweigering"
"""Where a refusal is recorded, in the stream of whom it was asked of: by whoever asked."""

_BSNS = (f"{number:09}" for number in range(999_900_006, 999_999_990) if bsn_ok(f"{number:09}"))
"""Those that are for tests."""


class World:
    """A platform with its casussen, its cast of callers, and the oracle of what each may hear."""

    def __init__(self, platform: Platform) -> None:
        self.platform = platform
        self.oracle = Oracle()
        self.casussen: dict[str, list[str]] = defaultdict(list)
        self.signalen: dict[str, list[str]] = defaultdict(list)
        self.abonnementen: dict[str, list[str]] = defaultdict(list)
        self.bsn = {"": next(_BSNS)}
        """By casus; that of nobody under the empty one."""
        self._granted: dict[str, set[str]] = defaultdict(set)
        self._clients: dict[str, set[str]] = defaultdict(set)
        for gemeente in GEMEENTEN:
            for number in range(CASUSSEN):
                self._casus(gemeente, number)
            self._toezicht(gemeente)
            self._abonnement(gemeente)
        platform.settle(60)
        self.oracle.add(self._ids())
        self.oracle.granted = {who: frozenset(texts) for who, texts in self._granted.items()}
        self._shared = {casus for texts in self._granted.values() for casus in texts}
        self.oracle.clients = {who: frozenset(ids) for who, ids in self._clients.items()}
        self.cast = list(self._cast())
        self.apps = {name: Client(_app(platform, name)) for name in service_names()}
        self.known_ids = {event.envelope.id for event in platform.events()}
        self.tokens: dict[Caller, str] = {}

    # -- what is there -------------------------------------------------------------------------------------------------

    def _word(self, gemeente: str, stroom: str, subject: str) -> str:
        word = "w" + secrets.token_hex(8)[:15]
        self.oracle.add([Mark(word, WOORD, gemeente, stroom, subject)])
        return word

    def _casus(self, gemeente: str, number: int) -> None:
        casus, client = new_id(), f"inwoner-{gemeente}-{number}"
        platform, thema = self.platform, ("beschermd_wonen", "maatwerk_zelfredzaamheid")[number % 2]

        def word(stroom: str) -> str:
            return self._word(gemeente, stroom, casus)

        platform.command(
            "melding",
            "registreer-melding",
            Caller("wijkteam", gemeente, f"wijkteam-{gemeente}", (gemeente,)),
            gemeente=gemeente,
            casus=casus,
            client=client,
            thema=thema,
            naam=word("melding"),
            hulpvraag=word("melding"),
            bsn=self.bsn.setdefault(casus, next(_BSNS)),
        )
        indicaties = {
            thema: IndicatieIngediend(
                van=gemeente,
                aan=CENTRUM,
                thema=thema,
                velden=("situatie",),
                inhoud=(IndicatieVeld(naam="situatie", inhoud=word("onderzoek")),),
            )
            for thema in ("beschermd_wonen", "maatschappelijke_opvang")
        }
        verslag = [VerslagOpgesteld(versie=1, inhoud=word("onderzoek"))]
        platform.seed("onderzoek", gemeente, casus, verslag, on=DAG, thema=thema, geimporteerd=True)
        woorden = MantelzorgSituatieVastgelegd(alleen_gesproken=True, eigen_woorden=word(APART))
        platform.seed("onderzoek", gemeente, casus, [woorden], on=DAG, thema=thema, geimporteerd=True)
        for van_thema, indicatie in indicaties.items():
            (stored,) = platform.seed(
                "onderzoek", gemeente, casus, [indicatie], on=DAG, thema=van_thema, geimporteerd=True
            )
            if gemeente != CENTRUM and number == 0 and van_thema == "beschermd_wonen":
                # The one thing of another gemeente that Leeuwarden may hear: this indicatie, of this thema.
                self._granted[CENTRUM] |= {stored.envelope.id, indicatie.inhoud[0].inhoud, casus}
        if gemeente != CENTRUM and number == 0:
            self._involve("onderzoek", gemeente, casus, CENTRUM, "besluitende_gemeente", "beschermd_wonen")
        self._beschikking(gemeente, casus, word, AANBIEDERS[0] if number == 1 else None)
        self.casussen[gemeente].append(casus)
        self._clients[client].add(casus)
        self.oracle.add([Mark(casus, CASUS, gemeente, "melding", casus)])

    def _beschikking(self, gemeente: str, casus: str, word: Any, aanbieder: str | None) -> None:
        words = word("beschikking"), word("beschikking")
        aanvraag = AanvraagOntvangen(ontvangen_door=gemeente, herkomst="ondertekend_verslag", motivering=words[0])
        self.platform.seed("beschikking", gemeente, casus, [aanvraag], on=DAG, geimporteerd=True)
        opdracht = OpdrachtVerstrekt(aanbieder=AANBIEDERS[0], ingang=DAG, doelen=(words[1],))
        if aanbieder is not None:
            self._involve("beschikking", gemeente, casus, aanbieder, "aanbieder", None)
        (stored,) = self.platform.seed("beschikking", gemeente, casus, [opdracht], on=DAG, geimporteerd=True)
        if aanbieder is not None:
            self._granted[aanbieder] |= {stored.envelope.id, casus}

    def _involve(self, service: str, gemeente: str, casus: str, wie: str, als: str, thema: str | None) -> None:
        feit = BetrokkenheidVastgelegd(organisatie=wie, als=als, vanaf=DAG, thema=thema)
        self.platform.seed(service, gemeente, casus, [feit], on=DAG, geimporteerd=True)

    def _toezicht(self, gemeente: str) -> None:
        signaal = new_id()
        word = self._word(gemeente, "signaal", signaal)
        feit = SignaalAanToezichtGegeven(aard="geen_hulp", over="hulpverlener_1", toelichting=word)
        self.platform.seed("pgb", gemeente, signaal, [feit], on=DAG, kind="signaal")
        self.signalen[gemeente].append(signaal)
        self.oracle.add([Mark(signaal, CASUS, gemeente, "signaal", signaal)])

    def _abonnement(self, gemeente: str) -> None:
        college = Caller("college", gemeente, f"college-{gemeente}", (gemeente,))
        answer = self.platform.command(
            "abonnement",
            "ken-abonnement-toe",
            college,
            gemeente=gemeente,
            houdersoort="oin",
            houder=f"0000009900000000{gemeente}",
            rol="wijkteam",
            gemeenten=[gemeente],
            van=DAG.isoformat(),
            doelbinding="uitvoering_wmo",
            grondslag="Wmo 2015 art. 5.1.1",
            profiel="volledig",
        )
        self.abonnementen[gemeente].append(answer.casus)

    def _ids(self) -> Iterator[Mark]:
        for event in self.platform.events():
            e = event.envelope
            if e.stroom in ("inrichting", "samenwerkingsverband"):
                continue
            yield Mark(e.id, ID, e.gemeente, e.stroom, e.subject)
            if e.stroom == "toezicht":
                yield Mark(e.subject, CASUS, e.gemeente, "toezicht", e.subject)

    # -- who listens ---------------------------------------------------------------------------------------------------

    def _cast(self) -> Iterator[Caller]:
        for gemeente in GEMEENTEN:
            for rol in ROLLEN:
                yield Caller(rol, gemeente, f"{rol}-{gemeente}", (gemeente,))
            yield Caller("inwoner", None, f"inwoner-{gemeente}-0", (gemeente,), "eigen_zaak")
            yield Caller("mantelzorger", None, f"mantelzorger-{gemeente}", (gemeente,))
            yield Caller("derde", None, f"derde-{gemeente}", (gemeente,))
        for agb in AANBIEDERS:
            yield Caller("aanbieder", agb, f"aanbieder-{agb}", ())
        yield Caller("svb", "00000099000000001000", "svb-1", ())
        yield Caller("cak", "00000099000000002000", "cak-1", ())

    def others(self, caller: Caller, rng: random.Random) -> str:
        """A gemeente for which this caller does not act."""
        return rng.choice([one for one in GEMEENTEN if one not in caller.gemeenten])

    def token(self, caller: Caller) -> str:
        """Of this caller."""
        if caller not in self.tokens:
            self.tokens[caller] = self.platform.host.platform.issuer.issue(caller, hours=2)
        return self.tokens[caller]

    def forged(self, caller: Caller, rng: random.Random) -> str:
        """A token that claims to be of this caller, and is not of our issuer."""
        kind = rng.randrange(3)
        if kind == 0:
            return DevelopmentIssuer("x" * 48).issue(caller)
        claims = jwt.decode(self.token(caller), options={"verify_signature": False})
        if kind == 1:
            return jwt.encode(claims | {"gemeenten": list(GEMEENTEN)}, key="", algorithm="none")
        head, _, tail = self.token(caller).partition(".")
        wider = jwt.encode(claims | {"gemeenten": list(GEMEENTEN)}, "y" * 48, algorithm="HS256").split(".")[1]
        return f"{head}.{wider}.{tail.rpartition('.')[2]}"

    # -- what may not have happened ------------------------------------------------------------------------------------

    def written_by_strangers(self) -> list[str]:
        """Events since the beginning in a stream of a gemeente for which whoever did it does not act."""
        acts_for = {caller.id: set(caller.gemeenten) for caller in self.cast}
        # What was granted: the one act of Leeuwarden in another's onderzoek, the aanbieder's in its own opdracht.
        given = {(f"centrumgemeente-{CENTRUM}", "onderzoek"), (f"consulent-{CENTRUM}", "onderzoek")}
        given |= {(f"backoffice-{CENTRUM}", "onderzoek"), (f"aanbieder-{AANBIEDERS[0]}", "beschikking")}
        return [
            f"{e.actorid} schreef {e.name} in {e.stream}"
            for e in (event.envelope for event in self.platform.events())
            if e.id not in self.known_ids
            and e.stroom != AUDIT
            and e.gemeente not in acts_for.get(e.actorid, GEMEENTEN)
            and not ((e.actorid, e.stroom) in given and e.subject in self._shared)
        ]


def _app(platform: Platform, service: str) -> Wall:
    """The very WSGI application that the service serves, without a socket in between."""
    extensions = platform.host.containers[service].extensions
    handler = next(one for one in extensions if isinstance(one, ProblemHandler))
    return Wall(handler.server)
