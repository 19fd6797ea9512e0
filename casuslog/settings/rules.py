"""What an environment must be before anything starts: each value by itself, and what holds between them. Pure.

A message names the variable, the rule and what would be right; never a value that may hold a password.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from casuslog.settings.variables import OF_SERVICE, Variable, known

AMQP, DATABASE, KEYS, RELAYS = "CASUSLOG_AMQP_URL", "CASUSLOG_DATABASE_URL", "CASUSLOG_KEYS_URL", "CASUSLOG_RELAYS"
PORT, LEASE = "CASUSLOG_HTTP_PORT", "CASUSLOG_LEASE_SECONDS"


@dataclass(frozen=True, slots=True)
class Problem:
    """What is wrong with a variable. ``fatal``: nothing may start; else it is advice."""

    variable: str
    wrong: str
    remedy: str
    fatal: bool = True

    def __str__(self) -> str:
        return f"{self.variable} {self.wrong}. {self.remedy}"


def broken(env: Mapping[str, str], services: Sequence[str]) -> list[Problem]:
    """Everything that is wrong with the values of an environment.

    Args:
        env: the environment; variables of others are left alone.
        services: the services of the installation, in the order of their ports.
    """
    given = {name: value for name, value in env.items() if value and known(name)}
    alone, between = [*_values(given), *_pairs(given)], (_databases, _division, _ports)
    return alone + [problem for rule in between for problem in rule(given, services)]


def _values(given: Mapping[str, str]) -> Iterator[Problem]:
    for name, value in sorted(given.items()):
        variable = known(name)
        remedy = variable.rule(value) if variable else None
        if variable and remedy:
            yield Problem(name, f"is {_shown(variable, value)}", remedy)


def _shown(variable: Variable, value: str) -> str:
    return "geen geldige waarde (zij wordt hier niet getoond)" if variable.secret else f"{value!r}: dat is ongeldig"


def _pairs(given: Mapping[str, str]) -> Iterator[Problem]:
    if (AMQP in given) != (DATABASE in given):
        there, missing = (AMQP, DATABASE) if AMQP in given else (DATABASE, AMQP)
        yield Problem(
            missing,
            f"ontbreekt, terwijl {there} er is",
            f"Geef {AMQP} en {DATABASE} beide (RabbitMQ en PostgreSQL), of geen van beide (ingebed).",
        )


def _databases(given: Mapping[str, str], services: Sequence[str]) -> Iterator[Problem]:
    names = {variable_of(service) for service in services}
    for name in sorted(name for name in given if name.startswith(OF_SERVICE)):
        if name not in names:
            yield Problem(name, "noemt geen dienst", f"Er zijn {', '.join(services)}.")
        elif DATABASE not in given:
            wrong = f"verdeelt een installatie, maar {DATABASE} ontbreekt"
            yield Problem(name, wrong, "Geef die voor de andere diensten.")


def variable_of(service: str) -> str:
    """The variable with the database of a single service."""
    return OF_SERVICE + service.replace("-", "_").upper()


def relay_groups(text: str) -> tuple[tuple[str, ...], ...]:
    """The services of each relay process, as ``CASUSLOG_RELAYS`` writes them."""
    return tuple(tuple(name.strip() for name in group.split(",")) for group in text.split(";")) if text else ()


def _division(given: Mapping[str, str], services: Sequence[str]) -> Iterator[Problem]:
    groups = relay_groups(given.get(RELAYS, ""))
    named = [name for group in groups for name in group]
    # Who is in none would never be heard of by others; who is in two waits.
    if groups and sorted(named) != sorted(services):
        wrong = [f"noemt {name!r}, dat geen dienst is" for name in sorted(set(named) - set(services))]
        wrong += [f"laat {name} weg" for name in services if name not in named]
        wrong += [f"noemt {name} {named.count(name)} keer" for name in services if named.count(name) > 1]
        example = f"{','.join(services[:2])};{','.join(services[2:])}"
        yield Problem(RELAYS, " en ".join(wrong), f"Noem elke dienst precies een keer, bijvoorbeeld {example}.")


def _ports(given: Mapping[str, str], services: Sequence[str]) -> Iterator[Problem]:
    text = given.get(PORT, "")
    needed = len(services) + max(1, len(relay_groups(given.get(RELAYS, ""))))
    if text.isascii() and text.isdigit() and 65536 - needed < int(text) <= 65000:
        yield Problem(PORT, f"is {text}: daarna zijn er geen {needed} poorten", f"Geef hooguit {65536 - needed}.")


__all__ = ["Problem", "broken", "relay_groups", "variable_of"]
