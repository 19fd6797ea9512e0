"""``make run``: load the inrichtingen, play the three cases, print their timelines, and keep serving until Ctrl-C."""

from __future__ import annotations

import sys

from casuslog.hosting.patch import patch

patch()

from deploy.demo.uitvoering import main  # noqa: E402  # the patch comes before what it patches

sys.exit(main())
