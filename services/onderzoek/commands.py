"""The commands of the service onderzoek as they come in (JSON), loading into ``opdrachten.py``. One instance each."""

from __future__ import annotations

from marshmallow import fields, validate

from casuslog.edge import Bsn, Code, CodeOf, CommandSchema, Gemeente, Strict, Text, TupleOf, Uren
from services.onderzoek import opdrachten as o
from services.onderzoek.gebeurtenissen import Uitkomst

_NIET_LEEG = validate.Length(min=1, error="mag niet leeg zijn")


class _Toestemming(Strict):
    into = o.Toestemming
    aan = CodeOf("partij", required=True)
    omvang = TupleOf(CodeOf("toestemming_omvang"), required=True)


class _Besproken(Strict):
    into = o.Besproken
    leefgebied = CodeOf("leefgebied", required=True)
    herkomst = Code(o.HERKOMSTEN)
    bevinding = Text()
    wens = Text()


class _NietBesproken(Strict):
    into = o.NietBesproken
    leefgebied = CodeOf("leefgebied", required=True)
    reden = fields.String(required=True, validate=_NIET_LEEG)


class _Mantelzorg(Strict):
    into = o.Mantelzorg
    alleen_gesproken = fields.Boolean()
    eigen_woorden = Text()
    behoefte = Text()


class _Uitkomst(Strict):
    into = Uitkomst
    soort = Code(o.SOORTEN_UITKOMST)
    voorziening = Code()
    uren_per_week = Uren(attribute="minuten_per_week")
    pakket = fields.Integer(strict=True)
    resultaatgebied = fields.Integer(strict=True)
    intensiteit = Code()


class _PlanGesprek(CommandSchema):
    into = o.PlanGesprek
    gesprek_op = fields.Date(required=True)
    deelnemers = TupleOf(CodeOf("partij"))
    telefonisch = fields.Boolean()


class _VerstuurAfspraakbevestiging(CommandSchema):
    into = o.VerstuurAfspraakbevestiging
    gesprek_op = fields.Date()
    bijstand_genoemd = fields.Boolean()
    clientondersteuning = fields.Boolean()


class _LegGesprekVast(CommandSchema):
    into = o.LegGesprekVast
    vorm = CodeOf("gespreksvorm", required=True)
    deelnemers = TupleOf(CodeOf("partij"), required=True, validate=_NIET_LEEG)
    gevoerd_door = Code(o.UITVOERDERS)
    identiteitsdocument = Code(o.DOCUMENTEN)
    bsn = Bsn()
    client = Code()
    pgb_uitgelegd = fields.Boolean()
    bijdrage_uitgelegd = fields.Boolean()
    toestemmingen = TupleOf(fields.Nested(_Toestemming))
    besproken = TupleOf(fields.Nested(_Besproken))
    niet_besproken = TupleOf(fields.Nested(_NietBesproken))
    mantelzorg = fields.Nested(_Mantelzorg)


class _LegVastGeenGesprek(CommandSchema):
    into = o.LegVastGeenGesprek
    reden = Code(o.REDENEN_GEEN_GESPREK, required=True)
    toelichting = Text()


class _SchakelClientondersteunerIn(CommandSchema):
    into = o.SchakelClientondersteunerIn
    organisatie = Code()


class _OntvangPersoonlijkPlan(CommandSchema):
    into = o.OntvangPersoonlijkPlan
    hulp_van = CodeOf("partij")
    inhoud = Text()


class _BetrekPersoonlijkPlan(CommandSchema):
    into = o.BetrekPersoonlijkPlan
    toelichting = fields.String(required=True, validate=_NIET_LEEG)
    afgeweken = fields.Boolean()


class _VerstrekVerslag(CommandSchema):
    into = o.VerstrekVerslag
    inhoud = Text()
    ter_ondertekening = fields.Boolean()


class _CorrigeerVerslag(CommandSchema):
    into = o.CorrigeerVerslag
    soort = Code(o.SOORTEN_BIJLAGE)
    tekst = Text()
    namens = CodeOf("partij")


class _OndertekenVerslag(CommandSchema):
    into = o.OndertekenVerslag
    akkoord = fields.Boolean()
    onder_protest = fields.Boolean()
    bij = Code(o.UITVOERDERS)


class _RondOnderzoekAf(CommandSchema):
    into = o.RondOnderzoekAf
    uitkomst = TupleOf(fields.Nested(_Uitkomst), required=True, validate=_NIET_LEEG)
    akkoord_inwoner = fields.Boolean()
    akkoord_op = fields.Date()


class _BreekOnderzoekAf(CommandSchema):
    into = o.BreekOnderzoekAf
    reden = Code(o.REDENEN_AFBREKEN, required=True)
    toelichting = Text()


class _RekenVertragingToe(CommandSchema):
    into = o.RekenVertragingToe
    aan = CodeOf("toerekening", required=True)
    van = fields.Date(required=True)
    tot_en_met = fields.Date(required=True)
    reden = Code(o.REDENEN_VERTRAGING)


class _DienIndicatieIn(CommandSchema):
    into = o.DienIndicatieIn
    thema = CodeOf("thema", required=True)
    pakket = fields.Integer(strict=True)
    velden = fields.Dict(keys=Code(), values=fields.String(validate=_NIET_LEEG))
    aan = Gemeente()


class _StuurIndicatieTerug(CommandSchema):
    into = o.StuurIndicatieTerug
    velden = TupleOf(Code(), required=True, validate=_NIET_LEEG)
    toelichting = Text()


class _VulIndicatieAan(CommandSchema):
    into = o.VulIndicatieAan
    velden = fields.Dict(keys=Code(), values=fields.String(validate=_NIET_LEEG), required=True, validate=_NIET_LEEG)
    herkomst = Text()


PLAN_GESPREK = _PlanGesprek()
VERSTUUR_AFSPRAAKBEVESTIGING = _VerstuurAfspraakbevestiging()
LEG_GESPREK_VAST = _LegGesprekVast()
LEG_VAST_GEEN_GESPREK = _LegVastGeenGesprek()
SCHAKEL_CLIENTONDERSTEUNER_IN = _SchakelClientondersteunerIn()
ONTVANG_PERSOONLIJK_PLAN = _OntvangPersoonlijkPlan()
BETREK_PERSOONLIJK_PLAN = _BetrekPersoonlijkPlan()
VERSTREK_VERSLAG = _VerstrekVerslag()
CORRIGEER_VERSLAG = _CorrigeerVerslag()
ONDERTEKEN_VERSLAG = _OndertekenVerslag()
ROND_ONDERZOEK_AF = _RondOnderzoekAf()
BREEK_ONDERZOEK_AF = _BreekOnderzoekAf()
REKEN_VERTRAGING_TOE = _RekenVertragingToe()
DIEN_INDICATIE_IN = _DienIndicatieIn()
STUUR_INDICATIE_TERUG = _StuurIndicatieTerug()
VUL_INDICATIE_AAN = _VulIndicatieAan()
