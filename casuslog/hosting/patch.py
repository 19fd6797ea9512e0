"""eventlet's patch, the first thing of every process that hosts services: a nameko container hangs without it."""

from __future__ import annotations

import warnings


def patch() -> None:
    """Patch the standard library. Import nothing else before; this module imports nothing that minds."""
    import_quietly()
    import eventlet

    eventlet.monkey_patch()


def import_quietly() -> None:
    """Import eventlet and patch nothing: nameko imports it, also in a process that hosts no container."""
    with warnings.catch_warnings():
        # eventlet announces its own end at every import, on the terminal of who cannot do anything about it (docs/adr).
        warnings.filterwarnings("ignore", message=r"\s*Eventlet is deprecated")
        import eventlet  # noqa: F401  # for what it does when it is imported
