"""``casuslog schema``: the Avro contract from the event classes, and the gate before it goes out."""

from __future__ import annotations

from pathlib import Path

import click

from casuslog.cli._installation import Installation
from casuslog.codes import schemas_folder
from casuslog.hosting.contract import event_classes
from casuslog.schema import check_in_sync, write_schemas
from casuslog.schema.gate import extend_corpus, gate


@click.group()
@click.option(
    "--map",
    "folder",
    type=click.Path(file_okay=False, path_type=Path),
    help="De map met schema's; anders CASUSLOG_SCHEMAS.",
)
@click.pass_context
def schema(ctx: click.Context, folder: Path | None) -> None:
    """Schema's: schrijven vanuit de klassen, vergelijken, bewaren in het corpus, en keuren."""
    installation = ctx.find_object(Installation)
    named = installation.settings.schemas if installation else None
    ctx.obj = folder or named or schemas_folder()


_pass_folder = click.make_pass_decorator(Path)


@schema.command()
@_pass_folder
def write(folder: Path) -> None:
    """Schrijf het schema van elke gebeurtenisklasse."""
    for path in write_schemas(folder, event_classes()):
        click.echo(f"geschreven: {path.relative_to(folder)}")


@schema.command()
@_pass_folder
def check(folder: Path) -> None:
    """Controleer of de schema's gelijk zijn aan de klassen. Uitkomst 1 als er iets verschilt."""
    classes = event_classes()
    _report(check_in_sync(folder, classes), f"{len(classes)} schema's zijn gelijk aan hun klassen")


@schema.command()
@_pass_folder
def corpus(folder: Path) -> None:
    """Bewaar echte bytes van elke versie die het corpus nog niet heeft. Bestaande bestanden blijven zoals zij zijn."""
    added = extend_corpus(folder)
    for path in added:
        click.echo(f"toegevoegd: {path.relative_to(folder)}")
    click.echo(f"{len(added)} versies toegevoegd aan het corpus")


@schema.command("gate")
@_pass_folder
def run_gate(folder: Path) -> None:
    """Keur de schema's tegen alle eerdere versies (FULL_TRANSITIVE). Uitkomst 1 als er iets breekt."""
    _report([str(breach) for breach in gate(folder)], "de schema's mogen uit")


def _report(problems: list[str], all_well: str) -> None:
    for problem in problems:
        click.echo(problem, err=True)
    if problems:
        raise click.exceptions.Exit(1)
    click.echo(all_well)
