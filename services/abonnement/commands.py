"""The commands of the service abonnement as they come in (JSON), loading into ``opdrachten.py``. One instance each."""

from __future__ import annotations

from typing import Any

from marshmallow import fields

from casuslog import codes
from casuslog.consume.handlers import wire_name
from casuslog.edge import Code, CodeOf, CommandSchema, TupleOf
from casuslog.errors import InvalidInput
from services.abonnement import opdrachten as o


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
    profiel = CodeOf("leverprofiel")


class _BeeindigAbonnement(CommandSchema):
    into = o.BeeindigAbonnement
    per = fields.Date()
    reden = Code()


KEN_ABONNEMENT_TOE = _KenAbonnementToe()
BEEINDIG_ABONNEMENT = _BeeindigAbonnement()
