"""``casuslog config``: what the environment says, and whether an installation can start with it."""

from __future__ import annotations

import os

import click

from casuslog.cli._table import table
from casuslog.hosting.checking import Problem, examined
from casuslog.hosting.variables import CATALOGUE, OF_SERVICE, PREFIX, known

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


def told(problem: Problem) -> str:
    """For people: how grave, and what."""
    return f"{'FOUT' if problem.fatal else 'advies'}: {problem}"
