"""``casuslog config``: what the environment says, and whether an installation can start with it."""

from __future__ import annotations

import os
from pathlib import Path

import click

from casuslog.beheer.database_roles import keys_script, services_script
from casuslog.cli._installation import chosen_services
from casuslog.cli._table import table
from casuslog.settings import service_names
from casuslog.settings.checking import Problem, examined
from casuslog.settings.variables import CATALOGUE, OF_SERVICE, PREFIX, known

HIDDEN = "(ingesteld; geheim)"


@click.group()
def config() -> None:
    """De omgeving: nakijken voor een start, en tonen."""


@config.command()
def check() -> None:
    """Noem wat er aan de omgeving mankeert: welke variabele, welke regel, en wat goed zou zijn.

    De uitkomst van het programma is 1 als er zo niets kan starten; adviezen alleen geven 0.
    """
    problems = examined()
    for problem in problems:
        click.echo(told(problem))
    if any(problem.fatal for problem in problems):
        raise click.exceptions.Exit(1)
    if not problems:
        click.echo("De omgeving klopt.")


@config.command()
def show() -> None:
    """Toon elke variabele met haar waarde; van een geheim alleen dat het er is."""
    given = [(name, value) for name, value in sorted(os.environ.items()) if name.startswith(OF_SERVICE)]
    names = [variable.name for variable in CATALOGUE if variable.group == "installation" and PREFIX in variable.name]
    given += [(name, os.environ.get(name, "")) for name in names if name in os.environ]
    rows = [[name, HIDDEN if (found := known(name)) and found.secret else value] for name, value in given]
    rows += [[v.name, f"standaard: {v.default}"] for v in CATALOGUE if v.name in names and v.name not in os.environ]
    click.echo(table(["variabele", "waarde"], rows))


@config.command()
@click.option("--database", default="casuslog", show_default=True, help="Naam van de database.")
@click.option("--sleutels", "keys", is_flag=True, help="Het script voor de database met de sleutels.")
@click.option("--dienst", "services", multiple=True, help="Alleen deze dienst; mag vaker (verdeelde installatie).")
def postgres(database: str, keys: bool, services: tuple[str, ...]) -> None:
    """Geef het SQL-script met een rol per dienst: geen rol kan bij de tabellen van een ander."""
    chosen = [name for one in services for name in chosen_services(one)] or service_names()
    click.echo(keys_script(database) if keys else services_script(database, chosen), nl=False)


@config.command()
@click.option("--vhost", default="casuslog", show_default=True, help="Naam van de vhost.")
@click.option(
    "--wachtwoorden",
    "file",
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
    help="Bestand met regels gebruiker=wachtwoord; wie ontbreekt, kan nog niet inloggen.",
)
def rabbitmq(vhost: str, file: Path | None) -> None:
    """Geef de definities voor `rabbitmqctl import_definitions`: wachtrijen, gebruikers en wat elk van hen mag."""
    # Imported here: it loads every service, to know who follows whom.
    from casuslog.beheer.broker_rights import definitions, text_of
    from casuslog.hosting.host import followed

    passwords = dict(_pair(line, file) for line in file.read_text().splitlines() if line.strip()) if file else {}
    click.echo(text_of(definitions(followed(), vhost=vhost, passwords=passwords)), nl=False)


def _pair(line: str, file: Path) -> tuple[str, str]:
    user, separator, password = line.strip().partition("=")
    if not separator or not user or not password:
        raise click.BadParameter(f"{file.name}: elke regel is gebruiker=wachtwoord", param_hint="--wachtwoorden")
    return user, password


def told(problem: Problem) -> str:
    """For people: how grave, and what."""
    return f"{'FOUT' if problem.fatal else 'advies'}: {problem}"
