"""The contract of every event: Avro from classes, the registry, single-object encoding and the JSON form.

The gate over the corpus stands in :mod:`casuslog.schema.gate`, the corpus itself in :mod:`casuslog.schema.corpus`:
both are for whoever changes a schema, not for whoever reads the log.
"""

from casuslog.schema._avro import AvroSchema, fingerprint_of
from casuslog.schema._avsc import avsc_of, check_in_sync, write_schemas
from casuslog.schema._compiled import UNUSUAL
from casuslog.schema._framing import HEADER, MARKER, MAX_SIZE, decode, encode
from casuslog.schema._json import CLOUDEVENTS_JSON, DESTROYED, JsonForm, cloudevent
from casuslog.schema._records import becoming_typed, from_record, parts_of, record_view, to_record
from casuslog.schema._registry import Entry, Form, SchemaRegistry
from casuslog.schema._stored import (
    Blocks,
    Blok,
    Sealed,
    StoredRecord,
    long_bytes,
    read_blocks,
    read_stored,
    write_stored,
)
from casuslog.schema._version import Block, SchemaVersion

__all__ = [
    "CLOUDEVENTS_JSON",
    "DESTROYED",
    "HEADER",
    "MARKER",
    "MAX_SIZE",
    "UNUSUAL",
    "AvroSchema",
    "Block",
    "Blocks",
    "Blok",
    "Entry",
    "Form",
    "JsonForm",
    "SchemaRegistry",
    "SchemaVersion",
    "Sealed",
    "StoredRecord",
    "avsc_of",
    "becoming_typed",
    "check_in_sync",
    "cloudevent",
    "decode",
    "encode",
    "fingerprint_of",
    "from_record",
    "long_bytes",
    "parts_of",
    "read_blocks",
    "read_stored",
    "record_view",
    "to_record",
    "write_schemas",
    "write_stored",
]
