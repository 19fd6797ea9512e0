"""The ten lines of Python in the integrator's guide do what they say."""

from __future__ import annotations

import re
import time
from datetime import date
from pathlib import Path
from typing import Any

import pytest

from casuslog.testing.platform import Platform
from tests.voorbeelden.conftest import EXAMPLES, WIJKTEAM, feed, grant, happen, token

GUIDE = EXAMPLES.parent / "integratie.md"


def test_the_ten_lines_print_every_event(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """As they stand, with addresses of a platform, and an end when it is quiet."""
    [block] = re.findall(r"^```python\n(.*?)^```$", GUIDE.read_text(encoding="utf-8"), re.DOTALL | re.MULTILINE)
    with Platform(date(2017, 2, 13)) as platform:
        abonnement = grant(platform)
        happen(platform)
        wait_for_queue(platform, abonnement)
        there = {
            '"amqps://houder:geheim@casuslog.example/"': repr(platform.settings.amqp_url),
            '"https://casuslog.example:8107"': repr(platform.settings.http_url("abonnement")),
            '"positie.db"': f"{str(tmp_path / 'positie.db')!r}, idle=1.0",
        }
        for stands, here in there.items():
            assert block.count(stands) == 1
            block = block.replace(stands, here)
        known: dict[str, Any] = {"abonnement": abonnement, "token": token(platform)}
        exec(compile(block, GUIDE.name, "exec"), known)
        expected = feed(platform, abonnement)
    printed = [line for line in capsys.readouterr().out.splitlines() if re.match(r"\d+ nl\.overheid", line)]
    assert [line.split()[:3] for line in printed] == [
        [str(one["nummer"]), one["type"], one["subject"]] for one in expected
    ]
    assert "Wiarda-Terpstra" in "".join(printed)


def wait_for_queue(platform: Platform, abonnement: str) -> None:
    until = time.monotonic() + 20
    while platform.api.get("abonnement", f"/abonnementen/{abonnement}", WIJKTEAM)["wacht_op_levering"]:
        assert time.monotonic() < until, "the queue was not filled"
        time.sleep(0.05)
