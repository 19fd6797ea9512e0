"""The pull feed with curl: a shell script follows it, and goes on where it was."""

from __future__ import annotations

import json
import os
import subprocess
from collections.abc import Callable
from datetime import date
from pathlib import Path

from casuslog.caller import Caller
from casuslog.testing.platform import Platform
from tests.voorbeelden.conftest import EXAMPLES, OPSTERLAND, WIJKTEAM, feed, grant, happen, token


def test_it_prints_what_is_new_and_remembers_how_far_it_was(tmp_path: Path, program: Callable[[str], str]) -> None:
    """Each number once over two runs; who is not the holder hears why, and nothing is printed."""
    program("curl")
    program("jq")
    with Platform(date(2017, 2, 13)) as platform:
        abonnement = grant(platform)

        def run(caller: Caller = WIJKTEAM) -> subprocess.CompletedProcess[str]:
            env = {
                **os.environ,
                "ADRES": platform.settings.http_url("abonnement"),
                "ABONNEMENT": abonnement,
                "TOKEN": token(platform, caller),
                "STOP": "1",
            }
            script = ["sh", str(EXAMPLES / "curl" / "volg.sh"), str(tmp_path / "positie.txt")]
            return subprocess.run(script, env=env, capture_output=True, text=True, timeout=60, check=False)

        happen(platform)
        first = run()
        happen(platform)
        second = run()
        assert run().stdout == ""
        expected = feed(platform, abonnement)
        printed = [json.loads(line) for line in (first.stdout + second.stdout).splitlines()]
        assert printed == expected
        assert len(first.stdout.splitlines()) == 3
        assert (tmp_path / "positie.txt").read_text().strip() == str(expected[-1]["nummer"])
        refused = run(Caller("kcc", OPSTERLAND, "k-1", (OPSTERLAND,)))
        assert (refused.returncode, refused.stdout) == (1, "")
        assert "abonnement bestaat niet" in refused.stderr
