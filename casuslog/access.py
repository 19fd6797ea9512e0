"""Who may act in a casus, or ask about it: its own gemeente, and whom that gemeente recorded as involved.

Who acts for a person and not for a gemeente (``namens`` in ``schemas/opdrachten.yaml``) may do so only in a casus that
knows him. Of an organisation that is involved not everybody may act: only the roles, in the kinds of stream, for which
the matrix of rights says that being so involved is also for acting (``handelen``). Others may read what they are shown.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from functools import lru_cache

from sqlalchemy import Connection

from casuslog.caller import Caller
from casuslog.errors import NotFound
from casuslog.readmodels import InvolvementRegister
from casuslog.readmodels.involvement import Involved
from casuslog.rights import matrix
from casuslog.rights.commands import command_rights
from casuslog.rights.involvement import CLIENT, PERSONEN


class NoInvolvement(NotFound):
    """The caller is not involved in this casus, or it does not exist: the answer is the same for both."""

    code = "geen_betrokkenheid"
    about_rights = True

    def __init__(self) -> None:
        super().__init__(
            "Deze casus bestaat niet, of uw organisatie is er niet bij betrokken.",
            reden=self.code,
            grondslag="Wmo 2015 art. 5.1.1 en 5.2.1: lid zijn van een verband geeft geen inzage in een casus",
            wat_zou_mogen="Laat de gemeente die de casus houdt uw betrokkenheid vastleggen.",
        )


def admit(
    conn: Connection, caller: Caller, gemeente: str, subject: str, day: date, *, stroom: str | None = None
) -> None:
    """Let a caller through to the streams that ``gemeente`` has of a casus.

    Args:
        conn: of the service that is asked.
        caller: who calls.
        gemeente: code of the gemeente that owns the streams.
        subject: id of the casus, or of what a stream of its own is about.
        day: today. Never a day that the caller names: a right that ended is over, also for acts of before.
        stroom: kind of the stream; ``None`` where it is no stream of the casus itself.

    Raises:
        NoInvolvement: the caller works for another gemeente, and this one did not record it as involved, for
            acting in its role there; or it speaks for itself, and the casus is known to be about another; or it
            speaks for another, and the casus does not know it.
    """
    admit_among(InvolvementRegister.of(conn, subject, day), caller, gemeente, stroom)


def admit_among(
    involved: Sequence[Involved], caller: Caller, gemeente: str, stroom: str | None = None, begins: bool = False
) -> None:
    """The same, where it has been read who is involved in the casus today. ``begins``: there need be no casus yet.

    Raises:
        NoInvolvement: as :func:`admit`.
    """
    as_whom = [one for one in involved if one.organisatie in (caller.organisatie, caller.id)]
    if caller.rol in PERSONEN and not as_whom and any(one.als == CLIENT for one in involved):
        raise NoInvolvement()
    # Of a casus that is not there the answer is the same: else he could find out which there are.
    unknown = stroom is not None and not as_whom and (involved or not begins)
    if unknown and caller.rol in command_rights().namens:
        raise NoInvolvement()
    if gemeente in caller.gemeenten or caller.organisatie == gemeente:
        return
    if not any(may_act(caller.rol, one.als, stroom) for one in as_whom if one.gemeente == gemeente):
        raise NoInvolvement()


@lru_cache(maxsize=1024)
def may_act(rol: str, als: str, stroom: str | None) -> bool:
    """Whether who is involved in this capacity may act in this role, in this kind of stream."""
    rules = (rule for rule in matrix().regels if rule.handelen and als in rule.als and rule.is_for(rol))
    return any(stroom is None or stroom in rule.stromen for rule in rules)


__all__ = ["NoInvolvement", "admit", "admit_among", "may_act"]
