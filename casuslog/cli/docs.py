"""``casuslog docs``: what integrators read, made from what runs."""

from __future__ import annotations

import os
from pathlib import Path

import click

from casuslog.codes import schemas_folder


@click.group()
@click.option("--map", "folder", type=click.Path(file_okay=False, path_type=Path), help="De map; anders docs/api.")
@click.pass_context
def docs(ctx: click.Context, folder: Path | None) -> None:
    """Documenten: schrijven vanuit schema's, rechten en opdrachten, en vergelijken."""
    ctx.obj = folder or schemas_folder().parent / "docs" / "api"


@docs.command()
@click.pass_obj
def write(folder: Path) -> None:
    """Schrijf wat veranderd is."""
    # Imported here: it loads every service, which no other command needs.
    from casuslog import documents

    for path in documents.write(folder):
        click.echo(f"geschreven: {os.path.relpath(path, folder)}")


@docs.command()
@click.pass_obj
def check(folder: Path) -> None:
    """Controleer of de documenten kloppen met wat er draait. Uitkomst 1 als er iets verschilt."""
    from casuslog import documents

    problems = documents.check(folder)
    for problem in problems:
        click.echo(f"{problem}; `casuslog docs write` maakt het", err=True)
    if problems:
        raise click.exceptions.Exit(1)
    click.echo(f"{len(documents.documents())} documenten kloppen")
