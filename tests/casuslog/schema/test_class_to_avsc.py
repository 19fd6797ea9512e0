"""From an event class to its ``.avsc``: the mapping of types, and what an event may not hold."""

from __future__ import annotations

from datetime import UTC, date, datetime
from pathlib import Path
from typing import Annotated, Any

import pytest

from casuslog.errors import SchemaError
from casuslog.events import VERNIETIGD, DomainEvent, Part, event_type, feit, part, persoonsgegeven
from casuslog.schema import (
    AvroSchema,
    SchemaRegistry,
    avsc_of,
    check_in_sync,
    from_record,
    to_record,
    write_schemas,
)


@part
class Post(Part):
    """Een post."""

    code: Annotated[str, feit("code", codes="product")]


@event_type("afbeelding-gemaakt", service="afbeelding", rule="Wmo 2015 art. 2.3.5")
class AfbeeldingGemaakt(DomainEvent):
    """Elk toegestaan type komt voor."""

    tekst: Annotated[str, persoonsgegeven("tekst")]
    getal: Annotated[int, feit("getal", unit="eurocent")]
    waar: Annotated[bool, feit("waar")] = False
    dag: Annotated[date, feit("dag")] = date(1970, 1, 3)
    moment: Annotated[datetime, feit("moment")]
    misschien: Annotated[int | None, feit("misschien")] = None
    codes: Annotated[tuple[str, ...], feit("codes", codes="soort")] = ()
    posten: Annotated[tuple[Post, ...], feit("posten")] = ()
    post: Annotated[Post | None, feit("post")] = None


EVENT = AfbeeldingGemaakt(
    tekst="t",
    getal=5,
    moment=datetime(2024, 1, 1, tzinfo=UTC),
    codes=("a",),
    posten=(Post(code="x"), Post(code="y")),
    post=Post(code="z"),
)


def field(name: str) -> dict[str, Any]:
    found: dict[str, Any] = next(f for f in avsc_of(AfbeeldingGemaakt)["fields"] if f["name"] == name)
    return found


def test_the_record_says_what_it_is() -> None:
    """Name, namespace, wire type, rule and docstring stand on the record."""
    assert {k: v for k, v in avsc_of(AfbeeldingGemaakt).items() if k != "fields"} == {
        "type": "record",
        "name": "AfbeeldingGemaakt",
        "namespace": "nl.overheid.wmo.afbeelding",
        "doc": "Elk toegestaan type komt voor.",
        "wiretype": "nl.overheid.wmo.afbeelding-gemaakt",
        "grondslag": "Wmo 2015 art. 2.3.5",
    }


@pytest.mark.parametrize(
    ("name", "avro"),
    [
        ("tekst", "string"),
        ("getal", "long"),
        ("waar", "boolean"),
        ("dag", {"type": "int", "logicalType": "date"}),
        ("moment", {"type": "long", "logicalType": "timestamp-micros"}),
        ("misschien", ["null", "long"]),
        ("codes", {"type": "array", "items": "string"}),
        ("post", ["null", "Post"]),
    ],
)
def test_each_type_has_its_avro_type(name: str, avro: object) -> None:
    """The mapping of docs/architecture.md; a part that was declared before is named."""
    assert field(name)["type"] == avro


def test_defaults_are_avro_defaults() -> None:
    """None becomes null, () becomes [], a date the number of days since 1970."""
    defaults = {f["name"]: f["default"] for f in avsc_of(AfbeeldingGemaakt)["fields"] if "default" in f}
    assert defaults == {"waar": False, "dag": 2, "misschien": None, "codes": [], "posten": [], "post": None}


def test_a_field_says_what_it_means() -> None:
    """doc, privacy class, code list and unit stand on the field."""
    assert field("getal") | {"type": 0} == {
        "name": "getal",
        "type": 0,
        "doc": "getal",
        "privacy": "feit",
        "eenheid": "eurocent",
    }
    assert field("codes")["codelijst"] == "soort"


def test_an_event_becomes_a_record_and_an_event_again() -> None:
    """to_record and from_record are each other's inverse, also by way of Avro."""
    schema = AvroSchema(avsc_of(AfbeeldingGemaakt))
    assert from_record(AfbeeldingGemaakt, to_record(EVENT)) == EVENT
    assert from_record(AfbeeldingGemaakt, schema.read(schema.write(to_record(EVENT)))) == EVENT


def test_a_destroyed_field_stays_destroyed() -> None:
    """VERNIETIGD passes both ways, also where a part or a tuple was."""
    record = dict.fromkeys(to_record(EVENT), VERNIETIGD)
    gone = from_record(AfbeeldingGemaakt, record)
    assert gone.posten is VERNIETIGD  # type: ignore[comparison-overlap]
    assert to_record(gone) == record


def test_a_record_that_lacks_a_field_is_refused() -> None:
    """The message names the class and the field."""
    with pytest.raises(SchemaError, match=r"AfbeeldingGemaakt.*moment"):
        from_record(AfbeeldingGemaakt, {"tekst": "t", "getal": 1, "waar": True, "dag": date(2024, 1, 1)})


@part
class Geheim(Part):
    """Een persoonlijk deel."""

    tekst: Annotated[str, persoonsgegeven("tekst")]


@part
class Leeg(Part):
    """Niets."""


FORBIDDEN: dict[str, tuple[Any, str]] = {
    "float": (Annotated[float, feit("x")], "no type for events"),
    "dict": (Annotated[dict[str, str], feit("x")], "no type for events"),
    "list": (Annotated[list[str], feit("x")], "no type for events"),
    "two": (Annotated[str | int, feit("x")], "X | None"),
    "pair": (Annotated[tuple[str, str], feit("x")], "tuple"),
    "numbers": (Annotated[tuple[int, ...], feit("x")], "str or a part"),
    "class": (Annotated[Geheim, feit("x")], "one privacy class"),
    "empty": (Annotated[tuple[Leeg, ...], feit("x")], "no fields"),
}


@pytest.mark.parametrize("kind", FORBIDDEN)
def test_what_an_event_may_not_hold_is_refused(kind: str) -> None:
    """Floats, dicts, loose unions and parts of another privacy class are refused when the schema is made."""
    hint, why = FORBIDDEN[kind]
    cls = type(f"Fout{kind}", (DomainEvent,), {"__annotations__": {"veld": hint}, "__module__": __name__})
    with pytest.raises(TypeError, match=rf"(?s){why}"):
        avsc_of(event_type(f"fout-{kind}", service="afbeelding")(cls))


def test_files_and_classes_are_kept_in_step(tmp_path: Path) -> None:
    """Writing is idempotent; a missing, changed or orphaned file is named."""
    (path,) = write_schemas(tmp_path, [AfbeeldingGemaakt])
    assert path == tmp_path / "afbeelding" / "AfbeeldingGemaakt.avsc"
    assert write_schemas(tmp_path, [AfbeeldingGemaakt]) == []
    assert check_in_sync(tmp_path, [AfbeeldingGemaakt]) == []
    path.write_text(path.read_text().replace("getal", "aantal"))
    assert "differs" in check_in_sync(tmp_path, [AfbeeldingGemaakt])[0]
    path.rename(path.with_name("Wees.avsc"))
    missing, orphan = check_in_sync(tmp_path, [AfbeeldingGemaakt])
    assert "missing" in missing
    assert "Wees.avsc has no event class" in orphan


def test_a_folder_loads_what_was_written(tmp_path: Path) -> None:
    """The registry of a folder is that of its classes; a broken file in it is named."""
    (path,) = write_schemas(tmp_path, [AfbeeldingGemaakt])
    wire_type = AfbeeldingGemaakt.__event__.wire_type
    loaded = SchemaRegistry.load(tmp_path).current(wire_type)
    assert loaded.clear.fingerprint == SchemaRegistry.of(AfbeeldingGemaakt).current(wire_type).clear.fingerprint
    path.write_text("{")
    with pytest.raises(SchemaError, match=r"AfbeeldingGemaakt\.avsc"):
        SchemaRegistry.load(tmp_path)


def test_a_folder_that_is_not_there_is_named(tmp_path: Path) -> None:
    """An empty registry by a mistyped path would refuse every event much later."""
    with pytest.raises(SchemaError, match="nergens"):
        SchemaRegistry.load(tmp_path / "nergens")
