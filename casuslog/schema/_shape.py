"""The shape of an event class or part: which fields, of which of the allowed types."""

from __future__ import annotations

import dataclasses
import functools
import types
from dataclasses import dataclass
from datetime import date, datetime
from typing import Annotated, Any, Union, get_args, get_origin, get_type_hints

from casuslog.events import FieldMark, Part, field_marks

SCALARS = (str, int, bool, date, datetime)
"""What a field may hold, besides a :class:`casuslog.events.Part`."""


@dataclass(frozen=True, slots=True)
class FieldShape:
    """One field: its name, its mark, and its type taken apart."""

    name: str
    mark: FieldMark
    base: type
    """One of :data:`SCALARS`, or a part."""
    nullable: bool
    repeated: bool
    default: Any
    """The default in the class, or ``dataclasses.MISSING``."""

    @property
    def part(self) -> type[Part] | None:
        """The part that it holds, if it holds one."""
        return self.base if issubclass(self.base, Part) else None


@functools.cache
def shape_of(cls: type) -> tuple[FieldShape, ...]:
    """The fields of an event type or part, in order.

    Raises:
        TypeError: a field has a type or a default that events do not have (see docs/architecture.md, "The event").
    """
    hints = get_type_hints(cls, include_extras=True)
    marks = field_marks(cls)
    return tuple(_field(cls, f, hints[f.name], marks[f.name]) for f in dataclasses.fields(cls))


def _field(cls: type, declared: dataclasses.Field[Any], hint: Any, mark: FieldMark) -> FieldShape:
    where = f"{cls.__name__}.{declared.name}"
    base, nullable, repeated = _taken_apart(hint, where)
    if declared.default_factory is not dataclasses.MISSING:
        raise TypeError(f"{where}: a default is a plain value; use () for an empty tuple")
    if nullable and declared.default not in (None, dataclasses.MISSING):
        raise TypeError(f"{where}: the default of a field that may be None is None")
    if repeated and declared.default not in ((), dataclasses.MISSING):
        raise TypeError(f"{where}: the default of a tuple is ()")
    return FieldShape(declared.name, mark, base, nullable, repeated, declared.default)


def _taken_apart(hint: Any, where: str) -> tuple[type, bool, bool]:
    if get_origin(hint) is Annotated:
        hint = get_args(hint)[0]
    if get_origin(hint) in (Union, types.UnionType):
        return _optional(hint, where), True, False
    if get_origin(hint) is tuple:
        return _repeated(hint, where), False, True
    return _base(hint, where), False, False


def _optional(hint: Any, where: str) -> type:
    others = [arg for arg in get_args(hint) if arg is not type(None)]
    if len(others) != 1:
        raise TypeError(f"{where}: a union is X | None and nothing else")
    return _base(others[0], where)


def _repeated(hint: Any, where: str) -> type:
    args = get_args(hint)
    if len(args) != 2 or args[1] is not Ellipsis:
        raise TypeError(f"{where}: a tuple is written tuple[str, ...] or tuple[SomePart, ...]")
    base = _base(args[0], where)
    if base is not str and not issubclass(base, Part):
        raise TypeError(f"{where}: a tuple holds str or a part, not {base.__name__}")
    return base


def _base(hint: Any, where: str) -> type:
    if hint in SCALARS or (isinstance(hint, type) and issubclass(hint, Part)):
        return hint  # type: ignore[no-any-return]  # a member of SCALARS is a type
    raise TypeError(f"{where}: {hint!r} is no type for events; allowed are str, int, bool, date, datetime and parts")
