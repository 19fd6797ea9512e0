"""``casuslog webhooks`` and ``casuslog brieven``: what goes out to webhooks, what was rejected, and what came back."""

from __future__ import annotations

import click

from casuslog.cli._installation import Installation, pass_installation
from casuslog.cli._table import table
from casuslog.hosting.foutmeldingen import Foutmeldingen
from casuslog.settings import service_class, service_names

DIENST = "abonnement"


@click.command()
@pass_installation
def webhooks(installation: Installation) -> None:
    """Toon elke webhook: zijn toestand, tot welk nummer hij is, en wanneer de volgende poging is."""
    found = installation.client.get(DIENST, "/webhooks", installation.beheerder())["webhooks"]
    rows = [
        [
            one["abonnement"],
            one["gastheer"] or "-",
            one["toestand"],
            str(one["positie"]),
            str(one["pogingen"]),
            one["laatste_fout"] or one["reden"] or "-",
            one["volgende_poging"] or "-",
        ]
        for one in found
    ]
    kop = ["abonnement", "naar", "toestand", "tot nummer", "pogingen", "fout", "volgende poging"]
    click.echo(table(kop, rows) if rows else "Er zijn geen webhooks.")


@click.group()
def brieven() -> None:
    """Dode brieven: berichten die een ontvanger afwees; bekijken en opnieuw sturen."""


@brieven.command("list")
@pass_installation
def list_letters(installation: Installation) -> None:
    """Toon alle dode brieven, de oudste eerst, met de reden."""
    found = installation.client.get(DIENST, "/dode-brieven", installation.beheerder())["dode_brieven"]
    rows = [
        [one["abonnement"], str(one["nummer"]), one["kanaal"], one["reden"], str(one["status"] or "-"), one["sinds"]]
        for one in found
    ]
    kop = ["abonnement", "nummer", "kanaal", "reden", "status", "sinds"]
    click.echo(table(kop, rows) if rows else "Er zijn geen dode brieven.")


@brieven.command()
@click.argument("abonnement", metavar="ABONNEMENT")
@click.argument("nummer", metavar="NUMMER", type=click.IntRange(min=1))
@pass_installation
def herhaal(installation: Installation, abonnement: str, nummer: int) -> None:
    """Stuur dode brief NUMMER van ABONNEMENT opnieuw, met hetzelfde nummer en hetzelfde id."""
    path = f"/abonnementen/{abonnement}/dode-brieven/{nummer}/herhaal"
    weg = installation.client.post(DIENST, path, installation.beheerder())["weg"]
    click.echo(f"Nummer {nummer} gaat opnieuw, via {weg}.")


@click.command()
@pass_installation
def foutmeldingen(installation: Installation) -> None:
    """Toon wat ontvangers over gebeurtenissen meldden: welke regel, in welk veld, en wie."""
    rows = []
    for name in service_names():
        if issubclass(service_class(name), Foutmeldingen):
            found = installation.client.get(name, "/foutmeldingen", installation.beheerder())["foutmeldingen"]
            rows += [
                [name, one["gebeurtenis"], one["regel"], one["veld"] or "-", one["organisatie"] or "-", one["op"]]
                for one in found
            ]
    kop = ["dienst", "gebeurtenis", "regel", "veld", "gemeld door", "op"]
    click.echo(table(kop, rows) if rows else "Er zijn geen foutmeldingen.")
