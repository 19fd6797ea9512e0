"""The command line on a bench: real stores, real endpoints and their real routes, without sockets."""

import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import structlog
from click.testing import CliRunner, Result
from nameko.extensions import ENTRYPOINT_EXTENSIONS_ATTR
from werkzeug.routing import Map, Rule
from werkzeug.test import EnvironBuilder
from werkzeug.wrappers import Request

from casuslog.caller import Caller
from casuslog.cli._installation import Installation
from casuslog.cli._root import cli
from casuslog.errors import CasuslogError, Unavailable
from casuslog.hosting.entrypoint import LogConsumer
from casuslog.hosting.operating import Operating
from casuslog.http.client import Problem
from casuslog.settings import Settings
from tests.casuslog.consume.conftest import world as world
from tests.casuslog.consume.world import World
from tests.casuslog.hosting.bench import Bench

NAMES = ["bron", "meer", "volger"]


def _routes() -> Map:
    methods = {name: getattr(getattr(Operating, name), ENTRYPOINT_EXTENSIONS_ATTR, ()) for name in dir(Operating)}
    return Map([Rule(e.url, methods=[e.method], endpoint=name) for name, found in methods.items() for e in found])


class BenchClient:
    """Has the face of :class:`casuslog.http.client.ApiClient`; ``away`` names the services that do not answer."""

    def __init__(self, bench: Bench) -> None:
        self.away: set[str] = set()
        self.answers: dict[str, Any] = {}
        well = {"toestand": "running", "alarm": False, "oorzaak": ""}
        self.relays: dict[str, dict[str, Any]] = {name: dict(well) for name in NAMES}
        """What the relay process says of the log of each service."""
        self.asked: list[tuple[str, str, Caller | None]] = []
        self._issuer = bench.issuer
        self._services = {"bron": bench.bron, "volger": bench.volger, "meer": bench.service("meer", LogConsumer())}
        self._routes = _routes()

    def get(self, service: str, path: str, caller: Caller | None = None) -> dict[str, Any]:
        return self._call("GET", service, path, caller)

    def post(self, service: str, path: str, caller: Caller) -> dict[str, Any]:
        return self._call("POST", service, path, caller)

    def _call(self, method: str, service: str, path: str, caller: Caller | None) -> dict[str, Any]:
        self.asked.append((service, path, caller))
        if service in self.away:
            raise Unavailable(f"{service} antwoordt niet.")
        if service == "relay":
            return {"service": "relay", "diensten": self.relays}
        if path in self.answers:
            answer = self.answers[path]
            if isinstance(answer, Exception):
                raise answer
            return dict(answer)
        headers = {} if caller is None else {"Authorization": f"Bearer {self._issuer.issue(caller)}"}
        environ = EnvironBuilder(path, method=method, headers=headers).get_environ()
        endpoint, values = self._routes.bind_to_environ(environ).match()
        try:
            answer = getattr(self._services[service], endpoint)(Request(environ), **values)
        except CasuslogError as error:
            raise Problem(error.problem()) from None
        return dict(json.loads(answer.get_data()))


@pytest.fixture
def bench(world: World) -> Bench:
    """Owners ``bron`` and ``meer`` and the consumer ``volger``."""
    return Bench(world)


@pytest.fixture
def client(bench: Bench) -> BenchClient:
    """Calls the services of the bench."""
    return BenchClient(bench)


@pytest.fixture
def installation(client: BenchClient, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Installation:
    """An installation whose services are those of the bench, with its files where the stores of the world are."""
    for module in ("_installation", "status", "start"):
        monkeypatch.setattr(f"casuslog.cli.{module}.service_names", lambda: NAMES)
    monkeypatch.setattr("casuslog.settings._settings.service_names", lambda: NAMES)
    made = Installation(Settings.from_env({"CASUSLOG_DATA": str(tmp_path)}))
    made.__dict__["client"] = client
    return made


@pytest.fixture(autouse=True)
def _services_log_elsewhere() -> Iterator[None]:
    """The services of the bench live in this process; what they log is not what a command prints."""
    with structlog.testing.capture_logs():
        yield


@pytest.fixture
def run(installation: Installation) -> Callable[..., Result]:
    """Run a command line."""
    return lambda *words: CliRunner().invoke(cli, list(words), obj=installation)
