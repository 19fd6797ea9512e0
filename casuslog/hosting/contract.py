"""The event types of this installation, as its services declare them."""

from __future__ import annotations

from importlib import import_module
from importlib.metadata import entry_points

from casuslog.events import DomainEvent, event_types
from casuslog.settings import ENTRY_POINTS

SHARED = ("casuslog.termijnen.events", "casuslog.rights.events", "casuslog.vernietigen.gebeurtenissen")
"""Modules with events that several services log."""


def event_classes() -> list[type[DomainEvent]]:
    """The event types of this installation: those that its services declare, and the shared ones."""
    services = [point.load().__module__.rpartition(".")[0] for point in entry_points(group=ENTRY_POINTS)]
    for module in SHARED:
        import_module(module)
    homes = (*services, *SHARED)
    return [cls for cls in event_types().values() if _at_home(cls.__module__, homes)]


def _at_home(module: str, homes: tuple[str, ...]) -> bool:
    return any(module == home or module.startswith(f"{home}.") for home in homes)
