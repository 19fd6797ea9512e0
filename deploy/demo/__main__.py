"""``make run``: load the inrichtingen, play the three cases, print their timelines, and keep serving until Ctrl-C."""

from __future__ import annotations

import eventlet

eventlet.monkey_patch()

import sys  # noqa: E402  # the patch comes before every other import

from deploy.demo.uitvoering import main  # noqa: E402

sys.exit(main())
