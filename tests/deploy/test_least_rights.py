"""An installation on which every service has its own role in PostgreSQL and its own user in RabbitMQ, and no more."""

import json
import secrets
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import psycopg2
import pytest
from kombu import Connection
from sqlalchemy import make_url

from casuslog.beheer.broker_rights import definitions, holders_vhost, user_of
from casuslog.beheer.database_roles import KEYS, keys_script, role_of, services_script
from casuslog.caller import Caller
from casuslog.clock import FileClock
from casuslog.hosting.host import Host, followed
from casuslog.http.client import ApiClient
from casuslog.identifiers import new_id
from casuslog.settings import Settings, service_names
from casuslog.testing.instances import PrivatePostgres, PrivateRabbit, free_ports

pytestmark = [pytest.mark.postgres, pytest.mark.rabbitmq]

ROOT = Path(__file__).resolve().parents[2]
TEAM = Caller("wijkteam", "0086", "w-1", ("0086",))
PASSWORD = "wachtwoord-van-de-test"


class Restricted:
    """Two databases with roles, a vhost with users, and the URLs of each of them."""

    def __init__(self, postgres: PrivatePostgres, rabbit: PrivateRabbit, folder: Path) -> None:
        self.postgres, self.rabbit = postgres, rabbit
        self.database, self.keys = (make_url(postgres.create_database()).database for _ in range(2))
        self.vhost = f"t{secrets.token_hex(6)}"
        self._run(services_script(str(self.database), service_names()), str(self.database), folder)
        self._run(keys_script(str(self.keys)), str(self.keys), folder)
        for name in (*service_names(), KEYS):
            postgres.execute(f"ALTER ROLE {role_of(name)} PASSWORD '{PASSWORD}'")
        users = {user_of(name): PASSWORD for name in (*service_names(), "relay")}
        made = folder / "definitions.json"
        made.write_text(json.dumps(definitions(followed(), vhost=self.vhost, passwords=users)))
        made.chmod(0o644)
        folder.chmod(0o755)
        rabbit.rabbitmqctl("import_definitions", str(made))

    def _run(self, script: str, database: str, folder: Path) -> None:
        path = folder / f"{database}.sql"
        path.write_text(script)
        for _ in range(2):  # again, as whoever adds a service does
            self.postgres.tool("psql", "-q", "-d", database, "-f", str(path))

    def of(self, service: str) -> str:
        """The database as a service reaches it."""
        return self._as(role_of(service), str(self.database))

    def for_keys(self) -> str:
        """The keys, as every service reaches them."""
        return self._as(role_of(KEYS), str(self.keys))

    def _as(self, role: str, database: str) -> str:
        return f"postgresql+psycopg2://{role}:{PASSWORD}@127.0.0.1:{self.postgres.port}/{database}"

    def amqp(self, name: str) -> str:
        """The broker as a service or the relay reaches it."""
        return f"amqp://{user_of(name)}:{PASSWORD}@127.0.0.1:{self.rabbit.port}/{self.vhost}"


@pytest.fixture(scope="module")
def restricted(
    _postgres_server: PrivatePostgres, _rabbit_server: PrivateRabbit, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Restricted]:
    """One for all tests here; the roles are of the whole server, so they go at the end."""
    made = Restricted(_postgres_server.start(), _rabbit_server.start(), tmp_path_factory.mktemp("rechten"))
    yield made
    made.rabbit.drop_vhost(made.amqp("relay"))
    made.rabbit.drop_vhost(holders_vhost(made.amqp("relay")))
    for database in (made.database, made.keys):
        made.postgres.drop_database(made.postgres.url(str(database)))
    for name in (*service_names(), KEYS):
        made.postgres.execute(f"DROP ROLE {role_of(name)}")


@pytest.fixture(scope="module")
def running(restricted: Restricted, tmp_path_factory: pytest.TempPathFactory) -> Iterator[ApiClient]:
    """Every service and the relay, each with its own role and user only."""
    folder, port = tmp_path_factory.mktemp("data"), free_ports(len(service_names()) + 1)
    clock = FileClock(folder / "klok")
    clock.set(datetime(2017, 2, 13, 9, tzinfo=UTC))
    base = Settings.from_env({"CASUSLOG_DATA": str(folder), "CASUSLOG_HTTP_PORT": str(port)})
    base = replace(base, keys_url=restricted.for_keys(), development_tokens=True)
    hosts = []
    for name in service_names():
        own = replace(base, amqp_url=restricted.amqp(name), database_url=restricted.of(name))
        own = replace(own, amqp_holders_url=holders_vhost(own.amqp_url))
        hosts.append(Host(own, [name], clock=clock))
    databases = {name: restricted.of(name) for name in service_names()}
    relays = replace(
        base, amqp_url=restricted.amqp("relay"), database_url=databases["melding"], database_urls=databases
    )
    hosts.append(Host(relays, (), service_names(), clock=clock))
    started = []
    try:
        for host in hosts:
            host.start()
            started.append(host)
        yield ApiClient(base, hosts[0].platform.issuer, patience=20)
    finally:
        for host in started:
            host.stop()


def eventually(found: Callable[[], Any], what: str, seconds: float = 40.0) -> Any:
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        if value := found():
            return value
        time.sleep(0.1)
    raise AssertionError(f"{what} did not come within {seconds} s")


def asked(url: str, statement: str) -> Any:
    parts = make_url(url)
    with psycopg2.connect(
        host=parts.host, port=parts.port, user=parts.username, password=parts.password, dbname=parts.database
    ) as conn, conn.cursor() as cursor:  # fmt: skip
        cursor.execute(statement)
        return cursor.fetchall()


def test_an_installation_runs_with_least_rights(running: ApiClient) -> None:
    """A melding over HTTP is logged, relayed, and has its effect in services with other roles and users."""
    body = {"gemeente": "opsterland", "kanaal": "telefoon"}
    answer = running.command("melding", "registreer-melding", body, TEAM, key=new_id())
    beheer = Caller("beheerder", "0086", "b-1", ("0086",))

    def arrived() -> bool:
        standing = running.get("onderzoek", "/status", beheer)
        behind = running.get("melding", f"/achterstand?na={standing['verwerkt']['melding']}", beheer)
        return standing["klaar"] and behind["oudste"] is None and standing["kop"] != "0.0.0"

    eventually(arrived, "the effect in onderzoek")
    shown = eventually(lambda: _timeline(running, answer["casus"]), "the timeline in historie")
    assert shown
    assert running.get("relay", "/status")["diensten"]["melding"]["toestand"] == "running"


def _timeline(client: ApiClient, casus: str) -> list[Any]:
    try:
        found: list[Any] = client.get("historie", f"/casussen/{casus}/tijdlijn", TEAM)["tijdlijn"]
    except Exception:
        # Not there yet: it is asked again until it is, or the time is up.
        return []
    return found


@pytest.mark.parametrize("table", ["events", "inbox", "bekend", "relay_position"])
def test_a_role_reads_no_table_of_another_service(running: ApiClient, restricted: Restricted, table: str) -> None:
    """Its own it reads; of another's it does not even see the schema; the server says so, not our code."""
    assert asked(restricted.of("onderzoek"), f"SELECT count(*) FROM onderzoek.{table}")
    for other in ("melding", "toezicht"):
        for statement in (
            f"SELECT * FROM {other}.{table}",
            f"DELETE FROM {other}.{table}",
            f"DROP TABLE {other}.{table}",
        ):
            with pytest.raises(psycopg2.errors.InsufficientPrivilege):
                asked(restricted.of("onderzoek"), statement)


def test_a_role_makes_nothing_elsewhere(restricted: Restricted) -> None:
    """No schema of its own making, nothing in public, no other database, and the keys not with a service's role."""
    for statement in ("CREATE SCHEMA vreemd", "CREATE TABLE public.x (n int)", "CREATE TABLE melding.x (n int)"):
        with pytest.raises(psycopg2.errors.InsufficientPrivilege):
            asked(restricted.of("onderzoek"), statement)
    elsewhere = restricted.of("onderzoek").replace(str(restricted.database), str(restricted.keys))
    with pytest.raises(psycopg2.OperationalError, match="permission denied"):
        asked(elsewhere, "SELECT 1")
    assert asked(restricted.for_keys(), "SHOW search_path") == [(KEYS,)]


def test_the_keys_stand_in_a_schema_of_their_own(running: ApiClient, restricted: Restricted) -> None:
    """The role of the keys owns its schema and sees no event."""
    found = asked(restricted.for_keys(), "SELECT DISTINCT schemaname FROM pg_tables WHERE schemaname !~ '^(pg_|inf)'")
    assert found == [(KEYS,)]


def refused_by_the_broker(url: str, act: Callable[[Any], Any]) -> bool:
    with Connection(url) as connection:
        channel = connection.channel()
        try:
            act(channel)
            channel.close()
        except connection.channel_errors + connection.connection_errors as error:
            return getattr(error, "reply_code", None) == 403
    return False


@pytest.mark.parametrize(
    ("who", "act"),
    [
        ("onderzoek", lambda c: c.basic_get("casuslog.inbox.melding")),
        ("onderzoek", lambda c: c.basic_get("casuslog.inbox.toezicht")),
        ("onderzoek", lambda c: c.queue_bind("casuslog.inbox.onderzoek", "casuslog.log", "*.toezicht.#")),
        ("onderzoek", lambda c: c.queue_bind("casuslog.inbox.onderzoek", "casuslog.log", "#")),
        ("onderzoek", lambda c: c.queue_declare("casuslog.inbox.onderzoeker", durable=True)),
        ("onderzoek", lambda c: c.queue_delete("casuslog.inbox.melding")),
        ("onderzoek", lambda c: c.queue_declare("casuslog.houder.x", durable=True)),
        ("relay", lambda c: c.basic_get("casuslog.inbox.melding")),
        ("relay", lambda c: c.basic_get("casuslog.stream")),
        ("relay", lambda c: c.queue_declare("casuslog.houder.x", durable=True)),
    ],
)
def test_the_broker_itself_refuses_what_is_not_ones_own(
    running: ApiClient, restricted: Restricted, who: str, act: Callable[[Any], Any]
) -> None:
    """No service reads another's inbox, binds streams that it does not follow, or makes what is not its own."""
    assert refused_by_the_broker(restricted.amqp(who), act)


def test_nobody_but_a_relay_writes_to_the_log(running: ApiClient, restricted: Restricted) -> None:
    """A service that publishes on the log is cut off by the broker; a relay may, under the key of a gemeente only."""

    def publish(key: str) -> Callable[[Any], Any]:
        def act(channel: Any) -> None:
            channel.confirm_select()
            from amqp import Message

            channel.basic_publish_confirm(Message("x"), exchange="casuslog.log", routing_key=key)

        return act

    assert refused_by_the_broker(restricted.amqp("melding"), publish("0086.melding.x.00"))
    assert refused_by_the_broker(restricted.amqp("relay"), publish("overal.melding.x.00"))


def test_what_stands_in_deploy_is_what_the_command_makes() -> None:
    """The scripts beside the compose file are those of this version; `casuslog config` makes them anew."""
    for words, path in (
        (("postgres",), "postgresql/rollen.sql"),
        (("postgres", "--sleutels", "--database", "sleutels"), "postgresql/sleutels.sql"),
        (("rabbitmq",), "rabbitmq/definitions.json"),
    ):
        command = [sys.executable, "-W", "ignore", "-m", "casuslog", "config", *words]
        made = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True).stdout
        assert (ROOT / "deploy" / path).read_text(encoding="utf-8") == made, f"deploy/{path}: `casuslog config {words}`"
