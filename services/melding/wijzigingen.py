"""What turns out otherwise about the person of a casus: the wrong person, a death, a move, another BSN. Pure.

Whoever had anything of the casus must hear of it, also after the melding was closed: what they hold was right when they
got it. So these are facts of their own, and where they put right what was recorded they point at it (``corrigeert``).
"""

from __future__ import annotations

from casuslog.errors import Refused
from casuslog.events import Fact
from services.melding.gebeurtenissen import (
    BsnVervangen,
    OverlijdenVastgelegd,
    PersoonsverwisselingVastgelegd,
    VerhuizingVastgelegd,
)
from services.melding.melding import Melding
from services.melding.opdrachten import (
    LegOverlijdenVast,
    LegPersoonsverwisselingVast,
    LegVerhuizingVast,
    Opdracht,
    VervangBsn,
)

_JUISTHEID = "AVG art. 5 lid 1 onder d en art. 19"


def leg_persoonsverwisseling_vast(
    staat: Melding, opdracht: LegPersoonsverwisselingVast, melding: str | None
) -> list[Fact]:
    """The melding stood on the wrong person. The right one's melding is a casus of its own, with its own date.

    Args:
        staat: of the melding.
        opdracht: with the reason.
        melding: id of the event ``MeldingGeregistreerd`` that this puts right.

    Raises:
        Refused: ``geen_melding``.
    """
    _na_melding(staat)
    vastgelegd = PersoonsverwisselingVastgelegd(reden=opdracht.reden)
    return [Fact(vastgelegd, on=opdracht.op, rule=_JUISTHEID, corrects=melding)]


def leg_overlijden_vast(staat: Melding, opdracht: LegOverlijdenVast) -> list[Fact]:
    """The inwoner died.

    Raises:
        Refused: ``geen_melding`` or ``dag_in_de_toekomst``.
    """
    _na_melding(staat)
    overleden_op = opdracht.overleden_op or opdracht.op
    if overleden_op > opdracht.op:
        raise _in_de_toekomst("overleden_op", opdracht)
    return [Fact(OverlijdenVastgelegd(overleden_op=overleden_op, bron=opdracht.bron), on=opdracht.op, rule=_JUISTHEID)]


def leg_verhuizing_vast(staat: Melding, opdracht: LegVerhuizingVast) -> list[Fact]:
    """The inwoner moves or moved; a move to another gemeente may lie ahead.

    Raises:
        Refused: ``geen_melding``.
    """
    _na_melding(staat)
    verhuisd = VerhuizingVastgelegd(
        per=opdracht.per or opdracht.op,
        naar_gemeente=opdracht.naar_gemeente,
        adres=opdracht.adres,
        woonplaats=opdracht.woonplaats,
    )
    return [Fact(verhuisd, on=opdracht.op, rule="Wmo 2015 art. 1.2.1")]


def vervang_bsn(staat: Melding, opdracht: VervangBsn, melding: str | None) -> list[Fact]:
    """The inwoner has another BSN than was recorded. Arguments and errors as :func:`leg_persoonsverwisseling_vast`."""
    _na_melding(staat)
    return [Fact(BsnVervangen(reden=opdracht.reden, bsn=opdracht.bsn), opdracht.op, _JUISTHEID, corrects=melding)]


def _na_melding(staat: Melding) -> None:
    if staat.gemeld_op is None:
        raise Refused(
            "geen_melding",
            "In deze casus is geen melding gedaan: er is niets vastgelegd dat anders blijkt.",
            rule=_JUISTHEID,
            remedy="Noem de casus van de melding.",
        )


def _in_de_toekomst(veld: str, opdracht: Opdracht) -> Refused:
    return Refused(
        "dag_in_de_toekomst",
        f"Niet vastgelegd: {veld} ligt na {opdracht.op}.",
        rule=_JUISTHEID,
        remedy="Noem de dag waarop het gebeurde.",
        field=veld,
    )
