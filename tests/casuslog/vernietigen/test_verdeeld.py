"""The same on RabbitMQ and PostgreSQL: every service, its keys and its log where an installation has them."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import date
from pathlib import Path
from typing import Any

import eventlet
import pytest
import structlog
from click.testing import CliRunner
from sqlalchemy import create_engine

from casuslog.caller import Caller
from casuslog.cli._installation import Installation
from casuslog.cli._root import cli
from casuslog.clock import SettableClock
from casuslog.codes import gemeente
from casuslog.hosting.host import Host
from casuslog.http.client import ApiClient, Problem
from casuslog.settings import Settings, service_names
from casuslog.testing.platform import _free_ports

pytestmark = [pytest.mark.postgres, pytest.mark.rabbitmq]
OPSTERLAND = gemeente("opsterland").code
TEAM = Caller("wijkteam", OPSTERLAND, "team-1", (OPSTERLAND,), "uitvoering_wmo")


@contextmanager
def draaiend(settings: Settings, clock: SettableClock) -> Iterator[ApiClient]:
    """All services and relays, in this process."""
    host = Host(settings, service_names(), service_names(), clock=clock)
    host.start()
    try:
        yield ApiClient(settings, host.platform.issuer, patience=30)
    finally:
        host.stop()


def wacht_op(what: Any) -> Any:
    """What a question answers, once it answers."""
    deadline = time.monotonic() + 40
    while not (found := what()):
        assert time.monotonic() < deadline
        eventlet.sleep(0.1)
    return found


def bekend(api: ApiClient, casus: str) -> list[Any]:
    """The timeline, once historie knows the casus."""
    try:
        found: list[Any] = api.get("historie", f"/casussen/{casus}/tijdlijn", TEAM)["tijdlijn"]
    except Problem:
        return []
    return found


def verwerkt(api: ApiClient, dienst: str, positie: str) -> bool:
    """Whether a service has handled what stands at a position."""
    try:
        return bool(api.get(dienst, f"/wacht/{positie}?seconden=2", TEAM)["verwerkt"])
    except Problem:
        return False


def test_a_casus_is_destroyed_on_rabbitmq_and_postgresql(postgres_url: str, amqp_url: str, tmp_path: Path) -> None:
    """Everybody acknowledges over the log; no table of any schema holds a name in clear, and no key of it lives."""
    settings = Settings.from_env(
        {
            "CASUSLOG_AMQP_URL": amqp_url,
            "CASUSLOG_DATABASE_URL": postgres_url,
            "CASUSLOG_DATA": str(tmp_path),
            "CASUSLOG_HTTP_PORT": str(_free_ports()),
            "CASUSLOG_ONTWIKKELTOKENS": "ja",
        }
    )
    clock = SettableClock(date(2017, 2, 13))
    with structlog.testing.capture_logs(), draaiend(settings, clock) as api:
        body = {"gemeente": "opsterland", "kanaal": "telefoon", "naam": "Wiarda-Terpstra", "bsn": "999900006"}
        casus = wacht_op(lambda: api.command("melding", "registreer-melding", body, TEAM, key="m-1"))["casus"]
        wacht_op(lambda: bekend(api, casus))
        body = {"gemeente": "opsterland", "casus": casus}
        ingetrokken = api.command("melding", "trek-melding-in", body, TEAM, key="m-2")["positie"]
        # Onderzoek follows the withdrawal before its term runs out, as it does when days do not leap.
        wacht_op(lambda: verwerkt(api, "onderzoek", ingetrokken))
        clock.set(date(2017, 4, 4))
        installation = Installation(settings)
        installation.__dict__["clock"] = clock
        words = ["vernietig", casus, "--gemeente", "opsterland", "--kenmerk", "VL-2017-3", "--json"]
        done = CliRunner().invoke(cli, words, obj=installation)
        assert done.exit_code == 0, (done.output, done.exception)
        told = json.loads(done.stdout)
        assert {one["dienst"] for one in told["bevestigingen"]} >= {"melding", "onderzoek", "historie", "abonnement"}
        assert all(key["vernietigd"] for key in told["sleutels"])
        assert CliRunner().invoke(cli, ["verify"], obj=installation).exit_code == 0
    assert "Wiarda" not in _everything(postgres_url)
    assert "999900006" not in _everything(postgres_url)


def _everything(url: str) -> str:
    """All rows of all tables of all schemas, as text; bytes as text too."""
    engine = create_engine(url)
    tables = "SELECT schemaname, tablename FROM pg_tables WHERE schemaname NOT IN ('pg_catalog', 'information_schema')"
    with engine.connect() as conn:
        found = []
        for schema, table in conn.exec_driver_sql(tables).all():
            rows = conn.exec_driver_sql(f'SELECT * FROM "{schema}"."{table}"').all()
            for row in rows:
                found += [bytes(v).decode("latin-1") if isinstance(v, memoryview | bytes) else str(v) for v in row]
    engine.dispose()
    assert len(found) > 100
    return "\n".join(found)
