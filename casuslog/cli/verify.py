"""``casuslog verify``: recompute the hash chain of every stream, straight on the databases; or of an exported file."""

# ruff: noqa: ARG002  # who refuses every key has the signatures of who gives them

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from pathlib import Path
from typing import NoReturn

import click
from sqlalchemy import func, make_url, select

from casuslog.bewijs import OpenbareSleutel
from casuslog.bewijs.toets import lees, toets
from casuslog.cli._installation import Installation, chosen_services, pass_installation
from casuslog.codec import Codec
from casuslog.codes import gemeente as gemeente_of
from casuslog.codes import oin_of
from casuslog.events import Privacy
from casuslog.schema import SchemaRegistry
from casuslog.store import EVERY_GEMEENTE, EventStore, Gemeenten
from casuslog.store.tables import events


class NoKeys:
    """The chain is over ciphertext: who checks it needs no key, and gets none."""

    def ciphers_for(
        self, gemeente: str, fase: str, subject: str, betrokkene: str, klassen: Collection[Privacy]
    ) -> NoReturn:
        """Refused."""
        raise PermissionError("verify writes no event")

    def get(self, key_id: str, gemeente: str, purpose: str) -> NoReturn:
        """Refused."""
        raise PermissionError("verify reads no content")

    def get_many(self, key_ids: Iterable[str], gemeente: str, purpose: str) -> Mapping[str, bytes | None]:
        """Refused."""
        raise PermissionError("verify reads no content")


@click.command()
@click.argument("bestand", required=False, type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.option(
    "--sleutel",
    "sleutels",
    multiple=True,
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
    help="Bij een BESTAND: openbare sleutel van een gemeente (PEM); mag vaker.",
)
@click.option("--service", help="Alleen deze dienst.")
@click.option("--gemeente", "gemeenten", multiple=True, help="Alleen deze gemeente (code of sleutel); mag vaker.")
@pass_installation
def verify(
    installation: Installation,
    bestand: Path | None,
    sleutels: tuple[Path, ...],
    service: str | None,
    gemeenten: tuple[str, ...],
) -> None:
    """Controleer of elke gebeurtenis nog is zoals zij is vastgelegd, en of er geen ontbreekt.

    Zonder BESTAND leest het de databases zelf, zonder sleutels; de diensten mogen doordraaien. Met BESTAND toetst het
    een uitgedraaide casus, met niets dan dat bestand en de openbare sleutels van de gemeenten, ook nadat de casus is
    vernietigd. Elke breuk is een regel, en de uitkomst van het programma is dan 1.
    """
    if bestand is not None:
        _toets(bestand, sleutels)
        return
    asked: Gemeenten = [gemeente_of(one).code for one in gemeenten] or EVERY_GEMEENTE
    broken = sum(_verified(installation, name, asked) for name in chosen_services(service))
    if broken:
        raise click.exceptions.Exit(1)


def _toets(bestand: Path, sleutels: tuple[Path, ...]) -> None:
    if not sleutels:
        raise click.UsageError("noem met --sleutel de openbare sleutel van de gemeente, los van het bestand verkregen")
    try:
        keys = [OpenbareSleutel.uit_pem(path.read_bytes()) for path in sleutels]
        found = toets(lees(bestand.read_bytes()), keys)
    except ValueError as error:
        raise click.ClickException(f"{bestand}: {error}") from None
    for fout in found.fouten:
        click.echo(f"{bestand}: BREUK {fout}")
    told = f"{found.gebeurtenissen} gebeurtenissen in {found.stromen} stromen"
    click.echo(f"{bestand}: {told}, {_outcome(len(found.fouten))}")
    if not found.heel:
        raise click.exceptions.Exit(1)


def _verified(installation: Installation, name: str, gemeenten: Gemeenten) -> int:
    url = installation.settings.store_url(name)
    if _absent(url):
        click.echo(f"{name}: nog geen opslag")
        return 0
    store = EventStore.open(
        url, name, codec=Codec(SchemaRegistry(()), NoKeys()), clock=installation.clock, oin_of=oin_of
    )
    try:
        broken = 0
        for found in store.verify(gemeenten):
            broken += 1
            click.echo(f"{name}: BREUK {found}")
        click.echo(f"{name}: {_counts(store, gemeenten)}, {_outcome(broken)}")
        return broken
    finally:
        store.close()


def _absent(url: str) -> bool:
    """Whether there is no database file: opening it would make one."""
    parsed = make_url(url)
    return parsed.get_backend_name() == "sqlite" and not Path(parsed.database or "").exists()


def _counts(store: EventStore, gemeenten: Gemeenten) -> str:
    streams = select(events.c.gemeente, events.c.stroom, events.c.subject, func.count().label("number"))
    if gemeenten is not EVERY_GEMEENTE:
        streams = streams.where(events.c.gemeente.in_(gemeenten))
    per_stream = streams.group_by(events.c.gemeente, events.c.stroom, events.c.subject).subquery()
    total = select(func.count(), func.coalesce(func.sum(per_stream.c.number), 0)).select_from(per_stream)
    with store.reading() as conn:
        row = conn.execute(total).one()
    return f"{row[1]} gebeurtenissen in {row[0]} stromen"


def _outcome(broken: int) -> str:
    return "heel" if not broken else f"{broken} {'breuk' if broken == 1 else 'breuken'}"
