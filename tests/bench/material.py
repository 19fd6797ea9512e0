"""What the benchmarks append: a real event type of a service, filled as a gemeente would, under real keys."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date
from typing import Any

from casuslog.clock import Clock, SystemClock
from casuslog.codec import Codec
from casuslog.codes import schemas_folder
from casuslog.envelope import Actor, Stream
from casuslog.events import CLIENT, Fact, Privacy
from casuslog.identifiers import new_id
from casuslog.privacy import KeyStore, RootKey
from casuslog.recorded import Context
from casuslog.schema import SchemaRegistry
from casuslog.store import EventStore
from services.melding.gebeurtenissen import MeldingGeregistreerd

SERVICE = "melding"
DAY = date(2017, 1, 2)
GEMEENTEN = ("0074", "0080", "0086", "0090")


@dataclass(frozen=True)
class Material:
    """Codec, keys and clock, as a service of a platform has them."""

    codec: Codec
    keys: KeyStore
    clock: Clock

    @classmethod
    def make(cls, keys_url: str = "sqlite://", clock: Clock | None = None, root: RootKey | None = None) -> Material:
        """Over the published schemas and a key store of its own.

        Args:
            keys_url: where the key store is; in memory unless said otherwise.
            clock: the clock of the machine unless said otherwise.
            root: a new root key unless several processes must share one.
        """
        keys = KeyStore.open(keys_url, root or RootKey.generate())
        return cls(Codec(SchemaRegistry.load(schemas_folder()), keys), keys, clock or SystemClock())

    def store(self, url: str, *, grouped: bool = True) -> EventStore:
        """The store of the service at a URL; ``grouped`` as :meth:`casuslog.store.EventStore.open` has it."""
        return EventStore.open(url, SERVICE, codec=self.codec, clock=self.clock, oin_of=oin_of, grouped=grouped)

    def with_keys(self, streams: list[Stream]) -> None:
        """Make the keys of these dossiers: a casus has them from its first event on."""
        for stream in streams:
            for klasse in Privacy:
                self.keys.key_for(stream.gemeente, SERVICE, stream.id, CLIENT, klasse)


def oin_of(gemeente: str) -> str:
    """An OIN of the test series for any gemeentecode."""
    return f"00000099{gemeente:0>12}"


def streams(count: int) -> list[Stream]:
    """New casussen, spread over the gemeenten."""
    return [Stream(GEMEENTEN[number % len(GEMEENTEN)], "melding", new_id()) for number in range(count)]


def facts(count: int = 1, start: int = 0) -> list[Fact]:
    """Meldingen with what they usually hold: fourteen facts and eight fields about the person."""
    return [Fact(_melding(number), DAY) for number in range(start, start + count)]


def endless_facts() -> Iterator[Fact]:
    """One after another."""
    number = 0
    while True:
        yield facts(1, number)[0]
        number += 1


def context(**known: Any) -> Context:
    """A consulent acts on a command, under the inrichting of the gemeente."""
    command = new_id()
    made: dict[str, Any] = {
        "correlationid": command,
        "causationid": command,
        "traceparent": "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01",
        "woongemeente": "0080",
        "uitvoerendegemeente": "0080",
        "thema": "huishouden",
        "inrichtingversie": "leeuwarden@3",
        **known,
    }
    return Context(actor=Actor("consulent", "0080", "5e0b5c8a-6c0e-4f6c-9a40-0d3c1b1f7a11"), **made)


def _melding(number: int) -> MeldingGeregistreerd:
    return MeldingGeregistreerd(
        vorm="vormvrij",
        kanaal="telefoon",
        velden=("naam", "adres", "woonplaats", "telefoon", "geboortedatum", "hulpvraag"),
        melder="derde",
        betrokkene="client",
        ontvangen_door="wijkteam noord",
        woongemeente="0080",
        thema="huishouden",
        relatie="dochter",
        akkoord_inwoner=True,
        melder_is_contactpersoon=True,
        voorziening="hulp bij het huishouden",
        naam=f"Testpersoon {number}",
        adres=f"Teststraat {number % 200 + 1}",
        woonplaats="Leeuwarden",
        telefoon="058-0000000",
        email=f"testpersoon{number}@example.nl",
        geboortedatum=date(1938, 1 + number % 12, 1 + number % 28),
        hulpvraag="Moeder redt het huishouden niet meer sinds haar val; de was en de boodschappen blijven liggen.",
    )
