"""A page per event type, and the page with the matrix of receivers."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any

from casuslog.documents import _receivers
from casuslog.documents._described import Described
from casuslog.documents._types import said
from casuslog.rights.matrix import Matrix

WARNING = "<!-- Made by `casuslog docs write` from schemas, rights and corpus. Changes here are lost. -->"


def event_page(event: Described, matrix: Matrix) -> str:
    """What an integrator needs to know of one event type."""
    lines = [
        WARNING,
        "",
        f"# {event.version.name}",
        "",
        event.meaning,
        "",
        f"- type: `{event.version.wire_type}`",
        f"- stands in: {', '.join(f'`{stream}`' for stream in event.streams)}",
        f"- law: {event.law or 'none of its own'}",
        f"- schema: `{event.version.dataschema}`",
        "",
        "## Fields",
        "",
        *_fields(event.declaration),
        "",
        "## Who may see it",
        "",
        *_seen(event, matrix),
        "",
        "## Versions",
        "",
        *_versions(event),
        "",
        "## Example",
        "",
        *_example(event),
    ]
    return "\n".join(lines) + "\n"


def index_page(events: Sequence[Described]) -> str:
    """All event types by service."""
    lines = [WARNING, "", "# Event types", "", "| service | event | meaning | law |", "|---|---|---|---|"]
    for event in events:
        link = f"[{event.version.name}]({event.page.removeprefix('events/')})"
        lines.append(f"| {event.version.service} | {link} | {event.meaning} | {event.law} |")
    return "\n".join(lines) + "\n"


def matrix_page(events: Sequence[Described], matrix: Matrix) -> str:
    """Receivers per event type and role."""
    roles = _receivers.roles(matrix)
    lines = [
        WARNING,
        "",
        "# Who may receive what",
        "",
        "The most that a role can see of an event, when it stands in the right relation to the casus: **v** volledig,",
        "**f** feiten, **s** status, **b** that it exists; a star: some fields, some days or with consent only.",
        "Empty: nothing, nor that it exists. The conditions stand on the page of each event; the rules themselves in",
        "[rechten.yaml](../../schemas/rechten.yaml).",
        "",
        f"| event | {' | '.join(role.replace('_', ' ') for role in roles)} |",
        f"|---|{'---|' * len(roles)}",
    ]
    for event in events:
        for stream in event.streams:
            cells = [_receivers.cell(matrix, stream, event.name, role) for role in roles]
            where = event.version.name if len(event.streams) == 1 else f"{event.version.name} in {stream}"
            lines.append(f"| [{where}]({event.page}) | {' | '.join(cells)} |")
    return "\n".join(lines) + "\n"


def _seen(event: Described, matrix: Matrix) -> list[str]:
    """The rules, once per kind of stream in which they differ."""
    by_rules: dict[tuple[str, ...], list[str]] = {}
    for stream in event.streams:
        found = tuple(_receivers.table(_receivers.rules_for(matrix, stream, event.name)))
        by_rules.setdefault(found, []).append(stream)
    lines = ["The first rule that fits holds; who fits none sees nothing, nor that it exists.", ""]
    for rows, streams in by_rules.items():
        if len(by_rules) > 1:
            lines += [f"In {', '.join(f'`{stream}`' for stream in streams)}:", ""]
        lines += [*(rows if len(rows) > 2 else ["Nobody but the service that logs it."]), ""]
    return lines[:-1]


def _fields(declaration: dict[str, Any]) -> list[str]:
    if not declaration["fields"]:
        return ["It has none: that it happened, when and by whom, is all."]
    rows = ["| field | type | privacy | codes | meaning |", "|---|---|---|---|---|"]
    return rows + [_field(field) for field in declaration["fields"]]


def _field(field: dict[str, Any]) -> str:
    unit = f" ({field['eenheid']})" if "eenheid" in field else ""
    codes = field.get("codelijst", "")
    listed = f"[{codes}](../../../../schemas/codelijsten/{codes}.yaml)" if codes else ""
    return (
        f"| `{field['name']}` | {said(field['type'])}{unit} | {field['privacy']} | {listed} | {field.get('doc', '')} |"
    )


def _versions(event: Described) -> list[str]:
    rows = ["| version | schema | | sent until |", "|--:|---|---|---|"]
    for specimen in event.specimens:
        current = specimen.version.clear.fingerprint == event.version.clear.fingerprint
        told, end = "current" if current else "still read", ""
        if (found := event.ends.get(specimen.number)) is not None:
            follows = f"; then {found.opvolger}" if found.opvolger else ""
            end = f"{found.tot} (announced {found.aangekondigd}{follows})"
        rows.append(f"| {specimen.number} | `{specimen.version.dataschema}` | {told} | {end} |")
    return rows


def _example(event: Described) -> list[str]:
    return [
        "Nobody's: made up. As structured CloudEvents JSON, all fields shown:",
        "",
        "```json",
        json.dumps(event.as_json(), ensure_ascii=False, indent=2),
        "```",
        "",
        "The same as Avro, single-object encoding, in clear (hexadecimal):",
        "",
        "```",
        *_wrapped(event.as_avro().hex()),
        "```",
    ]


def _wrapped(text: str, width: int = 96) -> list[str]:
    return [text[at : at + width] for at in range(0, len(text), width)]
