"""``python -m casuslog``: the same as the command ``casuslog``."""

from casuslog.cli import main

main()
