"""The gate: may these schemas go out? Judged on real bytes of every version that was ever current, not on intentions.

Within a wire type (so within a major) the rule is FULL_TRANSITIVE: today's schema reads the bytes of every earlier
version, and every earlier schema reads today's bytes. Changes that the CRC-64-AVRO fingerprint cannot see (a default, a
logical type, an alias, a privacy class, a code list, a unit) are breaches too. What breaks is a new event type.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from casuslog.codec import opened, unsealed
from casuslog.errors import SchemaError
from casuslog.schema import _framing
from casuslog.schema._registry import CORPUS, SchemaRegistry
from casuslog.schema._version import SchemaVersion
from casuslog.schema.corpus import (
    Example,
    Specimen,
    add_to_corpus,
    corpus_files,
    manifest_lines,
    specimen_of,
    specimens,
)

NOT_IN_CORPUS = "niet in corpus"
_GOVERNED = ("default", "aliases", "privacy", "codelijst", "eenheid")
_ABSENT = object()


@dataclass(frozen=True, slots=True)
class Breach:
    """One reason why these schemas may not go out."""

    subject: str
    """The event type or the file that it is about."""
    rule: str
    """Which rule is broken; stable."""
    detail: str

    def __str__(self) -> str:
        return f"{self.subject}: {self.rule}: {self.detail}"


def gate(schemas_dir: Path) -> list[Breach]:
    """Everything that is wrong with the schemas under ``schemas_dir``; empty when they may go out."""
    breaches = list(_manifest(schemas_dir))
    current, unreadable = _current(schemas_dir)
    breaches += unreadable
    for version in current.values():
        breaches += _described(version)
    try:
        known = specimens(schemas_dir)
    except SchemaError as error:
        return [*breaches, Breach(CORPUS, "corpusbestand onleesbaar", error.detail)]
    for wire_type in known:
        if wire_type not in current:
            breaches.append(Breach(wire_type, "verdwenen", "what was published once is read for ever; keep its schema"))
    for wire_type, version in current.items():
        breaches += _against_corpus(version, known.get(wire_type, []))
    return breaches


def extend_corpus(schemas_dir: Path) -> list[Path]:
    """Write every current version that the corpus lacks; returns the files that were added.

    Raises:
        SchemaError: the gate finds something else than a missing version: the corpus never takes in a breach.
    """
    breaches = [breach for breach in gate(schemas_dir) if breach.rule != NOT_IN_CORPUS]
    if breaches:
        raise SchemaError("the corpus was left as it is:\n" + "\n".join(str(breach) for breach in breaches))
    current, _ = _current(schemas_dir)
    known = specimens(schemas_dir)
    added = []
    for wire_type, version in current.items():
        earlier = known.get(wire_type, [])
        if not _holds(earlier, version):
            added.append(add_to_corpus(schemas_dir, specimen_of(version, len(earlier) + 1)))
    return added


def _current(schemas_dir: Path) -> tuple[dict[str, SchemaVersion], list[Breach]]:
    found: dict[str, SchemaVersion] = {}
    breaches = []
    for path in sorted(schemas_dir.glob("*/*.avsc")):
        name = f"{path.parent.name}/{path.name}"
        try:
            version = SchemaVersion(path.read_text(encoding="utf-8"))
        except SchemaError as error:
            breaches.append(Breach(name, "geen geldig schema", error.detail))
            continue
        if version.wire_type in found:
            breaches.append(Breach(name, "dubbel", f"{version.wire_type} has another schema already"))
        if name != f"{version.service}/{version.name}.avsc":
            breaches.append(Breach(name, "verkeerde plek", f"it declares {version.service}/{version.name}"))
        found[version.wire_type] = version
    return found, breaches


def _manifest(schemas_dir: Path) -> Iterator[Breach]:
    root = schemas_dir / CORPUS
    listed = {name: sha256 for sha256, name in manifest_lines(schemas_dir)}
    for name, sha256 in listed.items():
        path = root / name
        if not path.exists():
            yield Breach(name, "corpusbestand weg", "corpus files are never removed")
        elif hashlib.sha256(path.read_bytes()).hexdigest() != sha256:
            yield Breach(name, "corpusbestand gewijzigd", "corpus files are never changed")
    for path in corpus_files(schemas_dir):
        name = path.relative_to(root).as_posix()
        if name not in listed:
            yield Breach(name, "niet in MANIFEST", "add versions with `casuslog schema corpus`, not by hand")


def _described(version: SchemaVersion) -> Iterator[Breach]:
    for path, properties in _flat(version.clear.declaration).items():
        if not properties["doc"]:
            yield Breach(version.wire_type, "zonder uitleg", f"field {path} has no doc")
        top = version.privacy[path.partition(".")[0]]
        if properties["privacy"] != top.value:
            yield Breach(version.wire_type, "privacyklasse", f"field {path} is not {top}, as the field that holds it")
    if not version.clear.declaration.get("doc"):
        yield Breach(version.wire_type, "zonder uitleg", "the event has no doc")


def _against_corpus(current: SchemaVersion, earlier: list[Specimen]) -> Iterator[Breach]:
    if not _holds(earlier, current):
        yield Breach(current.wire_type, NOT_IN_CORPUS, "run `casuslog schema corpus`")
    numbers = [specimen.number for specimen in earlier]
    if numbers != list(range(1, len(earlier) + 1)):
        yield Breach(current.wire_type, "gat in corpus", f"its versions are {numbers}")
    try:
        today = specimen_of(current, 0)
    except SchemaError as error:
        yield Breach(current.wire_type, "geen geldig schema", error.detail)
        return
    for specimen in earlier:
        yield from _changed(specimen, current)
        yield from _unreadable(specimen, current, f"today's schema does not read version {specimen.number}")
        yield from _unreadable(today, specimen.version, f"version {specimen.number} does not read today's bytes")


def _holds(earlier: list[Specimen], current: SchemaVersion) -> bool:
    return any(specimen.version.governed == current.governed for specimen in earlier)


def _changed(specimen: Specimen, current: SchemaVersion) -> Iterator[Breach]:
    """What resolution cannot see: the same field, read otherwise."""
    then, now = specimen.version.clear.declaration, current.clear.declaration
    if (then["name"], then["namespace"]) != (now["name"], now["namespace"]):
        detail = f"version {specimen.number} is {then['namespace']}.{then['name']}"
        yield Breach(current.wire_type, "andere naam", detail)
    before, after = _flat(then), _flat(now)
    for path in before.keys() & after.keys():
        for key in (*_GOVERNED, "logicalType"):
            if before[path][key] != after[path][key]:
                detail = f"field {path} differs from version {specimen.number}"
                yield Breach(current.wire_type, f"{key} gewijzigd", detail)


def _unreadable(writer: Specimen, reader: SchemaVersion, what: str) -> Iterator[Breach]:
    for example in writer.examples:
        try:
            _read_both(writer, example, reader)
        except SchemaError as error:
            yield Breach(reader.wire_type, "onleesbaar", f"{what} ({example.naam}): {error.detail}")


def _read_both(writer: Specimen, example: Example, reader: SchemaVersion) -> None:
    fingerprint, body = _framing.decode(example.helder)
    if fingerprint != writer.version.clear.fingerprint:
        raise SchemaError(f"its clear bytes are of schema {fingerprint.hex()}")
    written = writer.version.clear.read(body)
    _same_values(written, writer.version.clear.read(body, reader.clear))
    origin, stored = opened(SchemaRegistry([writer.version]), example.opgeslagen, writer.envelope)
    _same_values(written, unsealed(origin, reader, stored, writer.envelope, writer.keys.__getitem__))


def _same_values(written: Any, read: Any) -> None:
    """Resolution may leave fields out or fill defaults in; it may not change a value that both versions have."""
    if isinstance(written, Mapping) and isinstance(read, Mapping):
        for name in written.keys() & read.keys():
            _same_values(written[name], read[name])
    elif isinstance(written, list) and isinstance(read, list) and len(written) == len(read):
        for one, other in zip(written, read, strict=True):
            _same_values(one, other)
    elif written != read or type(written) is not type(read):
        raise SchemaError(f"a {type(written).__name__} reads as another {type(read).__name__}")


def _flat(declaration: Mapping[str, Any]) -> dict[str, dict[str, Any]]:
    """The properties of every field, also inside parts, by path."""
    return dict(_walk(declaration, "", {}))


def _walk(
    declaration: Mapping[str, Any], prefix: str, known: dict[str, Mapping[str, Any]]
) -> Iterator[tuple[str, dict[str, Any]]]:
    known[declaration["name"]] = declaration
    for field in declaration["fields"]:
        path = f"{prefix}{field['name']}"
        leaf = _leaf(field["type"])
        properties = {key: field.get(key, _ABSENT) for key in _GOVERNED}
        properties["logicalType"] = leaf.get("logicalType") if isinstance(leaf, dict) else None
        yield path, {**properties, "doc": field.get("doc")}
        part = (
            leaf
            if isinstance(leaf, dict) and leaf["type"] == "record"
            else known.get(leaf)
            if isinstance(leaf, str)
            else None
        )
        if part is not None:
            yield from _walk(part, f"{path}.", known)


def _leaf(avro: Any) -> Any:
    if isinstance(avro, list):
        return _leaf(avro[1])
    if isinstance(avro, dict) and avro["type"] == "array":
        return _leaf(avro["items"])
    return avro
