"""What ``casuslog vernietig --lijst`` prints: the casussen past their term, and why one of them is held."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import asdict
from datetime import date

import click

from casuslog.beheer.vernietigingslijst import MAG, Regel, lijst
from casuslog.cli._installation import chosen_services
from casuslog.cli._table import table
from casuslog.envelope import Actor
from casuslog.hosting.platform import Platform


def toon_lijst(platform: Platform, gemeente: str, op: date, door: Actor, *, als_json: bool) -> None:
    """Print it; raises as :func:`casuslog.beheer.vernietigingslijst.lijst`."""
    regels = list(lijst(platform, chosen_services(None), gemeente, op, door))
    if als_json:
        click.echo(json.dumps([asdict(one) for one in regels], ensure_ascii=False, indent=2, default=date.isoformat))
        return
    if regels:
        columns = ("casus", "dossiers", "uitkomst", "bewaard t/m", "stand")
        click.echo(table(columns, [_row(one) for one in regels]))
    click.echo(_telling(regels, op))


def _row(one: Regel) -> tuple[str, ...]:
    stand = f"{one.stand}: {one.toelichting}" if one.toelichting else one.stand
    return one.casus, ",".join(one.dossiers), one.resultaat or "-", str(one.bewaard_tot_en_met or "-"), stand


def _telling(regels: Sequence[Regel], op: date) -> str:
    mogen = sum(one.stand == MAG for one in regels)
    return f"op {op}: {len(regels)} casussen voorbij hun termijn, waarvan {mogen} te vernietigen"
