"""An event object as the mapping that Avro writes, and back. Prepared once per class."""

from __future__ import annotations

import functools
from collections.abc import Callable, Mapping
from typing import Any, TypeVar

from casuslog.errors import SchemaError
from casuslog.events import VERNIETIGD, DomainEvent
from casuslog.schema._shape import FieldShape, shape_of

_T = TypeVar("_T")
_Convert = Callable[[Any], Any]


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
    names, inward = _inward(event_class)
    made = object.__new__(cls)
    try:
        values = {name: record[name] for name in names}
    except KeyError as error:
        raise SchemaError(f"{cls.__name__}: the record lacks field {error.args[0]}") from None
    _convert(inward, values)
    made.__dict__.update(values)
    return made


def become_typed(cls: type[DomainEvent], values: dict[str, Any]) -> None:
    """Make of the fields of a record, in place, what an event of class ``cls`` holds: tuples, and parts as objects."""
    event_class: type = cls
    _convert(_inward(event_class)[1], values)


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


@functools.cache
def _inward(cls: type) -> tuple[tuple[str, ...], tuple[tuple[str, _Convert], ...]]:
    shapes = shape_of(cls)
    names = tuple(shape.name for shape in shapes)
    return names, tuple((shape.name, _part_in(shape)) for shape in shapes if shape.part or shape.repeated)


def _part_in(shape: FieldShape) -> _Convert:
    made_of = functools.partial(from_record, shape.base)
    if not shape.part:
        return tuple
    if shape.repeated:
        return lambda values: tuple(made_of(value) for value in values)
    return lambda value: None if value is None else made_of(value)
