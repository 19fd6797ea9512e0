"""The corpus: of every version that was ever current, its text and real bytes. Written once, only ever added to.

``schemas/corpus/<service>/<Name>/<n>-<fingerprint>.json`` holds the ``.avsc`` text and its SHA-256, and per example the
clear and the stored (encrypted) bytes in hex, with the test keys and the envelope that they were sealed under.
``schemas/corpus/MANIFEST`` holds the SHA-256 of every file.
"""

from __future__ import annotations

import hashlib
import json
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

from casuslog.codec import sealed
from casuslog.envelope import Envelope
from casuslog.errors import SchemaError
from casuslog.events import Privacy
from casuslog.schema import _framing
from casuslog.schema._example import example
from casuslog.schema._registry import CORPUS
from casuslog.schema._version import SchemaVersion

MANIFEST = "MANIFEST"
_GEMEENTE = "0000"


@dataclass(frozen=True, slots=True)
class Example:
    """One event in bytes: in clear, and as stored; both as single-object encoding."""

    naam: str
    helder: bytes
    opgeslagen: bytes


@dataclass(frozen=True, slots=True)
class Specimen:
    """One version with its examples."""

    number: int
    version: SchemaVersion
    envelope: Envelope
    keys: dict[str, bytes]
    """Test keys by key id. They protect nothing: what they seal is made up."""
    examples: tuple[Example, ...]

    @property
    def path(self) -> str:
        """Where it stands under the corpus."""
        version = self.version
        return f"{version.service}/{version.name}/{self.number}-{version.clear.fingerprint.hex()}.json"


def specimen_of(version: SchemaVersion, number: int) -> Specimen:
    """A version with freshly made examples: one with everything filled, one with nothing that may stay empty."""
    envelope = _envelope(version)
    keys = {_key_id(klasse): hashlib.sha256(f"casuslog corpus {klasse}".encode()).digest() for klasse in Privacy}
    examples = []
    for naam, full in (("vol", True), ("kaal", False)):
        record = example(version.clear.declaration, full=full)
        stored = sealed(version, record, envelope, lambda klasse: (_key_id(klasse), keys[_key_id(klasse)]))
        clear = _framing.encode(version.clear.fingerprint, version.clear.write(record))
        examples.append(Example(naam, clear, stored))
    return Specimen(number, version, envelope, keys, tuple(examples))


def specimens(schemas_dir: Path) -> dict[str, list[Specimen]]:
    """Every specimen in the corpus by wire type, in the order of their numbers.

    Raises:
        SchemaError: a file is no specimen.
    """
    found: dict[str, list[Specimen]] = defaultdict(list)
    for path in corpus_files(schemas_dir):
        specimen = _parsed(path)
        found[specimen.version.wire_type].append(specimen)
    return {wire_type: sorted(versions, key=lambda s: s.number) for wire_type, versions in found.items()}


def corpus_files(schemas_dir: Path) -> list[Path]:
    """The files of the corpus, without the manifest."""
    return sorted((schemas_dir / CORPUS).glob("*/*/*.json"))


def manifest_lines(schemas_dir: Path) -> Iterator[tuple[str, str]]:
    """The (SHA-256, path under the corpus) pairs of the manifest."""
    path = schemas_dir / CORPUS / MANIFEST
    if path.exists():
        for line in path.read_text(encoding="utf-8").splitlines():
            sha256, _, name = line.partition("  ")
            yield sha256, name


def add_to_corpus(schemas_dir: Path, specimen: Specimen) -> Path:
    """Write a specimen and its line in the manifest.

    Raises:
        FileExistsError: it stands there already; corpus files are never written twice.
    """
    path = schemas_dir / CORPUS / specimen.path
    path.parent.mkdir(parents=True, exist_ok=True)
    text = _text(specimen)
    with path.open("x", encoding="utf-8") as file:
        file.write(text)
    with (schemas_dir / CORPUS / MANIFEST).open("a", encoding="utf-8") as file:
        file.write(f"{hashlib.sha256(text.encode()).hexdigest()}  {specimen.path}\n")
    return path


def _text(specimen: Specimen) -> str:
    version = specimen.version
    content = {
        "wiretype": version.wire_type,
        "versie": specimen.number,
        "vingerafdruk": version.clear.fingerprint.hex(),
        "sha256": version.sha256,
        "avsc": version.text,
        "envelop": specimen.envelope.attributes(),
        "testsleutels": {key_id: key.hex() for key_id, key in specimen.keys.items()},
        "voorbeelden": [
            {"naam": e.naam, "helder": e.helder.hex(), "opgeslagen": e.opgeslagen.hex()} for e in specimen.examples
        ],
    }
    return json.dumps(content, ensure_ascii=False, indent=1) + "\n"


def _parsed(path: Path) -> Specimen:
    try:
        content: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
        return Specimen(
            content["versie"],
            SchemaVersion(content["avsc"]),
            Envelope.from_attributes(content["envelop"]),
            {key_id: bytes.fromhex(key) for key_id, key in content["testsleutels"].items()},
            tuple(
                Example(e["naam"], bytes.fromhex(e["helder"]), bytes.fromhex(e["opgeslagen"]))
                for e in content["voorbeelden"]
            ),
        )
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise SchemaError(f"corpus file {path.parent.name}/{path.name} is no specimen: {error!r}") from error


def _key_id(klasse: Privacy) -> str:
    return f"corpus-{klasse}"


def _envelope(version: SchemaVersion) -> Envelope:
    return Envelope(
        id="01900000-0000-7000-8000-000000000001",
        source=f"urn:nld:oin:00000099000000000000:systeem:{version.service}",
        type=version.wire_type,
        time=datetime(2024, 3, 1, 9, tzinfo=UTC),
        subject="01900000-0000-7000-8000-000000000002",
        dataschema=version.dataschema,
        sequence=1,
        gemeente=_GEMEENTE,
        stroom=version.service,
        feitdatum=date(2024, 2, 29),
        correlationid="01900000-0000-7000-8000-000000000003",
        causationid="01900000-0000-7000-8000-000000000003",
        actorrol="corpus",
        actorid="corpus",
    )
