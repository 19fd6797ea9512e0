"""All faults of the run, in the order in which they strike."""

from __future__ import annotations

import importlib
from importlib.util import find_spec

from tests.faults.fault import Fault

MODULES = ("kills", "consumers", "deliveries", "brokers", "databases")


def faults() -> tuple[Fault, ...]:
    """Every fault; first those that share an installation, then those with one of their own."""
    there = [name for name in MODULES if find_spec(f"tests.faults.{name}")]
    found = [fault for name in there for fault in importlib.import_module(f"tests.faults.{name}").FAULTS]
    return tuple(sorted(found, key=lambda fault: fault.own_scene))
