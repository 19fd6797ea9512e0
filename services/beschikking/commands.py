"""The commands of the service beschikking at the edge. Hours come in as text (``'3'``)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from marshmallow import ValidationError, fields, validate, validates_schema

from casuslog.edge import Code, CodeOf, CommandSchema, Strict, Text, TupleOf, Uren
from services.beschikking.gebeurtenissen import Aanvraagregel, GewensteHulpverlener
from services.beschikking.opdrachten import (
    Deel,
    LegUitwerkingVast,
    MaakBesluitBekend,
    MeldStartLevering,
    NeemBesluit,
    OntvangAanvraag,
    OntvangAanvulling,
    TrekAanvraagIn,
    VerstrekOpdracht,
    VraagAanvulling,
)

UITKOMSTEN = ("toegekend", "deels_toegekend", "afgewezen", "niet_behandeld")
"""What a besluit can be; ``ingetrokken`` of the code list is what the aanvrager does."""


class AanvraagregelSchema(Strict):
    into = Aanvraagregel
    regel = fields.Integer(required=True, strict=True, validate=validate.Range(min=1))
    voorziening = Code(required=True)
    minuten_per_week = Uren(data_key="uren_per_week")
    hulpverlener = CodeOf("soort_hulpverlener")
    kenmerken = TupleOf(CodeOf("pgb_kenmerk"))


class GewensteHulpverlenerSchema(Strict):
    into = GewensteHulpverlener
    regel = fields.Integer(required=True, strict=True)
    wie = Code(required=True)


class OntvangAanvraagSchema(CommandSchema):
    into = OntvangAanvraag
    herkomst = CodeOf("aanvraag_herkomst")
    ontvangen_door = Code()
    ondertekend_op = fields.Date()
    leveringsvorm = CodeOf("leveringsvorm")
    gemotiveerd = fields.Boolean()
    motivering = Text()
    thema = CodeOf("thema")
    regels = TupleOf(fields.Nested(AanvraagregelSchema))
    hulpverleners = TupleOf(fields.Nested(GewensteHulpverlenerSchema))


class VraagAanvullingSchema(CommandSchema):
    into = VraagAanvulling
    gegevens = TupleOf(Code(), required=True, validate=validate.Length(min=1))
    uiterlijk = fields.Date()


class OntvangAanvullingSchema(CommandSchema):
    into = OntvangAanvulling
    gegevens = TupleOf(Code(), required=True, validate=validate.Length(min=1))


class TrekAanvraagInSchema(CommandSchema):
    into = TrekAanvraagIn
    toelichting = Text()


class DeelSchema(Strict):
    into = Deel
    gebied = fields.Integer(required=True, strict=True)
    intensiteit = Code(required=True)
    motivering = Text()
    minuten_per_week = Uren(data_key="uren_per_week")


class NeemBesluitSchema(CommandSchema):
    into = NeemBesluit
    uitkomst = Code(UITKOMSTEN, load_default="toegekend")
    beschikkingnummer = Code()
    thema = CodeOf("thema")
    voorziening = Code()
    minuten_per_week = Uren(data_key="uren_per_week")
    pakket = fields.Integer(strict=True, validate=validate.Range(min=1))
    leveringsvorm = CodeOf("leveringsvorm")
    van = fields.Date()
    tot_en_met = fields.Date()
    weken = fields.Integer(strict=True, validate=validate.Range(min=1))
    arrangement = TupleOf(fields.Nested(DeelSchema))
    regels = TupleOf(fields.Nested(AanvraagregelSchema))
    motivering = Text()
    geschreven_door = Code()
    schrijver = Code()
    als_maatwerk = fields.Boolean()

    @validates_schema
    def _periode(self, data: Mapping[str, Any], **_: Any) -> None:
        if data.get("van") and data.get("tot_en_met") and data["tot_en_met"] < data["van"]:
            raise ValidationError("ligt voor van", "tot_en_met")


class MaakBesluitBekendSchema(CommandSchema):
    into = MaakBesluitBekend
    wijze = CodeOf("bekendmaking_wijze", required=True)


class VerstrekOpdrachtSchema(CommandSchema):
    into = VerstrekOpdracht
    aanbieder = Code(required=True)
    ingang = fields.Date(required=True)
    doelen = TupleOf(Code())


class MeldStartLeveringSchema(CommandSchema):
    into = MeldStartLevering


class LegUitwerkingVastSchema(CommandSchema):
    into = LegUitwerkingVast
    gebied = fields.Integer(strict=True)
    minuten_per_week = Uren(data_key="uren_per_week")
    uitwerking = Text()


OPDRACHTEN: Mapping[str, CommandSchema] = {
    "dien-aanvraag-in": OntvangAanvraagSchema(),
    "vraag-aanvulling": VraagAanvullingSchema(),
    "ontvang-aanvulling": OntvangAanvullingSchema(),
    "trek-aanvraag-in": TrekAanvraagInSchema(),
    "neem-besluit": NeemBesluitSchema(),
    "maak-besluit-bekend": MaakBesluitBekendSchema(),
    "verstrek-opdracht": VerstrekOpdrachtSchema(),
    "meld-start-levering": MeldStartLeveringSchema(),
    "leg-uitwerking-vast": LegUitwerkingVastSchema(),
}
"""What changes something, by the name under which it is called. The timer has no name: it calls the decision itself."""
