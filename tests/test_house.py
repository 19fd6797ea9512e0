"""The house itself: which way imports run, and what a subscriber needs to install."""

from __future__ import annotations

import ast
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]
SERVICES = sorted(p.parent.name for p in (ROOT / "services").glob("*/service.py"))
PURE = (
    "gebeurtenissen",
    "opdrachten",
    "staat",
    "voorwaarden",
    "indicatie",
    "aanvraag",
    "besluit",
    "bevoegdheid",
    "inhoud",
)
PURE_ROOMS = ("casuslog/termijnen", "casuslog/rights")
IMPURE = (
    "nameko",
    "sqlalchemy",
    "kombu",
    "eventlet",
    "requests",
    "casuslog.clock",
    "casuslog.store",
    "casuslog.hosting",
)
LIGHT = (
    "casuslog.events",
    "casuslog.envelope",
    "casuslog.schema",
    "casuslog.consume.wire",
    "casuslog.broker",
    "casuslog.rights",
    "casuslog.subscribing",
)
HEAVY = (
    "nameko",
    "sqlalchemy",
    "alembic",
    "marshmallow",
    "structlog",
    "holidays",
    "jwt",
    "click",
    "werkzeug",
    "psycopg2",
)


def _imports(path: Path) -> Iterator[str]:
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module:
            yield node.module


def _pure_files() -> list[Path]:
    of_services = [
        path
        for service in SERVICES
        for path in (ROOT / "services" / service).glob("*.py")
        if path.stem == service or path.stem in PURE
    ]
    return of_services + [path for room in PURE_ROOMS for path in (ROOT / room).glob("*.py")]


@pytest.mark.parametrize("service", SERVICES)
def test_a_service_imports_no_other_service(service: str) -> None:
    """Services meet in the log and in schemas/, never in each other's code."""
    others = tuple(f"services.{other}" for other in SERVICES if other != service)
    found = {
        (path.name, name)
        for path in (ROOT / "services" / service).rglob("*.py")
        for name in _imports(path)
        if name.startswith(others)
    }
    assert found == set()


def test_the_library_knows_no_service() -> None:
    """Imports run one way: services -> casuslog."""
    found = {
        (str(path.relative_to(ROOT)), name)
        for path in (ROOT / "casuslog").rglob("*.py")
        for name in _imports(path)
        if name.split(".")[0] in ("services", "deploy", "tests")
    }
    assert found == set()


@pytest.mark.parametrize("path", _pure_files(), ids=lambda path: str(path.relative_to(ROOT)))
def test_law_and_policy_live_in_the_pure_part(path: Path) -> None:
    """What decides imports no database, no broker, no clock and no network."""
    assert [name for name in _imports(path) if name.startswith(IMPURE)] == []


@pytest.mark.parametrize("module", LIGHT)
def test_a_subscriber_needs_the_light_core_only(module: str) -> None:
    """What reads the log imports without what hosts the services."""
    blocked = "".join(f"sys.modules[{name!r}] = None\n" for name in HEAVY)
    done = subprocess.run(
        [sys.executable, "-c", f"import sys\n{blocked}import {module}"], cwd=ROOT, capture_output=True, text=True
    )
    assert done.returncode == 0, done.stderr


def test_who_answers_a_caller_reads_where_a_database_that_is_away_has_a_name() -> None:
    """A raw connection gives a caller an error of the program; the store's own reading says to try again."""
    rooms = (
        "casuslog/hosting",
        "casuslog/beheer",
        "casuslog/vernietigen",
        "casuslog/verwerkingen",
        "casuslog/cli",
        "services",
    )
    sources = [path for room in rooms for path in (ROOT / room).rglob("*.py")]
    assert [path.name for path in sources if "engine.connect()" in path.read_text(encoding="utf-8")] == []
