"""The command line. eventlet patches first: a nameko container in an unpatched process hangs."""


def main() -> None:
    """Entry point of ``casuslog``."""
    from casuslog.hosting.patch import patch

    patch()
    from casuslog.cli._root import cli

    cli(prog_name="casuslog")
