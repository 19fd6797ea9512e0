"""``casuslog timeline``: the history of one casus, as one role may see it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import click

from casuslog.caller import Caller
from casuslog.cli._installation import TERMINAL_ID, Installation, gemeentecodes, organisation, pass_installation
from casuslog.cli._table import table
from casuslog.codes import codes

HEADERS = ("datum", "service", "gebeurtenis", "wie", "regel")
_NOT_SHOWN = "-"


@click.command()
@click.argument("casus", metavar="CASUS")
@click.option("--als", "rol", default="consulent", show_default=True, help="De rol van wie kijkt.")
@click.option("--gemeente", "gemeenten", multiple=True, help="Voor welke gemeente (code of sleutel); mag vaker.")
@click.option("--organisatie", help="Van welke organisatie: gemeentecode, OIN of AGB.")
@click.option("--id", "lezer", default=TERMINAL_ID, help="Het pseudonieme id van wie kijkt.")
@click.option("--op", help="Zoals bekend op deze dag, bijvoorbeeld 2017-04-13.")
@pass_installation
def timeline(
    installation: Installation,
    casus: str,
    rol: str,
    gemeenten: tuple[str, ...],
    organisatie: str | None,
    lezer: str,
    op: str | None,
) -> None:
    """Toon de tijdlijn van een CASUS over alle diensten, zoals een rol die mag zien."""
    caller = Caller(rol, organisation(organisatie), lezer, gemeentecodes(gemeenten))
    asked = f"?op={op}" if op else ""
    told = installation.client.get("historie", f"/casussen/{casus}/tijdlijn{asked}", caller)
    click.echo(render(told["tijdlijn"], gemeentenamen()))


def render(rows: Sequence[Mapping[str, Any]], namen: Mapping[str, str] | None = None) -> str:
    """A timeline in aligned columns: date, service, event, who, under which rule.

    Args:
        rows: as ``GET /casussen/<id>/tijdlijn`` of historie answers them; a row without rol is seen at status level.
        namen: name by organisation (gemeentecode, OIN, AGB); one that is not in it shows as it is.
    """
    return table(HEADERS, [_row(row, namen or {}) for row in rows])


def gemeentenamen() -> dict[str, str]:
    """The name of each gemeente by its code."""
    return {code: known.omschrijving for code, known in codes("gemeente").codes.items()}


def _row(row: Mapping[str, Any], namen: Mapping[str, str]) -> list[str]:
    return [row["datum"], row["service"], row["gebeurtenis"], _who(row, namen), _rule(row)]


def _who(row: Mapping[str, Any], namen: Mapping[str, str]) -> str:
    if "rol" not in row:
        return _NOT_SHOWN
    organisatie = row.get("organisatie")
    return f"{row['rol']} ({namen.get(organisatie, organisatie)})" if organisatie else str(row["rol"])


def _rule(row: Mapping[str, Any]) -> str:
    if "grondslag" not in row:
        return _NOT_SHOWN
    inrichting = row.get("inrichting")
    return f"{row['grondslag']} [{inrichting}]" if inrichting else str(row["grondslag"])
