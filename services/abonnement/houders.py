"""Who a holder can be, in which role, and how callers and recorded involvements name it."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from casuslog import codes
from casuslog.identifiers import agb_ok, kvk_ok, oin_ok
from services.abonnement.gebeurtenissen import Houder

OIN, KVK, AGB = "oin", "kvk", "agb"
TOEZICHTHOUDER = "toezichthouder"
GEVERS = ("beheerder", "college")
"""Who grants on behalf of the gemeente. A toezichthouder grants its own: it is independent of both (Wmo art. 6.1)."""
ZONDER_ABONNEMENT = frozenset(
    {"inwoner", "budgethouder", "derde", "mantelzorger", "pgb_hulpverlener", "systeem", "beheerder"}
)
"""Roles of persons and of the machine itself: a subscription is for an organisation that does a task."""
EIGEN_TAAK = frozenset({"aanbieder", "cak", "ciz", "clientondersteuner", "svb", "zorgprofessional"})
"""Roles that work for themselves; whoever holds another one works for the gemeente that grants."""

GELDIG: Mapping[str, tuple[Callable[[str], bool], str]] = {
    OIN: (oin_ok, "een OIN telt 20 cijfers en begint met een registernummer"),
    KVK: (kvk_ok, "een KvK-nummer telt 8 cijfers"),
    AGB: (agb_ok, "een AGB-code telt 8 cijfers"),
}
"""Per kind of identification: whether a number is one, and what would be right."""


def geldige_houder(soort: str, nummer: str) -> bool:
    """Whether this is the number of an organisation, and of no person."""
    return soort in GELDIG and GELDIG[soort][0](nummer)


def gemeente_van(soort: str, nummer: str) -> str | None:
    """The gemeentecode whose OIN this is; ``None`` when the holder is no gemeente."""
    if soort != OIN:
        return None
    return next((c.code for c in codes.codes("gemeente").codes.values() if c.extra["oin"] == nummer), None)


def organisatie_van(houder: Houder) -> str:
    """The holder as callers and recorded involvements name it: a gemeente by its code, others by their number."""
    return gemeente_van(houder.soort, houder.nummer) or houder.nummer
