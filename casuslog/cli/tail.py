"""``casuslog tail``: events as they are logged, one JSON object a line."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator
from typing import Any

import click

from casuslog.cli._installation import Installation, chosen_services, gemeentecodes, pass_installation

PAUSE_SECONDS = 0.5


@click.command()
@click.option("--service", help="Alleen van deze dienst.")
@click.option("--gemeente", "gemeenten", multiple=True, help="Alleen van deze gemeente (code of sleutel); mag vaker.")
@click.option("--vanaf-begin", is_flag=True, help="Eerst alles wat er al is, niet alleen wat erbij komt.")
@click.option("--aantal", type=click.IntRange(min=1), help="Stop na zoveel gebeurtenissen.")
@pass_installation
def tail(
    installation: Installation,
    service: str | None,
    gemeenten: tuple[str, ...],
    vanaf_begin: bool,
    aantal: int | None,
) -> None:
    """Volg het log: de enveloppe van elke nieuwe gebeurtenis als JSON, één per regel. Stop met Ctrl-C.

    De inhoud staat er niet bij: wie die nodig heeft, vraagt haar op bij de dienst, met een doel.
    """
    names = chosen_services(service)
    at = {name: _begin(installation, name, vanaf_begin) for name in names}
    for number, event in enumerate(_events(installation, at, gemeentecodes(gemeenten)), start=1):
        click.echo(json.dumps(event, ensure_ascii=False))
        if number == aantal:
            return


def _begin(installation: Installation, name: str, from_start: bool) -> str:
    return "" if from_start else str(installation.client.get(name, "/status", installation.beheerder())["kop"])


def _events(installation: Installation, at: dict[str, str], gemeenten: tuple[str, ...]) -> Iterator[dict[str, Any]]:
    caller = installation.beheerder(gemeenten)
    while True:
        quiet = True
        for name, cursor in at.items():
            page = installation.client.get(name, f"/gebeurtenissen?na={cursor}", caller)
            at[name] = page["volgende"]
            quiet = quiet and not page["gebeurtenissen"]
            yield from page["gebeurtenissen"]
        if quiet:
            time.sleep(PAUSE_SECONDS)
