"""The tables of the page on the AVG: what is kept where, in which form and for how long, read from what runs.

What a table of the database holds stands in ``docs/opslag.yaml``; one that is not described there is an error, so that
nothing is kept in silence.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import yaml
from sqlalchemy import MetaData

from casuslog import privacy, toegangsweigeringen, verwerkingen
from casuslog.broker import topology
from casuslog.codes import schemas_folder
from casuslog.consume import timers
from casuslog.errors import InvalidInput
from casuslog.events import TYPE_PREFIX, Privacy
from casuslog.hosting.contract import event_classes
from casuslog.logboektermijnen import logboektermijnen
from casuslog.privacy import CACHE_SECONDS
from casuslog.readmodels import metadata as readmodels
from casuslog.schema import SchemaRegistry
from casuslog.settings import service_class, service_names
from casuslog.store import tables as store_tables
from casuslog.vernietigen.bewaartermijn import bewaartermijnen

_DAY = "D"


def storage() -> str:
    """Every table: where, what it holds, in which form, until when.

    Raises:
        InvalidInput: a table is not described in ``docs/opslag.yaml``, or one is that there is not.
    """
    described = _described()
    rows = ["| waar | tabel | bevat | vorm | tot |", "|---|---|---|---|---|"]
    found = dict(_tables())
    unknown, gone = sorted(found.keys() - described.keys()), sorted(described.keys() - found.keys())
    if unknown or gone:
        raise InvalidInput(f"docs/opslag.yaml lacks the tables {unknown}, and describes {gone}, which there are not")
    for name, where in found.items():
        told = described[name]
        rows.append(f"| {where} | `{name}` | {told['bevat']} | {told['vorm']} | {told['tot']} |")
    return "\n".join(rows)


def terms() -> str:
    """How long what is on its way is kept, from the constants that hold."""
    days = topology.STREAM_MAX_AGE.removesuffix(_DAY)
    gigabytes = topology.STREAM_MAX_BYTES // 1_000_000_000
    rows = [
        ("sleutels in het geheugen van een proces", f"hooguit {CACHE_SECONDS:.0f} seconden", "`casuslog.privacy`"),
        ("het log in de broker (versleuteld)", f"{days} dagen of {gigabytes} GB, wat het eerst komt", "stream"),
        ("inbox van een dienst (versleuteld)", "tot hij verwerkt is", "quorum queue"),
        (
            "wachtrij van een houder (in klare tekst, als het abonnement dat zegt)",
            "tot de houder bevestigt",
            "eigen queue",
        ),
        ("wat een houder daarin afwees (idem)", "tot wij het lezen: seconden", "quorum queue van ons"),
    ]
    return "\n".join(["| wat | hoe lang | waar |", "|---|---|---|", *(f"| {a} | {b} | {c} |" for a, b, c in rows)])


def retention() -> str:
    """The statutory terms by outcome, from ``schemas/bewaartermijnen.yaml``."""
    content = yaml.safe_load((schemas_folder() / "bewaartermijnen.yaml").read_text(encoding="utf-8"))
    bewaartermijnen()  # refuses a file that means nothing
    rows = ["| uitkomst | bewaren | vanaf | bron |", "|---|---|---|---|"]
    for term in content["termijnen"]:
        length = f"{term['jaren']} jaar" if "jaren" in term else f"{term['dagen']} dagen"
        rows.append(f"| {term['resultaat']} | {length} | afgehandeld op of na {term['geldig_van']} | {term['bron']} |")
    return "\n".join(rows)


def logs() -> str:
    """How long the logs of the installation are kept, from ``schemas/logboektermijnen.yaml``."""
    rows = ["| logboek | bewaren | van | bron |", "|---|---|---|---|"]
    for term in logboektermijnen().values():
        length = " en ".join(f"{n} {unit}" for n, unit in ((term.jaren, "jaar"), (term.dagen, "dagen")) if n)
        rows.append(f"| `{term.logboek}` | {length} | {term.gemeente or 'elke gemeente'} | {term.bron} |")
    return "\n".join(rows)


def personal() -> str:
    """Per service: its event types with personal data, and which fields those are."""
    registry = SchemaRegistry.load(schemas_folder())
    rows = ["| dienst | gebeurtenis | persoonsgegevens |", "|---|---|---|"]
    for wire_type in sorted({cls.__event__.wire_type for cls in event_classes()}):
        version = registry.current(wire_type)
        fields = [name for name, klasse in version.privacy.items() if klasse == Privacy.PERSOONSGEGEVEN]
        if fields:
            page = f"[{wire_type.removeprefix(TYPE_PREFIX)}](api/events/{version.service}/{version.name}.md)"
            rows.append(f"| {version.service} | {page} | {', '.join(fields)} |")
    head, body = rows[:2], sorted(rows[2:])
    return "\n".join([*head, *body])


def activities() -> str:
    """What stands in the log of processing, from ``schemas/verwerkingsactiviteiten.yaml``."""
    content = yaml.safe_load((schemas_folder() / "verwerkingsactiviteiten.yaml").read_text(encoding="utf-8"))
    rows = [f"| `{one['code']}` | {one['naam']} |" for one in content["activiteiten"]]
    return "\n".join(["| activiteit | wat |", "|---|---|", *rows])


def _tables() -> Iterator[tuple[str, str]]:
    """Every table by its name, with whose it is."""
    shared: tuple[tuple[str, MetaData], ...] = (
        ("elke dienst", store_tables.metadata),
        ("elke dienst", timers.timer_tables),
        ("elke dienst", readmodels),
        ("elke dienst", verwerkingen.metadata),
        ("elke dienst", toegangsweigeringen.metadata),
        ("sleutelkast", privacy.metadata),
    )
    seen: set[str] = set()
    for where, metadata in shared:
        for name in metadata.tables:
            if name not in seen:
                seen.add(name)
                yield name, where
    for service in service_names():
        own = service_class(service).tables  # type: ignore[attr-defined]
        for name in () if own is None else own.tables:
            if name not in seen:
                seen.add(name)
                yield name, service


def _described() -> dict[str, Any]:
    path = schemas_folder().parent / "docs" / "opslag.yaml"
    content: dict[str, Any] = yaml.safe_load(path.read_text(encoding="utf-8"))["tabellen"]
    return content
