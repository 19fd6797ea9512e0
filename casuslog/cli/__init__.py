"""The command line. eventlet patches first: a nameko container in an unpatched process hangs."""


def main() -> None:
    """Entry point of ``casuslog``."""
    import warnings

    with warnings.catch_warnings():
        # eventlet announces its own end at every import, on the terminal of who cannot do anything about it (docs/adr).
        warnings.filterwarnings("ignore", message=r"\s*Eventlet is deprecated")
        import eventlet

    eventlet.monkey_patch()
    from casuslog.cli._root import cli

    cli(prog_name="casuslog")
