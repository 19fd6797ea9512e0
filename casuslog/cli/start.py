"""``casuslog start``: run services and relays."""

from __future__ import annotations

import signal
import threading

import click
import structlog

from casuslog.cli._installation import Installation, pass_installation
from casuslog.errors import CasuslogError
from casuslog.hosting.supervisor import Supervisor
from casuslog.settings import RELAY, Settings, service_names
from casuslog.settings.checking import examined

_LOOK_SECONDS = 0.2
_log = structlog.get_logger("casuslog.start")


@click.command()
@click.argument("namen", nargs=-1, metavar="[NAAM]...")
@pass_installation
def start(installation: Installation, namen: tuple[str, ...]) -> None:
    """Draai diensten tot Ctrl-C of SIGTERM.

    Zonder NAAM draait alles: ingebed in dit ene proces, of met RabbitMQ en PostgreSQL elke dienst en de relay als
    eigen proces onder toezicht. Met NAAM draaien in dit proces alleen die diensten, of de relay; is het doorgeven
    verdeeld met CASUSLOG_RELAYS, dan heten de delen relay-1, relay-2 enzovoort.
    """
    settings = installation.settings
    for advice in examined():
        _log.warning("advies over de omgeving", variabele=advice.variable, wat=advice.wrong, remedie=advice.remedy)
    _check(settings, namen)
    _check_tokens(settings)
    if namen:
        _here(settings, namen)
    elif settings.embedded:
        from casuslog.hosting import host

        host.run_all(settings)
    else:
        _supervised(settings)


def refuse_what_is_wrong() -> None:
    """Refuse an environment with which nothing may start, with all that is wrong in it at once.

    Raises:
        click.UsageError: it names each variable, what is wrong with it and what would be right.
    """
    fatal = [str(problem) for problem in examined() if problem.fatal]
    if fatal:
        raise click.UsageError("de omgeving klopt niet. " + " ".join(fatal))


def _check(settings: Settings, names: tuple[str, ...]) -> None:
    known = list(dict.fromkeys([*service_names(), RELAY, *settings.relay_processes()]))
    unknown = [name for name in names if name not in known]
    if unknown:
        raise click.BadParameter(f"{', '.join(unknown)} is er niet; er zijn {', '.join(known)}", param_hint="NAAM")
    if names and settings.embedded:
        raise CasuslogError(
            "Ingebed is er geen log tussen processen: `casuslog start` draait dan alles in één proces. "
            "Geef CASUSLOG_AMQP_URL en CASUSLOG_DATABASE_URL om diensten apart te draaien."
        )


def _check_tokens(settings: Settings) -> None:
    try:
        settings.refuse_silent_development()
    except ValueError as error:
        raise click.UsageError(str(error)) from None


def _here(settings: Settings, names: tuple[str, ...]) -> None:
    from casuslog.hosting import host

    host.run(settings, [name for name in names if name in service_names()], _carried(settings, names))


def _carried(settings: Settings, names: tuple[str, ...]) -> list[str]:
    """The services whose log is passed on from here; ``relay`` alone is all of them, however they are divided."""
    processes = settings.relay_processes()
    named = {service for name in names for service in processes.get(name, ())}
    return [service for service in service_names() if RELAY in names or service in named]


def _supervised(settings: Settings) -> None:
    asked = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: asked.set())
    supervisor = Supervisor([*service_names(), *settings.relay_processes()])
    supervisor.start()
    # A short wait each time: a signal is handled between two of them, also under eventlet.
    while not asked.wait(_LOOK_SECONDS):
        pass
    supervisor.stop()
