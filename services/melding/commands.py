"""The commands of the service melding as they come in (JSON), loading into ``opdrachten.py``. One instance each."""

from __future__ import annotations

from marshmallow import fields, validate

from casuslog.edge import Bsn, Code, CodeOf, CommandSchema, Gemeente, Text, TupleOf
from services.melding import opdrachten as o


class _RegistreerContact(CommandSchema):
    into = o.RegistreerContact
    kanaal = CodeOf("kanaal")
    punt = Code()
    vervolg_op = Code()


class _VerhelderVraag(CommandSchema):
    into = o.VerhelderVraag
    vraag = fields.String(required=True, validate=validate.Length(min=1, error="mag niet leeg zijn"))
    domein = Code()
    contactgegevens = Text()
    overig = fields.Dict(keys=Code(), values=fields.String())


class _VerwijsDoor(CommandSchema):
    into = o.VerwijsDoor
    naar = Code(required=True)
    soort = Code(o.SOORTEN_VERWIJZING)
    reden = Code(o.REDENEN_VERWIJZING)


class _RegistreerMelding(CommandSchema):
    into = o.RegistreerMelding
    kanaal = CodeOf("kanaal")
    melder = Code(o.MELDERS)
    relatie = Code()
    namens = CodeOf("betrokkene")
    akkoord_inwoner = fields.Boolean()
    contactpersoon = fields.Boolean()
    ontvangen_door = Code()
    voorziening = Code()
    thema = CodeOf("thema")
    domein = Code()
    woongemeente = Gemeente()
    client = Code()
    naam = Text()
    adres = Text()
    woonplaats = Text()
    telefoon = Text()
    email = Text()
    geboortedatum = fields.Date()
    bsn = Bsn()
    hulpvraag = Text()
    melder_naam = Text()
    melder_telefoon = Text()


class _BevestigMelding(CommandSchema):
    into = o.BevestigMelding
    aan = TupleOf(CodeOf("partij"))
    ontvangstbericht_aan_melder = fields.Boolean()
    clientondersteuning = fields.Boolean()


class _BiedClientondersteuningAan(CommandSchema):
    into = o.BiedClientondersteuningAan
    moment = Code(o.MOMENTEN, required=True)


class _SlaClientondersteuningAf(CommandSchema):
    into = o.SlaClientondersteuningAf
    namens = CodeOf("partij")


class _GeefMeldingDoor(CommandSchema):
    into = o.GeefMeldingDoor
    naar = Code()


class _AccepteerOverdracht(CommandSchema):
    into = o.AccepteerOverdracht
    contactpersoon = Code()


class _GeefToestemming(CommandSchema):
    into = o.GeefToestemming
    aan = CodeOf("partij", required=True)
    omvang = TupleOf(CodeOf("toestemming_omvang"), required=True)


class _TrekMeldingIn(CommandSchema):
    into = o.TrekMeldingIn
    reden = Code(o.REDENEN_INTREKKING)
    toelichting = Text()
    namens = CodeOf("partij")


class _SluitMelding(CommandSchema):
    into = o.SluitMelding
    reden = Code(o.REDENEN_SLUITING, required=True)


class _LegPersoonsverwisselingVast(CommandSchema):
    into = o.LegPersoonsverwisselingVast
    reden = Code(o.REDENEN_VERWISSELING)


class _LegOverlijdenVast(CommandSchema):
    into = o.LegOverlijdenVast
    overleden_op = fields.Date()
    bron = Code(o.BRONNEN_OVERLIJDEN)


class _LegVerhuizingVast(CommandSchema):
    into = o.LegVerhuizingVast
    per = fields.Date()
    naar_gemeente = Gemeente()
    adres = Text()
    woonplaats = Text()


class _VervangBsn(CommandSchema):
    into = o.VervangBsn
    bsn = Bsn(required=True)
    reden = Code(o.REDENEN_BSN)


class _TelGebruikAlgemeneVoorziening(CommandSchema):
    into = o.TelGebruikAlgemeneVoorziening
    voorziening = Code(required=True)
    aantal = fields.Integer(strict=True, validate=validate.Range(min=1, max=1000, error="1 tot en met 1000"))


REGISTREER_CONTACT = _RegistreerContact()
VERHELDER_VRAAG = _VerhelderVraag()
VERWIJS_DOOR = _VerwijsDoor()
REGISTREER_MELDING = _RegistreerMelding()
BEVESTIG_MELDING = _BevestigMelding()
BIED_CLIENTONDERSTEUNING_AAN = _BiedClientondersteuningAan()
SLA_CLIENTONDERSTEUNING_AF = _SlaClientondersteuningAf()
GEEF_MELDING_DOOR = _GeefMeldingDoor()
ACCEPTEER_OVERDRACHT = _AccepteerOverdracht()
GEEF_TOESTEMMING = _GeefToestemming()
TREK_MELDING_IN = _TrekMeldingIn()
SLUIT_MELDING = _SluitMelding()
TEL_GEBRUIK_ALGEMENE_VOORZIENING = _TelGebruikAlgemeneVoorziening()
LEG_PERSOONSVERWISSELING_VAST = _LegPersoonsverwisselingVast()
LEG_OVERLIJDEN_VAST = _LegOverlijdenVast()
LEG_VERHUIZING_VAST = _LegVerhuizingVast()
VERVANG_BSN = _VervangBsn()
