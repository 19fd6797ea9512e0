"""A steady load of commands for several gemeenten over HTTP, seeded; each is repeated under its key until answered."""

from __future__ import annotations

import contextlib
import random
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import requests

from casuslog.caller import Caller, DevelopmentIssuer
from casuslog.settings import Settings
from tests.faults.ledger import Accepted, Ledger, Odd

REGISTREER = "registreer-melding"
FOLLOW = "bied-clientondersteuning-aan"
"""A command on a casus that there is already; it may be given more than once."""
ELSEWHERE = "plan-gesprek"
"""A command to onderzoek, on a melding that it has handled; likewise."""
GESPREK_OP = "2099-01-04"
"""After any day of the clock of a run."""
WAIT_SECONDS = 2.0
ANSWER_SECONDS = 10.0
"""After this the outcome is unknown, and the same key asks again."""
RETRY_SECONDS = 0.1
AMPLE, SLOWEST = 20, 5.0
"""So many commands may be on their way before the pace goes down, by the square, and how many times at most.
What stands still for the length of a fault leaves more than that behind: there still is a backlog to catch up."""

_Known = list[tuple[str, str, str]]
"""What a thread began: gemeente, casus and position."""
_Give = Callable[[requests.Session, random.Random, _Known, str], None]


class Load:
    """Threads that give commands at a pace, until paused; what they were told stands in the ledger.

    Args:
        settings: where the services are.
        issuer: signs their tokens.
        ledger: what was accepted.
        gemeenten: gemeentecodes.
        seed: the same seed gives the same commands in the same order per thread.
        per_second: commands in a second, all threads together, as long as what was accepted arrives.
        behind: how many accepted commands have not arrived everywhere. On a machine that cannot keep up the pace goes
            down: how much it carries is another question than what it loses.
        threads: how many commands may be under way at once, all of them to melding. One more gives commands to
            onderzoek too, at the pace of one: while onderzoek is away it waits, and the others go on.
    """

    def __init__(
        self,
        settings: Settings,
        issuer: DevelopmentIssuer,
        ledger: Ledger,
        gemeenten: Sequence[str],
        *,
        seed: int,
        per_second: float = 8.0,
        threads: int = 3,
        behind: Callable[[], int] = lambda: 0,
    ) -> None:
        self.unknown = 0
        """How many requests ended without an answer, or with 503."""
        self._settings = settings
        self._issuer = issuer
        self._ledger = ledger
        self._gemeenten = tuple(gemeenten)
        self._seed = seed
        self._pause = (threads + 1) / per_second
        self._behind = behind
        self._going = threading.Event()
        self._stopping = threading.Event()
        self._threads = [threading.Thread(target=self._work, args=(n, self._give), daemon=True) for n in range(threads)]
        self._threads.append(threading.Thread(target=self._work, args=(threads, self._give_elsewhere), daemon=True))
        self._busy = 0
        self._changed = threading.Condition()

    def start(self) -> None:
        """Begin."""
        for thread in self._threads:
            thread.start()
        self.resume()

    @property
    def going(self) -> bool:
        """Whether commands are given now."""
        return self._going.is_set()

    @property
    def busy(self) -> int:
        """How many commands are under way."""
        with self._changed:
            return self._busy

    def resume(self) -> None:
        """Go on."""
        self._going.set()

    def pause(self, timeout: float) -> bool:
        """Give no further commands, and return when all that were given are answered; False when they are not in time.

        Until then nobody knows what was accepted.
        """
        self._going.clear()
        with self._changed:
            return self._changed.wait_for(lambda: self._busy == 0, timeout)

    def stop(self) -> None:
        """End; what is not answered yet stays unknown."""
        self._stopping.set()
        self._going.set()
        for thread in self._threads:
            thread.join(ANSWER_SECONDS + 1)

    def _work(self, number: int, give: _Give) -> None:
        rng = random.Random(f"{self._seed}/{number}")  # no secret; repeatable
        session = requests.Session()
        known: _Known = []
        count = 0
        while not self._stopping.is_set():
            if not self._begun():
                continue
            try:
                count += 1
                give(session, rng, known, f"{self._seed}-{number}-{count}")
            finally:
                self._ended()
            slower = min(SLOWEST, max(1.0, (self._behind() / AMPLE) ** 2))
            self._stopping.wait(self._pause * rng.uniform(0.5, 1.5) * slower)

    def _begun(self) -> bool:
        self._going.wait(0.2)
        with self._changed:
            if not self._going.is_set() or self._stopping.is_set():
                return False
            self._busy += 1
            return True

    def _ended(self) -> None:
        with self._changed:
            self._busy -= 1
            self._changed.notify_all()

    def _give(self, session: requests.Session, rng: random.Random, known: _Known, key: str) -> None:
        if known and rng.random() < 0.3:
            gemeente, casus, _ = rng.choice(known[-20:])
            body = {"gemeente": gemeente, "casus": casus, "moment": "gesprek"}
            self._command(session, "melding", FOLLOW, gemeente, body, key)
        else:
            self._register(session, rng, known, key)

    def _give_elsewhere(self, session: requests.Session, rng: random.Random, known: _Known, key: str) -> None:
        if known and rng.random() < 0.7:
            gemeente, casus, position = rng.choice(known[-20:])
            if self._handled(session, "onderzoek", gemeente, position):
                body = {"gemeente": gemeente, "casus": casus, "gesprek_op": GESPREK_OP}
                self._command(session, "onderzoek", ELSEWHERE, gemeente, body, key)
        else:
            self._register(session, rng, known, key)

    def _register(self, session: requests.Session, rng: random.Random, known: _Known, key: str) -> None:
        gemeente = rng.choice(self._gemeenten)
        body = {"gemeente": gemeente, "kanaal": "telefoon"}
        begun = self._command(session, "melding", REGISTREER, gemeente, body, key)
        if begun is not None:
            known.append((gemeente, begun.casus, begun.position))

    def _handled(self, session: requests.Session, service: str, gemeente: str, position: str) -> bool:
        """Wait, as an integrator does, until a service has handled what stands at a position; False when we stop."""
        url = f"{self._settings.http_url(service)}/wacht/{position}?seconden={WAIT_SECONDS}"
        while not self._stopping.is_set():
            with contextlib.suppress(requests.RequestException):
                if session.get(url, headers=self._token(gemeente), timeout=ANSWER_SECONDS).status_code == 200:
                    return True
            self._stopping.wait(RETRY_SECONDS)
        return False

    def _token(self, gemeente: str) -> dict[str, str]:
        caller = Caller("wijkteam", gemeente, f"w-{gemeente}", (gemeente,))
        return {"Authorization": f"Bearer {self._issuer.issue(caller)}"}

    def _command(
        self, session: requests.Session, service: str, name: str, gemeente: str, body: Mapping[str, Any], key: str
    ) -> Accepted | None:
        headers = {**self._token(gemeente), "Idempotency-Key": key}
        url = f"{self._settings.http_url(service)}/opdrachten/{name}"
        tries = 0
        while not self._stopping.is_set():
            tries += 1
            answer = _asked(session, url, headers, body)
            if answer is None or answer.status_code >= 500:
                self.unknown += 1
                if answer is not None and answer.status_code != 503:
                    self._ledger.wonder(Odd(key, name, gemeente, answer.status_code, answer.text[:200]))
                self._stopping.wait(RETRY_SECONDS)
            elif answer.status_code >= 400:
                self._ledger.wonder(Odd(key, name, gemeente, answer.status_code, answer.text[:300]))
                return None
            else:
                told = answer.json()
                events = tuple(told["gebeurtenissen"])
                at = time.monotonic()
                taken = Accepted(
                    key, service, name, gemeente, str(told["casus"]), events, str(told["positie"]), at, tries
                )
                self._ledger.accept(taken)
                return taken
        return None


def _asked(
    session: requests.Session, url: str, headers: Mapping[str, str], body: Mapping[str, Any]
) -> requests.Response | None:
    try:
        return session.post(url, json=body, headers=dict(headers), timeout=ANSWER_SECONDS)
    except requests.RequestException:
        return None
