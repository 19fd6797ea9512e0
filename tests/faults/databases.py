"""PostgreSQL: killed, restored elsewhere, held up by a stranger, deadlocked, and out of disk."""

from __future__ import annotations

import subprocess
import sys
import time
from collections.abc import Callable
from contextlib import AbstractContextManager, closing
from random import Random
from typing import TYPE_CHECKING, Any

import psycopg2
import requests

from casuslog._answering import ANSWER_SECONDS
from casuslog.caller import Caller
from casuslog.errors import StoreError
from casuslog.settings import service_names
from casuslog.store import EventStore
from casuslog.testing.instances import PrivatePostgres
from tests.faults.fault import DidNotStrike, Fault
from tests.faults.ledger import Accepted
from tests.faults.servers import eventually, hanging, move_to_a_fresh_cluster, one, session

if TYPE_CHECKING:
    from tests.faults.common import Common
    from tests.faults.scene import Scene

DEAD_SECONDS = ANSWER_SECONDS + 5
"""Longer than a process waits for an answer: whoever waited has given up by then."""
STRANGER = "vreemde"
NOTICED_SECONDS = 15.0
"""Within which an open transaction is named and alarmed."""
TRIES = 40
TRANSACTIONS = 5000
DISK_MB = 300
REASON = "teruggezet in een nieuw cluster, bij de storingsproef"

CHECKPOINTS = "SELECT cursor FROM {0}.checkpoints WHERE consumer = '{0}' FOR UPDATE"
WAITERS = "SELECT pid FROM pg_stat_activity WHERE %s = ANY(pg_blocking_pids(pid)) AND application_name = %s LIMIT 1"
DEADLOCKS = "SELECT sum(deadlocks) FROM pg_stat_database"
HIDDEN = (
    "SELECT count(*) FROM melding.events WHERE era = (SELECT max(era) FROM melding.eras) "
    "AND xid >= pg_snapshot_xmin(pg_current_snapshot())::text::bigint"
)


def kill(scene: Scene, rng: Random) -> str:
    """SIGKILL of the whole server in the middle of the work; the same one comes back with what was committed."""
    time.sleep(rng.uniform(0.1, 1.0))
    before, began = scene.postgres.pid, time.monotonic()
    scene.postgres.kill()
    if scene.postgres.running:
        raise DidNotStrike("PostgreSQL still runs after SIGKILL")
    time.sleep(rng.uniform(0.0, 2.0))
    scene.postgres.start()
    if scene.postgres.pid == before:
        raise DidNotStrike("PostgreSQL was not started anew")
    return f"away for {time.monotonic() - began:.1f} s"


def restore(scene: Scene, rng: Random) -> str:
    """Dump, and restore into a fresh cluster, whose transaction ids begin anew: a new era, and nothing hidden."""
    _use_up_transaction_ids(scene)
    time.sleep(rng.uniform(2.0, 3.0))
    scene.stop_processes()
    old, accepted = scene.postgres, len(scene.ledger.accepted())
    scene.postgres = fresh = PrivatePostgres(in_place_of=old)
    try:
        move_to_a_fresh_cluster(old, fresh, scene.database_url.rpartition("/")[2])
    finally:
        old.close()
    hidden = _asked(scene.database_url, HIDDEN)
    if not hidden:
        raise DidNotStrike("the fresh cluster hides none of the restored events: its transaction ids are too high")
    _refused_without_an_era(scene)
    for service in service_names():
        EventStore.open_era(scene.settings.store_url(service), service, reason=REASON, clock=scene.clock)
    scene.start_processes()
    eventually(lambda: len(scene.ledger.accepted()) > accepted, "a command accepted after the restore", 60)
    return f"{hidden} restored events of melding above the horizon of the fresh cluster"


def _use_up_transaction_ids(scene: Scene) -> None:
    """Let the server be as far as one in use: what is logged now has ids that a fresh one reaches late."""
    with closing(session(scene.database_url, STRANGER)) as stranger:
        stranger.autocommit = True
        for _ in range(TRANSACTIONS):
            one(stranger, "SELECT pg_current_xact_id()::text")


def _refused_without_an_era(scene: Scene) -> None:
    """The new server is not used by accident: a start without a new era is refused, and says what to do."""
    done = subprocess.run(
        [sys.executable, "-W", "ignore", "-m", "casuslog", "start", "melding"],
        env=scene.env,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    told = done.stdout + done.stderr
    assert done.returncode != 0, "melding started on a restored database without a new era"
    assert "era open" in told or StoreError.__name__ in told, f"the refusal does not say what to do: {told[-300:]}"


def _stall(database: Callable[[Scene], str]) -> Callable[[Scene, Random], str]:
    def strike(scene: Scene, rng: Random) -> str:
        time.sleep(rng.uniform(0.1, 1.0))
        url = database(scene)
        with hanging(url, STRANGER) as pid:
            began = time.monotonic()
            arrived, accepted = scene.found.complete(), len(scene.ledger.accepted())
            named = {"sessie": pid, "database": url.rpartition("/")[2], "toepassing": STRANGER}
            noticed = _noticed(scene, named) - began
            eventually(lambda: str(pid) in _alarms_logged(scene), "the alarm in the log", NOTICED_SECONDS)
            _told_by_the_command_line(scene, pid)
            known = len(scene.ledger.accepted())
            assert known > accepted, "an open transaction elsewhere kept a command from being accepted"
            if scene.found.complete() >= known:
                raise DidNotStrike(f"everything arrived while the transaction was open ({arrived} of {known})")
        return f"named and alarmed after {noticed:.1f} s"

    return strike


def _noticed(scene: Scene, named: dict[str, Any]) -> float:
    """When ``/status`` of a service gave the alarm, with the name of who holds the log."""

    def seen() -> bool:
        horizon = scene.api.get("melding", "/status", scene.beheerder)["horizon"]
        return bool(horizon["alarm"]) and named.items() <= horizon["door"][0].items() and horizon["door"][0]["sinds"]

    try:
        eventually(seen, f"the alarm of {named}", NOTICED_SECONDS)
    except DidNotStrike as error:
        raise AssertionError(f"the horizon stands still and nobody tells: {error}") from error
    return time.monotonic()


def _alarms_logged(scene: Scene) -> str:
    logs = [path.read_text(errors="replace") for path in (scene.folder / "log").glob("*.log")]
    return "\n".join(line for log in logs for line in log.splitlines() if '"casuslog.horizon"' in line)


def _told_by_the_command_line(scene: Scene, pid: int) -> None:
    command = [sys.executable, "-W", "ignore", "-m", "casuslog", "status"]
    done = subprocess.run(command, env=scene.env, capture_output=True, text=True, timeout=60, check=False)
    assert done.returncode == 1, f"casuslog status ended with {done.returncode} while the log stood still"
    assert f"sessie {pid} van {STRANGER}" in done.stdout, f"casuslog status does not name the session: {done.stdout}"


def deadlock(scene: Scene, rng: Random) -> str:
    """A stranger takes the rows of a consumer in the other order; PostgreSQL ends the consumer's transaction."""
    service = rng.choice(["onderzoek", "historie"])
    with closing(session(scene.settings.store_url(service), STRANGER)) as stranger:
        before = int(one(stranger, DEADLOCKS) or 0)
        for _ in range(TRIES):
            stranger.rollback()
            if _crossed(stranger, service):
                break
        else:
            raise DidNotStrike(f"no transaction of {service} crossed ours in {TRIES} tries")
        stranger.rollback()
        eventually(lambda: _deadlocks(stranger) > before, "a deadlock in the statistics of the server")
    return f"{service} was the victim"


def _deadlocks(stranger: Any) -> int:
    stranger.rollback()
    return int(one(stranger, DEADLOCKS) or 0)


def _crossed(stranger: Any, service: str) -> bool:
    """Hold the checkpoints until a consumer waits for them, then for what it holds. True when it had to give way."""
    with stranger.cursor() as cursor:
        # It is the consumer that has to notice, and so to be the victim: we are more patient than it is.
        cursor.execute("SET LOCAL deadlock_timeout = '20s'; SET LOCAL lock_timeout = '10s'")
        cursor.execute(CHECKPOINTS.format(service))
        deadline = time.monotonic() + 3
        while one(stranger, WAITERS, stranger.info.backend_pid, f"casuslog-{service}") is None:
            if time.monotonic() > deadline:
                return False
            time.sleep(0.02)
        began = time.monotonic()
        try:
            cursor.execute(f"LOCK TABLE {service}.inbox IN SHARE MODE")
        except psycopg2.errors.LockNotAvailable:
            return False
        # Given at once: it held nothing of the inbox. Given after the time of a deadlock: it was ended for us.
        return time.monotonic() - began > 0.5


def disk_full(scene: Scene, rng: Random) -> str:
    """Not a byte left on the disk of the server: a command is refused with 503 and changes nothing."""
    disk = scene.postgres.disk
    if disk is None:
        raise DidNotStrike("this PostgreSQL has no disk that can be filled")
    time.sleep(rng.uniform(0.5, 1.5))
    disk.fill()
    try:
        refused = eventually(lambda: _refusal(scene, disk.fill), "a command that is refused for want of room", 60)
        time.sleep(5)
        alive = scene.postgres.running
    finally:
        disk.make_room()
    if not alive:
        # It stops by itself when it cannot write its log ahead, as it should; whoever runs it starts it again.
        scene.postgres.start()
    return f"refused with 503 {refused}; server {'kept running' if alive else 'stopped itself'}"


def _refusal(scene: Scene, fill: Callable[[], int]) -> str | None:
    """Give a command. The code of its refusal; ``None`` when it was accepted after all, in room that was left."""
    fill()
    gemeente, key = scene.gemeenten[0], f"schijf-{time.monotonic_ns()}"
    token = scene.issuer.issue(Caller("wijkteam", gemeente, f"w-{gemeente}", (gemeente,)))
    answer = requests.post(
        f"{scene.settings.http_url('melding')}/opdrachten/registreer-melding",
        json={"gemeente": gemeente, "kanaal": "telefoon"},
        headers={"Authorization": f"Bearer {token}", "Idempotency-Key": key},
        timeout=40,
    )
    if answer.ok:
        told = answer.json()
        events = tuple(told["gebeurtenissen"])
        scene.ledger.accept(
            Accepted(key, "melding", "registreer-melding", gemeente, told["casus"], events, told["positie"],
                     time.monotonic())
        )  # fmt: skip
        return None
    assert answer.status_code == 503, f"a full disk gave {answer.status_code}: {answer.text[:200]}"
    problem = answer.json()
    assert answer.headers["Content-Type"].startswith("application/problem+json"), answer.headers["Content-Type"]
    # It is not given again: were it logged all the same, the audit would find an event that no answer names.
    return str(problem["type"]).rpartition(":")[2]


def half_open(scene: Scene, rng: Random) -> str:
    """Bytes vanish in both directions and nobody is told, for longer than anybody waits for an answer."""
    time.sleep(rng.uniform(0.5, 1.5))
    line = scene.lines["postgres"]
    struck, swallowed = line.struck, line.swallowed
    line.swallow()
    time.sleep(DEAD_SECONDS)
    accepted = len(scene.ledger.accepted())
    line.restore()
    struck, swallowed = line.struck - struck, line.swallowed - swallowed
    if not struck or not swallowed:
        raise DidNotStrike(f"{struck} connections died and {swallowed} bytes vanished")
    eventually(lambda: len(scene.ledger.accepted()) > accepted, "a command accepted once bytes pass again", 30)
    return f"{struck} connections dead, {swallowed} bytes vanished"


def _through_a_proxy(seed: int, has: Common) -> AbstractContextManager[Scene]:
    from tests.faults.scene import Scene

    return Scene(seed=seed, postgres=has.postgres, rabbit=has.rabbit, zygote=has.zygote, through=("postgres",))


def _asked(url: str, query: str) -> Any:
    with closing(session(url, STRANGER)) as asking:
        return one(asking, query)


def _restored(seed: int, has: Common) -> AbstractContextManager[Scene]:
    from tests.faults.scene import Scene

    return Scene(seed=seed, rabbit=has.rabbit, zygote=has.zygote)  # and a PostgreSQL that it may lose


def _on_a_small_disk(seed: int, has: Common) -> AbstractContextManager[Scene]:
    from tests.faults.scene import Scene

    return Scene(seed=seed, rabbit=has.rabbit, zygote=has.zygote, disk_mb=DISK_MB)


FAULTS = (
    Fault(name="postgresql-kill", about="SIGKILL of PostgreSQL", times=4, short_times=1, strike=kill, settle=True),
    Fault(
        name="postgresql-deadlock",
        about="transactions that cross; a consumer is the victim",
        times=3,
        short_times=0,
        strike=deadlock,
        settle=True,
    ),
    Fault(
        name="postgresql-open-transaction",
        about="a writing transaction that hangs open in the same database",
        times=1,
        short_times=0,
        strike=_stall(lambda scene: scene.database_url),
        settle=True,
    ),
    Fault(
        name="postgresql-open-elsewhere",
        about="a writing transaction that hangs open in another database of the server",
        times=1,
        short_times=0,
        strike=_stall(lambda scene: scene.postgres.url()),
        settle=True,
    ),
    Fault(
        name="database-half-open",
        about="bytes to and from PostgreSQL vanish, for longer than anybody waits for an answer",
        times=1,
        short_times=0,
        strike=half_open,
        settle=True,
        own_scene=True,
        scene=_through_a_proxy,
    ),
    Fault(
        name="postgresql-restore",
        about="dump and restore into a fresh cluster: a new era",
        times=1,
        short_times=0,
        strike=restore,
        settle=True,
        own_scene=True,
        scene=_restored,
    ),
    Fault(
        name="postgresql-disk-full",
        about="no room left on the disk of PostgreSQL",
        times=1,
        short_times=0,
        strike=disk_full,
        settle=True,
        own_scene=True,
        scene=_on_a_small_disk,
    ),
)
