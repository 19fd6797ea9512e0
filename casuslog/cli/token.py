"""``casuslog token``: a development token."""

from __future__ import annotations

from datetime import UTC, datetime

import click

from casuslog import codes
from casuslog.caller import Caller
from casuslog.cli._installation import Installation, gemeentecodes, organisation, pass_installation

WARNING = (
    "LET OP: dit is een ONTWIKKELTOKEN, getekend met het geheim van deze installatie ({secret}).\n"
    "Wie dat geheim kan lezen, kan zich voor iedereen uitgeven. Gebruik het nooit met echte gegevens."
)


@click.command()
@click.option("--rol", required=True, help="Code uit de lijst rol, bijvoorbeeld consulent.")
@click.option("--organisatie", help="Gemeente (code of sleutel), OIN of AGB; een inwoner heeft er geen.")
@click.option("--gemeente", "gemeenten", multiple=True, required=True, help="Code of sleutel; mag vaker.")
@click.option("--id", "wie", default="ontwikkelaar", show_default=True, help="Pseudoniem id, nooit een naam of BSN.")
@click.option("--doelbinding", default="uitvoering_wmo", show_default=True, help="Waarvoor.")
@click.option("--uren", default=12, show_default=True, type=click.IntRange(1, 24 * 7), help="Hoe lang het geldt.")
@pass_installation
def token(
    installation: Installation,
    rol: str,
    organisatie: str | None,
    gemeenten: tuple[str, ...],
    wie: str,
    doelbinding: str,
    uren: int,
) -> None:
    """Geef een ontwikkeltoken voor `Authorization: Bearer <token>`."""
    if installation.settings.issuers is not None:
        raise click.UsageError(
            f"deze installatie kent uitgevers ({installation.settings.issuers}); een ontwikkeltoken geldt hier niet"
        )
    codes.check("rol", rol, on=datetime.now(UTC).date())
    caller = Caller(rol, organisation(organisatie), wie, gemeentecodes(gemeenten), doelbinding)
    issued = installation.issuer.issue(caller, hours=uren)
    click.secho(WARNING.format(secret=installation.settings.data / "token.secret"), err=True, bold=True)
    click.echo(issued)
