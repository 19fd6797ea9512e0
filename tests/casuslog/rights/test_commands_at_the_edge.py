"""Every role gives every command at the edge of its own gemeente: who may not is told so, and nothing changes."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date
from typing import Any

import pytest

from casuslog.access import NoInvolvement
from casuslog.caller import Caller
from casuslog.codes import codes
from casuslog.commands import CommandType
from casuslog.envelope import Actor
from casuslog.errors import CasuslogError, Forbidden
from casuslog.http.client import Problem
from casuslog.identifiers import new_id
from casuslog.rights.commands import command_rights
from casuslog.rights.involvement import PERSONEN
from casuslog.settings import service_class, service_names
from casuslog.store import EVERY_GEMEENTE
from casuslog.testing.platform import Platform

OPSTERLAND = "0086"
RIGHTS = command_rights()
ROLES = tuple(codes("rol").codes)
COMMANDS = [
    pytest.param(service, one, id=one.name) for service in service_names() for one in service_class(service).commands
]


@pytest.fixture(scope="module")
def platform() -> Iterator[Platform]:
    # After the days of all examples.
    with Platform(date(2018, 6, 1)) as running:
        yield running


def caller(rol: str) -> Caller:
    """Somebody of this role, for Opsterland."""
    return Caller(rol, None if rol in RIGHTS.namens | PERSONEN else OPSTERLAND, f"{rol}-1", (OPSTERLAND,))


def body(service: str, kind: CommandType, door: Caller) -> dict[str, Any]:
    """A body that is well formed, about something that nobody ever heard of."""
    states = next(one for one in service_class(service).toestanden if kind.name in one.voorbeelden)
    example = states.voorbeelden[kind.name]
    actor = Actor(door.rol, door.organisatie, door.id)
    told = example(states.aggregate.initial, actor) if callable(example) else example
    subject = {} if kind.begins else {kind.subject_field: new_id()}
    return {"gemeente": OPSTERLAND, **subject, **told}


@pytest.mark.parametrize(("service", "kind"), COMMANDS)
def test_every_role_gives_the_command(platform: Platform, service: str, kind: CommandType) -> None:
    """By role alone refused are the roles outside the table, all of them, and no role within it."""
    # Who acts for a person hears the same of a casus that is not there as of another's: that it is not there.
    roles = {*ROLES} - (set() if kind.begins or kind.subject_field != "casus" else RIGHTS.namens)
    refused = {rol for rol in roles if _refused_by_role(platform, service, kind, caller(rol))}
    assert refused == roles - {*RIGHTS.by_service[service][kind.name].rollen}
    for rol in {*ROLES} - roles:
        with pytest.raises(NoInvolvement):
            platform.command(service, kind.name, caller(rol), **body(service, kind, caller(rol)))


def _refused_by_role(platform: Platform, service: str, kind: CommandType, door: Caller) -> bool:
    before = platform.store(service).head(EVERY_GEMEENTE)
    try:
        platform.command(service, kind.name, door, key=new_id(), **body(service, kind, door))
    except Forbidden as refusal:
        if "rollen" not in refusal.members:
            return False
        # Of a subscription the refusal itself is recorded; nothing else is.
        if kind.refusals is None:
            assert platform.store(service).head(EVERY_GEMEENTE) == before
        return True
    except CasuslogError:
        return False
    return False


@pytest.mark.parametrize(("service", "kind"), COMMANDS)
def test_over_http_it_is_a_problem_detail(platform: Platform, service: str, kind: CommandType) -> None:
    """403, a stable type, Dutch, and the roles that may: what the screen of the caller needs to send him on."""
    right = RIGHTS.by_service[service][kind.name]
    door = caller("gemeenteraad" if "gemeenteraad" not in right.rollen else "archivaris")
    with pytest.raises(Problem) as refused:
        platform.api.command(service, kind.name, body(service, kind, door), door)
    problem = refused.value.body
    assert (problem["status"], problem["type"]) == (403, f"urn:casuslog:fout:{right.reden}")
    assert problem["detail"].startswith(f"Geweigerd: de rol {door.rol} geeft de opdracht {kind.name} niet.")
    assert problem["rollen"] == list(right.rollen)
    assert problem["grondslag"] == right.grondslag
