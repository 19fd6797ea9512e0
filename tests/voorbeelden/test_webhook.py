"""The webhook receiver in Node.js: says yes to whom it knows, trusts what is signed, and prints each number once."""

from __future__ import annotations

import json
import os
import subprocess
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import pytest
import requests

from casuslog.testing.platform import Platform
from tests.voorbeelden.conftest import EXAMPLES, feed, grant, happen, token


@dataclass
class Draaiend:
    """A receiver that runs."""

    url: str
    output: Path

    @property
    def printed(self) -> list[dict[str, Any]]:
        return [json.loads(line) for line in self.output.read_text().splitlines()]


@contextmanager
def receiver(node: str, key: Path, output: Path) -> Iterator[Draaiend]:
    env = {**os.environ, "SLEUTELBESTAND": str(key), "OORSPRONG": "127.0.0.1", "LANGST_OUD": "1e12"}
    with output.open("w") as out:
        script = [node, str(EXAMPLES / "webhook" / "ontvanger.js"), "0"]
        process = subprocess.Popen(script, env=env, stdout=out, stderr=subprocess.PIPE, text=True)
        assert process.stderr is not None
        try:
            port = process.stderr.readline().rpartition(" ")[2].strip()
            yield Draaiend(f"http://127.0.0.1:{port}/", output)
        finally:
            process.terminate()
            process.wait(10)
            process.stderr.close()


def call(platform: Platform, method: str, path: str, **more: Any) -> Any:
    headers = {"Authorization": f"Bearer {token(platform)}"}
    answer = requests.request(
        method, platform.settings.http_url("abonnement") + path, headers=headers, timeout=20, **more
    )
    answer.raise_for_status()
    return answer.json()


def until(true: Callable[[], bool], told: Callable[[], Any]) -> None:
    deadline = time.monotonic() + 30
    while not true():
        assert time.monotonic() < deadline, told()
        time.sleep(0.1)


@pytest.mark.parametrize("wijze", ["binair", "gestructureerd"])
def test_it_prints_each_number_once(tmp_path: Path, program: Callable[[str], str], wijze: str) -> None:
    """Before it has the key it asks for time; afterwards what waited comes; a message that is not signed is refused."""
    key = tmp_path / "sleutel.txt"
    with (
        Platform(date(2017, 2, 13)) as platform,
        receiver(program("node"), key, tmp_path / "uit.txt") as running,
    ):
        abonnement = grant(platform, vorm="json")
        webhook = f"/abonnementen/{abonnement}/webhook"
        call(platform, "PUT", webhook, json={"url": running.url, "wijze": wijze})
        happen(platform)

        def stand() -> Any:
            return call(platform, "GET", webhook)

        until(lambda: stand()["laatste_fout"] == "te_druk", stand)
        key.write_text(call(platform, "GET", f"{webhook}/sleutel")["sleutel"])
        platform.clock.advance(timedelta(minutes=1))
        until(lambda: stand()["positie"] == 3, stand)
        assert requests.post(running.url, json={"nummer": 4}, timeout=10).status_code == 401
        expected = feed(platform, abonnement)
        assert [one["nummer"] for one in running.printed] == [1, 2, 3]
        for one, shown in zip(running.printed, expected, strict=True):
            assert (one["id"], one["type"], one.get("data")) == (shown["id"], shown["type"], shown.get("data"))
