"""Services of the test world with their operating endpoints, and a consumer that the test turns by hand."""

import json
from types import SimpleNamespace
from typing import Any

from werkzeug.test import EnvironBuilder
from werkzeug.wrappers import Request

from casuslog.backoff import Backoff
from casuslog.caller import Caller, DevelopmentIssuer
from casuslog.consume import timers
from casuslog.consume.consumer import Consumer
from casuslog.consume.failures import Policy
from casuslog.hosting.entrypoint import LogConsumer
from casuslog.hosting.operating import Operating
from casuslog.tokens import Gate, Tokens
from tests.casuslog.consume.world import GEMEENTE, World, whole_log, with_previous

BEHEER = Caller("beheerder", "0086", "b-1", (GEMEENTE,))


class Bench:
    """Two services of the world with their operating endpoints, and a consumer that the test turns by hand."""

    def __init__(self, world: World) -> None:
        self.world = world
        self.issuer = DevelopmentIssuer("x" * 40)
        self.consumer: Consumer = world.consumer(policy=Policy(Backoff(first=0.0, jitter=0.0), faults=1))
        self.following = LogConsumer()
        self.following.handlers = world.handlers()
        self.following.running = SimpleNamespace(consumer=self.consumer, connected=True)
        self.volger = self.service("volger", self.following)
        self.bron = self.service("bron", LogConsumer())
        for store in world.stores.values():
            timers.prepare(store)

    def service(self, name: str, consuming: LogConsumer) -> Any:
        made = type(name, (Operating,), {"name": name})()
        platform = SimpleNamespace(clock=self.world.clock, issuer=self.issuer, gate=Gate(Tokens((), self.issuer)))
        made.log = SimpleNamespace(store=self.world.stores[name], platform=platform, service=name)
        made.consuming = consuming
        return made

    def asking(self, query: str = "", caller: Caller | None = BEHEER) -> Request:
        headers = {} if caller is None else {"Authorization": f"Bearer {self.issuer.issue(caller)}"}
        return Request(EnvironBuilder(query_string=query, headers=headers).get_environ())

    def ask(self, method: Any, query: str = "", *path: str, caller: Caller | None = BEHEER) -> dict[str, Any]:
        answer: dict[str, Any] = json.loads(method(self.asking(query, caller), *path).get_data())
        return answer

    def deliver(self) -> None:
        for stored, previous in with_previous(whole_log(self.world.stores["bron"])):
            self.consumer.take(stored, previous)
        self.consumer.settle()
