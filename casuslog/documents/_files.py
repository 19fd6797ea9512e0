"""All documents of an installation as files: written, or compared with what stands there."""

from __future__ import annotations

from functools import cache
from pathlib import Path
from typing import Any

import yaml

from casuslog.codes import schemas_folder
from casuslog.documents import _gemeenten, _pages
from casuslog.documents._asyncapi import asyncapi
from casuslog.documents._commands import commands_page
from casuslog.documents._described import Described
from casuslog.documents._openapi import openapi
from casuslog.documents._tables import made_beside, tables_beside
from casuslog.events import TYPE_PREFIX
from casuslog.hosting.contract import event_classes
from casuslog.rights.commands import command_rights
from casuslog.rights.matrix import matrix
from casuslog.schema import SchemaRegistry
from casuslog.schema.corpus import specimens
from casuslog.schema.uitfasering import uitfaseringen
from casuslog.settings import service_class, service_names

CASE_STREAMS = ("melding", "onderzoek", "beschikking", "pgb")
"""Where an event that several services log may stand."""


def documents() -> dict[str, str]:
    """Path under ``docs/api`` and text of each document."""
    events, rights = described(), matrix()
    made = {
        "asyncapi.yaml": _yaml(asyncapi(events)),
        "events/README.md": _pages.index_page(events),
        "gemeenten.md": _gemeenten.gemeenten_page(),
        "codelijsten.md": _gemeenten.lists_page(),
        "opdrachten.md": commands_page(map(service_class, service_names()), rights, command_rights(), _pages.WARNING),
        "ontvangers.md": _pages.matrix_page(events, rights),
    }
    made |= {f"openapi/{name}.yaml": _yaml(openapi(service_class(name))) for name in service_names()}
    return made | {event.page: _pages.event_page(event, rights) for event in events}


def described() -> list[Described]:
    """Every event type of this installation, by service and name."""
    folder = schemas_folder()
    registry, corpus = SchemaRegistry.load(folder), specimens(folder)
    ends = uitfaseringen(folder, {name: [one.number for one in known] for name, known in corpus.items()})
    found = []
    for cls in event_classes():
        meta = cls.__event__
        streams = (meta.stream,) if meta.stream else CASE_STREAMS
        ending = {one.versie: one for one in ends.values() if TYPE_PREFIX + one.type == meta.wire_type}
        found.append(Described(registry.current(meta.wire_type), streams, corpus[meta.wire_type], ending))
    return sorted(found, key=lambda event: (event.version.service, event.version.name))


@cache
def asyncapi_document() -> dict[str, Any]:
    """AsyncAPI of this installation, as plain data. Made once: do not change it."""
    return asyncapi(described())


@cache
def event_pages() -> dict[str, str]:
    """The page of each event type by its name (``melding-geregistreerd``), as Markdown; under ``""`` that of all."""
    events, rights = described(), matrix()
    return {"": _pages.index_page(events), **{event.name: _pages.event_page(event, rights) for event in events}}


def write(folder: Path) -> list[Path]:
    """Write every document under ``folder``, and remove what is none any more. Gives what changed.

    The tables in the pages for operators, and what ``deploy`` holds for the servers, are brought up to date too.
    """
    made = documents() | tables_beside(folder) | made_beside(folder)
    changed = []
    for name, text in made.items():
        path = folder / name
        if not path.exists() or path.read_text(encoding="utf-8") != text:
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text, encoding="utf-8")
            changed.append(path)
    for path in _left_over(folder, made):
        path.unlink()
        changed.append(path)
    return changed


def check(folder: Path) -> list[str]:
    """What differs between the documents under ``folder`` and what runs; empty is well."""
    made = documents() | tables_beside(folder) | made_beside(folder)
    problems = []
    for name, text in made.items():
        path = folder / name
        if not path.exists():
            problems.append(f"{name} ontbreekt")
        elif path.read_text(encoding="utf-8") != text:
            problems.append(f"{name} loopt achter")
    problems += [f"{path.relative_to(folder)} hoort nergens meer bij" for path in _left_over(folder, made)]
    return problems


def _left_over(folder: Path, made: dict[str, str]) -> list[Path]:
    return [path for path in sorted(folder.glob("events/*/*.md")) if str(path.relative_to(folder)) not in made]


class _Plain(yaml.SafeDumper):
    """Without anchors: readers of the document should not have to follow them."""

    def ignore_aliases(self, data: object) -> bool:  # noqa: ARG002  # its signature
        return True


def _yaml(content: object) -> str:
    head = "# Made by `casuslog docs write` from what runs. Changes here are lost.\n"
    return head + yaml.dump(content, Dumper=_Plain, sort_keys=False, allow_unicode=True, width=120)
