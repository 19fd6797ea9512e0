"""The gate: each kind of breaking change on a copy of a published contract is caught, and what may change passes."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from casuslog.errors import SchemaError
from casuslog.schema import SchemaRegistry
from casuslog.schema.corpus import corpus_files, specimens
from casuslog.schema.gate import NOT_IN_CORPUS, extend_corpus, gate

Schema = dict[str, Any]
WIRE = "nl.overheid.wmo.poort-getest"


def contract() -> Schema:
    """A published event type with a field of every kind."""
    regel = {
        "type": "record",
        "name": "Regel",
        "doc": "Een regel.",
        "fields": [
            {"name": "code", "type": "string", "doc": "product", "privacy": "feit", "codelijst": "product"},
            {"name": "bedrag_cent", "type": "long", "doc": "bedrag", "privacy": "feit", "eenheid": "eurocent"},
        ],
    }
    day, moment = {"type": "int", "logicalType": "date"}, {"type": "long", "logicalType": "timestamp-micros"}
    return {
        "type": "record",
        "name": "PoortGetest",
        "namespace": "nl.overheid.wmo.poort",
        "doc": "De poort is getest.",
        "wiretype": WIRE,
        "grondslag": "Wmo 2015 art. 2.3.2",
        "fields": [
            {"name": "naam", "type": "string", "doc": "wie", "privacy": "persoonsgegeven"},
            {"name": "op", "type": day, "doc": "dag", "privacy": "feit"},
            {"name": "om", "type": moment, "doc": "moment", "privacy": "feit"},
            {"name": "aantal", "type": "long", "default": 1, "doc": "aantal", "privacy": "feit", "eenheid": "dag"},
            {"name": "tot", "type": ["null", day], "default": None, "doc": "einde", "privacy": "feit"},
            {"name": "soorten", "type": {"type": "array", "items": "string"}, "default": [], "doc": "soorten",
             "privacy": "feit", "codelijst": "soort"},
            {"name": "regels", "type": {"type": "array", "items": regel}, "default": [], "doc": "regels",
             "privacy": "feit"},
        ],
    }  # fmt: skip


def publish(root: Path, schema: Schema) -> Path:
    """Put a schema in its place, without the corpus."""
    path = root / schema["namespace"].rpartition(".")[2] / f"{schema['name']}.avsc"
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(schema), encoding="utf-8")
    return path


@pytest.fixture
def root(tmp_path: Path) -> Path:
    """A schemas/ folder with the contract published and in the corpus."""
    publish(tmp_path, contract())
    extend_corpus(tmp_path)
    return tmp_path


def field(schema: Schema, name: str) -> Schema:
    found: Schema = next(f for f in schema["fields"] if f["name"] == name)
    return found


def rules(root: Path) -> set[str]:
    return {breach.rule for breach in gate(root)}


def changed(root: Path, change: Callable[[Schema], object]) -> Schema:
    """The contract after a change, in the place of the published one."""
    schema = contract()
    (root / "poort" / "PoortGetest.avsc").unlink()
    change(schema)
    publish(root, schema)
    return schema


def add(schema: Schema, **properties: Any) -> None:
    schema["fields"].append({"doc": "nieuw", "privacy": "feit", **properties})


def test_what_is_published_and_in_the_corpus_passes(root: Path) -> None:
    """A contract without changes has no breaches."""
    assert gate(root) == []


BREAKING: dict[str, tuple[Callable[[Schema], object], str]] = {
    "a field without a default comes": (lambda s: add(s, name="nieuw", type="string"), "onleesbaar"),
    "a field without a default goes": (lambda s: s["fields"].remove(field(s, "naam")), "onleesbaar"),
    "a field is renamed": (lambda s: field(s, "naam").update(name="wie"), "onleesbaar"),
    "a field is renamed under an alias": (
        lambda s: field(s, "naam").update(name="wie", aliases=["naam"]),
        "onleesbaar",
    ),
    "a type changes": (lambda s: field(s, "aantal").update(type="string", default=""), "onleesbaar"),
    "a value may be null from now on": (
        lambda s: field(s, "naam").update(type=["null", "string"], default=None),
        "onleesbaar",
    ),
    "a value may no longer be null": (
        lambda s: field(s, "tot").update(type={"type": "int", "logicalType": "date"}, default=0),
        "onleesbaar",
    ),
    "one becomes many": (lambda s: field(s, "naam").update(type={"type": "array", "items": "string"}), "onleesbaar"),
    "a day becomes a moment": (
        lambda s: field(s, "op").update(type={"type": "long", "logicalType": "timestamp-micros"}),
        "onleesbaar",
    ),
    "a part gets a field without a default": (
        lambda s: add(field(s, "regels")["type"]["items"], name="nieuw", type="string"),
        "onleesbaar",
    ),
    "a part gets another name": (
        lambda s: field(s, "regels")["type"]["items"].update(name="Post"),
        "onleesbaar",
    ),
    "a default changes": (lambda s: field(s, "aantal").update(default=2), "default gewijzigd"),
    "a default goes": (lambda s: field(s, "aantal").pop("default"), "default gewijzigd"),
    "a logical type goes": (lambda s: field(s, "om").update(type="long"), "logicalType gewijzigd"),
    "an alias comes": (lambda s: field(s, "naam").update(aliases=["wie"]), "aliases gewijzigd"),
    "a privacy class changes": (lambda s: field(s, "naam").update(privacy="feit"), "privacy gewijzigd"),
    "a code list changes": (lambda s: field(s, "soorten").update(codelijst="anders"), "codelijst gewijzigd"),
    "a code list goes inside a part": (
        lambda s: field(s, "regels")["type"]["items"]["fields"][0].pop("codelijst"),
        "codelijst gewijzigd",
    ),
    "a unit changes": (lambda s: field(s, "aantal").update(eenheid="week"), "eenheid gewijzigd"),
    "a unit changes inside a part": (
        lambda s: field(s, "regels")["type"]["items"]["fields"][1].update(eenheid="euro"),
        "eenheid gewijzigd",
    ),
    "a field has no privacy class": (lambda s: field(s, "naam").pop("privacy"), "geen geldig schema"),
    "a field inside a part has no privacy class": (
        lambda s: field(s, "regels")["type"]["items"]["fields"][0].pop("privacy"),
        "privacyklasse",
    ),
    "a part holds another privacy class": (
        lambda s: field(s, "regels")["type"]["items"]["fields"][0].update(privacy="persoonsgegeven"),
        "privacyklasse",
    ),
    "a privacy class does not exist": (lambda s: field(s, "naam").update(privacy="geheim"), "geen geldig schema"),
    "a field has no explanation": (lambda s: field(s, "naam").update(doc=""), "zonder uitleg"),
    "an enum comes": (
        lambda s: add(s, name="nieuw", type={"type": "enum", "name": "E", "symbols": ["A"]}, default="A"),
        "geen geldig schema",
    ),
    "a float comes": (lambda s: add(s, name="nieuw", type="double", default=0.5), "geen geldig schema"),
    "the wire type changes": (lambda s: s.update(wiretype="nl.overheid.wmo.iets-anders"), "verdwenen"),
    "the event moves to another service": (
        lambda s: s.update(namespace="nl.overheid.wmo.elders"),
        "andere naam",
    ),
}


@pytest.mark.parametrize("kind", BREAKING)
def test_a_breaking_change_is_caught(root: Path, kind: str) -> None:
    """Every change that breaks a reader, or that bytes do not show, is a breach of its own rule."""
    change, rule = BREAKING[kind]
    changed(root, change)
    assert rule in rules(root)


@pytest.mark.parametrize("kind", BREAKING)
def test_the_corpus_takes_in_no_breach(root: Path, kind: str) -> None:
    """A breaking version cannot be made regular by writing it into the corpus."""
    before = corpus_files(root)
    changed(root, BREAKING[kind][0])
    with pytest.raises(SchemaError, match="left as it is"):
        extend_corpus(root)
    assert corpus_files(root) == before


ALLOWED: dict[str, Callable[[Schema], object]] = {
    "a field with a default comes": lambda s: add(s, name="nieuw", type="string", default=""),
    "an optional personal field comes": lambda s: add(
        s, name="nieuw", type=["null", "string"], default=None, privacy="persoonsgegeven"
    ),
    "a field with a default goes": lambda s: s["fields"].remove(field(s, "soorten")),
    "a part gets a field with a default": lambda s: add(
        field(s, "regels")["type"]["items"], name="nieuw", type="long", default=0
    ),
    "fields change places": lambda s: s["fields"].reverse(),
}


@pytest.mark.parametrize("kind", ALLOWED)
def test_a_compatible_change_is_a_new_version(root: Path, kind: str) -> None:
    """A compatible change only asks for its place in the corpus; then the gate is content, with both versions."""
    changed(root, ALLOWED[kind])
    assert rules(root) == {NOT_IN_CORPUS}
    (added,) = extend_corpus(root)
    assert added.name.startswith("2-")
    assert gate(root) == []
    assert [s.number for s in specimens(root)[WIRE]] == [1, 2]
    assert SchemaRegistry.load(root).current(WIRE).clear.fingerprint.hex() in added.name


def test_explanations_may_change_freely(root: Path) -> None:
    """doc and grondslag explain; changing them is no version."""
    changed(root, lambda s: (s.update(doc="Anders gezegd.", grondslag="x"), field(s, "naam").update(doc="van wie")))
    assert gate(root) == []
    assert extend_corpus(root) == []


def test_a_type_that_was_never_recorded_asks_for_the_corpus(tmp_path: Path) -> None:
    """A new event type passes only once its bytes are in the corpus."""
    publish(tmp_path, contract())
    assert [(b.subject, b.rule) for b in gate(tmp_path)] == [(WIRE, NOT_IN_CORPUS)]


def test_a_removed_event_type_is_caught(root: Path) -> None:
    """What was published once keeps its schema."""
    (root / "poort" / "PoortGetest.avsc").unlink()
    assert rules(root) == {"verdwenen"}


def test_the_third_version_must_fit_the_first(root: Path) -> None:
    """Transitive: dropping a field that the second version gave a default still breaks who has the first."""
    changed(root, ALLOWED["a field with a default comes"])
    extend_corpus(root)

    def third(schema: Schema) -> None:
        ALLOWED["a field with a default comes"](schema)
        schema["fields"].remove(field(schema, "naam"))

    changed(root, third)
    unreadable = [b.detail for b in gate(root) if b.rule == "onleesbaar"]
    assert any("version 1" in detail for detail in unreadable)
    assert any("version 2" in detail for detail in unreadable)


def test_a_changed_corpus_file_is_caught(root: Path) -> None:
    """Corpus files are written once: a byte changed in one is a breach."""
    (path,) = corpus_files(root)
    path.write_text(path.read_text().replace("De poort", "Het hek"))
    assert "corpusbestand gewijzigd" in rules(root)


def test_a_removed_corpus_file_is_caught(root: Path) -> None:
    """Corpus files are never removed."""
    (path,) = corpus_files(root)
    path.unlink()
    assert "corpusbestand weg" in rules(root)


def test_a_corpus_file_put_there_by_hand_is_caught(root: Path) -> None:
    """A file that the manifest does not name does not count as history."""
    (path,) = corpus_files(root)
    path.with_name("2-0000000000000000.json").write_bytes(path.read_bytes())
    assert "niet in MANIFEST" in rules(root)


def test_a_corpus_file_that_is_no_specimen_is_named(root: Path) -> None:
    """A damaged corpus is a breach that names the file, not a crash."""
    (path,) = corpus_files(root)
    path.write_text("{}")
    assert any(path.name in breach.detail for breach in gate(root) if breach.rule == "corpusbestand onleesbaar")


def test_stored_bytes_are_judged_too(root: Path) -> None:
    """The gate opens the encrypted bytes of the corpus: with another test key they do not open."""
    (path,) = corpus_files(root)
    content = json.loads(path.read_text())
    content["testsleutels"]["corpus-feit"] = "00" * 32
    path.write_text(json.dumps(content))
    assert "onleesbaar" in rules(root)


def test_a_file_in_the_wrong_place_is_caught(root: Path) -> None:
    """A schema stands where its service and name say."""
    (root / "poort" / "PoortGetest.avsc").rename(root / "poort" / "Anders.avsc")
    assert rules(root) == {"verkeerde plek"}


def test_two_schemas_of_one_wire_type_are_caught(root: Path) -> None:
    """A wire type has one current schema."""
    publish(root, {**contract(), "name": "PoortNogEens"})
    assert "dubbel" in rules(root)
