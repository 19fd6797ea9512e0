"""The Avro schema of an event class: generated, never hand-written, kept in ``schemas/<service>/<Name>.avsc``."""

from __future__ import annotations

import dataclasses
import inspect
import json
from collections.abc import Iterable, Iterator
from datetime import date, datetime
from pathlib import Path
from typing import Any

from casuslog.events import TYPE_PREFIX, DomainEvent, Privacy
from casuslog.schema._shape import FieldShape, shape_of

_EPOCH = date(1970, 1, 1)
_AVRO: dict[type, Any] = {
    str: "string",
    int: "long",
    bool: "boolean",
    date: {"type": "int", "logicalType": "date"},
    datetime: {"type": "long", "logicalType": "timestamp-micros"},
}


def avsc_of(event_class: type[DomainEvent]) -> dict[str, Any]:
    """The Avro record schema of an event class.

    The record carries ``wiretype`` and ``grondslag``; each field ``doc``, ``privacy`` and, where it has them,
    ``codelijst`` and ``eenheid``. A part becomes a nested record in the namespace of the event.

    Raises:
        TypeError: a field type that events do not have, or a part whose privacy class differs from its field's.
    """
    meta = event_class.__event__
    return {
        "type": "record",
        "name": meta.name,
        "namespace": f"{TYPE_PREFIX}{meta.service}",
        "doc": _doc(event_class),
        "wiretype": meta.wire_type,
        "grondslag": meta.rule,
        "fields": _fields(event_class, set()),
    }


def text_of(declaration: dict[str, Any]) -> str:
    """A schema as it stands in its file."""
    return json.dumps(declaration, ensure_ascii=False, indent=2) + "\n"


def path_of(root: Path, event_class: type[DomainEvent]) -> Path:
    """Where the schema of a class stands: ``<root>/<service>/<Name>.avsc``."""
    return root / event_class.__event__.service / f"{event_class.__event__.name}.avsc"


def write_schemas(root: Path, classes: Iterable[type[DomainEvent]]) -> list[Path]:
    """Write the schema of each class under ``root`` (``schemas/``); returns the files that changed."""
    changed = []
    for cls in classes:
        path, text = path_of(root, cls), text_of(avsc_of(cls))
        if path.exists() and path.read_text(encoding="utf-8") == text:
            continue
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
        changed.append(path)
    return changed


def check_in_sync(root: Path, classes: Iterable[type[DomainEvent]]) -> list[str]:
    """What differs between the classes and the files under ``root``, one sentence each; empty when in sync."""
    return list(_differences(root, list(classes)))


def _differences(root: Path, classes: list[type[DomainEvent]]) -> Iterator[str]:
    expected = {path_of(root, cls): cls for cls in classes}
    for path, cls in sorted(expected.items()):
        if not path.exists():
            yield f"{path.relative_to(root)} is missing: run `casuslog schema write`"
        elif path.read_text(encoding="utf-8") != text_of(avsc_of(cls)):
            yield f"{path.relative_to(root)} differs from class {cls.__name__}: run `casuslog schema write`"
    for path in sorted(set(root.glob("*/*.avsc")) - set(expected)):
        yield f"{path.relative_to(root)} has no event class"


def _fields(cls: type, defined: set[str]) -> list[dict[str, Any]]:
    return [_field(shape, defined) for shape in shape_of(cls)]


def _field(shape: FieldShape, defined: set[str]) -> dict[str, Any]:
    mark = shape.mark
    field: dict[str, Any] = {"name": shape.name, "type": _type(shape, defined), **_default(shape), "doc": mark.doc}
    field["privacy"] = mark.privacy.value
    if mark.codes:
        field["codelijst"] = mark.codes
    if mark.unit:
        field["eenheid"] = mark.unit
    return field


def _type(shape: FieldShape, defined: set[str]) -> Any:
    inner = _part(shape, defined) if shape.part else _AVRO[shape.base]
    if shape.nullable:
        return ["null", inner]
    return {"type": "array", "items": inner} if shape.repeated else inner


def _part(shape: FieldShape, defined: set[str]) -> Any:
    cls = shape.base
    _check_part(cls, shape.mark.privacy, shape.name)
    if cls.__name__ in defined:
        return cls.__name__
    defined.add(cls.__name__)
    return {"type": "record", "name": cls.__name__, "doc": _doc(cls), "fields": _fields(cls, defined)}


def _check_part(cls: type, privacy: Privacy, field: str) -> None:
    if not shape_of(cls):
        raise TypeError(f"part {cls.__name__} has no fields")  # zero bytes each: an array of them has no end
    for inner in shape_of(cls):
        if inner.mark.privacy is not privacy:
            raise TypeError(
                f"{cls.__name__}.{inner.name} is {inner.mark.privacy}, but field {field} that holds it is {privacy}: "
                "a part is of one privacy class, that of its field"
            )


def _default(shape: FieldShape) -> dict[str, Any]:
    if shape.nullable:
        return {"default": None}
    if shape.repeated:
        return {"default": []}
    if shape.default is dataclasses.MISSING:
        return {}
    return {"default": _plain(shape.default, shape.name)}


def _plain(value: Any, name: str) -> Any:
    if isinstance(value, datetime):
        raise TypeError(f"{name}: a moment has no default")
    if isinstance(value, date):
        return (value - _EPOCH).days
    if isinstance(value, str):
        return str(value)
    if isinstance(value, int):
        return value
    raise TypeError(f"{name}: {type(value).__name__} is no default for an event field")


def _doc(cls: type) -> str:
    doc = cls.__doc__ or ""
    # dataclass invents a docstring (the signature) where there is none; that says nothing.
    return "" if doc.startswith(f"{cls.__name__}(") else inspect.cleandoc(doc)
