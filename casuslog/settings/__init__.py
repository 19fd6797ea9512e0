"""What an installation is told by its environment: the variables, the rules between them, and what is wrong."""

from casuslog.settings._settings import ENTRY_POINTS, RELAY, Settings, service_class, service_names

__all__ = ["ENTRY_POINTS", "RELAY", "Settings", "service_class", "service_names"]
