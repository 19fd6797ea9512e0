"""The main job from start to end, embedded or on RabbitMQ and PostgreSQL, whichever the environment says."""

from __future__ import annotations

import os
import shutil
import signal
import sys
import tempfile
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import date
from pathlib import Path

from casuslog.caller import Caller, DevelopmentIssuer
from casuslog.cli.timeline import render
from casuslog.clock import FileClock
from casuslog.errors import Unavailable
from casuslog.hosting.host import Host
from casuslog.hosting.logs import configure
from casuslog.hosting.supervisor import Supervisor
from casuslog.http.client import ApiClient
from casuslog.settings import Settings, service_names
from deploy.demo.spel import NietVolgensDeZaak, Speler, toezichthouder
from deploy.demo.stand import Stand
from deploy.demo.vertaling import Spel
from deploy.demo.zaken import Partijen, Zaak, lees

PATIENCE_SECONDS = 60.0
"""How long a service may be away, to start or to restart, before the demo gives up."""
EERSTE_DAG = date(2017, 1, 2)
CLOCK = "demo.klok"
STAND = "demo.stand"


def main() -> int:
    """Run the main job; the exit status."""
    begin = time.monotonic()
    # Lines about what goes well would stand between the timelines; the processes of the services inherit this.
    os.environ.setdefault("CASUSLOG_LOG_LEVEL", "warning")
    # It plays every part itself, with tokens that it signs: also on RabbitMQ and PostgreSQL this is no production.
    os.environ.setdefault("CASUSLOG_ONTWIKKELTOKENS", "ja")
    configure()
    data = Path(os.environ.get("CASUSLOG_DATA", "") or tempfile.mkdtemp(prefix="casuslog-demo-"))
    data.mkdir(parents=True, exist_ok=True)
    clock = FileClock(data / CLOCK)
    if not (data / CLOCK).exists():
        # Else a run was broken off here: what it left under way is finished on its own day first.
        clock.set(EERSTE_DAG)
    os.environ |= {"CASUSLOG_DATA": str(data), "CASUSLOG_CLOCK": f"file:{data / CLOCK}"}
    settings = Settings.from_env()
    partijen, zaken = lees()
    try:
        with platform(settings):
            api = ApiClient(settings, DevelopmentIssuer.from_file(data / "token.secret"), patience=PATIENCE_SECONDS)
            _say(f"{len(service_names())} services draaien na {time.monotonic() - begin:.1f} s ({_waarop(settings)}).")
            stand = Stand(data / STAND)
            speler = Speler(api, partijen, clock.set, _say, stand)
            spelen = [_speel(api, speler, partijen, zaak) for zaak in stand.onafgemaakt_eerst(zaken)]
            _say(f"\nDe drie zaken zijn gespeeld en nagekeken in {time.monotonic() - begin:.1f} s.")
            _verder(settings, partijen, spelen)
            _blijf()
    except NietVolgensDeZaak as anders:
        _say(f"FOUT: {anders}")
        return 1
    finally:
        if "CASUSLOG_DATA_BEWAREN" not in os.environ and data.name.startswith("casuslog-demo-"):
            shutil.rmtree(data, ignore_errors=True)
    return 0


@contextmanager
def platform(settings: Settings) -> Iterator[None]:
    """The platform, running: in this process, or every service and the relay as a process of its own."""
    if settings.embedded:
        host = Host(settings, service_names(), service_names())
        host.start()
        try:
            yield
        finally:
            host.stop()
        return
    supervisor = Supervisor([*service_names(), *settings.relay_processes()])
    supervisor.start()
    try:
        wacht_tot_zij_draaien(settings)
        yield
    finally:
        supervisor.stop()


def wacht_tot_zij_draaien(settings: Settings) -> None:
    """Return when every service, each a process of its own, takes work.

    Raises:
        Unavailable: one of them is not there after a minute.
    """
    secret = settings.data / "token.secret"
    deadline = time.monotonic() + PATIENCE_SECONDS
    while not secret.exists():
        if time.monotonic() > deadline:
            raise Unavailable("De services zijn niet gestart; zie hun log hierboven.")
        time.sleep(0.1)
    api = ApiClient(settings, DevelopmentIssuer.from_file(secret), patience=PATIENCE_SECONDS)
    for name in service_names():
        api.get(name, "/klaar")


def _speel(api: ApiClient, speler: Speler, partijen: Partijen, zaak: Zaak) -> Spel:
    _say(f"\n=== {zaak.titel} ===\n")
    spel = speler.speel(zaak)
    _say("\nDe tijdlijn, zoals de inwoner haar leest:\n")
    namen = {partijen.code(sleutel): partijen.naam(partijen.code(sleutel)) for sleutel in partijen.rijen}
    regels = api.get("historie", f"/casussen/{spel.casus}/tijdlijn", inwoner(spel))["tijdlijn"]
    _say(render(regels, namen))
    if spel.dossier is not None:
        code = partijen.code(zaak.woongemeente.replace("-", "_"))
        gelezen = api.get("toezicht", f"/stromen/{code}/toezicht/{spel.dossier}", toezichthouder(code))
        _say("\nHet toezichtdossier, dat alleen de toezichthouder ziet (niet onder de casus):\n")
        _say(render(gelezen["gebeurtenissen"], namen))
    return spel


def inwoner(spel: Spel) -> Caller:
    """The person whom the case is about, reading the own case."""
    return Caller("inwoner", None, spel.client, (), "eigen_zaak")


def _verder(settings: Settings, partijen: Partijen, spelen: list[Spel]) -> None:
    eerste = spelen[0]
    code = partijen.code(eerste.zaak.woongemeente.replace("-", "_"))
    token = DevelopmentIssuer.from_file(settings.data / "token.secret").issue(
        Caller("wijkteam", code, "wijkteam-proef", (code,))
    )
    historie = settings.http_url("historie")
    _say("\nVerder proberen. De HTTP API:")
    for name in service_names():
        _say(f"  {name:<12} {settings.http_url(name)}")
    _say("\nDe casussen:")
    for spel in spelen:
        _say(f"  {spel.casus}  {spel.zaak.titel.split(' - ')[0]}  (test-BSN {spel.zaak.gegeven['client']['bsn_test']})")
    _say(f"\nEen ontwikkeltoken (wijkteam {partijen.naam(code)}; alleen voor deze installatie):\n  {token}")
    _say("\nProbeer:")
    _say(f"  curl -H 'Authorization: Bearer <token>' {historie}/casussen/{eerste.casus}")
    _say(f"  export CASUSLOG_DATA={settings.data} CASUSLOG_CLOCK=file:{settings.data / CLOCK}")
    _say("  .venv/bin/casuslog status")
    _say(f"  .venv/bin/casuslog timeline {eerste.casus} --als kcc --gemeente {code}")
    _say("  .venv/bin/casuslog verify")


def _blijf() -> None:
    """Keep serving until Ctrl-C; without a terminal there is nobody to stop it, so end."""
    if not sys.stdin.isatty():
        return
    asked = threading.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda *_: asked.set())
    _say("\nDe API blijft bereikbaar. Ctrl-C stopt.")
    while not asked.wait(0.2):
        pass


def _waarop(settings: Settings) -> str:
    return (
        "in dit proces, op SQLite en de tweeling" if settings.embedded else "elk een proces, op PostgreSQL en RabbitMQ"
    )


def _say(text: str) -> None:
    print(text, flush=True)  # this is what the demo is for


__all__ = ["inwoner", "main", "platform", "wacht_tot_zij_draaien"]
