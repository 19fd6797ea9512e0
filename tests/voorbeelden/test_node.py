"""The subscriber in Node.js receives case 1 of the demo from RabbitMQ."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Callable
from datetime import date

import pytest

from casuslog.broker.topology import holder_queue
from casuslog.codes import schemas_folder
from casuslog.testing.platform import Platform
from deploy.demo.spel import Speler
from deploy.demo.zaken import lees
from tests.voorbeelden.conftest import EXAMPLES, feed, grant

pytestmark = [pytest.mark.rabbitmq, pytest.mark.postgres, pytest.mark.slow]


@pytest.mark.timeout(300)
def test_it_prints_case_1_decoded(amqp_url: str, postgres_url: str, program: Callable[[str], str]) -> None:
    """Played on PostgreSQL and RabbitMQ; each number in order, with the envelope and fields that the feed shows."""
    partijen, zaken = lees()
    env = {
        "CASUSLOG_AMQP_URL": amqp_url,
        "CASUSLOG_DATABASE_URL": postgres_url,
        "CASUSLOG_ONTWIKKELTOKENS": "ja",
        "CASUSLOG_TEMPO": "0",
    }
    with Platform(date(2017, 1, 2), env=env) as platform:
        abonnement = grant(platform, vorm="avro")
        spel = Speler(platform.api, partijen, platform.clock.set, lambda _: None).speel(zaken[0])
        platform.settle()
        shown = feed(platform, abonnement)
        node = [
            program("node"),
            "abonnee.js",
            amqp_url,
            holder_queue(abonnement),
            str(schemas_folder()),
            str(len(shown)),
        ]
        done = subprocess.run(node, cwd=EXAMPLES / "node", capture_output=True, text=True, timeout=60, check=False)
    assert done.returncode == 0, done.stderr
    printed = [json.loads(line) for line in done.stdout.splitlines()]
    assert [one["nummer"] for one in printed] == [one["nummer"] for one in shown] == list(range(1, len(shown) + 1))
    for one, expected in zip(printed, shown, strict=True):
        assert one["envelop"]["id"] == expected["id"]
        assert one["envelop"]["sequence"] == expected["sequence"]
        assert one["gegevens"] == expected.get("data")
    types = [one["envelop"]["type"].rpartition(".")[2] for one in printed]
    assert types[0] == "melding-geregistreerd"
    assert {"gesprek-gevoerd", "onderzoek-afgerond", "besluit-teruggekoppeld"} <= set(types)
    assert {one["envelop"]["subject"] for one in printed} == {spel.casus}
