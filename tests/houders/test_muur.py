"""The tenant wall of the broker itself: a holder's credentials open its own queue, to read, and nothing else."""

from __future__ import annotations

import json
import os
import secrets
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from amqp import Message
from amqp.exceptions import AccessRefused, NotAllowed
from kombu.connection import Connection
from kombu.exceptions import OperationalError

from casuslog.beheer.broker_rights import definitions, holders_vhost, user_of
from casuslog.broker.connection import connect_to
from casuslog.broker.holders import (
    HolderAccess,
    ManagementAccess,
    RabbitmqctlAccess,
    access_by,
    holder_user,
    own_queue,
)
from casuslog.broker.topology import (
    LOG_EXCHANGE,
    REJECTED_QUEUE,
    STREAM_QUEUE,
    Inbox,
    declare_holder,
    declare_inbox,
    declare_log,
    declare_rejected,
    holder_queue,
)
from casuslog.errors import Unavailable
from casuslog.hosting.host import followed
from casuslog.identifiers import new_id
from casuslog.testing.instances import PrivateRabbit, free_port
from services.abonnement.uitgang import BrokerUitgang
from services.abonnement.weergave import Bericht
from tests.houders import muur
from tests.wall.result import BROKER, keep

SERVICES = ("melding", "onderzoek", "beschikking", "pgb", "toezicht", "historie", "abonnement", "inrichting")
pytestmark = pytest.mark.rabbitmq


@pytest.fixture(scope="module")
def managed() -> Iterator[tuple[PrivateRabbit, str]]:
    """A broker with the management plugin, and the address of its API."""
    port = free_port()
    settings = {"management.tcp.port": str(port), "management.tcp.ip": "127.0.0.1"}
    server = PrivateRabbit(settings=settings, plugins=("rabbitmq_management",))
    try:
        server.start()
        yield server, f"http://{server.user}:{server.password}@127.0.0.1:{port}"
    except Unavailable as error:
        if os.environ.get("CASUSLOG_TESTS_WITHOUT_SERVERS"):
            pytest.skip(str(error))
        raise
    finally:
        server.close()


@pytest.fixture(params=["management", "rabbitmqctl"])
def access(request: pytest.FixtureRequest, managed: tuple[PrivateRabbit, str]) -> HolderAccess:
    """Both ways to the users of the broker."""
    server, url = managed
    if request.param == "management":
        found = access_by(url, server.url())
        assert isinstance(found, ManagementAccess)
        return found
    return RabbitmqctlAccess(["/usr/lib/rabbitmq/bin/rabbitmqctl"], "/", server._env())


def as_holder(server: PrivateRabbit, holder: str, password: str) -> str:
    """AMQP URL with the credentials of a holder."""
    return f"amqp://{holder_user(holder)}:{password}@127.0.0.1:{server.port}//"


def put(server: PrivateRabbit, *queues: str) -> None:
    """A message in each of these queues."""
    with connect_to(server.url(), name="beheer") as connection:
        channel = connection.channel()
        for queue in queues:
            channel.basic_publish(Message(f"geheim van {queue}"), exchange="", routing_key=queue)


def queue_for(server: PrivateRabbit, holder: str) -> str:
    """The queue of a holder, with one message in it."""
    with connect_to(server.url(), name="beheer") as connection:
        declare_holder(connection.channel(), holder)
    put(server, holder_queue(holder))
    return holder_queue(holder)


def taken(url: str, queue: str) -> str | None:
    """The body of one message, as this user gets it."""
    until = time.monotonic() + 10
    with connect_to(url, name="houder") as connection:
        channel = connection.channel()
        while time.monotonic() < until:
            message = channel.basic_get(queue, no_ack=True)
            if message is not None:
                return str(message.body)
            time.sleep(0.05)
    return None


def _read_on(running: Connection) -> None:
    """Until the broker has nothing more, or is gone."""
    for _ in range(20):
        running.drain_events(timeout=5)


def refused(doe: Callable[[], object]) -> bool:
    """Whether the broker does not let it."""
    try:
        doe()
    except (AccessRefused, NotAllowed, OperationalError, ConnectionError, OSError):
        return True
    return False


def test_a_holder_reads_its_own_queue_until_its_right_is_withdrawn(
    access: HolderAccess, managed: tuple[PrivateRabbit, str]
) -> None:
    """Admitted it reads; suspended its running connection is closed and a new one reads nothing; resumed it reads."""
    server, holder = managed[0], new_id()
    queue, password = queue_for(server, holder), secrets.token_urlsafe(24)
    access.admit(holder, password)
    url = as_holder(server, holder, password)
    assert taken(url, queue) == f"geheim van {queue}"
    with connect_to(url, name="houder") as running:
        running.channel().basic_consume(queue, no_ack=True, callback=lambda message: got.append(message.body))
        got: list[str] = []
        access.suspend(holder)
        put(server, queue)
        with pytest.raises((ConnectionError, OSError, *running.connection_errors)):
            _read_on(running)
        assert got == []
    assert refused(lambda: taken(url, queue))
    access.resume(holder)
    assert taken(url, queue) == f"geheim van {queue}"


def test_a_new_password_ends_the_old_one_and_removal_ends_both(
    access: HolderAccess, managed: tuple[PrivateRabbit, str]
) -> None:
    """Each may be repeated; of a user that is not there nothing is suspended, resumed or removed."""
    server, holder = managed[0], new_id()
    queue = queue_for(server, holder)
    for act in (access.suspend, access.resume, access.remove):
        act(holder)
    access.admit(holder, "eerste-wachtwoord")
    access.admit(holder, "tweede-wachtwoord")
    assert refused(lambda: taken(as_holder(server, holder, "eerste-wachtwoord"), queue))
    assert taken(as_holder(server, holder, "tweede-wachtwoord"), queue) is not None
    access.remove(holder)
    access.remove(holder)
    assert refused(lambda: taken(as_holder(server, holder, "tweede-wachtwoord"), queue))


def test_nothing_leaks_through_the_brokers_own_permissions(managed: tuple[PrivateRabbit, str]) -> None:
    """Every attempt on what is not its own, by name, by a name that resembles, and by pattern: 0 succeed."""
    server, url = managed
    access = access_by(url, server.url())
    assert access is not None
    holder, password = new_id(), secrets.token_urlsafe(24)
    eigen = queue_for(server, holder)
    anderen = [queue_for(server, new_id()) for _ in range(20)]
    lijken = [f"{eigen}x", f"x{eigen}", eigen[:-1], eigen.upper(), eigen.replace(".", "-"), f"{eigen}.x"]
    with connect_to(server.url(), name="beheer") as connection:
        channel = connection.channel()
        declare_log(channel)
        for service in SERVICES:
            declare_inbox(channel, Inbox(service, ("#",)))
        for name in lijken:
            channel.queue_declare(name, durable=True, auto_delete=False)
        declare_rejected(channel)
        channel.queue_declare("wacht", durable=True, auto_delete=False)
        channel.queue_bind("wacht", LOG_EXCHANGE, "#")
    inboxes = [f"casuslog.inbox.{service}" for service in SERVICES]
    doelen = [*anderen, *inboxes, STREAM_QUEUE, REJECTED_QUEUE, *lijken, "wacht"]
    put(server, *inboxes, REJECTED_QUEUE, *lijken)
    voor = counts(server, *anderen, *inboxes, REJECTED_QUEUE, *lijken, "wacht", eigen)
    access.admit(holder, password)
    gedaan = list(muur.pogingen(as_holder(server, holder, password), eigen, doelen))
    lekken = [poging for poging in gedaan if poging.gelukt]
    assert counts(server, *anderen, *inboxes, REJECTED_QUEUE, *lijken, "wacht", eigen) == voor
    gezien = muur.passief(as_holder(server, holder, password), doelen)
    _report(len(gedaan), len(lekken), sum(poging.gelukt for poging in gezien))
    assert len(gedaan) > 500
    assert lekken == []
    assert taken(as_holder(server, holder, password), eigen) == f"geheim van {eigen}"


def test_in_a_vhost_of_their_own_not_even_the_log_can_be_counted(managed: tuple[PrivateRabbit, str]) -> None:
    """CASUSLOG_AMQP_HOUDERS: what is asked of the log by passive declaration is answered as if there were no log."""
    server, url = managed
    holders = server.create_vhost()
    access = access_by(url, holders)
    assert access is not None
    holder = new_id()
    with connect_to(holders, name="beheer") as connection:
        declare_holder(connection.channel(), holder)
    with connect_to(server.url(), name="beheer") as connection:
        declare_log(connection.channel())
        declare_inbox(connection.channel(), Inbox("melding", ("#",)))
    access.admit(holder, "wachtwoord")
    own = f"amqp://{holder_user(holder)}:wachtwoord@127.0.0.1:{server.port}/{holders.rpartition('/')[2]}"
    asked = muur.passief(own, ["casuslog.inbox.melding", STREAM_QUEUE, holder_queue(new_id())])
    assert [poging.gelukt for poging in asked] == [False, False, False]
    assert [poging.gelukt for poging in muur.passief(own, [holder_queue(holder)])] == [True]


def test_the_users_of_deploy_can_do_this_and_no_more(managed: tuple[PrivateRabbit, str], tmp_path: Path) -> None:
    """With what deploy/ sets: who manages makes a holder's user, who delivers feeds its queue, in their own vhost."""
    server, url = managed
    vhost, given = f"t{secrets.token_hex(6)}", secrets.token_hex(16)
    managing, delivering = user_of("houderbeheer"), user_of("abonnement")
    passwords = {managing: given, delivering: given}
    _take_over(server, definitions(followed(), vhost=vhost, passwords=passwords), tmp_path)
    apart = f"amqp://{delivering}:{given}@127.0.0.1:{server.port}/{holders_vhost(vhost)}"
    access = access_by(url.replace(f"{server.user}:{server.password}", f"{managing}:{given}"), apart)
    assert access is not None
    holder, password = new_id(), secrets.token_urlsafe(24)
    uitgang = BrokerUitgang(apart)
    assert uitgang.wachtend(holder) == 0
    uitgang.stuur(holder, Bericht(new_id(), {}, b"{}", "application/json"))
    uitgang.bevestigd()
    access.admit(holder, password)
    own = f"amqp://{holder_user(holder)}:{password}@127.0.0.1:{server.port}/{holders_vhost(vhost)}"
    assert taken(own, holder_queue(holder)) == "{}"
    access.suspend(holder)
    assert refused(lambda: taken(own, holder_queue(holder)))
    access.remove(holder)
    uitgang.sluit()
    assert refused(lambda: taken(apart.replace(delivering, managing), holder_queue(holder)))
    with pytest.raises(Unavailable, match="401"):
        access_by(url.replace(f"{server.user}:{server.password}", f"{delivering}:{given}"), apart).admit(holder, "x")  # type: ignore[union-attr]


def _take_over(server: PrivateRabbit, made: dict[str, object], folder: Path) -> None:
    """Import these definitions."""
    path = folder / "definitions.json"
    path.write_text(json.dumps(made), encoding="utf-8")
    server.rabbitmqctl("import_definitions", str(path))


def test_another_vhost_is_closed(managed: tuple[PrivateRabbit, str]) -> None:
    """The user exists for one vhost."""
    server, url = managed
    elders = server.create_vhost().rpartition("/")[2]
    access = access_by(url, server.url())
    assert access is not None
    holder = new_id()
    access.admit(holder, "wachtwoord")
    assert refused(lambda: taken(f"amqp://{holder_user(holder)}:wachtwoord@127.0.0.1:{server.port}/{elders}", "x"))


def test_the_pattern_is_anchored_and_literal() -> None:
    """A dot in the name is a dot, and nothing comes before or after."""
    holder = "01a2-b"
    assert own_queue(holder) == r"^casuslog\.houder\.01a2-b$"


@pytest.mark.parametrize("configured", ["amqp://x", "sudo iets", "ftp://x"])
def test_a_way_that_is_none_is_refused(configured: str) -> None:
    """The setting names the management API or a rabbitmqctl command; empty is no way."""
    with pytest.raises(ValueError, match="CASUSLOG_AMQP_BEHEER"):
        access_by(configured, "amqp://h/")
    assert access_by("", "amqp://h/") is None


def test_a_broker_that_does_not_answer_is_unavailable() -> None:
    """What cannot be withdrawn now is tried again, so it must be an error and not silence; no secret in its text."""
    for way in (
        access_by(f"http://u:geheim@127.0.0.1:{free_port()}", "amqp://h/"),
        access_by("/bestaat/niet/rabbitmqctl", "amqp://h/"),
    ):
        assert way is not None
        with pytest.raises(Unavailable) as gevangen:
            way.admit("x", "geheim")
        assert "geheim" not in str(gevangen.value)


def counts(server: PrivateRabbit, *queues: str) -> dict[str, int]:
    """How many messages lie in each."""
    with connect_to(server.url(), name="beheer") as connection:
        channel = connection.channel()
        return {queue: channel.queue_declare(queue, passive=True).message_count for queue in queues}


def _report(attempts: int, leaks: int, counted: int) -> None:
    """Beside the other walls in ``build/wall.json``."""
    keep(BROKER, {"attempts": attempts, "leaks": leaks, "counts_by_passive_declare": counted})
    print(f"broker alone: {attempts} attempts, {leaks} leaks; {counted} passive declarations answered a count")
