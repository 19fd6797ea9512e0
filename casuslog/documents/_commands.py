"""Who may give which command, from the commands that the services declare and the matrix of rights."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any

from casuslog._asked import CASUS
from casuslog.access import may_act
from casuslog.commands import CommandType
from casuslog.rights.matrix import Matrix

HEAD = [
    "# Who may give which command",
    "",
    "In the gemeente that owns the stream a command is for whoever works for that gemeente; the inrichting and what",
    "came before in the casus decide the rest (who decides, four eyes), and each refusal says on which ground. An",
    "inwoner acts in a casus that is about nobody else.",
    "",
    "From outside it is for those roles that the gemeente recorded as involved in a capacity that is also for acting,",
    "in that kind of stream (`handelen` in [rechten.yaml](../../schemas/rechten.yaml)). Others may only read. *any*: a",
    "subject of its own (a signal, a dossier), begun from a casus in which one is so involved.",
    "",
    "| command | service | stream | begins it | needs | from outside |",
    "|---|---|---|---|---|---|",
]


def commands_page(services: Iterable[Any], matrix: Matrix, warning: str) -> str:
    """The table, as Markdown.

    Args:
        services: the service classes.
        matrix: of rights.
        warning: stands on top.
    """
    rows = [_row(service.name, one, matrix) for service in services for one in _sorted(service)]
    return "\n".join([warning, "", *HEAD, *rows]) + "\n"


def _sorted(service: Any) -> list[CommandType]:
    return sorted(service.commands, key=lambda one: one.name)


def _row(service: str, one: CommandType, matrix: Matrix) -> str:
    needs = [field.data_key or name for name, field in one.schema.fields.items() if field.required and name != "op"]
    if not one.begins:
        needs.insert(0, one.subject_field)
    begins = "yes" if one.begins else ""
    outside = "; ".join(_outside(one, matrix))
    return f"| `{one.name}` | {service} | {one.aggregate.kind} | {begins} | {', '.join(needs)} | {outside} |"


def _outside(one: CommandType, matrix: Matrix) -> Iterator[str]:
    """``als aanbieder: aanbieder``: per capacity the roles that may act by it."""
    if one.subject_field != CASUS:
        if one.begins:
            yield "any"
        return
    for als in sorted({als for rule in matrix.regels for als in rule.als}):
        roles = sorted(
            {role for rule in matrix.regels for role in rule.rollen if may_act(role, als, one.aggregate.kind)}
        )
        if roles:
            yield f"als {als.replace('_', ' ')}: {', '.join(roles).replace('_', ' ')}"
