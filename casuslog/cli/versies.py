"""``casuslog versies``: which versions of event types come to an end, and who still reads them."""

from __future__ import annotations

import click

from casuslog.cli._installation import Installation, pass_installation
from casuslog.cli._table import table
from casuslog.consume.handlers import wire_name


@click.command()
@click.argument("type", metavar="TYPE", required=False)
@pass_installation
def versies(installation: Installation, type: str | None) -> None:
    """Toon van elke versie van een gebeurtenistype die eindigt of niet meer de laatste is, wie haar het laatst kreeg.

    Met TYPE (zoals besluit-genomen): alle versies daarvan.
    """
    path = "/versies" if type is None else f"/versies?type={wire_name(type)}"
    found = installation.client.get("abonnement", path, installation.beheerder())["typen"]
    rows = [
        [
            one["type"],
            str(versie["versie"]) + (" (laatste)" if versie["actueel"] else ""),
            versie["tot"] or "-",
            ", ".join(f"{lezer['houder']} ({lezer['kanaal']}, {lezer['laatst']})" for lezer in versie["lezers"]) or "-",
        ]
        for one in found
        for versie in one["versies"]
        if type is not None or versie["tot"] or not versie["actueel"]
    ]
    kop = ["type", "versie", "gestuurd tot en met", "laatst gestuurd aan"]
    click.echo(table(kop, rows) if rows else "Elke versie is de laatste, en geen heeft een einde.")
