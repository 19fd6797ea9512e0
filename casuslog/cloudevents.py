"""One event in the forms of CloudEvents 1.0: binary and structured mode, with JSON or Avro, in AMQP and in HTTP.

Binary mode: the attributes are headers, the body is the data alone. Structured mode: the body holds both, as JSON
(``application/cloudevents+json``) or as Avro (``application/cloudevents+avro``, in which the data are bytes).
"""

from __future__ import annotations

import io
import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import quote, unquote

import fastavro

from casuslog.errors import SchemaError
from casuslog.schema import CLOUDEVENTS_JSON

CLOUDEVENTS_AVRO = "application/cloudevents+avro"
JSON_DATA = "application/json"
AVRO_DATA = "application/vnd.casuslog.event.helder+avro"
"""Single-object encoding of a clear record, or of its sub-record of facts; the fingerprint says which."""
NO_DATA = ""
BINARY, STRUCTURED = "binair", "gestructureerd"
MODES = (BINARY, STRUCTURED)
HTTP_PREFIX = "ce-"

_MOST = 1 << 20
_VALUES = ["null", "boolean", "int", "string", "bytes"]
_JSON_VALUES = ["null", "boolean", {"type": "map", "values": "CloudEventData"}]
_SCHEMA = fastavro.parse_schema(
    {
        "namespace": "io.cloudevents",
        "type": "record",
        "name": "CloudEvent",
        "version": "1.0",
        "doc": "Avro Event Format for CloudEvents",
        "fields": [
            {"name": "attribute", "type": {"type": "map", "values": _VALUES}},
            {
                "name": "data",
                "type": [
                    "bytes",
                    "null",
                    "boolean",
                    {
                        "type": "map",
                        "values": [
                            "null",
                            "boolean",
                            {
                                "type": "record",
                                "name": "CloudEventData",
                                "doc": "Representation of a JSON Value",
                                "fields": [
                                    {
                                        "name": "value",
                                        "type": {
                                            "type": "map",
                                            "values": [
                                                *_JSON_VALUES,
                                                {"type": "array", "items": "CloudEventData"},
                                                "double",
                                                "string",
                                            ],
                                        },
                                    }
                                ],
                            },
                            "double",
                            "string",
                        ],
                    },
                    {"type": "array", "items": "CloudEventData"},
                    "double",
                    "string",
                ],
            },
        ],
    }
)


@dataclass(frozen=True, slots=True)
class CloudEvent:
    """An event as it travels.

    Attributes:
        attributes: the context attributes and extensions, without ``datacontenttype``; texts, numbers or booleans.
        data: the data in the encoding that ``content_type`` names; empty when there is none.
        content_type: :data:`JSON_DATA`, :data:`AVRO_DATA`, or :data:`NO_DATA`.
    """

    attributes: Mapping[str, Any]
    data: bytes = b""
    content_type: str = NO_DATA

    def structured(self) -> tuple[str, bytes]:
        """Content type and body in structured mode: Avro where the data is Avro, else JSON."""
        return (
            (CLOUDEVENTS_AVRO, self.as_avro()) if self.content_type == AVRO_DATA else (CLOUDEVENTS_JSON, self.as_json())
        )

    def as_json(self) -> bytes:
        """The event in the JSON format; its data has to be JSON, or absent."""
        told = dict(self.attributes)
        if self.content_type:
            told |= {"datacontenttype": self.content_type, "data": json.loads(self.data)}
        return json.dumps(told, ensure_ascii=False).encode()

    def as_avro(self) -> bytes:
        """The event in the Avro format."""
        attributes = dict(self.attributes)
        if self.content_type:
            attributes["datacontenttype"] = self.content_type
        out = io.BytesIO()
        fastavro.schemaless_writer(out, _SCHEMA, {"attribute": attributes, "data": self.data or None})
        return out.getvalue()

    @classmethod
    def read_json(cls, body: bytes | str) -> CloudEvent:
        """Of the JSON format.

        Raises:
            SchemaError: it is no such event.
        """
        try:
            told = dict(json.loads(body))
        except (ValueError, TypeError):
            raise SchemaError("the body is no CloudEvent in JSON") from None
        content_type = told.pop("datacontenttype", NO_DATA)
        data = json.dumps(told.pop("data"), ensure_ascii=False).encode() if "data" in told else b""
        return cls(told, data, content_type if data else NO_DATA)

    @classmethod
    def read_avro(cls, body: bytes) -> CloudEvent:
        """Of the Avro format.

        Raises:
            SchemaError: it is no such event.
        """
        if len(body) > _MOST:
            raise SchemaError(f"the body is {len(body)} bytes, which no event is")
        try:
            told: Any = fastavro.schemaless_reader(io.BytesIO(body), _SCHEMA, None)
            attributes, data = dict(told["attribute"]), told["data"]
        except (ValueError, TypeError, KeyError, EOFError, IndexError, MemoryError, OverflowError):
            raise SchemaError("the body is no CloudEvent in Avro") from None
        content_type = str(attributes.pop("datacontenttype", NO_DATA))
        if data is not None and not isinstance(data, bytes):
            raise SchemaError("the data of this CloudEvent are no bytes")
        return cls(attributes, data or b"", content_type)

    def http_headers(self) -> dict[str, str]:
        """The attributes as HTTP headers, for binary mode (HTTP binding 1.0, section 3.1.3.2)."""
        headers = {
            f"{HTTP_PREFIX}{name}": quote(_text(value), safe=_PRINTABLE) for name, value in self.attributes.items()
        }
        return headers | ({"content-type": self.content_type} if self.content_type else {})

    @classmethod
    def from_http(cls, headers: Mapping[str, str], body: bytes) -> CloudEvent:
        """Of an HTTP message, in whichever mode; all attributes of binary mode are texts.

        Raises:
            SchemaError: it is no such event.
        """
        given = {name.lower(): value for name, value in headers.items()}
        content_type = given.get("content-type", NO_DATA).partition(";")[0].strip().lower()
        if content_type == CLOUDEVENTS_JSON:
            return cls.read_json(body)
        if content_type == CLOUDEVENTS_AVRO:
            return cls.read_avro(body)
        attributes = {k.removeprefix(HTTP_PREFIX): unquote(v) for k, v in given.items() if k.startswith(HTTP_PREFIX)}
        return cls(attributes, body, content_type if body else NO_DATA)


_PRINTABLE = "".join(chr(n) for n in range(0x21, 0x7F) if chr(n) not in '"%')
"""What stands in a header as it is: printable ASCII without space, double quote and percent sign."""


def _text(value: Any) -> str:
    return ("true" if value else "false") if isinstance(value, bool) else str(value)
