"""The shapes that a value in an inrichting file may have, and how a broken rule is named.

A *vorm* checks a value at a path and adds what is wrong to the :class:`Fouten`; nothing is raised before the whole file
is read, so that its writer sees every broken rule at once.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, field
from datetime import date
from typing import Any

from casuslog.errors import InvalidInput

_GELD = re.compile(r"\d{1,6}\.\d{2}")
_GEMEENTECODE = re.compile(r"\d{4}")
_SLEUTEL = re.compile(r"[a-z0-9]+([_-][a-z0-9]+)*")


@dataclass
class Fouten:
    """The broken rules of one file: path of the key, and the rule with what would be right."""

    bestand: str
    bronnen: Collection[str] = ()
    """Names of the sources that the file declares; a ``bron`` points at one of them."""
    regels: dict[str, str] = field(default_factory=dict)

    def meld(self, pad: str, regel: str) -> None:
        """Note a broken rule; the first one of a key stands."""
        self.regels.setdefault(pad, regel)

    def raise_any(self) -> None:
        """Raise what was found.

        Raises:
            InvalidInput: one or more rules are broken; ``velden`` maps each key path to its rule.
        """
        if not self.regels:
            return
        pad, regel = next(iter(self.regels.items()))
        meer = f" (en {len(self.regels) - 1} meer)" if len(self.regels) > 1 else ""
        raise InvalidInput(f"{self.bestand}: {pad}: {regel}{meer}", errors=self.regels, bestand=self.bestand)


Vorm = Callable[[Any, str, Fouten], None]


def tekst(waarde: Any, pad: str, fouten: Fouten) -> None:
    """A text that is not empty."""
    if not isinstance(waarde, str) or not waarde.strip():
        fouten.meld(pad, f"verwacht een tekst, kreeg {_toon(waarde)}")


def ja_nee(waarde: Any, pad: str, fouten: Fouten) -> None:
    """``true`` or ``false``."""
    if not isinstance(waarde, bool):
        fouten.meld(pad, f"verwacht true of false, kreeg {_toon(waarde)}")


def datum(waarde: Any, pad: str, fouten: Fouten) -> None:
    """A day, quoted or not: ``2017-07-01``."""
    if isinstance(waarde, date):
        return
    try:
        date.fromisoformat(waarde)
    except (TypeError, ValueError):
        fouten.meld(pad, f"verwacht een datum als '2017-07-01', kreeg {_toon(waarde)}")


def geld(waarde: Any, pad: str, fouten: Fouten) -> None:
    """An amount in euro as a quoted text with two decimals: a number would pass through a float."""
    if not isinstance(waarde, str) or not _GELD.fullmatch(waarde):
        fouten.meld(
            pad, f"verwacht een bedrag tussen aanhalingstekens met twee decimalen, als '16.64'; kreeg {_toon(waarde)}"
        )


def gemeentecode(waarde: Any, pad: str, fouten: Fouten) -> None:
    """A CBS code of four digits, quoted: YAML reads 0072 without quotes as another number."""
    if not isinstance(waarde, str) or not _GEMEENTECODE.fullmatch(waarde):
        fouten.meld(pad, f"verwacht een gemeentecode van vier cijfers tussen aanhalingstekens, kreeg {_toon(waarde)}")


def sleutel(waarde: Any, pad: str, fouten: Fouten) -> None:
    """A key of our own: lower case, digits, ``-`` and ``_``."""
    if not isinstance(waarde, str) or not _SLEUTEL.fullmatch(waarde):
        fouten.meld(pad, f"verwacht een sleutel van kleine letters, cijfers, - en _; kreeg {_toon(waarde)}")


def kenmerk(waarde: Any, pad: str, fouten: Fouten) -> None:
    """Name of a kenmerk: keys joined by ``/``; no dots, since a dot separates the parts of a path."""
    for deel in waarde.split("/") if isinstance(waarde, str) else (waarde,):
        sleutel(deel, pad, fouten)


def alles(waarde: Any, pad: str, fouten: Fouten) -> None:
    """Any value: for what is shown and decides nothing."""


def code(toegestaan: Collection[str]) -> Vorm:
    """One of these codes."""

    def vorm(waarde: Any, pad: str, fouten: Fouten) -> None:
        if not isinstance(waarde, str) or waarde not in toegestaan:
            fouten.meld(pad, f"{_toon(waarde)} is hier onbekend; toegestaan: {', '.join(toegestaan)}")

    return vorm


def getal(minst: int, hoogst: int, regel: str = "") -> Vorm:
    """A whole number from ``minst`` to ``hoogst``; ``regel`` says why."""

    def vorm(waarde: Any, pad: str, fouten: Fouten) -> None:
        if not isinstance(waarde, int) or isinstance(waarde, bool) or not minst <= waarde <= hoogst:
            waarom = f" ({regel})" if regel else ""
            fouten.meld(
                pad, f"verwacht een geheel getal van {minst} tot en met {hoogst}{waarom}, kreeg {_toon(waarde)}"
            )

    return vorm


def of_niets(vorm: Vorm) -> Vorm:
    """This, or ``null``."""

    def geheel(waarde: Any, pad: str, fouten: Fouten) -> None:
        if waarde is not None:
            vorm(waarde, pad, fouten)

    return geheel


def lijst(vorm: Vorm, *, niet_leeg: bool = False) -> Vorm:
    """A list of these."""

    def geheel(waarde: Any, pad: str, fouten: Fouten) -> None:
        if not isinstance(waarde, list) or (niet_leeg and not waarde):
            fouten.meld(pad, f"verwacht een {'gevulde ' if niet_leeg else ''}lijst, kreeg {_toon(waarde)}")
            return
        for plaats, deel in enumerate(waarde):
            vorm(deel, f"{pad}.{plaats}", fouten)

    return geheel


def groep(velden: Mapping[str, Vorm], *, verplicht: Collection[str] = ()) -> Vorm:
    """A mapping with these keys and no others."""

    def geheel(waarde: Any, pad: str, fouten: Fouten) -> None:
        if not isinstance(waarde, dict):
            fouten.meld(pad or "(bestand)", f"verwacht een groep sleutels, kreeg {_toon(waarde)}")
            return
        for naam in waarde:
            if naam not in velden:
                fouten.meld(onder(pad, naam), f"onbekende sleutel; toegestaan: {', '.join(velden)}")
        for naam in verplicht:
            if naam not in waarde:
                fouten.meld(onder(pad, naam), "ontbreekt; deze sleutel is verplicht")
        for naam, vorm in velden.items():
            if naam in waarde:
                vorm(waarde[naam], onder(pad, naam), fouten)

    return geheel


def per(naamvorm: Vorm, vorm: Vorm) -> Vorm:
    """A mapping from keys of one kind (a thema, a voorziening) to values of one kind."""

    def geheel(waarde: Any, pad: str, fouten: Fouten) -> None:
        if not isinstance(waarde, dict):
            fouten.meld(pad, f"verwacht een groep sleutels, kreeg {_toon(waarde)}")
            return
        for naam, deel in waarde.items():
            naamvorm(naam, onder(pad, naam), fouten)
            vorm(deel, onder(pad, naam), fouten)

    return geheel


def bron(waarde: Any, pad: str, fouten: Fouten) -> None:
    """Where it is said: ``'<source>:<lines or article>'`` or a list of those; the source is declared in ``bronnen``."""
    delen = waarde if isinstance(waarde, list) else [waarde]
    for deel in delen:
        naam, dubbelpunt, plaats = deel.partition(":") if isinstance(deel, str) else ("", "", "")
        if not (dubbelpunt and plaats.strip()):
            fouten.meld(pad, f"verwacht '<bron>:<regels>', als '004:57-80'; kreeg {_toon(deel)}")
        elif naam not in fouten.bronnen:
            fouten.meld(
                pad, f"bron {naam!r} staat niet onder bronnen; daar staan: {', '.join(fouten.bronnen) or 'geen'}"
            )


_UITLEG = {"onzeker": tekst, "toelichting": tekst, "afgeleid": tekst, "geldt_voor_groep": tekst, "status": tekst}


def instelling(vorm: Vorm) -> Vorm:
    """A value with its source: a fact (``waarde`` and ``bron``), or what the source leaves open (``open: true``).

    What is open may name ``mogelijke_waarden`` and a ``standaard`` to fall back to; it never has a ``waarde``.
    """
    standaard = groep({"waarde": vorm, "toelichting": tekst, "testwaarde": ja_nee}, verplicht=("waarde", "toelichting"))
    feit = groep(
        {"waarde": vorm, "bron": bron, "mogelijke_waarden": lijst(alles), **_UITLEG}, verplicht=("waarde", "bron")
    )
    open_punt = groep(
        {"open": ja_nee, "bron": bron, "mogelijke_waarden": lijst(alles), "standaard": standaard, **_UITLEG},
        verplicht=("open",),
    )

    def geheel(waarde: Any, pad: str, fouten: Fouten) -> None:
        if not is_instelling(waarde):
            fouten.meld(pad, "verwacht een feit (waarde en bron) of een open punt (open: true, zo nodig met standaard)")
        elif "open" not in waarde:
            feit(waarde, pad, fouten)
        elif "waarde" in waarde or waarde["open"] is not True:
            fouten.meld(pad, "een open punt heeft open: true en geen waarde; zet een aanname onder standaard")
        else:
            open_punt(waarde, pad, fouten)

    return geheel


def is_instelling(waarde: Any) -> bool:
    """Whether this part of a file is one value with its source, rather than a group of keys."""
    return isinstance(waarde, dict) and ("waarde" in waarde or "open" in waarde)


def onder(pad: str, naam: object) -> str:
    """The path of a key in a group."""
    return f"{pad}.{naam}" if pad else str(naam)


def _toon(waarde: Any) -> str:
    if waarde is None:
        return "niets"
    tekstvorm = repr(waarde)
    return tekstvorm if len(tekstvorm) <= 60 else f"{tekstvorm[:57]}..."
