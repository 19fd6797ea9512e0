"""The run's own consumer, as the run sees it from outside: started, steered, asked, and held against the log."""

from __future__ import annotations

import contextlib
import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import TYPE_CHECKING, Any
from urllib.parse import quote
from weakref import WeakKeyDictionary

import requests
from sqlalchemy import Connection, NullPool, create_engine, select

from casuslog.broker.topology import INBOX_PREFIX
from casuslog.settings import service_names
from casuslog.testing.instances import free_ports
from tests.faults.audit import Event, Findings, audit
from tests.faults.collect import from_json
from tests.faults.fault import RECOVERY_SECONDS, DidNotStrike
from tests.faults.processes import Process
from tests.faults.proef import NAME, Behaviour, effects

if TYPE_CHECKING:
    from tests.faults.scene import Scene

START_SECONDS = 30.0
INBOX = f"{INBOX_PREFIX}{NAME}"
UNREADABLE = "onleesbaar"


class Follower:
    """The consumer ``proef`` of a scene; one per scene, however often it is asked for (:func:`follower`)."""

    def __init__(self, scene: Scene) -> None:
        self._scene = scene
        self._url = f"http://127.0.0.1:{(port := free_ports(1))}"
        # The services before it in the list have the ports before its own.
        env = {"CASUSLOG_HTTP_PORT": str(port - len(service_names()))}
        self.behave(Behaviour())
        scene.add(Process(NAME, entry="tests.faults.proef:run", env=env))
        self.wait_until_ready()

    def behave(self, behaviour: Behaviour) -> None:
        """Let it do so from now on."""
        behaviour.write(self._scene.settings.data)

    def wait_until_ready(self) -> None:
        """Return when deliveries flow.

        Raises:
            DidNotStrike: it did not start.
        """
        self._until(lambda: self._ask("GET", "/status").get("klaar"), START_SECONDS, "a consumer that is ready")

    def effects(self, after: int = 0) -> list[tuple[int, Event, float]]:
        """Number, event and moment of each effect, in order."""
        with self.database() as conn:
            rows = conn.execute(select(effects).where(effects.c.n > after).order_by(effects.c.n)).all()
        return [(row.n, from_json(row.envelope), row.at) for row in rows]

    def behind(self) -> int:
        """How many logged events it has not handled yet."""
        with self.database() as conn:
            done = set(conn.execute(select(effects.c.event_id)).scalars())
        return sum(event.id not in done for event in self._scene.found.evidence().store)

    def wait_until_level(self, timeout: float = RECOVERY_SECONDS) -> float:
        """Seconds until it has handled all that is logged; call it while the load is paused and settled.

        Raises:
            AssertionError: it has not in time.
        """
        began = time.monotonic()
        while behind := self.behind():
            assert time.monotonic() < began + timeout, f"after {timeout:.0f} s {NAME} is still {behind} events behind"
            time.sleep(0.2)
        return time.monotonic() - began

    def findings(self) -> Findings:
        """What the audit says of its effects. The rest of the evidence is for who audits the installation."""
        evidence = self._scene.found.evidence()
        handled = {NAME: [event for _, event, _ in self.effects()]}
        return audit(replace(evidence, stream=list(evidence.store), effects=handled, subscribers={}))

    def held(self, timeout: float = RECOVERY_SECONDS) -> str:
        """Pause the load, wait until all is level, and hold the effects against the log; the load then goes on.

        Raises:
            AssertionError: it was not level in time, or a promise was broken.
        """
        scene = self._scene
        assert scene.settled() < float("inf"), "the installation did not come to rest"
        seconds = self.wait_until_level(timeout)
        sentences = self.findings().sentences()
        assert not sentences, f"{len(sentences)} breaches at {NAME}: {'; '.join(sentences[:3])}"
        scene.load.resume()
        return f"level after {seconds:.1f} s"

    def parked(self) -> dict[str, int]:
        """How many events are parked, by lane."""
        found = self._ask("GET", "/geparkeerd")
        return {one["baan"]: one["gebeurtenissen"] for one in found["banen"]}

    def replay(self, lane: str) -> int:
        """Replay a parked lane as an operator does; how many events stay parked."""
        return int(self._ask("POST", f"/geparkeerd/{quote(lane)}/herhaal")["over"])

    def _ask(self, method: str, path: str) -> dict[str, Any]:
        scene = self._scene
        headers = {"Authorization": f"Bearer {scene.issuer.issue(scene.beheerder)}"}
        deadline = time.monotonic() + START_SECONDS
        while (answer := _answer(method, f"{self._url}{path}", headers)) is None:
            if time.monotonic() > deadline:
                raise DidNotStrike(f"{NAME} does not answer")
            time.sleep(0.1)
        answer.raise_for_status()
        told: dict[str, Any] = answer.json()
        return told

    @contextlib.contextmanager
    def database(self) -> Iterator[Connection]:
        """A transaction in the database of the consumer."""
        with create_engine(self._scene.settings.store_url(NAME), poolclass=NullPool).begin() as conn:
            conn.exec_driver_sql(f'SET search_path TO "{NAME}"')
            yield conn

    def _until(self, holds: Callable[[], Any], seconds: float, what: str) -> None:
        deadline = time.monotonic() + seconds
        while not holds():
            if time.monotonic() > deadline:
                raise DidNotStrike(f"not seen within {seconds:.0f} s: {what}")
            time.sleep(0.05)


def _answer(method: str, url: str, headers: dict[str, str]) -> requests.Response | None:
    try:
        return requests.request(method, url, headers=headers, timeout=30)
    except requests.ConnectionError:
        # It is being started.
        return None


def follower(scene: Scene) -> Follower:
    """The consumer of this scene, started when it was not there yet."""
    found = _FOLLOWERS.get(scene)
    if found is None:
        found = _FOLLOWERS[scene] = Follower(scene)
    return found


_FOLLOWERS: WeakKeyDictionary[Scene, Follower] = WeakKeyDictionary()
