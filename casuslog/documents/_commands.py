"""Who may give which command and in which state, from what the services declare and the rights that they run on."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import Any

from casuslog._asked import CASUS
from casuslog.access import may_act
from casuslog.commands import CommandType
from casuslog.documents._states import states_section
from casuslog.rights.commands import CommandRights
from casuslog.rights.matrix import Matrix

HEAD = [
    "# Who may give which command",
    "",
    "## By role",
    "",
    "A command is for the roles named here, in the gemeente that owns the stream and from outside; anybody else gets",
    "a 403 that names them ([opdrachten.yaml](../../schemas/opdrachten.yaml)). That is the outer limit: the inrichting",
    "of the gemeente and what came before in the casus decide the rest (who decides, four eyes), and each refusal says",
    "on which ground. An inwoner acts in a casus that is about nobody else; who acts for a person ({namens}) in one",
    "that knows him.",
    "",
    "From outside it is for those of them that the gemeente recorded as involved in a capacity that is also for",
    "acting, in that kind of stream (`handelen` in [rechten.yaml](../../schemas/rechten.yaml)). Others may only read.",
    "*any*: a subject of its own (a signal, a dossier), begun from a casus in which one is so involved.",
    "",
    "| command | service | stream | begins it | needs | roles | from outside | ground |",
    "|---|---|---|---|---|---|---|---|",
]


def commands_page(services: Iterable[Any], matrix: Matrix, rights: CommandRights, warning: str) -> str:
    """The page, as Markdown.

    Args:
        services: the service classes.
        matrix: of what is seen: it says who may act from outside.
        rights: which role may give which command.
        warning: stands on top.
    """
    known = list(services)
    head = "\n".join(HEAD).format(namens=_said(sorted(rights.namens)))
    rows = [_row(service.name, one, matrix, rights) for service in known for one in _sorted(service)]
    return "\n".join([warning, "", head, *rows, "", *states_section(known, rights)]) + "\n"


def _sorted(service: Any) -> list[CommandType]:
    return sorted(service.commands, key=lambda one: one.name)


def _row(service: str, one: CommandType, matrix: Matrix, rights: CommandRights) -> str:
    needs = [field.data_key or name for name, field in one.schema.fields.items() if field.required and name != "op"]
    if not one.begins:
        needs.insert(0, one.subject_field)
    right = rights.of(service, one.name)
    roles, ground = (right.rollen, right.grondslag) if right else ((), "")
    cells = [
        f"`{one.name}`",
        service,
        one.aggregate.kind,
        "yes" if one.begins else "",
        ", ".join(needs),
        _said(roles),
        "; ".join(_outside(one, matrix, roles)),
        ground,
    ]
    return f"| {' | '.join(cells)} |"


def _outside(one: CommandType, matrix: Matrix, roles: Sequence[str]) -> Iterator[str]:
    """``als aanbieder: aanbieder``: per capacity the roles that may act by it."""
    if one.subject_field != CASUS:
        if one.begins:
            yield "any"
        return
    for als in sorted({als for rule in matrix.regels for als in rule.als}):
        acting = sorted(rol for rol in roles if may_act(rol, als, one.aggregate.kind))
        if acting:
            yield f"als {als.replace('_', ' ')}: {_said(acting)}"


def _said(roles: Iterable[str]) -> str:
    return ", ".join(roles).replace("_", " ")
