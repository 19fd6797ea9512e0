"""``casuslog export``: a casus as one file, sealed, to be proven by ``casuslog verify FILE``."""

from __future__ import annotations

from pathlib import Path

import click

from casuslog.beheer.uitdraai import UITDRAAIERS, Uitdraai, bewaar
from casuslog.bewijs import Zegel
from casuslog.bewijs.toets import toets
from casuslog.cli._installation import Installation, chosen_services, gemeentecodes, pass_installation
from casuslog.cli.vernietig import wie_is
from casuslog.hosting.platform import Platform
from casuslog.identifiers import is_uuid


@click.command()
@click.argument("casus", metavar="CASUS")
@click.option("--gemeente", "gemeenten", multiple=True, required=True, help="Wier dossiers; mag vaker.")
@click.option("--uit", type=click.Path(dir_okay=False, path_type=Path), help="Bestand; anders <CASUS>.casuslog.json.")
@click.option("--rol", default=UITDRAAIERS[1], show_default=True, help="In welke rol u dit doet.")
@click.option("--door", "wie", default="uitdraaier", show_default=True, help="Pseudoniem id, nooit een naam.")
@click.option("--betrokkene", default="client", show_default=True, help="Wiens verzoek het is (AVG art. 15).")
@click.option("--alles", is_flag=True, help="Ook wat van een ander is: voor het archief, niet voor de verzoeker.")
@pass_installation
def export(
    installation: Installation,
    casus: str,
    gemeenten: tuple[str, ...],
    uit: Path | None,
    rol: str,
    wie: str,
    betrokkene: str,
    *,
    alles: bool,
) -> None:
    """Draai CASUS uit als een bestand: al wat bewaard is, leesbaar en als bytes, en aan wie het verstrekt is.

    Het bestand is verzegeld door elke gemeente; haar openbare sleutel komt ernaast te staan (<gemeente>.pub), om los
    van het bestand te verstrekken. Wat er in het bestand staat is leesbaar: bewaar en verstuur het daarnaar.
    """
    if not is_uuid(casus):
        raise click.UsageError("CASUS is een UUID")
    codes = gemeentecodes(gemeenten)
    path = uit or Path(f"{casus}.casuslog.json")
    platform = Platform(installation.settings, clock=installation.clock)
    try:
        caller = wie_is(installation, platform, rol, wie, codes, doelbinding="inzage_betrokkene")
        made = Uitdraai(platform, chosen_services(None), caller, codes, None if alles else betrokkene).van(casus)
    finally:
        platform.close()
    bewaar(path, made)
    zegels = [Zegel.van(installation.settings.data, code).openbaar for code in codes]
    for zegel in zegels:
        path.with_name(f"{zegel.gemeente}.pub").write_text(zegel.pem, encoding="ascii")
    proven = toets(made, zegels)
    click.echo(f"{path}: {proven.gebeurtenissen} gebeurtenissen in {proven.stromen} stromen")
    click.echo(f"  verwerkingen: {len(made['verwerkingen'])}, verstrekkingen: {len(made['verstrekkingen'])}")
    for zegel in zegels:
        click.echo(f"  gemeente {zegel.gemeente}: verzegeld met sleutel {zegel.id}")
    if not proven.heel:
        for fout in proven.fouten:
            click.echo(f"BREUK {fout}", err=True)
        raise click.exceptions.Exit(1)
