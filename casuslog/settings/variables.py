"""Every variable of the environment that Casuslog reads: the one list for the check, the documentation and the tests.

What a value must be stands beside it as a rule: a function that gives, in Dutch, what would be right, or ``None`` when
the value is. Rules between variables are in :mod:`casuslog.settings.rules`.
"""

from __future__ import annotations

import base64
import binascii
import ipaddress
import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from urllib.parse import urlsplit

PREFIX = "CASUSLOG_"
OF_SERVICE = "CASUSLOG_DATABASE_URL_"
"""Followed by the name of a service, in capitals: its own database."""

Rule = Callable[[str], str | None]


@dataclass(frozen=True, slots=True)
class Variable:
    """One variable. ``meaning`` and ``default`` are for the documentation; of a ``secret`` the value is never shown."""

    name: str
    default: str
    meaning: str
    rule: Rule = lambda _: None
    secret: bool = False
    group: str = "installation"


def one_of(*allowed: str) -> Rule:
    """One of these words, in any case."""
    return lambda text: None if text.strip().lower() in allowed else f"Geef {' of '.join(allowed)}."


def whole(least: int, most: int, example: str) -> Rule:
    """A whole number within bounds."""

    def rule(text: str) -> str | None:
        if text.isascii() and text.isdigit() and least <= int(text) <= most:
            return None
        return f"Geef een heel getal van {least} tot en met {most}, bijvoorbeeld {example}."

    return rule


def url(schemes: tuple[str, ...], example: str) -> Rule:
    """An address of one of these kinds, with a host."""

    def rule(text: str) -> str | None:
        told = f"Geef een adres als {example}."
        try:
            parts = [urlsplit(one) for one in text.split(";")]
            well = all(part.scheme in schemes and part.hostname and (part.port or 1) for part in parts)
        except ValueError:
            # A port that is no number, or a bracket too many.
            return told
        return None if well else told

    return rule


def _root_key(text: str) -> str | None:
    told = "Geef 32 bytes in base64, bijvoorbeeld de uitkomst van `openssl rand -base64 32`."
    try:
        return None if len(base64.b64decode(text.strip(), validate=True)) == 32 else told
    except binascii.Error:
        return told


def _clock(text: str) -> str | None:
    return None if re.fullmatch(r"system|file:.+", text) else "Geef system, of file:<pad> voor demo en test."


def _address(text: str) -> str | None:
    shaped = re.fullmatch(r"https?://(\{naam\}|\{poort\}|[^\s{}])+", text)
    return (
        None
        if shaped and ("{naam}" in text or "{poort}" in text)
        else "Geef een adres met {naam} of {poort} erin, bijvoorbeeld http://{naam}:{poort}."
    )


def _beheer(text: str) -> str | None:
    """As :func:`casuslog.broker.holders.access_by` takes it."""
    if text.split(" ")[0].endswith("rabbitmqctl"):
        return None
    told = "http://beheer:wachtwoord@host:15672, of het pad van rabbitmqctl met zijn argumenten"
    return url(("http", "https"), told)(text)


def _proxies(text: str) -> str | None:
    try:
        for one in filter(None, map(str.strip, text.split(","))):
            ipaddress.ip_address(one)
    except ValueError:
        return "Geef IP-adressen met een komma ertussen, bijvoorbeeld 10.0.0.4,10.0.0.5."
    return None


_DATABASE = url(("postgresql", "postgresql+psycopg2"), "postgresql+psycopg2://gebruiker:wachtwoord@host:5432/casuslog")
_TESTS = "tests"

CATALOGUE = (
    Variable(
        "CASUSLOG_AMQP_URL",
        "(empty: the in-process twin)",
        "the log: `amqp://user:password@host:5672/vhost`; several with `;` between them: the next when one is away",
        url(("amqp", "amqps", "tweeling"), "amqp://gebruiker:wachtwoord@host:5672/casuslog"),
        secret=True,
    ),
    Variable(
        "CASUSLOG_AMQP_HOUDERS",
        "CASUSLOG_AMQP_URL",
        "a vhost of their own for the queues of holders: even the names of the log stay unknown there",
        url(("amqp", "amqps", "tweeling"), "amqp://gebruiker:wachtwoord@host:5672/houders"),
        secret=True,
    ),
    Variable(
        "CASUSLOG_AMQP_BEHEER",
        "(empty: holders have no user of their own)",
        "how users of holders are made at the broker: `http://user:password@host:15672` (management API), or a "
        "`rabbitmqctl` command",
        _beheer,
        secret=True,
    ),
    Variable(
        "CASUSLOG_DATABASE_URL",
        "(empty: SQLite files in CASUSLOG_DATA)",
        "`postgresql+psycopg2://user:password@host:5432/database`; in it a schema per service",
        _DATABASE,
        secret=True,
    ),
    Variable(
        f"{OF_SERVICE}<SERVICE>",
        "CASUSLOG_DATABASE_URL",
        "where the events and read models of this one service are, or the role with which it gets in there; "
        "e.g. `CASUSLOG_DATABASE_URL_PGB`; a `-` becomes `_`",
        _DATABASE,
        secret=True,
    ),
    Variable(
        "CASUSLOG_KEYS_URL",
        "beside the database",
        "the keys of all services: a place of their own, with a backup rule of their own",
        url(
            ("postgresql", "postgresql+psycopg2", "sqlite"),
            "postgresql+psycopg2://sleutels:wachtwoord@host:5432/sleutels",
        ),
        secret=True,
    ),
    Variable("CASUSLOG_DATA", ".casuslog", "folder for SQLite files, root key and secrets"),
    Variable(
        "CASUSLOG_ROOT_KEY",
        "(empty: `root.key` in CASUSLOG_DATA)",
        "root key, 32 bytes in base64: with it every key can be read, without it none",
        _root_key,
        secret=True,
    ),
    Variable(
        "CASUSLOG_UITGEVERS",
        "(empty: development tokens hold)",
        "file with the issuers of tokens; it may name further variables that hold a shared secret",
    ),
    Variable(
        "CASUSLOG_ONTWIKKELTOKENS",
        "(empty: only embedded)",
        "`ja`: tokens of the development issuer hold where the installation is not embedded too",
        one_of("ja"),
    ),
    Variable(
        "CASUSLOG_TEMPO", "200", "calls per second of one caller at one service; 0: any", whole(0, 999_999, "200")
    ),
    Variable("CASUSLOG_AANMELDFOUTEN", "60", "bad tokens per minute of one address; 0: any", whole(0, 999_999, "60")),
    Variable(
        "CASUSLOG_PROXIES", "(empty)", "addresses of proxies, `,` between them, whose `X-Forwarded-For` holds", _proxies
    ),
    Variable("CASUSLOG_CLOCK", "system", "`system`, or `file:<path>` for demo and tests", _clock),
    Variable("CASUSLOG_HTTP_HOST", "127.0.0.1", "address that the HTTP API listens on; `0.0.0.0` in a container"),
    Variable(
        "CASUSLOG_HTTP_PORT",
        "8100",
        "first port: each service has its own after it, and then each relay process",
        whole(1, 65000, "8100"),
    ),
    Variable(
        "CASUSLOG_HTTP_URL",
        "http://<CASUSLOG_HTTP_HOST>:{poort}",
        "how the command line and the overview reach a service or relay process, where each has an address of its own: "
        "`http://{naam}:{poort}`",
        _address,
    ),
    Variable(
        "CASUSLOG_OPENBAAR_URL",
        "(empty: where the service abonnement listens)",
        "how holders reach the service abonnement from outside; it stands in what webhooks are sent",
        url(("http", "https"), "https://casuslog.gemeente.nl"),
    ),
    Variable("CASUSLOG_SCHEMAS", "`schemas` beside the packages", "folder with Avro schemas and code lists"),
    Variable("CASUSLOG_INRICHTINGEN", "`deploy/inrichtingen`", "folder with the inrichtingen that are loaded"),
    Variable(
        "CASUSLOG_VERWERKINGENREGISTER",
        "`urn:casuslog:verwerkingsactiviteit`",
        "address of the register (AVG art. 30) in which the activities of the processing records are described",
    ),
    Variable(
        "CASUSLOG_LEASE_SECONDS",
        "15",
        "how long the work of a relay or pump that died waits for another",
        whole(2, 300, "15"),
    ),
    Variable(
        "CASUSLOG_RELAYS",
        "(empty: one process, `relay`)",
        "which relay process (`relay-1`, `relay-2`, ...) carries the log of which services, `;` between processes: "
        "`inrichting,melding;onderzoek,...`",
    ),
    Variable("CASUSLOG_LOG", "`console` on a terminal, else `json`", "form of the log", one_of("json", "console")),
    Variable(
        "CASUSLOG_LOG_LEVEL",
        "info",
        "from which level our own messages are shown",
        one_of("debug", "info", "warning", "error"),
    ),
    Variable(
        "CASUSLOG_TOKEN",
        "(empty: a development token)",
        "a token for the command line, where development tokens do not hold",
        secret=True,
    ),
    Variable("CASUSLOG_FAILPOINTS", "", "where a fault run lets a process die; never on an installation", group=_TESTS),
    Variable("CASUSLOG_SUPERVISOR", "", "set by `casuslog start` for its processes", group=_TESTS),
    Variable("CASUSLOG_DATA_BEWAREN", "", "`make run` leaves its folder", group=_TESTS),
    Variable("CASUSLOG_POSTGRES_BIN", "", "programs of the private PostgreSQL of the tests", group=_TESTS),
    Variable("CASUSLOG_RABBITMQ_BIN", "", "programs of the private RabbitMQ of the tests", group=_TESTS),
    Variable("CASUSLOG_START_SECONDS", "90", "how long a private server may take to start", group=_TESTS),
    Variable("CASUSLOG_TESTS_WITHOUT_SERVERS", "", "the tests skip what needs servers", group=_TESTS),
    Variable("CASUSLOG_FAULTS_LOGS", "", "where a fault run leaves the logs of its processes", group=_TESTS),
)


def known(name: str) -> Variable | None:
    """The variable of this name; those of single services share one."""
    wanted = f"{OF_SERVICE}<SERVICE>" if name.startswith(OF_SERVICE) else name
    return next((variable for variable in CATALOGUE if variable.name == wanted), None)


def table(variables: Iterable[Variable] = CATALOGUE) -> str:
    """The variables of an installation as a table in Markdown."""
    lines = ["| variable | default | meaning |", "|---|---|---|"]
    lines += [f"| `{v.name}` | {v.default} | {v.meaning} |" for v in variables if v.group == "installation"]
    return "\n".join(lines)


__all__ = ["CATALOGUE", "OF_SERVICE", "PREFIX", "Variable", "known", "table"]
