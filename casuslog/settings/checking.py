"""The examination of an environment before a start: values, names that nobody reads, files, and what is unwise."""

from __future__ import annotations

import difflib
import os
from collections.abc import Iterator, Mapping
from pathlib import Path

from casuslog.settings import service_names
from casuslog.settings.rules import AMQP, DATABASE, KEYS, LEASE, Problem, broken
from casuslog.settings.variables import CATALOGUE, PREFIX, known
from casuslog.tokens import load_issuers

DEVELOPMENT = "CASUSLOG_ONTWIKKELTOKENS"
"""Says that development tokens are meant to hold."""
ISSUERS, SCHEMAS, DATA, CLOCK = "CASUSLOG_UITGEVERS", "CASUSLOG_SCHEMAS", "CASUSLOG_DATA", "CASUSLOG_CLOCK"
SHORT_LEASE = 10
"""Seconds: the broker may take this long to declare a queue, and meanwhile a lease is not renewed."""


def examined(env: Mapping[str, str] | None = None) -> list[Problem]:
    """Everything that is wrong or unwise, what stops a start first. Looks at files; connects to nothing."""
    given = os.environ if env is None else env
    found = [*broken(given, service_names()), *_unread(given), *_files(given), *_unwise(given)]
    return sorted(found, key=lambda problem: not problem.fatal)


def _unread(given: Mapping[str, str]) -> Iterator[Problem]:
    issuers = _text(given.get(ISSUERS, ""))
    names = [variable.name for variable in CATALOGUE]
    for name in sorted(given):
        # Issuers name the variables of their own secrets.
        if name.startswith(PREFIX) and known(name) is None and name not in issuers:
            near = difflib.get_close_matches(name, names, 1, 0.75)
            meant = f"Bedoelde u {near[0]}?" if near else "Laat haar weg; `casuslog config show` noemt wat er is."
            yield Problem(name, "bestaat niet: niemand leest deze variabele", meant)


def _files(given: Mapping[str, str]) -> Iterator[Problem]:
    folder = given.get(SCHEMAS)
    if folder and not Path(folder).is_dir():
        yield Problem(SCHEMAS, f"is {folder!r}: die map is er niet", "Geef de map met schema's en codelijsten.")
    if path := given.get(ISSUERS):
        yield from _issuers(path, given)
    yield from _data(Path(given.get(DATA) or ".casuslog"))


def _issuers(path: str, given: Mapping[str, str]) -> Iterator[Problem]:
    if not Path(path).is_file():
        yield Problem(ISSUERS, f"is {path!r}: dat bestand is er niet", "Geef het bestand met de uitgevers van tokens.")
        return
    try:
        load_issuers(Path(path), given)
    except ValueError as error:
        yield Problem(ISSUERS, f"noemt een bestand dat niet klopt: {error}", "Verbeter het bestand.")
    except Exception as error:
        yield Problem(ISSUERS, f"noemt een bestand dat niet te lezen is ({type(error).__name__})", "Geef geldige YAML.")


def _data(folder: Path) -> Iterator[Problem]:
    there = folder
    while not there.exists() and there != there.parent:
        there = there.parent
    if not there.is_dir() or not os.access(there, os.W_OK | os.X_OK):
        yield Problem(DATA, f"is {str(folder)!r}: daar mag dit proces niet schrijven", "Geef een map van dit account.")


def _unwise(given: Mapping[str, str]) -> Iterator[Problem]:
    if not (given.get(AMQP) and given.get(DATABASE)):
        return
    if not given.get(ISSUERS):
        wrong = "ontbreekt: wie token.secret leest, kan zich met een ontwikkeltoken voor iedereen uitgeven"
        meant = given.get(DEVELOPMENT) == "ja"
        yield Problem(ISSUERS, wrong, f"Noem de uitgevers van tokens, of zeg {DEVELOPMENT}=ja.", fatal=not meant)
    if not given.get(KEYS) or given[KEYS] == given[DATABASE]:
        yield _advice(
            KEYS, "ontbreekt of is de database zelf: dan staan sleutels en gegevens in dezelfde back-up, en maakt een "
            "teruggezette back-up vernietigen ongedaan",
            "Geef de sleutels een eigen plaats.",
        )  # fmt: skip
    if (given.get(CLOCK) or "system") != "system":
        yield _advice(CLOCK, "zet een andere klok", "Laat haar weg: termijnen lopen op deze klok.")
    lease = given.get(LEASE, "")
    if lease.isascii() and lease.isdigit() and int(lease) < SHORT_LEASE:
        yield _advice(
            LEASE, f"is {lease}: korter dan de broker over een wachtrij mag doen, en dan is de beurt weg",
            f"Geef ten minste {SHORT_LEASE}.",
        )  # fmt: skip


def _advice(variable: str, wrong: str, remedy: str) -> Problem:
    return Problem(variable, wrong, remedy, fatal=False)


def _text(path: str) -> str:
    try:
        return Path(path).read_text(encoding="utf-8") if path else ""
    except OSError:
        # That it cannot be read is told of the file itself.
        return ""


__all__ = ["Problem", "examined"]
