"""The export of a casus as one file: everything stored, readable and as bytes, who received it, and signed heads.

For a request of the person whom it is about (AVG art. 15), and for the archive. The form is described in
``docs/integratie.md``; :mod:`casuslog.bewijs.toets` proves it.
"""

from __future__ import annotations

import base64
import json
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from sqlalchemy import select

from casuslog import verwerkingen
from casuslog.beheer.verklaring import MAP as VERKLARINGEN
from casuslog.bewijs import Zegel, bewaar_heel
from casuslog.bewijs.toets import FORMAAT, KOP
from casuslog.caller import Caller
from casuslog.errors import Forbidden, NotFound
from casuslog.events import Privacy
from casuslog.hosting.platform import Platform
from casuslog.recorded import RecordedEvent
from casuslog.rights import Reader
from casuslog.schema import HEADER, read_stored
from casuslog.settings import service_class
from casuslog.store import EventStore, Transaction
from casuslog.store.tables import events
from casuslog.vernietigen.dossiers import Kop, koppen
from casuslog.vernietigen.gebeurtenissen import BEWARING
from casuslog.verwerkingen.logboek import samengevoegd

DOEL = "uitdraai"
UITDRAAIERS = ("archivaris", "functionaris_gegevensbescherming")
"""Roles that may export a casus of their gemeente."""
VAN_EEN_ANDER = {"van_een_ander": True}
"""In the place of a value that is another person's than who asks (AVG art. 15 lid 4)."""


class Uitdraai:
    """Exports what some gemeenten have of a casus.

    Args:
        platform: of the installation.
        services: its services.
        wie: who asks; a role of :data:`UITDRAAIERS` with these gemeenten.
        gemeenten: codes.
        betrokkene: whose request it is. What stands under another person's key is shown as :data:`VAN_EEN_ANDER`; its
            bytes are there. ``None``: everything, for the archive.
    """

    def __init__(
        self,
        platform: Platform,
        services: Sequence[str],
        wie: Caller,
        gemeenten: Sequence[str],
        betrokkene: str | None,
    ) -> None:
        """Prepare it.

        Raises:
            Forbidden: ``rol_mag_niet_uitdraaien``.
        """
        if wie.rol not in UITDRAAIERS or not set(gemeenten) <= set(wie.gemeenten):
            raise Forbidden(
                "rol_mag_niet_uitdraaien",
                f"De rol {wie.rol} draait van deze gemeente geen casus uit.",
                rule="AVG art. 12 en 15: de verwerkingsverantwoordelijke verstrekt, aan wie er recht op heeft",
                remedy=f"Laat een van deze rollen het doen: {', '.join(UITDRAAIERS)}.",
            )
        self._platform = platform
        self._stores = {name: platform.store_for(name) for name in services}
        self._bewaarder = next(name for name in services if getattr(service_class(name), "bewaart", False))
        self._wie = wie
        self._gemeenten = tuple(gemeenten)
        self._betrokkene = betrokkene

    def van(self, casus: str) -> dict[str, Any]:
        """The export as JSON, sealed.

        Raises:
            NotFound: none of the gemeenten has anything of this casus.
        """
        einden = [
            (store, kop)
            for store in self._stores.values()
            for gemeente in self._gemeenten
            for kop in koppen(store, casus, gemeente)
        ]
        if not einden:
            raise NotFound("Van deze casus is hier niets, of niet van deze gemeente.")
        gemaakt = self._platform.clock.now().isoformat()
        zegels = [Zegel.van(self._platform.settings.data, gemeente) for gemeente in self._gemeenten]
        van_wie = {
            key.id: key.betrokkene
            for gemeente in self._gemeenten
            for key in self._platform.keys.keys_of(gemeente, casus)
        }
        inhoud: dict[str, Any] = {
            "formaat": FORMAAT,
            "casus": casus,
            "gemaakt": gemaakt,
            "voor": {"betrokkene": self._betrokkene, "grondslag": "AVG art. 15" if self._betrokkene else "archief"},
            "door": {"rol": self._wie.rol, "organisatie": self._wie.organisatie, "id": self._wie.id},
            "stromen": [self._stroom(store, kop, van_wie) for store, kop in einden],
            "koppen": [_kop(zegel, casus, gemaakt, [kop for _, kop in einden]) for zegel in zegels],
            "verwerkingen": self._verwerkingen(casus),
            "verstrekkingen": self._verstrekkingen(casus),
            "verklaringen": _verklaringen(self._platform.settings.data, casus, self._gemeenten),
        }
        return {**inhoud, "zegels": {zegel.gemeente: zegel.op(inhoud) for zegel in zegels}}

    def _stroom(self, store: EventStore, kop: Kop, van_wie: Mapping[str, str]) -> dict[str, Any]:
        # Up to the head that is signed: what comes in meanwhile is for a next export.
        stored = store.read_stream(kop.stroom, limit=kop.sequence)
        read = store.codec.decode_many(stored, purpose=DOEL, typed=False)
        enveloppen = _enveloppen(store, kop)
        return {
            **{name: value for name, value in kop.als_json().items() if name not in ("sequence", "hash")},
            "gebeurtenissen": [
                {"envelop": enveloppen[one.envelope.sequence], **self._gebeurtenis(store, one, van_wie)} for one in read
            ],
        }

    def _gebeurtenis(self, store: EventStore, event: RecordedEvent, van_wie: Mapping[str, str]) -> dict[str, Any]:
        stored = event.stored
        assert stored is not None  # it was read from the store
        inhoud = dict(store.codec.as_json(event)["data"])
        for klasse, sleutel in _sleutels(stored.body):
            if not self._eigen(van_wie.get(sleutel)):
                privacy = store.codec.registry.current(event.envelope.type).privacy
                inhoud |= {name: VAN_EEN_ANDER for name in inhoud if privacy[name] == klasse}
        return {
            "body": base64.b64encode(stored.body).decode(),
            "vorige": stored.prev_hash.hex(),
            "hash": stored.hash.hex(),
            "inhoud": inhoud,
        }

    def _eigen(self, betrokkene: str | None) -> bool:
        return self._betrokkene is None or betrokkene in (self._betrokkene, BEWARING)

    def _verwerkingen(self, casus: str) -> list[dict[str, Any]]:
        """Who read what, up to now; that it is exported is the last of them."""
        keys = self._platform.keys
        found = []
        for name, store in self._stores.items():
            verwerkingen.metadata.create_all(store.engine)
            for gemeente in self._gemeenten:
                with store.transaction() as tx:
                    if name == self._bewaarder:
                        self._leg_vast(tx, gemeente, casus)
                    found.append(verwerkingen.van(tx.conn, keys, name, gemeente, casus))
        return samengevoegd(found)

    def _leg_vast(self, tx: Transaction, gemeente: str, casus: str) -> None:
        wie, now = self._wie, self._platform.clock.now()
        lezer = Reader(wie.rol, wie.organisatie, wie.id, wie.gemeenten, wie.doelbinding)
        read = verwerkingen.Verwerking(lezer=lezer, onderdeel=DOEL, begin=now, toegestaan=True)
        verwerkingen.leg_vast(tx.conn, self._platform.keys, read, [(gemeente, casus)], now)

    def _verstrekkingen(self, casus: str) -> list[dict[str, Any]]:
        told = []
        for name, store in self._stores.items():
            cls: Any = service_class(name)
            for gemeente in self._gemeenten:
                with store.transaction() as tx:
                    told += [{"dienst": name, **one} for one in cls.verstrekkingen(tx, gemeente, casus)]
        return told


def bewaar(path: Path, export: Mapping[str, Any]) -> None:
    """Write an export to a file that only its owner reads."""
    bewaar_heel(path, json.dumps(export, ensure_ascii=False, indent=1) + "\n")


def _kop(zegel: Zegel, casus: str, gemaakt: str, einden: Sequence[Kop]) -> dict[str, Any]:
    inhoud = {
        "formaat": KOP,
        "gemeente": zegel.gemeente,
        "casus": casus,
        "gemaakt": gemaakt,
        "stromen": [kop.als_json() for kop in einden if kop.stroom.gemeente == zegel.gemeente],
    }
    return {**inhoud, "zegel": zegel.op(inhoud)}


def _enveloppen(store: EventStore, kop: Kop) -> dict[int, str]:
    """The envelopes of a stream as they were written, which is what the chain is over."""
    e, stream = events.c, kop.stroom
    query = select(e.version, e.envelope).where(e.gemeente == stream.gemeente, e.stroom == stream.kind)
    with store.reading() as conn:
        return {row.version: row.envelope for row in conn.execute(query.where(e.subject == stream.id))}


def _sleutels(body: bytes) -> Iterator[tuple[str, str]]:
    """Per privacy class the key of a stored event."""
    record = read_stored(body[HEADER:])
    for klasse, blok in ((Privacy.FEIT, record.feit), (Privacy.PERSOONSGEGEVEN, record.persoonsgegeven)):
        if blok is not None:
            yield klasse.value, blok.sleutel


def _verklaringen(data: Path, casus: str, gemeenten: Sequence[str]) -> list[Any]:
    found = (json.loads(path.read_text(encoding="utf-8")) for path in sorted((data / VERKLARINGEN).glob("*.json")))
    return [one for one in found if one["casus"] == casus and one["gemeente"] in gemeenten]


__all__ = ["UITDRAAIERS", "Uitdraai", "bewaar"]
