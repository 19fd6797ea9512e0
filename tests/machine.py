"""Where something was measured: what a reader needs to set figures beside figures."""

from __future__ import annotations

import os
import platform
import re
import subprocess
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

from casuslog.testing.instances import POSTGRES_BIN, RABBITMQ_BIN

PACKAGES = ("nameko", "kombu", "SQLAlchemy", "psycopg2-binary", "fastavro", "cryptography", "eventsourcing")


def machine() -> dict[str, Any]:
    """Cores, processor, memory in GiB, Python, and the versions of servers and packages (``None``: not there)."""
    servers = {"PostgreSQL": _postgres(), "RabbitMQ": _rabbitmq()}
    return {
        "cores": os.cpu_count(),
        "processor": _processor(),
        "memory_gib": round(os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 2**30),
        "python": platform.python_version(),
        "versions": servers | {name: _package(name) for name in PACKAGES},
    }


def _processor() -> str:
    told = Path("/proc/cpuinfo")
    found = re.search(r"^model name\s*:\s*(.+)$", told.read_text() if told.exists() else "", re.M)
    return found[1] if found else platform.machine()


def _postgres() -> str | None:
    binary = POSTGRES_BIN / "postgres"
    if not binary.exists():
        return None
    told = subprocess.run([str(binary), "--version"], capture_output=True, text=True, check=True).stdout
    found = re.search(r"(\d+\.\d+)", told)
    return found[1] if found else None


def _rabbitmq() -> str | None:
    # Its program answers only by starting a node; the name of its folder tells the same.
    found = next(RABBITMQ_BIN.parent.glob("lib/rabbitmq_server-*"), None)
    return found.name.partition("-")[2] if found else None


def _package(name: str) -> str | None:
    try:
        return version(name)
    except PackageNotFoundError:
        return None
