"""S68: two casussen whose term passes, what is destroyed of them, and the own copy of a team that subscribed."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass, field
from datetime import date, timedelta
from pathlib import Path
from typing import Any

from click.testing import CliRunner

from casuslog.caller import Caller
from casuslog.cli._installation import Installation
from casuslog.cli._root import cli
from casuslog.codes import oin_of
from casuslog.errors import Refused
from casuslog.events import VERNIETIGD, Fact
from casuslog.recorded import RecordedEvent
from casuslog.rights.events import BetrokkenheidVastgelegd
from casuslog.subscribing import Received
from casuslog.testing.platform import Platform
from casuslog.vernietigen.bewaartermijn import bewaartermijnen
from services.beschikking.gebeurtenissen import (
    BesluitGenomen,
    LeveringGestart,
    OpdrachtVerstrekt,
)
from services.melding.gebeurtenissen import MeldingGeregistreerd
from tests.scenarios.bestand import Feit, Stap
from tests.scenarios.namen import AANBIEDERS, BEWARING
from tests.scenarios.spel import Spel

BSN = {"A": "999990342", "B": "999990019"}
NIEUW = "nieuw"
"""After the letter of a person: the casus of the new melding."""
VOORZIENING, HULP = "begeleiding_individueel", timedelta(days=365)
GRAF = "nl.overheid.wmo.gegevens-vernietigd"


# -- what is given -----------------------------------------------------------------------------------------------------


def voorziening_beeindigd(spel: Spel, feit: Feit) -> None:
    """A casus with a besluit of which that was the last day; and the team that has it in its own system."""
    assert feit.dag is not None
    laatste, eerste, agb = feit.dag, feit.dag - HULP, AANBIEDERS["X"]
    spel.platform.clock.set(eerste)
    if "systeem" not in spel.kennis:
        spel.kennis["systeem"] = EigenSysteem.van(spel, eerste)
    _melding(spel, feit.zaak, feit.zaak, eerste)
    besluit = BesluitGenomen(
        beschikkingnummer=f"S68-{feit.zaak}",
        uitkomst="toegekend",
        voorziening=VOORZIENING,
        van=eerste,
        tot_en_met=laatste,
        besloten_door=spel.gemeente,
        motivering=f"testmotivering {feit.zaak}",
    )
    spel.zaai("beschikking", [besluit], eerste, feit.zaak, geimporteerd=True)
    spel.platform.clock.set(laatste)
    # Where a provision ends is said by the besluit: no event follows on its last day.
    verloop = [
        Fact(OpdrachtVerstrekt(aanbieder=agb, ingang=eerste, voorziening=VOORZIENING), eerste),
        Fact(BetrokkenheidVastgelegd(organisatie=agb, als="aanbieder", vanaf=eerste), eerste),
        Fact(LeveringGestart(aanbieder=agb, op=eerste), eerste),
    ]
    spel.zaai("beschikking", verloop, laatste, feit.zaak)


def nieuwe_melding(spel: Spel, feit: Feit) -> None:
    """The same person reports again: another casus, with the same BSN."""
    assert feit.dag is not None
    spel.platform.clock.set(feit.dag)
    _melding(spel, f"{feit.zaak}-{NIEUW}", feit.zaak, feit.dag)


def _melding(spel: Spel, zaak: str, persoon: str, op: date) -> None:
    """As imported history it starts no terms: what follows from a melding is not what this scenario is about."""
    gemeld = MeldingGeregistreerd(
        vorm="vormvrij",
        kanaal="onbekend",
        velden=("naam", "bsn"),
        melder="inwoner",
        betrokkene="inwoner",
        ontvangen_door="wijkteam",
        woongemeente=spel.gemeente,
        thema=spel.thema,
        naam=f"Testpersoon {persoon}",
        bsn=BSN[persoon],
    )
    spel.zaai("melding", [gemeld], op, zaak, actor=spel.wie("inwoner", persoon).actor, geimporteerd=True)


# -- the steps ---------------------------------------------------------------------------------------------------------


def controleer(spel: Spel, stap: Stap) -> None:
    """Until when each casus is kept, as the trial of the command tells it; on the last day none may be destroyed."""
    for regel in spel.beleid("bewaartermijn"):
        _eis_beleid(regel["waarde"])
    spel.kennis["systeem"].haal_op()
    spel.kennis["bewaren"] = {}
    for zaak in ("A", "B"):
        uitkomst = _opdrachtregel(spel, zaak, "--proef")
        assert uitkomst.exit_code == 1, uitkomst.output
        woorden = uitkomst.output.partition("bewaren tot en met ")[2].split()
        spel.kennis["bewaren"][zaak] = date.fromisoformat(woorden[0])
    spel.kennis["voor"] = {zaak: _dossier(spel, zaak) for zaak in ("A", "B")}


def vernietig(spel: Spel, stap: Stap) -> None:
    """``systeem`` in the set: nothing is destroyed without a person, so the archivaris gives the command."""
    zaak = "B" if "B" in stap.doet.split() else "A"
    uitkomst = _opdrachtregel(spel, zaak, standalone_mode=False)
    if uitkomst.exception is not None:
        raise uitkomst.exception.__cause__ or uitkomst.exception


def beheerder_vraagt(spel: Spel, stap: Stap) -> None:
    """The content of the besluit on A. How many were destroyed is told beside it, to who may count."""
    beheerder, beleid = spel.wie("beheerder"), spel.wie("beleidsmedewerker")
    pad = f"/vernietigingen/{spel.gemeente}"
    spel.kennis["geteld"] = {wie.rol: spel.platform.api.get("historie", pad, wie) for wie in (beheerder, beleid)}
    besluit = next(een for een in spel.kennis["voor"]["A"] if een.envelope.name == "besluit-genomen")
    spel.platform.api.get("historie", f"/casussen/{spel.casus('A')}/gebeurtenissen/{besluit.envelope.id}", beheerder)


def team_vraagt(spel: Spel, stap: Stap) -> None:
    """In the system of the team itself, after it took in what the platform sent."""
    systeem: EigenSysteem = spel.kennis["systeem"]
    systeem.haal_op()
    assert systeem.open(spel.casus("B")), "the copy of another casus must stay"
    systeem.open(spel.casus("A"))


def _eis_beleid(waarde: Any) -> None:
    """The terms of this installation (schemas/bewaartermijnen.yaml) are those that the set is about."""
    termijnen = bewaartermijnen()
    verstrekt = next(termijn for termijn in termijnen.termijnen if termijn.resultaat == "verstrekt")
    vanaf = {regel.tot for regel in termijnen.resultaten if regel.resultaat == "verstrekt"}
    nu = {
        "jaren": verstrekt.jaren,
        "start": "einde_laatste_voorziening" if vanaf == {"tot_en_met"} else None,
        "lopende_zaak_blokkeert": termijnen.lopende_zaak_blokkeert,
    }
    if verstrekt.dagen or nu != waarde:
        raise ValueError(f"bewaartermijn is {nu}, expected {waarde}")


def _opdrachtregel(spel: Spel, zaak: str, *woorden: str, **hoe: Any) -> Any:
    installatie = Installation(spel.platform.settings)
    installatie.__dict__["clock"] = spel.platform.clock
    spel.platform.settle()
    opdracht = ["vernietig", spel.casus(zaak), "--gemeente", spel.gemeente, "--kenmerk", f"VL-2032-{zaak}", *woorden]
    return CliRunner().invoke(cli, opdracht, obj=installatie, **hoe)


# -- the system of a subscriber ----------------------------------------------------------------------------------------


@dataclass
class EigenSysteem:
    """What a team of its own keeps: a copy per casus, from its subscription and nothing else.

    As ``docs/integratie.md`` asks of every holder it wipes a casus when the message comes that it was destroyed.
    """

    platform: Platform
    abonnement: str
    houder: Caller
    positie: Path
    kopie: dict[str, list[Received]] = field(default_factory=dict)
    vernietigd: dict[str, set[str]] = field(default_factory=dict)
    """Per casus the dossiers of which the message came."""
    _open: ExitStack = field(default_factory=ExitStack)

    @classmethod
    def van(cls, spel: Spel, vanaf: date) -> EigenSysteem:
        """That of the wijkteam of the gemeente, with a subscription in the clear."""
        houder, beheerder = spel.wie("wijkteam"), spel.wie("beheerder")
        abonnement = spel.platform.command(
            "abonnement",
            "ken-abonnement-toe",
            beheerder,
            gemeente=spel.gemeente,
            gemeenten=[spel.gemeente],
            houdersoort="oin",
            houder=oin_of(spel.gemeente),
            rol=houder.rol,
            van=vanaf,
            doelbinding="uitvoering_wmo",
            grondslag="Wmo 2015 art. 5.1.1",
            profiel="volledig",
            vorm="json",
        ).casus
        spel.platform.settle()
        opslag = ExitStack()
        folder = Path(opslag.enter_context(tempfile.TemporaryDirectory(prefix="casuslog-team-")))
        return cls(spel.platform, abonnement, houder, folder / "positie.db", _open=opslag)

    def haal_op(self) -> None:
        """Take in what the subscription brings."""
        self.platform.settle()
        with self.platform.subscribe(self.abonnement, self.houder, position=self.positie) as events:
            for event in events:
                self._verwerk(event)

    def open(self, casus: str) -> list[Received]:
        """What it has of a casus.

        Raises:
            Refused: ``vernietigd_bij_abonnee``: it was told that the casus was destroyed, and keeps nothing.
        """
        if casus in self.vernietigd and casus not in self.kopie:
            raise Refused(
                "vernietigd_bij_abonnee",
                "Deze casus is vernietigd; de eigen kopie is gewist.",
                rule="docs/integratie.md: wie een bericht van vernietiging ontvangt, vernietigt zijn kopie",
                remedy="Vraag de gemeente hoeveel casussen vernietigd zijn.",
            )
        return self.kopie[casus]

    def _verwerk(self, event: Received) -> None:
        if event.type == GRAF:
            assert event.data is not None
            assert event.data["omvang"] == "casus", event.data
            self.vernietigd.setdefault(event.casus, set()).add(event.attributes["source"])
            self.kopie.pop(event.casus, None)
        elif not event.ingehouden:
            self.kopie.setdefault(event.casus, []).append(event)


# -- what came of it ---------------------------------------------------------------------------------------------------


def _dossier(spel: Spel, zaak: str) -> list[RecordedEvent]:
    return [event for event in spel.gebeurtenissen(zaak=zaak) if event.envelope.stroom != BEWARING]


def leesbaar(spel: Spel, zaak: str) -> bool:
    """Whether the content of any event of the casus can be read with the keys of today."""
    return any(waarde is not VERNIETIGD for event in _dossier(spel, zaak) for waarde in _velden(event))


def _velden(event: RecordedEvent) -> list[Any]:
    data = event.data
    namen = list(data) if isinstance(data, dict) else list(data.__dataclass_fields__)
    return [event[naam] for naam in namen]


def blijft_over(spel: Spel, casus: str | None) -> list[str]:
    """What can still be told of a destroyed casus, in the words of the set."""
    zaak = next(letter for letter, id in spel.casussen.items() if id == casus)
    voor, na = spel.kennis["voor"][zaak], _dossier(spel, zaak)
    delen = {
        "gebeurtenistype": [e.envelope.type for e in na] == [e.envelope.type for e in voor],
        "tijdstip": [e.envelope.time for e in na] == [e.envelope.time for e in voor],
        "aantal": len(na) == len(voor) > 0,
        "inhoud": leesbaar(spel, zaak),
    }
    return [naam for naam, blijft in delen.items() if blijft]


def tellingen_blijven(spel: Spel) -> bool:
    """Whether it can be told how many were destroyed, and how many events there were."""
    return bool(spel.kennis["geteld"]["beheerder"]["vernietigingen"]) and "aantal" in blijft_over(spel, spel.casus("A"))


def hoort_het_aantal(spel: Spel) -> Iterator[str]:
    """The beheerder hears how many were destroyed: this one, whose term had passed."""
    rijen = spel.kennis["geteld"]["beheerder"]["vernietigingen"]
    verwacht = {
        "jaar": spel.scenario.stap(2).dag.year,  # type: ignore[union-attr]
        "omvang": "casus",
        "grond": "bewaartermijn_verstreken",
        "resultaat": "verstrekt",
        "aantal": 1,
    }
    if rijen != [verwacht]:
        yield f"the beheerder heard {rijen}"


def hoort_dat_kopie_weg_moet(spel: Spel) -> Iterator[str]:
    """The team was told of every dossier of A, by which its copy went; it had one, and of B it has it still."""
    systeem: EigenSysteem = spel.kennis["systeem"]
    a, b = spel.casus("A"), spel.casus("B")
    graven = {e.envelope.source for e in spel.gebeurtenissen(zaak="A") if e.envelope.name == "gegevens-vernietigd"}
    if systeem.vernietigd != {a: graven} or not graven:
        yield f"it was told of {systeem.vernietigd}, destroyed was {graven}"
    if a in systeem.kopie or b not in systeem.kopie:
        yield f"it keeps copies of {sorted(systeem.kopie)}"


def alleen_aantallen(spel: Spel) -> Iterator[str]:
    """The numbers that the beleidsmedewerker hears name no casus and nobody."""
    gehoord = str(spel.kennis["geteld"]["beleidsmedewerker"])
    for naald in (*spel.casussen.values(), *BSN.values(), "Testpersoon"):
        if naald in gehoord:
            yield f"it heard {gehoord}"
