"""The services divided over two database servers and two relays, by the environment alone: the same case."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator
from datetime import date
from pathlib import Path

import pytest
from sqlalchemy import create_engine, inspect

from casuslog.clock import FileClock
from casuslog.hosting.supervisor import Supervisor
from casuslog.settings import Settings, service_names
from casuslog.testing.instances import PrivatePostgres
from casuslog.testing.platform import _free_ports
from deploy.demo.uitvoering import wacht_tot_zij_draaien
from tests.demo.test_kill import KILL, Draaiend, is_de_tijdlijn

pytestmark = [pytest.mark.postgres, pytest.mark.rabbitmq, pytest.mark.slow, pytest.mark.timeout(400)]

ELDERS = ("beschikking", "pgb", "toezicht", "historie")
"""These stand on the second server, and the second relay carries their log."""
KEYS = "public"
"""The schema of the keys, which stay together."""


@pytest.fixture
def omgeving(postgres_url: str, amqp_url: str, tmp_path: Path) -> Iterator[dict[str, str]]:
    """The environment of the divided platform; the second server is another cluster, with xids of its own."""
    hier = [name for name in service_names() if name not in ELDERS]
    with PrivatePostgres() as tweede:
        yield {
            "CASUSLOG_DATABASE_URL": postgres_url,
            **{f"CASUSLOG_DATABASE_URL_{name.upper()}": tweede.url() for name in ELDERS},
            "CASUSLOG_RELAYS": f"{','.join(hier)};{','.join(ELDERS)}",
            "CASUSLOG_AMQP_URL": amqp_url,
            "CASUSLOG_DATA": str(tmp_path),
            "CASUSLOG_CLOCK": f"file:{tmp_path / 'klok'}",
            "CASUSLOG_HTTP_PORT": str(_free_ports()),
            "CASUSLOG_LOG_LEVEL": "warning",
            "CASUSLOG_ONTWIKKELTOKENS": "ja",
            "PYTHONWARNINGS": "ignore",
        }


def test_a_case_runs_through_both_halves_as_through_one(gespeeld, omgeving: dict[str, str], tmp_path: Path):
    """Both relays die along the way; the timeline is that of one database, each service stands where it was told."""
    clock = FileClock(tmp_path / "klok")
    clock.set(date(2017, 1, 2))
    settings = Settings.from_env(omgeving)
    supervisor = Supervisor([*service_names(), *settings.relay_processes()], os.environ | omgeving)
    supervisor.start()
    try:
        wacht_tot_zij_draaien(settings)
        draaiend = Draaiend(supervisor, settings, clock)
        tijdlijn = draaiend.speel(na={4: "relay-1", 11: "relay-2"}, voor={})
        status = _casuslog(omgeving, "status")
    finally:
        supervisor.stop()
    is_de_tijdlijn(tijdlijn, gespeeld)
    assert sorted(supervisor.ended) == [("relay-1", -KILL), ("relay-2", -KILL)]
    assert status.returncode == 0, status.stderr
    assert "antwoordt niet" not in status.stdout
    assert _schemas(settings.store_url("melding")) == {*service_names(), KEYS} - {*ELDERS}
    assert _schemas(settings.store_url("pgb")) == {*ELDERS}
    verified = _casuslog(omgeving, "verify")
    assert verified.returncode == 0, verified.stdout
    assert verified.stdout.count("heel") == len(service_names())


def _casuslog(omgeving: dict[str, str], *words: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "casuslog", *words]
    return subprocess.run(command, env=os.environ | omgeving, capture_output=True, text=True, timeout=60)


def _schemas(url: str) -> set[str]:
    """The schemas of a database that hold tables."""
    engine = create_engine(url)
    try:
        seen = inspect(engine)
        return {name for name in seen.get_schema_names() if seen.get_table_names(schema=name)} - {"information_schema"}
    finally:
        engine.dispose()
