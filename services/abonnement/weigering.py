"""What is told of a refusal: what was asked, why not, and of what the asker wrote only what is a code. Pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from casuslog import codes
from casuslog.errors import InvalidInput
from casuslog.events import Fact
from casuslog.refusals import Refusals, RefusedCall
from services.abonnement.gebeurtenissen import WEIGERING, AbonnementGeweigerd, Houder
from services.abonnement.houders import geldige_houder


def geweigerd(call: RefusedCall) -> list[Fact]:
    """The fact that something about a subscription was refused.

    The body is as it came, also where it could not be read: a number that is no organisation's, a name that is no code
    and a field that does not exist are left out, for they may be anything.
    """
    problem = call.error.members
    told = AbonnementGeweigerd(
        opdracht=call.name,
        reden=call.error.code,
        velden=_velden(call),
        abonnement=call.subject,
        houder=_houder(call.body),
        rol=_code("rol", call.body.get("rol")),
        gemeenten=tuple(filter(None, map(_gemeente, _lijst(call.body.get("gemeenten"))))),
        themas=tuple(filter(None, (_code("thema", een) for een in _lijst(call.body.get("themas"))))),
    )
    return [Fact(told, on=call.on, rule=str(problem.get("grondslag", "")))]


WEIGERINGEN = Refusals(kind=WEIGERING, told=geweigerd)

_VELDEN = frozenset(
    {
        "abonnement",
        "casus",
        "doelbinding",
        "gebeurtenistypen",
        "gemeente",
        "gemeenten",
        "grondslag",
        "houder",
        "houdersoort",
        "na",
        "op",
        "per",
        "profiel",
        "rol",
        "sinds",
        "themas",
        "tot_en_met",
        "van",
        "vorm",
        "wijze",
    }
)


def _velden(call: RefusedCall) -> tuple[str, ...]:
    genoemd = {call.error.members.get("veld")}
    if isinstance(call.error, InvalidInput):
        genoemd |= set(call.error.errors)
    return tuple(sorted(naam for naam in genoemd if naam in _VELDEN))


def _houder(body: Mapping[str, Any]) -> Houder | None:
    soort, nummer = body.get("houdersoort"), body.get("houder")
    if isinstance(soort, str) and isinstance(nummer, str) and geldige_houder(soort, nummer):
        return Houder(soort=soort, nummer=nummer)
    return None


def _lijst(given: Any) -> Sequence[Any]:
    return given[:100] if isinstance(given, list) else ()


def _gemeente(given: Any) -> str | None:
    try:
        return codes.gemeente(given).code if isinstance(given, str) else None
    except InvalidInput:
        return None


def _code(lijst: str, given: Any) -> str | None:
    return given if isinstance(given, str) and given in codes.codes(lijst).codes else None
