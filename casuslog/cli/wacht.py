"""``casuslog wacht``: until a service has handled what a command answered with (read your writes)."""

from __future__ import annotations

import click

from casuslog.cli._installation import Installation, chosen_services, pass_installation
from casuslog.envelope import Position
from casuslog.http.client import Problem


@click.command()
@click.argument("positie", metavar="POSITIE")
@click.option("--bij", "service", required=True, help="Welke dienst het verwerkt moet hebben.")
@click.option("--seconden", default=5.0, show_default=True, type=click.FloatRange(0, 30), help="Hoe lang te wachten.")
@pass_installation
def wacht(installation: Installation, positie: str, service: str, seconden: float) -> None:
    """Wacht tot een dienst de gebeurtenis op POSITIE heeft verwerkt. Uitkomst 1 als dat niet op tijd is."""
    wanted = _position(positie)
    (name,) = chosen_services(service)
    caller = installation.beheerder((wanted.stream.gemeente,))
    try:
        installation.client.get(name, f"/wacht/{positie}?seconden={seconden}", caller)
    except Problem as problem:
        if problem.body.get("verwerkt") is not False:
            raise
        click.echo(f"{name} heeft {positie} nog niet verwerkt", err=True)
        raise click.exceptions.Exit(1) from None
    click.echo(f"{name} heeft {positie} verwerkt")


def _position(text: str) -> Position:
    try:
        return Position.parse(text)
    except ValueError as error:
        raise click.BadParameter(str(error), param_hint="POSITIE") from None
