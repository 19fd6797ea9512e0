"""``casuslog parked``: what stands still and why, and letting it go on after a repair."""

from __future__ import annotations

from typing import Any
from urllib.parse import quote

import click

from casuslog.cli._installation import Installation, chosen_services, pass_installation
from casuslog.cli._table import table

_service = click.argument("service", metavar="SERVICE")
_lane = click.argument("baan", metavar="BAAN")


@click.group()
def parked() -> None:
    """Geparkeerde banen en termijnen: bekijken en herhalen.

    Een baan is een casus (of dossier) waarvan een gebeurtenis niet verwerkt kon worden. De rest loopt door.
    """


@parked.command("list")
@click.option("--service", help="Alleen van deze dienst.")
@pass_installation
def list_lanes(installation: Installation, service: str | None) -> None:
    """Toon alle geparkeerde banen en termijnen, met de reden."""
    rows: list[list[str]] = []
    for name in chosen_services(service):
        found = installation.client.get(name, "/geparkeerd", installation.beheerder())
        rows += [[name, one["baan"], str(one["gebeurtenissen"]), one["sinds"], one["reden"]] for one in found["banen"]]
        rows += [[name, one["baan"], "termijn", one["uiterlijk"], one["reden"]] for one in found["termijnen"]]
    click.echo(table(["dienst", "baan", "wacht", "sinds", "reden"], rows) if rows else "Er is niets geparkeerd.")


@parked.command()
@_service
@_lane
@pass_installation
def show(installation: Installation, service: str, baan: str) -> None:
    """Toon de gebeurtenissen van een geparkeerde BAAN van SERVICE, in volgorde."""
    (name,) = chosen_services(service)
    found = installation.client.get(name, _path(baan), installation.beheerder())
    rows = [_row(one) for one in found["gebeurtenissen"]]
    rows += [["-", one["termijn"], one["gemeente"], "geparkeerd", "-", one["reden"]] for one in found["termijnen"]]
    click.echo(table(["nr", "soort", "gemeente", "toestand", "pogingen", "reden"], rows))


@parked.command()
@_service
@_lane
@pass_installation
def replay(installation: Installation, service: str, baan: str) -> None:
    """Verwerk een geparkeerde BAAN van SERVICE opnieuw, na een herstel.

    De uitkomst van het programma is 1 als er iets geparkeerd blijft.
    """
    _replay(installation, service, baan)


@click.command("replay")
@_service
@_lane
@pass_installation
def replay_lane(installation: Installation, service: str, baan: str) -> None:
    """Hetzelfde als `casuslog parked replay`."""
    _replay(installation, service, baan)


def _replay(installation: Installation, service: str, lane: str) -> None:
    (name,) = chosen_services(service)
    outcome = installation.client.post(name, f"{_path(lane)}/herhaal", installation.beheerder())
    click.echo(_told(outcome))
    if outcome["over"]:
        raise click.exceptions.Exit(1)


def _told(outcome: dict[str, Any]) -> str:
    if outcome.get("opnieuw_gepland"):
        return "De termijn is opnieuw gepland."
    if not outcome["over"]:
        return f"{outcome['verwerkt']} verwerkt; de baan is vrij."
    return f"{outcome['verwerkt']} verwerkt, {outcome['over']} nog geparkeerd: {outcome['reden']}"


def _row(one: dict[str, Any]) -> list[str]:
    return [
        str(one["nr"]),
        f"{one.get('bron', '')} {one['soort']}".strip(),
        one["gemeente"] or "-",
        one["toestand"],
        str(one["pogingen"]),
        one["reden"],
    ]


def _path(lane: str) -> str:
    return f"/geparkeerd/{quote(lane)}"
