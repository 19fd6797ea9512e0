"""The commands of the service abonnement as they come in (JSON), loading into ``opdrachten.py``. One instance each."""

from __future__ import annotations

from typing import Any

from marshmallow import ValidationError, fields, validate

from casuslog import codes
from casuslog.consume.handlers import wire_name
from casuslog.edge import Code, CodeOf, CommandSchema, TupleOf
from casuslog.errors import InvalidInput
from casuslog.identifiers import is_uuid
from services.abonnement import opdrachten as o


def _is_id(value: str) -> None:
    if not is_uuid(value):
        raise ValidationError("een UUID, in kleine letters")


class _GemeenteNaam(Code):
    """A gemeente by code or sleutel; one that the list does not know stays as it is, for the decision to refuse."""

    def _deserialize(self, value: Any, attr: str | None, data: Any, **kwargs: Any) -> Any:
        found = super()._deserialize(value, attr, data, **kwargs)
        try:
            return codes.gemeente(found).code
        except InvalidInput:
            return found


class _Gebeurtenistype(Code):
    """An event type by class name, wire name or full wire type; loads as the wire name."""

    def _deserialize(self, value: Any, attr: str | None, data: Any, **kwargs: Any) -> Any:
        return wire_name(super()._deserialize(value, attr, data, **kwargs))


class _KenAbonnementToe(CommandSchema):
    into = o.KenAbonnementToe
    houdersoort = CodeOf("houdersoort", required=True)
    houder = Code(required=True)
    rol = CodeOf("rol", required=True)
    gemeenten = TupleOf(_GemeenteNaam())
    themas = TupleOf(CodeOf("thema"))
    gebeurtenistypen = TupleOf(_Gebeurtenistype())
    van = fields.Date()
    tot_en_met = fields.Date()
    doelbinding = fields.String()
    grondslag = fields.String()
    vorm = CodeOf("berichtvorm")
    wijze = CodeOf("berichtwijze")
    profiel = CodeOf("leverprofiel")


class _BeeindigAbonnement(CommandSchema):
    into = o.BeeindigAbonnement
    per = fields.Date()
    reden = Code()


class _HerhaalLevering(CommandSchema):
    into = o.HerhaalLevering
    na = fields.Integer(strict=True, validate=validate.Range(min=0, max=2**31 - 1))
    betreft_casus = fields.String(validate=_is_id)
    van_gemeente = _GemeenteNaam()
    sinds = fields.Date()


class _SchermCasusAf(CommandSchema):
    into = o.SchermCasusAf
    reden = CodeOf("afscherming_reden", required=True)


class _HefAfschermingOp(CommandSchema):
    into = o.HefAfschermingOp


SCHERM_CASUS_AF = _SchermCasusAf()
HEF_AFSCHERMING_OP = _HefAfschermingOp()
KEN_ABONNEMENT_TOE = _KenAbonnementToe()
HERHAAL_LEVERING = _HerhaalLevering()
BEEINDIG_ABONNEMENT = _BeeindigAbonnement()
