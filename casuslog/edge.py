"""Commands at the edge: marshmallow schemas that load into the frozen command dataclasses of a service.

Hours and euro's come in as people write them (``'3'``, ``'23.29'``) and leave as whole minutes and cents. Messages are
Dutch: a clerk reads them.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any, ClassVar, Self

from marshmallow import RAISE, Schema, ValidationError, fields, missing, post_load

from casuslog import codes, rekenen
from casuslog.envelope import Actor
from casuslog.errors import InvalidInput
from casuslog.identifiers import bsn_ok

NOBODY = Actor("onbekend", None, "onbekend")
"""Stands in ``door`` until the command path fills in the caller. No body can name its own actor."""

_DUTCH = {
    "required": "verplicht",
    "null": "mag niet leeg zijn",
    "invalid": "heeft niet de goede vorm",
    "invalid_string": "heeft niet de goede vorm",
    "type": "heeft niet de goede vorm",
    "too_large": "is te groot",
}


MOST = 2**31 - 1
"""Largest whole number that comes in: what is computed with it still fits in an event."""


def _countable(value: Any) -> None:
    if isinstance(value, int) and not -MOST <= value <= MOST:
        raise ValidationError(f"is te groot; hooguit {MOST}")


class Strict(Schema):
    """A schema with Dutch messages that refuses what it does not know and loads into ``into``."""

    into: ClassVar[type[Any]]
    error_messages = {  # noqa: RUF012  # marshmallow declares it as an instance variable
        "unknown": "deze opdracht kent dit veld niet",
        "type": "heeft niet de goede vorm: een object verwacht",
    }

    def __init__(self, **options: Any) -> None:
        super().__init__(**options)
        self._direct = None if options else _Direct.of(self)

    def load(self, data: Any, **options: Any) -> Any:
        """As marshmallow loads it. A body that is right is read field by field, without the rest of its machinery."""
        found = None if options else self._read(data)
        return super().load(data, **options) if found is None else self._make(found)

    def _read(self, data: Any) -> dict[str, Any] | None:
        """What a body holds, where it is right and can be read directly."""
        return None if self._direct is None or not isinstance(data, dict) else self._direct.found(data)

    def on_bind_field(self, field_name: str, field_obj: fields.Field[Any]) -> None:  # noqa: ARG002  # marshmallow's seam
        field_obj.error_messages.update({k: v for k, v in _DUTCH.items() if k in field_obj.error_messages})
        if isinstance(field_obj, fields.Integer):
            # A list of its own: a field shares it with the field that it was copied from.
            field_obj.validators = [*field_obj.validators, _countable]

    @post_load
    def _make(self, data: dict[str, Any], **_: Any) -> Any:
        return self.into(**data, **self.always())

    def always(self) -> Mapping[str, Any]:
        """Arguments of ``into`` that do not come from the body."""
        return {}


class _Direct:
    """Reads bodies of a schema that are right, as marshmallow would: for a schema of fields only.

    Of a body that is not, marshmallow says what is wrong with it: all of it, field by field.
    """

    def __init__(self, known: Mapping[str, tuple[str, fields.Field[Any]]]) -> None:
        self._known = known
        """By name in the body: the name that it is loaded as, and its field."""
        self._required = frozenset(name for name, (_, of) in known.items() if of.required)
        self._defaults = {name: of for name, of in known.values() if of.load_default is not missing}

    @classmethod
    def of(cls, schema: Strict) -> Self | None:
        """The reader of a schema; ``None`` where it has more to say of a body than its fields do."""
        hooks = schema._hooks  # what its class declares; there is no other way to ask
        more = [name for kind in ("pre_load", "validates", "validates_schema") for name in hooks[kind]]
        named = [of.attribute for of in schema.load_fields.values() if of.attribute]
        if more or named or [name for name, *_ in hooks["post_load"]] != ["_make"] or schema.unknown != RAISE:
            return None
        return cls({of.data_key or name: (name, of) for name, of in schema.load_fields.items()})

    def found(self, body: dict[str, Any]) -> dict[str, Any] | None:
        """What the fields hold; ``None`` where anything is wrong."""
        if not self._required <= body.keys() or not body.keys() <= self._known.keys():
            return None
        found: dict[str, Any] = {}
        try:
            for given, value in body.items():
                name, of = self._known[given]
                found[name] = of.deserialize(value, given, body)
        except ValidationError:
            return None
        for name, of in self._defaults.items():
            if name not in found:
                found[name] = of.load_default() if callable(of.load_default) else of.load_default
        return found


def loaded(schema: Strict, body: Mapping[str, Any]) -> Any:
    """What a body holds, by a schema that is no command.

    Raises:
        InvalidInput: a field breaks a rule; each is named, none of their values.
    """
    try:
        return schema.load(body)
    except ValidationError as error:
        wrong: Any = error.messages
        raise InvalidInput("De vraag klopt niet; zie de velden.", errors=wrong) from None


class CommandSchema(Strict):
    """A command: ``op`` is the day of the fact, which the command path fills in when the caller left it out."""

    op = fields.Date(required=True)

    def always(self) -> Mapping[str, Any]:
        return {"door": NOBODY}

    def command(self, data: Mapping[str, Any], door: Actor) -> Any:
        """What a body asks for, by who calls.

        Raises:
            ValidationError: a field breaks a rule.
        """
        if type(self)._make is not Strict._make or type(self).always is not CommandSchema.always:
            return replace(self.load(data), door=door)  # it makes its command in a way of its own
        found = self._read(data)
        return replace(self.load(data), door=door) if found is None else self.into(**found, door=door)


class TupleOf(fields.List[Any]):
    """A list that loads as a tuple, as events and commands hold it."""

    def _deserialize(self, *args: Any, **kwargs: Any) -> Any:
        return tuple(super()._deserialize(*args, **kwargs))


class Code(fields.String):
    """A code, optionally one out of ``among``; surrounding blanks do not count."""

    def __init__(self, among: tuple[str, ...] = (), **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.among = among

    def _deserialize(self, value: Any, attr: str | None, data: Any, **kwargs: Any) -> Any:
        found = str(super()._deserialize(value, attr, data, **kwargs)).strip()
        if not found:
            raise ValidationError("mag niet leeg zijn")
        if self.among and found not in self.among:
            raise ValidationError(f"is onbekend; kies uit {', '.join(self.among)}")
        return found


class CodeOf(Code):
    """A code of a list in ``schemas/codelijsten``. The value itself never stands in the message: it may be anything."""

    def __init__(self, codelijst: str, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.codelijst = codelijst

    def _deserialize(self, value: Any, attr: str | None, data: Any, **kwargs: Any) -> Any:
        found = super()._deserialize(value, attr, data, **kwargs)
        known = codes.codes(self.codelijst).codes
        if found not in known:
            raise ValidationError(f"staat niet in de codelijst {self.codelijst}; kies uit {', '.join(known)}")
        return found


class Gemeente(Code):
    """A gemeente by its code (``0086``) or sleutel (``opsterland``); loads as the code."""

    def _deserialize(self, value: Any, attr: str | None, data: Any, **kwargs: Any) -> Any:
        try:
            return codes.gemeente(super()._deserialize(value, attr, data, **kwargs)).code
        except InvalidInput:
            raise ValidationError("geen gemeente van de codelijst; gebruik een CBS-code zoals '0086'") from None


class Bsn(Code):
    """A burgerservicenummer: nine digits, elfproef, not nine zeros. Never repeated in a message."""

    def _deserialize(self, value: Any, attr: str | None, data: Any, **kwargs: Any) -> Any:
        found = super()._deserialize(value, attr, data, **kwargs)
        if not bsn_ok(found):
            raise ValidationError("geen geldig BSN: negen cijfers die aan de elfproef voldoen; mag ontbreken")
        return found


class Text(fields.String):
    """Free text; blank text counts as absent."""

    def _deserialize(self, value: Any, attr: str | None, data: Any, **kwargs: Any) -> Any:
        return str(super()._deserialize(value, attr, data, **kwargs)).strip() or None


class _Number(fields.Field[int]):
    """A number written as text or as an integer, nil or more."""

    factor: ClassVar[Any]
    example: ClassVar[str]
    most: ClassVar[int]
    """Largest number, in what it loads as: what is computed with it still fits in an event."""

    def _deserialize(self, value: Any, attr: str | None, data: Any, **kwargs: Any) -> int:  # noqa: ARG002  # marshmallow's seam
        if isinstance(value, bool | float) or not isinstance(value, str | int):
            raise ValidationError(f"schrijf een getal als tekst met een punt, bijvoorbeeld '{self.example}'")
        try:
            found = int(type(self).factor(str(value)))
        except ValueError:
            raise ValidationError(f"schrijf een getal als tekst met een punt, bijvoorbeeld '{self.example}'") from None
        if found < 0:
            raise ValidationError("mag niet onder nul liggen")
        if found > self.most:
            raise ValidationError("is te groot")
        return found


class Euro(_Number):
    """Euro's (``'23.29'``) to whole cents."""

    factor = staticmethod(rekenen.cent)
    example = "23.29"
    most = 10**9
    """Ten million euro's."""


class Uren(_Number):
    """Hours (``'3'``, ``'2.5'``) to whole minutes."""

    factor = staticmethod(rekenen.minuten)
    example = "2.5"
    most = 10_000 * 60
    """Ten thousand hours."""
