"""``casuslog verwerkingen``: who saw what of a casus, when and why."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

import click

from casuslog.caller import Caller
from casuslog.cli._installation import Installation, chosen_services, gemeentecodes, pass_installation
from casuslog.cli._table import table
from casuslog.hosting.verwerkingen import FG
from casuslog.verwerkingen.logboek import samengevoegd


@click.command()
@click.argument("casus", metavar="CASUS")
@click.option("--gemeente", required=True, help="Welke gemeente voor de verwerking verantwoordelijk is.")
@click.option("--id", "wie", default=FG, show_default=True, help="Pseudoniem id van wie vraagt, nooit een naam.")
@click.option("--json", "als_json", is_flag=True, help="In de woorden van het Logboek Dataverwerkingen.")
@pass_installation
def verwerkingen(installation: Installation, casus: str, gemeente: str, wie: str, *, als_json: bool) -> None:
    """Toon wie wat van CASUS las of wilde lezen, wanneer en waarvoor, bij alle diensten; oudste eerst."""
    (code,) = gemeentecodes([gemeente])
    caller = Caller(FG, code, wie, (code,), "inzage_betrokkene")
    path = f"/verwerkingen/{code}/{casus}"
    found = samengevoegd(installation.client.get(name, path, caller)["verwerkingen"] for name in chosen_services(None))
    if als_json:
        click.echo(json.dumps(found, ensure_ascii=False, indent=2))
        return
    if found:
        columns = ("wanneer", "dienst", "wat", "rol", "organisatie", "lezer", "waarvoor", "uitkomst")
        click.echo(table(columns, [_row(one) for one in found]))
    click.echo(f"{len(found)} verwerkingen")


def _row(one: Mapping[str, Any]) -> tuple[str, ...]:
    a = one["attributes"]
    return (
        one["start_time"][:19],
        one["resource"]["service.name"],
        one["name"],
        a["casuslog.rol"],
        a["casuslog.organisatie"] or "-",
        a["casuslog.lezer"],
        a["casuslog.doelbinding"],
        "getoond" if one["status"] == "OK" else "geweigerd",
    )
