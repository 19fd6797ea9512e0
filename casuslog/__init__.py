"""Casuslog: the shared case history of the sociaal domein as one log of domain events. Knows nothing of the Wmo.

For whoever receives events: :func:`subscribe`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from casuslog.subscribing import subscribe

__all__ = ["subscribe"]


def __getattr__(name: str) -> Any:
    # Looked up when it is used: what runs a service should not load the client, nor the other way round.
    if name == "subscribe":
        from casuslog.subscribing import subscribe

        return subscribe
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
