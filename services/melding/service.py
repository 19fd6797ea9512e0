"""The service melding: contact, melding and their handling, over HTTP and rpc."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar

from casuslog.commands import CommandType, Readers, Situation, by_itself, by_policy
from casuslog.envelope import Stream
from casuslog.hosting.foutmeldingen import Foutmeldingen
from casuslog.hosting.service import CasusService
from casuslog.readmodels.melding import MELDING
from casuslog.store import Transaction
from services.melding import commands as c
from services.melding import melding as m
from services.melding import wijzigingen as w
from services.melding.inrichting import MeldingInrichting
from services.melding.opdrachten import RegistreerMelding
from services.melding.toestanden import TOESTANDEN


def _gemeenten(s: Situation) -> Mapping[str, str | None]:
    """Where the inwoner lives: here, unless the melding says otherwise."""
    opdracht: Any = s.command
    if isinstance(opdracht, RegistreerMelding):
        woont_in = opdracht.woongemeente or s.gemeente
        return {"woongemeente": woont_in, "thema": opdracht.thema}
    return {}


def _gemeld(tx: Transaction, stream: Stream) -> str | None:
    """The id of the event with which the melding was registered: what a correction points at."""
    return next((e.envelope.id for e in tx.read_stream(stream) if e.envelope.name == MELDING), None)


def _opdracht(name: str, schema: Any, decide: Any, **more: Any) -> CommandType:
    return CommandType(name=name, schema=schema, aggregate=m.MELDING, decide=decide, context=_gemeenten, **more)


class MeldingService(Foutmeldingen, CasusService):
    """From the first contact to a confirmed melding with an owner."""

    name = "melding"
    readers = Readers(inrichting=lambda policy: MeldingInrichting.van_beleid(policy.beleid))
    toestanden: ClassVar[Any] = TOESTANDEN
    commands: ClassVar[Any] = (
        _opdracht(
            "registreer-contact",
            c.REGISTREER_CONTACT,
            by_policy(m.registreer_contact),
            begins=True,
        ),
        _opdracht("verhelder-vraag", c.VERHELDER_VRAAG, by_policy(m.verhelder_vraag)),
        _opdracht("verwijs-door", c.VERWIJS_DOOR, by_policy(m.verwijs_door)),
        _opdracht(
            "registreer-melding",
            c.REGISTREER_MELDING,
            by_policy(m.registreer_melding),
            begins=True,
        ),
        _opdracht("bevestig-melding", c.BEVESTIG_MELDING, by_policy(m.bevestig_melding)),
        _opdracht(
            "bied-clientondersteuning-aan",
            c.BIED_CLIENTONDERSTEUNING_AAN,
            by_policy(m.bied_clientondersteuning_aan),
        ),
        _opdracht(
            "sla-clientondersteuning-af",
            c.SLA_CLIENTONDERSTEUNING_AF,
            by_itself(m.sla_clientondersteuning_af),
        ),
        _opdracht("geef-melding-door", c.GEEF_MELDING_DOOR, by_policy(m.geef_melding_door)),
        _opdracht("accepteer-overdracht", c.ACCEPTEER_OVERDRACHT, by_itself(m.accepteer_overdracht)),
        _opdracht("geef-toestemming", c.GEEF_TOESTEMMING, by_itself(m.geef_toestemming)),
        _opdracht("trek-melding-in", c.TREK_MELDING_IN, by_itself(m.trek_melding_in)),
        _opdracht("sluit-melding", c.SLUIT_MELDING, by_policy(m.sluit_melding)),
        _opdracht(
            "leg-persoonsverwisseling-vast",
            c.LEG_PERSOONSVERWISSELING_VAST,
            lambda s: w.leg_persoonsverwisseling_vast(s.state, s.command, s.opgezocht),
            lookup=_gemeld,
        ),
        _opdracht("leg-overlijden-vast", c.LEG_OVERLIJDEN_VAST, by_itself(w.leg_overlijden_vast)),
        _opdracht("leg-verhuizing-vast", c.LEG_VERHUIZING_VAST, by_itself(w.leg_verhuizing_vast)),
        _opdracht(
            "vervang-bsn",
            c.VERVANG_BSN,
            lambda s: w.vervang_bsn(s.state, s.command, s.opgezocht),
            lookup=_gemeld,
        ),
        CommandType(
            name="tel-gebruik-algemene-voorziening",
            schema=c.TEL_GEBRUIK_ALGEMENE_VOORZIENING,
            aggregate=m.TELLING,
            decide=by_policy(m.tel_gebruik_algemene_voorziening),
            begins=True,
            subject_field="dossier",
        ),
    )
