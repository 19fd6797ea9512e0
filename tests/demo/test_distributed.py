"""The main job with two environment variables: every service and the relay as a process, and the same timelines."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.demo.draaien import Demo, processen_met, tijdlijnen

pytestmark = [pytest.mark.postgres, pytest.mark.rabbitmq, pytest.mark.slow, pytest.mark.timeout(400)]


def test_rabbitmq_and_postgresql_print_the_same_timelines(ingebed, postgres_url, amqp_url, tmp_path: Path):
    """Line by line; it ends by itself without a terminal, and leaves no process behind."""
    demo = Demo(
        CASUSLOG_DATABASE_URL=postgres_url,
        CASUSLOG_AMQP_URL=amqp_url,
        CASUSLOG_DATA=str(tmp_path / "data"),
    )
    status, printed = demo.uitspelen()
    assert status == 0, printed
    assert "elk een proces, op PostgreSQL en RabbitMQ" in printed
    assert tijdlijnen(printed) == tijdlijnen(ingebed)
    assert [len(regels) > 30 for regels in tijdlijnen(printed).values()] == [True, True, True]
    assert processen_met(str(tmp_path / "data")) == []
