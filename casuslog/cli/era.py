"""``casuslog era``: after a restore or failover, say that this database goes on."""

from __future__ import annotations

import click

from casuslog.cli._installation import Installation, chosen_services, pass_installation
from casuslog.store import EventStore


@click.group()
def era() -> None:
    """Tijdperken: de levens van een database."""


@era.command("open")
@click.argument("service", metavar="SERVICE")
@click.option("--reden", required=True, help="Waarom, bijvoorbeeld 'teruggezet uit de reservekopie van 3 mei'.")
@pass_installation
def open_era(installation: Installation, service: str, reden: str) -> None:
    """Open een nieuw tijdperk voor SERVICE, na terugzetten of overname. De dienst moet gestopt zijn.

    Alles van eerdere tijdperken geldt daarna als definitief, en wie leest mist niets.
    """
    (name,) = chosen_services(service)
    number = EventStore.open_era(installation.settings.store_url(name), name, reason=reden, clock=installation.clock)
    click.echo(f"{name}: tijdperk {number} is open")
