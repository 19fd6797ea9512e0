"""Reading a beleid: where a value comes from, what a variant changes, and explicit test values."""

from __future__ import annotations

import copy
from collections.abc import Iterator, Mapping
from typing import Any

Beleid = dict[str, Any]
"""The normalised policy of one version; its keys stand in docs/inrichting.md."""

AANNAMES = ("standaard:", "testwaarde:")
"""How the origin of a work assumption begins: such a value is never shown as a fact."""


def herkomst_van(beleid: Beleid, pad: str) -> str | None:
    """Where the value at a dotted path comes from: its own entry, or that of its nearest ancestor."""
    herkomst: Mapping[str, str] = beleid["herkomst"]
    while pad:
        if pad in herkomst:
            return herkomst[pad]
        pad = pad.rpartition(".")[0]
    return None


def is_aanname(beleid: Beleid, pad: str) -> bool:
    """Whether the value at this path is a work assumption rather than a fact or the law."""
    return (herkomst_van(beleid, pad) or "").startswith(AANNAMES)


def onder_variant(beleid: Beleid, sleutel: str) -> Beleid:
    """The beleid as it is within a pilot, proeftuin or team.

    Raises:
        KeyError: the inrichting has no such variant.
    """
    variant = next((v for v in beleid["varianten"] if v["sleutel"] == sleutel), None)
    if variant is None:
        raise KeyError(sleutel)
    anders = copy.deepcopy(beleid)
    for pad, waarde in variant["wijzigt"].items():
        zet(anders, pad, copy.deepcopy(waarde))
        anders["herkomst"][pad] = variant["herkomst"].get(pad, f"variant {sleutel}")
    return anders


def met_testwaarden(beleid: Beleid, tarieven_in_natura: Mapping[str, int]) -> Beleid:
    """The beleid with zorg-in-natura tariffs (cents by voorziening) chosen for a demo or test, and marked as such."""
    anders = copy.deepcopy(beleid)
    for voorziening, cent in tarieven_in_natura.items():
        pad = f"pgb.tarief_zorg_in_natura.{voorziening}"
        eenheid = anders["pgb"]["tarief_zorg_in_natura"].get(voorziening, {}).get("eenheid", "uur")
        zet(anders, pad, {"cent": cent, "eenheid": eenheid, "testwaarde": True})
        anders["herkomst"][pad] = "testwaarde: gekozen voor de demo of een test"
    anders["kop"]["aannames"] = list(aannames(anders))
    return anders


def aannames(beleid: Beleid) -> Iterator[dict[str, Any]]:
    """The work assumptions of a beleid, in the order of their paths: punt, standaard and toelichting."""
    for pad, herkomst in sorted(beleid["herkomst"].items()):
        soort, dubbelpunt, toelichting = herkomst.partition(": ")
        if soort + dubbelpunt.strip() in AANNAMES:
            yield {"punt": pad, "standaard": waarde_op(beleid, pad), "toelichting": toelichting}


def waarde_op(beleid: Any, pad: str) -> Any:
    """The value at a dotted path; a number is a place in a list."""
    for deel in pad.split("."):
        beleid = beleid[int(deel)] if isinstance(beleid, list) else beleid[deel]
    return beleid


def zet(beleid: Any, pad: str, waarde: Any) -> None:
    """Put a value at a dotted path; groups on the way that are absent or ``null`` are made."""
    *groepen, laatste = pad.split(".")
    for deel in groepen:
        if isinstance(beleid, list):
            beleid = beleid[int(deel)]
        else:
            beleid[deel] = {} if beleid.get(deel) is None else beleid[deel]
            beleid = beleid[deel]
    if isinstance(beleid, list):
        beleid[int(laatste)] = waarde
    else:
        beleid[laatste] = waarde
