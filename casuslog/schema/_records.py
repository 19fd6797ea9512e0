"""An event object as the mapping that Avro writes, and back. Prepared once per class."""

from __future__ import annotations

import functools
from collections.abc import Callable, Collection, Mapping
from typing import Any, TypeVar

from casuslog.errors import SchemaError
from casuslog.events import VERNIETIGD, DomainEvent
from casuslog.schema._shape import FieldShape, shape_of

_T = TypeVar("_T")
_Convert = Callable[[Any], Any]
_Become = Callable[[dict[str, Any]], None]


def to_record(event: DomainEvent) -> dict[str, Any]:
    """The fields of an event by name, parts as mappings too. Destroyed fields keep ``VERNIETIGD``."""
    return dict(record_view(event))


def record_view(event: DomainEvent) -> Mapping[str, Any]:
    """As :func:`to_record`, to be read only: without parts it is the event's own dictionary, uncopied."""
    event_class: type = type(event)
    outward = _outward(event_class)
    if not outward:
        return vars(event)
    return {**vars(event), **{name: convert(getattr(event, name)) for name, convert in outward}}


def from_record(cls: type[_T], record: Mapping[str, Any]) -> _T:
    """The event (or part) of class ``cls`` with these values.

    It is not validated anew: what was recorded once stays readable, whatever the class checks today.

    Raises:
        SchemaError: the record lacks a field of the class.
    """
    event_class: type = cls
    made = object.__new__(cls)
    try:
        values = {shape.name: record[shape.name] for shape in shape_of(event_class)}
    except KeyError as error:
        raise SchemaError(f"{cls.__name__}: the record lacks field {error.args[0]}") from None
    become = _becoming(event_class)
    if become is not None:
        become(values)
    made.__dict__.update(values)
    return made


def becoming_typed(cls: type[DomainEvent], fields: Collection[str]) -> _Become | None:
    """What makes of these fields of a record, in place, what an event of class ``cls`` holds: tuples, and parts as
    objects. None where they are so already. The record is one of the schema of the class: these fields are there."""
    event_class: type = cls
    inward = tuple(one for one in _inward(event_class) if one[0] in fields)
    return functools.partial(_convert, inward) if inward else None


def parts_of(cls: type) -> dict[str, type]:
    """The classes of the parts of an event class (or part) by name, at every depth."""
    found: dict[str, type] = {}
    for shape in shape_of(cls):
        if shape.part is not None:
            found |= {shape.part.__name__: shape.part, **parts_of(shape.part)}
    return found


@functools.cache
def _inward(cls: type) -> tuple[tuple[str, _Convert], ...]:
    return tuple((shape.name, _part_in(shape)) for shape in shape_of(cls) if shape.part or shape.repeated)


@functools.cache
def _becoming(cls: type) -> _Become | None:
    inward = _inward(cls)
    return functools.partial(_convert, inward) if inward else None


def _convert(inward: tuple[tuple[str, _Convert], ...], values: dict[str, Any]) -> None:
    for name, convert in inward:
        if values[name] is not VERNIETIGD:
            values[name] = convert(values[name])


@functools.cache
def _outward(cls: type) -> tuple[tuple[str, _Convert], ...]:
    return tuple((shape.name, _part_out(shape)) for shape in shape_of(cls) if shape.part)


def _part_out(shape: FieldShape) -> _Convert:
    def one(value: Any) -> Any:
        return value if value is None or value is VERNIETIGD else record_view(value)

    def many(values: Any) -> Any:
        return values if values is VERNIETIGD else [record_view(value) for value in values]

    return many if shape.repeated else one


def _part_in(shape: FieldShape) -> _Convert:
    if not shape.part:
        return tuple

    def made_of(record: dict[str, Any]) -> Any:
        become = _becoming(shape.base)
        if become is not None:
            become(record)
        made: Any = object.__new__(shape.base)
        made.__dict__.update(record)
        return made

    if shape.repeated:
        return lambda values: tuple([made_of(value) for value in values])
    return lambda value: None if value is None else made_of(value)
