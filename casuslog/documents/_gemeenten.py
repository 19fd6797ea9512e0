"""The page with the dated table of gemeenten, and of every other code list how it stands."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date

import yaml

from casuslog.codes import Code, codes, schemas_folder
from casuslog.documents._pages import WARNING

MADE_UP = "99"
"""Codes that begin so are nobody's."""


def gemeenten_page() -> str:
    """Every gemeente that the product knows, with the days on which its code may be used."""
    known = codes("gemeente")
    rows = [_row(code) for code in known.codes.values() if not code.code.startswith(MADE_UP)]
    made_up = [_row(code) for code in known.codes.values() if code.code.startswith(MADE_UP)]
    lines = [
        WARNING,
        "",
        "# Gemeentecodes",
        "",
        "Which gemeente may be named on which day. A fact is judged by the list of its own day: one of 2017 may name a",
        "gemeente that was abolished in 2018, one of 2018 may not.",
        "",
        f"Source: {known.bron}. {_told('toelichting')}".strip(),
        "",
        *_table(rows),
        "",
        "## Made up",
        "",
        "For examples, and for what the sources call by a pseudonym.",
        "",
        *_table(made_up),
        "",
        "## Changes",
        "",
        *_changes(known.codes.values()),
    ]
    return "\n".join(lines) + "\n"


def lists_page() -> str:
    """Every code list: what it is about, where it comes from, how many codes it has, and which ended."""
    lines = [
        WARNING,
        "",
        "# Code lists",
        "",
        "Codes in events are texts with a dated list, so that a new code breaks no reader: expect codes that you do",
        "not know.",
        "",
        "| list | codes | ended | source |",
        "|---|--:|---|---|",
    ]
    for path in sorted((schemas_folder() / "codelijsten").glob("*.yaml")):
        known = codes(path.stem)
        ended = ", ".join(f"{c.code} ({c.geldig_tot})" for c in known.codes.values() if c.geldig_tot is not None)
        link = f"[{path.stem}](../../schemas/codelijsten/{path.name})"
        lines.append(f"| {link} | {len(known.codes)} | {ended} | {known.bron.replace('|', '/')} |")
    return "\n".join(lines) + "\n"


def _table(rows: Iterable[str]) -> list[str]:
    return ["| code | gemeente | sleutel | OIN | from | until |", "|---|---|---|---|---|---|", *rows]


def _row(code: Code) -> str:
    until = "" if code.geldig_tot is None else code.geldig_tot.isoformat()
    extra = code.extra
    return (
        f"| {code.code} | {code.omschrijving} | `{extra['sleutel']}` | {extra['oin']} | {code.geldig_van} | {until} |"
    )


def _changes(known: Iterable[Code]) -> list[str]:
    """The days on which a code began or ended, after the first day of the list."""
    found = list(known)
    first = min(code.geldig_van for code in found)
    began = [(code.geldig_van, f"{code.code} {code.omschrijving} begins") for code in found if code.geldig_van > first]
    ended = [(code.geldig_tot, f"{code.code} {code.omschrijving}: last day") for code in found if code.geldig_tot]
    told: list[tuple[date, str]] = sorted([*began, *ended])
    return [f"- {day}: {what}" for day, what in told]


def _told(what: str) -> str:
    path = schemas_folder() / "codelijsten" / "gemeente.yaml"
    return str(yaml.safe_load(path.read_text(encoding="utf-8")).get(what, ""))
