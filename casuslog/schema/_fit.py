"""Whether a value fits its Avro type exactly.

fastavro is lenient: it writes 1.5 as the long 1, ``"no"`` as the boolean true, ``"abc"`` as three strings and a naive
datetime in the zone of the machine (measured, fastavro 1.13.1). In a log that is kept for decades each is a lie.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import date, datetime
from typing import Any

Fits = Callable[[Any], bool]

_CLASSES: dict[str, tuple[type, ...]] = {
    "null": (type(None),),
    "string": (str,),
    "long": (int,),
    "boolean": (bool,),
    "bytes": (bytes,),
    "fixed": (bytes,),
}


class Fit:
    """The check of the fields of one record schema."""

    __slots__ = ("_fields",)

    def __init__(self, declaration: Mapping[str, Any], defined: dict[str, Fit] | None = None) -> None:
        known = {} if defined is None else defined
        known[declaration["name"]] = self
        self._fields = [(f["name"], *_compiled(f["type"], known)) for f in declaration["fields"]]

    def misfit(self, record: Mapping[str, Any]) -> str | None:
        """What is wrong with the first field that does not fit, without its value; None when all fit."""
        for name, classes, fits in self._fields:
            if name not in record:
                return f"field {name} is missing"
            value = record[name]
            if value.__class__ not in classes and not (fits is not None and fits(value)):
                return f"field {name} cannot hold this {type(value).__name__}"
        return None

    def holds(self, value: Any) -> bool:
        """Whether a value is a mapping whose fields all fit."""
        return isinstance(value, Mapping) and self.misfit(value) is None


def _compiled(avro: Any, known: dict[str, Fit]) -> tuple[frozenset[type], Fits | None]:
    if isinstance(avro, list):
        return _union(avro, known)
    if isinstance(avro, str):
        return (frozenset(), known[avro].holds) if avro in known else _scalar(avro)
    if avro["type"] == "record":
        return frozenset(), Fit(avro, known).holds
    if avro["type"] == "array":
        return frozenset(), _array(avro["items"], known)
    return _logical(avro)


def _scalar(name: str) -> tuple[frozenset[type], Fits | None]:
    classes = _CLASSES.get(name)
    if classes is None:
        raise TypeError(f"{name} is no type for events: codes are strings with a list, money is whole cents")
    # A str subclass (StrEnum) is a string; a bool is no number.
    return frozenset(classes), (lambda value: isinstance(value, str)) if name == "string" else None


def _logical(avro: Mapping[str, Any]) -> tuple[frozenset[type], Fits | None]:
    if avro.get("logicalType") == "date":
        return frozenset({date}), None
    if avro.get("logicalType") == "timestamp-micros":
        return frozenset(), lambda value: isinstance(value, datetime) and value.tzinfo is not None
    return _scalar(avro["type"])


def _union(branches: list[Any], known: dict[str, Fit]) -> tuple[frozenset[type], Fits | None]:
    if len(branches) != 2 or branches[0] != "null":
        raise TypeError('a union is ["null", X] and nothing else')
    compiled = [_compiled(branch, known) for branch in branches]
    checks = [fits for _, fits in compiled if fits is not None]
    classes = frozenset().union(*(found for found, _ in compiled))
    return classes, (lambda value: any(fits(value) for fits in checks)) if checks else None


def _array(items: Any, known: dict[str, Fit]) -> Fits:
    classes, fits = _compiled(items, known)

    def every(values: Any) -> bool:
        if values.__class__ not in (tuple, list):
            return False
        return all(value.__class__ in classes or (fits is not None and fits(value)) for value in values)

    return every
