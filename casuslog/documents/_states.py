"""What may be done in which state, by whom: tried on the decisions that the services run on, not written by hand."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from functools import cache
from typing import Any

from casuslog.events import Fact
from casuslog.rights.commands import CommandRights, command_rights
from casuslog.toestanden import Outcome, Toestand, Toestanden, Trial

HEAD = [
    "## By state",
    "",
    "Each command is given, as an example that would be right in some state, in each state to the decision that the",
    "service runs on. *Yes*: it is carried out, for every role of its row; *yes:* for these only; *no change*: it is",
    "taken and nothing follows. Otherwise it says by which code it is refused (the last part of the problem's `type`).",
    "",
    "The roles of a row are those of the first table that the inrichting of the example lets do it; another inrichting",
    "may name others of them. Another body or another day may be refused for a reason of its own. Each service tells",
    "the same of its own commands, for every role: `GET /opdrachten/{naam}`.",
]


def states_section(services: Iterable[Any], rights: CommandRights) -> Iterator[str]:
    """The lines of the section: a table per kind of stream, and how its states are reached."""
    yield from HEAD
    for service in services:
        for states in service.toestanden:
            yield from ("", f"### {service.name}: {states.aggregate.kind}", "")
            yield from _table(Trial(service.name, service.commands, states, rights), states)
            yield ""
            yield from (f"- *{one.naam}*: {_reached(one)}" for one in states.toestanden)


def _table(trial: Trial, states: Toestanden) -> Iterator[str]:
    names = [one.naam for one in states.toestanden]
    outcomes = trial.outcomes()
    yield f"| command | {' | '.join(names)} | roles |"
    yield "|---" * (len(names) + 2) + "|"
    for command in sorted(trial.commands):
        row = [outcomes[command, name] for name in names]
        able = [rol for rol in trial.roles(command) if any(rol in one.ja for one in row)]
        cells = " | ".join(cell(one, able) for one in row)
        yield f"| `{command}` | {cells} | {_said(able)} |"


def cell(outcome: Outcome, able: Sequence[str]) -> str:
    """What stands in one cell; ``able`` are the roles that the command is for in some state."""
    if set(able) <= set(outcome.ja):
        return "yes"
    if outcome.ja:
        return f"yes: {_said(outcome.ja)}"
    if outcome.stil:
        return "no change"
    reasons = dict.fromkeys(reason for rol, reason in outcome.nee.items() if rol in able)
    return ", ".join(f"`{reason}`" for reason in reasons or dict.fromkeys(outcome.nee.values()))


def command_document(service: Any, name: str) -> dict[str, Any] | None:
    """Of one command of a service class: who may give it, and what comes of it in each state; plain data.

    ``None``: there is no such command. Made once: do not change it.
    """
    return _command_documents(service).get(name)


@cache
def _command_documents(service: Any) -> dict[str, dict[str, Any]]:
    rights = command_rights()
    trials = [(Trial(service.name, service.commands, states, rights), states) for states in service.toestanden]
    return {
        name: {
            "opdracht": name,
            "service": service.name,
            "stroom": states.aggregate.kind,
            "rollen": list(trial.roles(name)),
            "grondslag": right.grondslag if (right := rights.of(service.name, name)) else "",
            "toestanden": list(_tried(trial, states, name)),
        }
        for trial, states in trials
        for name in trial.commands
    }


def _tried(trial: Trial, states: Toestanden, name: str) -> Iterator[dict[str, Any]]:
    for toestand in states.toestanden:
        outcome = trial.outcome(name, toestand)
        yield {
            "toestand": toestand.naam,
            "na": [_step(one) for one in toestand.na],
            "elders": toestand.weet or None,
            "uitgevoerd": list(outcome.ja),
            "zonder_gevolg": list(outcome.stil),
            "geweigerd": dict(outcome.nee),
        }


def _reached(toestand: Toestand) -> str:
    steps = ", ".join(_step(one) if isinstance(one, Fact) else f"`{one}`" for one in toestand.na)
    known = f" (elsewhere: {toestand.weet})" if toestand.weet else ""
    return (steps or "nothing happened yet") + known


def _step(step: str | Fact) -> str:
    return step.data.__event__.name if isinstance(step, Fact) else step


def _said(roles: Iterable[str]) -> str:
    return ", ".join(roles).replace("_", " ")
