"""The commands of the service toezicht at the edge."""

from __future__ import annotations

from collections.abc import Mapping

from marshmallow import ValidationError, fields, validate

from casuslog.edge import Code, CodeOf, CommandSchema, Text, TupleOf
from casuslog.identifiers import is_uuid
from services.toezicht.opdrachten import (
    BeoordeelSignaal,
    InformeerCollege,
    MeldCalamiteit,
    RondOnderzoekAf,
    StartOnderzoek,
    VorderGegevens,
)


def _is_casus(value: str) -> None:
    if not is_uuid(value):
        raise ValidationError("een UUID verwacht")


class BeoordeelSignaalSchema(CommandSchema):
    into = BeoordeelSignaal
    uitkomst = CodeOf("toezicht_beoordeling", required=True)
    motivering = Text()


class MeldCalamiteitSchema(CommandSchema):
    into = MeldCalamiteit
    ontvanger = Code(required=True)
    gebeurtenis = Code(required=True)
    gebeurd_op = fields.Date()
    soort = Code(("calamiteit", "geweld"))
    casus = fields.String(data_key="betreft_casus", validate=_is_casus)


class StartOnderzoekSchema(CommandSchema):
    into = StartOnderzoek
    soort = CodeOf("toezichtonderzoek_soort", required=True)
    aanleiding = Code()


class VorderGegevensSchema(CommandSchema):
    into = VorderGegevens
    bij = Code(required=True)
    welke = TupleOf(Code())


class RondOnderzoekAfSchema(CommandSchema):
    into = RondOnderzoekAf
    bevindingen = Text()


class InformeerCollegeSchema(CommandSchema):
    into = InformeerCollege
    strekking = fields.String(
        required=True, validate=validate.Regexp(r"^[a-z][a-z0-9_]*$", error="een code, geen vrije tekst")
    )
    persoonsgegevens_meegegeven = fields.Boolean()


OPDRACHTEN: Mapping[str, CommandSchema] = {
    "beoordeel-signaal": BeoordeelSignaalSchema(),
    "meld-calamiteit": MeldCalamiteitSchema(),
    "start-toezichtonderzoek": StartOnderzoekSchema(),
    "vorder-gegevens": VorderGegevensSchema(),
    "rond-toezichtonderzoek-af": RondOnderzoekAfSchema(),
    "informeer-college": InformeerCollegeSchema(),
}
"""What changes something, by the name under which it is called. Signals come in as reactions."""
