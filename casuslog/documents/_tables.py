"""The tables in the pages for operators that are made from what runs; the text around them is written by hand."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path

from casuslog import metrics
from casuslog.beheer.broker_rights import definitions, text_of
from casuslog.beheer.database_roles import KEYS, keys_script, services_script
from casuslog.documents import _avg
from casuslog.hosting.host import followed
from casuslog.settings import service_names, variables

DEPLOY = "../../deploy"
TABLES: dict[str, dict[str, Callable[[], str]]] = {
    "../configuratie.md": {"variabelen": variables.table},
    "../beheer-meten.md": {"metrics": metrics.table},
    "../avg.md": {
        "opslag": _avg.storage,
        "termijnen": _avg.terms,
        "bewaartermijnen": _avg.retention,
        "logboektermijnen": _avg.logs,
        "persoonsgegevens": _avg.personal,
        "verwerkingen": _avg.activities,
    },
}
"""By page, beside the folder of the documents, the tables in it by name."""


def tables_beside(folder: Path) -> dict[str, str]:
    """Each page that stands beside ``folder``, by its path from there, with its tables as they should be.

    A table stands between ``<!-- begin: name -->`` and ``<!-- end: name -->``.

    Raises:
        ValueError: a page has no place for one of its tables.
    """
    pages = {name: folder / name for name in TABLES}
    return {
        name: _filled(path.read_text(encoding="utf-8"), name, TABLES[name])
        for name, path in pages.items()
        if path.exists()
    }


def made_beside(folder: Path) -> dict[str, str]:
    """What an installation is given, by its path from ``folder``: roles of PostgreSQL and definitions of RabbitMQ."""
    made: dict[str, Callable[[], str]] = {
        "postgresql/rollen.sql": lambda: services_script("casuslog", service_names()),
        "postgresql/sleutels.sql": lambda: keys_script(KEYS),
        "rabbitmq/definitions.json": lambda: text_of(definitions(followed())),
    }
    there = folder / DEPLOY
    return {f"{DEPLOY}/{name}": make() for name, make in made.items()} if there.is_dir() else {}


def _filled(text: str, page: str, tables: dict[str, Callable[[], str]]) -> str:
    for name, make in tables.items():
        begin, end = f"<!-- begin: {name} -->", f"<!-- end: {name} -->"
        place = re.compile(f"{re.escape(begin)}.*?{re.escape(end)}", re.DOTALL)
        if not place.search(text):
            raise ValueError(f"{page} has no place for the table {name}: {begin} ... {end}")
        made = f"{begin}\n{make()}\n{end}"
        text = place.sub(lambda _, made=made: made, text)  # type: ignore[misc]  # bound now
    return text
