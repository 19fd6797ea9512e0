"""The command line. eventlet patches first: a nameko container in an unpatched process hangs."""

import sys

PLAIN = frozenset({"herbouw"})
"""Commands that host nothing and have much to do: in a plain process threads are threads, and PostgreSQL takes COPY."""


def main() -> None:
    """Entry point of ``casuslog``."""
    from casuslog.hosting.patch import import_quietly, patch

    if PLAIN.isdisjoint(sys.argv[1:2]):
        patch()
    else:
        import_quietly()
    from casuslog.cli._root import cli

    cli(prog_name="casuslog")
