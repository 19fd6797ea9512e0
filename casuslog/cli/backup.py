"""``casuslog backup``: the events and the keys, each in a copy of its own, and putting them back as a new era."""

from __future__ import annotations

from pathlib import Path

import click
from sqlalchemy import inspect, make_url

from casuslog.cli import _copies
from casuslog.cli._copies import KEY_TABLES, CopyFailed
from casuslog.cli._installation import Installation, pass_installation
from casuslog.cli._keys_there import Asked, looked_up
from casuslog.codec import Codec
from casuslog.codes import oin_of, schemas_folder
from casuslog.privacy._engine import make_engine as engine_of_keys
from casuslog.schema import SchemaRegistry
from casuslog.settings import Settings, service_names
from casuslog.store import EventStore

EVENTS, KEYS = "gebeurtenissen", "sleutels"
_FOLDER = click.Path(file_okay=False, path_type=Path)


@click.group()
def backup() -> None:
    """Back-up: gebeurtenissen en sleutels, elk in een eigen map met een eigen bewaarregel."""


@backup.command()
@click.option("--gebeurtenissen", "events", type=_FOLDER, required=True, help="Nieuwe map voor de gebeurtenissen.")
@click.option(
    "--sleutels", "keys", type=_FOLDER, required=True, help="Nieuwe map voor de sleutels, op een andere plaats."
)
@click.option("--als", "reader", help="URL van de database als een rol die alles mag lezen (pg_read_all_data).")
@click.option("--sleutels-als", "key_reader", help="Hetzelfde voor de database met de sleutels.")
@click.option("--stilgelegd", is_flag=True, help="De diensten zijn gestopt: nodig als zij verdeeld zijn.")
@pass_installation
def maak(
    installation: Installation, events: Path, keys: Path, reader: str | None, key_reader: str | None, stilgelegd: bool
) -> None:
    """Maak een back-up, terwijl alles doorwerkt.

    Eerst de gebeurtenissen, van alle diensten op een moment, dan de sleutels: zo is er van elke gebeurtenis een
    sleutel. De rootsleutel zit er niet in.
    """
    if keys.resolve() == events.resolve() or events.resolve() in keys.resolve().parents:
        raise CopyFailed("Geef de sleutels een eigen map: wie beide heeft, kan vernietigde gegevens terughalen.")
    settings, moment = installation.settings, installation.clock.now()
    with _copies.fresh(events):
        if settings.database_url:
            _dump_events(settings, events, reader, together=not stilgelegd)
        else:
            _copies.copy_files(_files(settings), events)
        _copies.seal(events, EVENTS, moment, service_names())
    with _copies.fresh(keys):
        _copy_keys(settings, keys, key_reader)
        _copies.seal(keys, KEYS, moment, service_names())
    click.echo(f"gemaakt: {events} en {keys}")


@backup.command()
@click.option("--gebeurtenissen", "events", type=_FOLDER, required=True, help="Map met de gebeurtenissen.")
@click.option("--sleutels", "keys", type=_FOLDER, help="Map met de sleutels; zonder: de sleutels die er nu zijn.")
@click.option("--reden", required=True, help="Waarom, bijvoorbeeld 'schijf kapot op 3 mei'.")
@click.option("--als", "owner", help="URL van de lege database als superuser.")
@click.option("--sleutels-als", "key_owner", help="Hetzelfde voor de database met de sleutels.")
@pass_installation
def terug(
    installation: Installation, events: Path, keys: Path | None, reden: str, owner: str | None, key_owner: str | None
) -> None:
    """Zet een back-up terug in lege databases of een lege map, en open voor elke dienst een nieuw tijdperk.

    De uitkomst van het programma is 1 als er gebeurtenissen zijn waarvan niemand de sleutel kent.
    """
    settings = installation.settings
    files = _copies.opened(events, EVENTS)
    if keys is not None:
        _put_keys(settings, keys, _copies.opened(keys, KEYS), key_owner)
    if settings.database_url:
        _restore_events(settings, events, files, owner)
    else:
        _copies.put_files(events, files, settings.data)
    for name in service_names():
        number = EventStore.open_era(settings.store_url(name), name, reason=reden, clock=installation.clock)
        click.echo(f"{name}: tijdperk {number} is open")
    if not keys_are_there(installation):
        raise click.exceptions.Exit(1)


@backup.command("sleutels")
@pass_installation
def check_keys(installation: Installation) -> None:
    """Controleer of van elke gebeurtenis de sleutel bekend is, levend of vernietigd. Uitkomst 1: niet."""
    if not keys_are_there(installation):
        raise click.exceptions.Exit(1)


def keys_are_there(installation: Installation) -> bool:
    """Tell of each service how its keys stand, and whether none is missing."""
    settings, whole = installation.settings, True
    registry, engine = SchemaRegistry.load(settings.schemas or schemas_folder()), engine_of_keys(settings.key_url())
    try:
        for name in service_names():
            asked = Asked()
            codec = Codec(registry, asked)
            store = EventStore.open(
                settings.store_url(name), name, codec=codec, clock=installation.clock, oin_of=oin_of
            )
            try:
                found = looked_up(store, codec, asked, engine)
            finally:
                store.close()
            whole = whole and not found.missing
            told = f"{name}: {found.keys} sleutels, {found.destroyed} vernietigd"
            click.echo(told + (f", {found.missing} ONBEKEND" if found.missing else ""))
    finally:
        engine.dispose()
    if not whole:
        click.echo("Zonder sleutel zijn gegevens niet te lezen. Zet een nieuwere back-up van de sleutels terug.")
    return whole


def _files(settings: Settings) -> dict[str, Path]:
    found = {f"{name}.db": Path(make_url(settings.store_url(name)).database or "") for name in service_names()}
    missing = [name for name, path in found.items() if not path.exists()]
    if missing:
        raise CopyFailed(f"In {settings.data} ontbreekt {', '.join(missing)}: is dit de map van de installatie?")
    return found


def _databases(settings: Settings) -> dict[tuple[str | None, int | None, str | None], str]:
    urls = [settings.store_url(name) for name in service_names()]
    return {(parts.host, parts.port, parts.database): url for url in urls if (parts := make_url(url))}


def _dump_events(settings: Settings, folder: Path, reader: str | None, *, together: bool) -> None:
    databases = _databases(settings)
    if len(databases) > 1 and together:
        raise CopyFailed(
            f"De diensten staan in {len(databases)} databases, die samen geen moment hebben: stop de diensten en geef "
            "--stilgelegd, of gebruik de doorlopende back-up van PostgreSQL (PITR) tot een moment."
        )
    if len(databases) > 1 and reader:
        raise CopyFailed(
            "--als noemt een database, en er zijn er meer: noem in de omgeving per dienst een rol die leest."
        )
    for number, url in enumerate(databases.values(), start=1):
        without = [f"--exclude-table=*.{table}" for table in KEY_TABLES]
        _copies.dump(reader or url, folder / f"{EVENTS}-{number}.dump", *without)
    _copies.dump_roles(reader or next(iter(databases.values())), folder / "rollen.sql")


def _copy_keys(settings: Settings, folder: Path, reader: str | None) -> None:
    url = settings.key_url()
    if make_url(url).get_backend_name() == "sqlite":
        _copies.copy_files({f"{KEYS}.db": Path(make_url(url).database or "")}, folder)
    else:
        _copies.dump(reader or url, folder / f"{KEYS}.dump", *(f"--table=*.{table}" for table in KEY_TABLES))


def _restore_events(settings: Settings, folder: Path, files: list[str], owner: str | None) -> None:
    databases = list(_databases(settings).values())
    dumps = sorted(name for name in files if name.endswith(".dump"))
    if len(dumps) != len(databases):
        raise CopyFailed(f"De back-up is van {len(dumps)} databases, en de omgeving noemt er {len(databases)}.")
    for url in databases:
        _ensure_empty(owner or url)
    for url, name in zip(databases, dumps, strict=True):
        _copies.restore(owner or url, folder / name)


def _ensure_empty(url: str) -> None:
    engine = engine_of_keys(url)
    try:
        there = [name for name in service_names() if inspect(engine).get_table_names(schema=name)]
    finally:
        engine.dispose()
    if there:
        raise CopyFailed(f"In de database staan al tabellen van {', '.join(there)}. Zet terug in een lege database.")


def _put_keys(settings: Settings, folder: Path, files: list[str], owner: str | None) -> None:
    url = settings.key_url()
    if make_url(url).get_backend_name() == "sqlite":
        _copies.put_files(folder, files, Path(make_url(url).database or "").parent)
    else:
        _copies.restore(owner or url, folder / f"{KEYS}.dump")
