"""Proving an exported casus offline: from the file and a public key alone, also after its keys were destroyed.

What is proven: nothing in the file was changed since it was sealed; every event is what was appended, none is missing
or moved, up to the head that the gemeente signed. Not proven: what was never recorded.
"""

from __future__ import annotations

import base64
import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from casuslog.bewijs.zegel import OpenbareSleutel
from casuslog.store import GENESIS, link

FORMAAT = "casuslog-export/1"
KOP = "casuslog-kop/1"


@dataclass(frozen=True, slots=True)
class Toets:
    """What was found: every fault in Dutch, and how much was proven."""

    fouten: tuple[str, ...]
    gebeurtenissen: int
    stromen: int

    @property
    def heel(self) -> bool:
        """Whether all is as it was sealed."""
        return not self.fouten


class Onleesbaar(ValueError):
    """The file is no export at all."""


def lees(inhoud: bytes) -> dict[str, Any]:
    """Read an exported file.

    Raises:
        Onleesbaar: it is no export of this format.
    """
    try:
        gelezen = json.loads(inhoud)
    except ValueError:
        raise Onleesbaar("dit bestand is geen JSON: beschadigd, of geen export") from None
    if not isinstance(gelezen, dict) or gelezen.get("formaat") != FORMAAT:
        raise Onleesbaar(f"dit bestand is geen export in het formaat {FORMAAT}")
    return gelezen


def toets(export: Mapping[str, Any], sleutels: Sequence[OpenbareSleutel]) -> Toets:
    """Prove an export with the public keys of the gemeenten whose streams it holds."""
    try:
        stromen = list(export["stromen"])
        fouten = [*_zegels(export, sleutels), *_koppen(export, sleutels)]
        for stroom in stromen:
            fouten += _keten(stroom)
        fouten += _tot_de_kop(export, stromen)
        aantal = sum(len(stroom["gebeurtenissen"]) for stroom in stromen)
    except (KeyError, TypeError, AttributeError, ValueError) as error:
        return Toets((f"het bestand mist een deel of is beschadigd ({type(error).__name__})",), 0, 0)
    return Toets(tuple(fouten), aantal, len(stromen))


def _zegels(export: Mapping[str, Any], sleutels: Sequence[OpenbareSleutel]) -> Iterator[str]:
    """The whole file, clear text and disclosures too, is under the seal of each gemeente."""
    inhoud = {name: value for name, value in export.items() if name != "zegels"}
    for kop in export["koppen"]:
        gemeente = kop["gemeente"]
        zegel = export["zegels"].get(gemeente)
        if zegel is None or not _gezegeld(gemeente, inhoud, zegel, sleutels):
            yield f"het bestand is niet zoals gemeente {gemeente} het verzegelde"


def _koppen(export: Mapping[str, Any], sleutels: Sequence[OpenbareSleutel]) -> Iterator[str]:
    if not export["koppen"]:
        yield "het bestand heeft geen ondertekende kop"
    for kop in export["koppen"]:
        inhoud = {name: value for name, value in kop.items() if name != "zegel"}
        wel = kop["formaat"] == KOP and kop["casus"] == export["casus"]
        if not wel or not _gezegeld(kop["gemeente"], inhoud, kop["zegel"], sleutels):
            yield f"de kop van gemeente {kop['gemeente']} is niet door haar ondertekend"


def _gezegeld(gemeente: str, inhoud: Any, zegel: Mapping[str, Any], sleutels: Sequence[OpenbareSleutel]) -> bool:
    eigen = (one for one in sleutels if one.gemeente in (None, gemeente))
    return any(one.klopt(inhoud, zegel) for one in eigen)


def _keten(stroom: Mapping[str, Any]) -> Iterator[str]:
    naam, vorige = _naam(stroom), GENESIS
    for nummer, one in enumerate(stroom["gebeurtenissen"], start=1):
        envelop = json.loads(one["envelop"])
        if envelop["sequence"] != str(nummer):
            yield f"{naam}: op plaats {nummer} staat gebeurtenis {envelop['sequence']}"
        if _plaats(envelop) != (stroom["dienst"], stroom["gemeente"], stroom["stroom"], stroom["casus"]):
            yield f"{naam}/{nummer}: hoort in een andere stroom"
        body = base64.b64decode(one["body"], validate=True)
        if bytes.fromhex(one["vorige"]) != vorige:
            yield f"{naam}/{nummer}: verwijst niet naar de gebeurtenis ervoor"
        hash_ = bytes.fromhex(one["hash"])
        if link(bytes.fromhex(one["vorige"]), one["envelop"], body) != hash_:
            yield f"{naam}/{nummer}: envelop of inhoud is niet wat is vastgelegd"
        vorige = hash_


def _tot_de_kop(export: Mapping[str, Any], stromen: Sequence[Mapping[str, Any]]) -> Iterator[str]:
    """The streams of the file are those that were signed for, to their last event."""
    gegeven = {_naam(stroom): _einde(stroom) for stroom in stromen}
    if len(gegeven) != len(stromen):
        yield "een stroom staat er twee keer in"
    getekend = {_naam(s): (s["sequence"], s["hash"]) for kop in export["koppen"] for s in kop["stromen"]}
    for naam in sorted(gegeven.keys() | getekend.keys()):
        if naam not in gegeven:
            yield f"{naam}: de stroom ontbreekt"
        elif naam not in getekend:
            yield f"{naam}: voor deze stroom is niet getekend"
        elif gegeven[naam] != getekend[naam]:
            yield f"{naam}: eindigt niet bij de ondertekende kop ({getekend[naam][0]} gebeurtenissen)"


def _einde(stroom: Mapping[str, Any]) -> tuple[int, str]:
    gebeurtenissen = stroom["gebeurtenissen"]
    return len(gebeurtenissen), gebeurtenissen[-1]["hash"] if gebeurtenissen else ""


def _naam(stroom: Mapping[str, Any]) -> str:
    return "/".join(str(stroom[name]) for name in ("dienst", "gemeente", "stroom", "casus"))


def _plaats(envelop: Mapping[str, Any]) -> tuple[str, str, str, str]:
    return envelop["source"].rpartition(":")[2], envelop["gemeente"], envelop["stroom"], envelop["subject"]


__all__ = ["FORMAAT", "KOP", "Onleesbaar", "Toets", "lees", "toets"]
