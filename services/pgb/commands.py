"""The commands of the pgb service at the edge. Hours and euro's come in as text: ``'3'``, ``'23.29'``.

The two questions (``bereken-pgb-tarief``, ``bereken-pgb-budget``) record nothing and need no casus.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from marshmallow import ValidationError, fields, post_load, validate, validates_schema

from casuslog.edge import Code, CommandSchema, Euro, Strict, Text, TupleOf, Uren
from services.pgb.gebeurtenissen import Wensregel
from services.pgb.opdrachten import (
    BerekenPgbBudget,
    BerekenPgbTarief,
    BeslisDeclaratie,
    DienDeclaratieIn,
    KeurZorgovereenkomstGoed,
    MeldToekenningAanSvb,
    ToetsPgbVoorwaarden,
)
from services.pgb.pgb import REDENEN_VAN_AFKEUREN, SVB
from services.pgb.signaal import GeefSignaalAanToezicht
from services.pgb.tarief import KENMERKEN, SOORTEN_HULPVERLENER, Tariefvraag


class WensregelSchema(Strict):
    into = Wensregel
    regel = fields.Integer(required=True, strict=True, validate=validate.Range(min=1))
    voorziening = Code(required=True)
    minuten_per_week = Uren(required=True, data_key="uren_per_week")
    hulpverlener = Code(SOORTEN_HULPVERLENER, required=True)
    kenmerken = TupleOf(Code(KENMERKEN))


class BerekenPgbTariefSchema(CommandSchema):
    into = BerekenPgbTarief
    voorziening = Code(required=True)
    hulpverlener = Code(SOORTEN_HULPVERLENER, required=True)
    kenmerken = TupleOf(Code(KENMERKEN))
    afgesproken_cent = Euro(data_key="afgesproken_tarief")
    procent = fields.Integer(strict=True, validate=validate.Range(min=0, max=100))
    als_maatwerk = fields.Boolean()

    @post_load
    def _make(self, data: dict[str, Any], **_: Any) -> Any:
        op = data.pop("op")
        return BerekenPgbTarief(op=op, vraag=Tariefvraag(**data), **self.always())


class BerekenPgbBudgetSchema(CommandSchema):
    into = BerekenPgbBudget
    regels = TupleOf(fields.Nested(WensregelSchema), required=True, validate=validate.Length(min=1))
    van = fields.Date(required=True)
    tot_en_met = fields.Date(required=True)

    @validates_schema
    def _periode(self, data: Mapping[str, Any], **_: Any) -> None:
        if data["tot_en_met"] < data["van"]:
            raise ValidationError("ligt voor van", "tot_en_met")


class ToetsPgbVoorwaardenSchema(CommandSchema):
    into = ToetsPgbVoorwaarden
    bekwaam = Code(("ja", "ja_met_hulp", "nee"), required=True)
    gemotiveerd = Code(("ja", "nee"), required=True)
    kwaliteit_gewaarborgd = Code(("ja", "nee"), required=True)
    motivering_bekwaam = Text()
    motivering_gemotiveerd = Text()
    motivering_kwaliteit = Text()


class MeldToekenningAanSvbSchema(CommandSchema):
    into = MeldToekenningAanSvb


class KeurZorgovereenkomstGoedSchema(CommandSchema):
    into = KeurZorgovereenkomstGoed
    regels = TupleOf(fields.Integer(strict=True), required=True, validate=validate.Length(min=1))
    namens = Code(("college", SVB), required=True)


class DienDeclaratieInSchema(CommandSchema):
    into = DienDeclaratieIn
    declaratie = Code(required=True)
    regel = fields.Integer(required=True, strict=True)
    maand = fields.String(required=True, validate=validate.Regexp(r"^\d{4}-(0[1-9]|1[0-2])$", error="schrijf 2017-03"))
    minuten = Uren(required=True, data_key="uren")
    tarief_cent = Euro(required=True, data_key="tarief")
    bedrag_cent = Euro(required=True, data_key="bedrag")


class BeslisDeclaratieSchema(CommandSchema):
    into = BeslisDeclaratie
    declaratie = Code(required=True)
    uitkomst = Code(("goedgekeurd", "afgekeurd"), required=True)
    reden = Code(REDENEN_VAN_AFKEUREN)

    @post_load
    def _make(self, data: dict[str, Any], **_: Any) -> Any:
        goedgekeurd = data.pop("uitkomst") == "goedgekeurd"
        return BeslisDeclaratie(goedgekeurd=goedgekeurd, **data, **self.always())


class GeefSignaalAanToezichtSchema(CommandSchema):
    into = GeefSignaalAanToezicht
    aard = Code(required=True)
    over = Code(required=True)
    week = fields.String(validate=validate.Regexp(r"^\d{4}-W(0[1-9]|[1-4]\d|5[0-3])$", error="schrijf 2017-W13"))
    toelichting = Text()
    clientnaam_meegegeven = fields.Boolean()


OPDRACHTEN: Mapping[str, CommandSchema] = {
    "toets-pgb-voorwaarden": ToetsPgbVoorwaardenSchema(),
    "meld-toekenning-aan-svb": MeldToekenningAanSvbSchema(),
    "keur-zorgovereenkomst-goed": KeurZorgovereenkomstGoedSchema(),
    "dien-declaratie-in": DienDeclaratieInSchema(),
    "beslis-declaratie": BeslisDeclaratieSchema(),
    "geef-signaal-aan-toezicht": GeefSignaalAanToezichtSchema(),
}
"""What changes something, by the name under which it is called."""

VRAGEN: Mapping[str, CommandSchema] = {
    "bereken-pgb-tarief": BerekenPgbTariefSchema(),
    "bereken-pgb-budget": BerekenPgbBudgetSchema(),
}
"""What only computes."""
