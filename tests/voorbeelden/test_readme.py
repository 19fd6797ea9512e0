"""What the README tells a newcomer to type, typed."""

from __future__ import annotations

import re
import subprocess
from collections.abc import Callable
from datetime import date
from pathlib import Path

from casuslog.testing.platform import Platform
from tests.voorbeelden.conftest import WIJKTEAM, token

README = Path(__file__).parents[2] / "README.md"
PORT_OF_MELDING = "http://127.0.0.1:8101"


def test_the_command_of_the_readme_is_taken(program: Callable[[str], str]) -> None:
    """The melding that curl registers there is answered with the casus that it began."""
    program("curl")
    [shown] = re.findall(r"^curl -X POST .*?}'$", README.read_text(encoding="utf-8"), re.DOTALL | re.MULTILINE)
    with Platform(date(2017, 2, 13)) as platform:
        typed = shown.replace(PORT_OF_MELDING, platform.settings.http_url("melding"))
        typed = typed.replace("<token>", token(platform, WIJKTEAM))
        done = subprocess.run(["sh", "-c", f"{typed} -sS"], capture_output=True, text=True, timeout=60, check=True)
    assert '"casus": ' in done.stdout
