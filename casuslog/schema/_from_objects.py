"""A record schema as Python code that writes a body from an event object itself, made once per event class.

Of every three microseconds of writing two went into looking up, encoding and joining texts one by one. This code takes
the attributes as they are and joins a sign for each byte: a text of ASCII has the same signs as bytes, and as many. At
anything else (a text with an accent, one of a thousand signs, a list for a tuple, a value that does not fit) it stops
with one of :data:`casuslog.schema._compiled.UNUSUAL`, and the caller writes the record by
:meth:`casuslog.schema.AvroSchema.write`, which decides what it means; a test holds both to the same bytes.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import UTC, date, datetime, timedelta
from typing import Any

from casuslog.schema._compiled import Unusual, varint

WriteObject = Callable[[Any], bytes]
Lines = list[str]

_KNOWN = 1024
_LENGTH = tuple(varint(length << 1).decode("latin-1") for length in range(_KNOWN))


def _number(value: int) -> str:
    """A number that is zig-zag already."""
    return varint(value).decode("latin-1")


_NAMES = {
    "LENGTH": _LENGTH,
    # Of a text that could have been null: the branch goes before it.
    "THERE": tuple("\x02" + length for length in _LENGTH),
    "DAY": date(1970, 1, 1).toordinal(),
    "EPOCH": datetime(1970, 1, 1, tzinfo=UTC),
    "MICROSECOND": timedelta(microseconds=1),
    "Unusual": Unusual,
    "date": date,
    "datetime": datetime,
    "number": _number,
}


def compiled_from_object(declaration: Mapping[str, Any], parts: Mapping[str, type]) -> WriteObject:
    """The code that writes the body of a record declaration from an object with its fields as attributes.

    Args:
        declaration: a record declaration that :class:`casuslog.schema._fit.Fit` accepts.
        parts: the class of each record inside it, by name.
    """
    source = "\n".join(_Code().writer(declaration))
    names: dict[str, Any] = {**_NAMES, **{f"part_{name}": part for name, part in parts.items()}}
    # As in compiled: what comes from the schema stands in it as names of fields and of parts only.
    exec(compile(source, f"<avro of {declaration.get('name')!r}>", "exec"), names)  # noqa: S102
    write: WriteObject = names["write"]
    return write


class _Code:
    """Lines of code per field. ``o`` is the object; a value becomes ``v<n>``, or ``h<n>`` (its length) and ``v<n>``."""

    def __init__(self) -> None:
        self._used = 0
        self._records: dict[str, str] = {}
        self._defined: Lines = []

    def writer(self, declaration: Mapping[str, Any]) -> Lines:
        """``write(o)``: the body of a record."""
        body = self._record(declaration)
        return [*self._defined, "def write(o):", *_in(body), '    return s.encode("latin-1")']

    def _record(self, declaration: Mapping[str, Any]) -> Lines:
        """Lines that leave the body in ``s``, a sign for each byte."""
        lines: Lines = []
        pieces: list[str] = []
        texts: list[str] = []
        for field in declaration["fields"]:
            name = self._fresh()
            lines += [f"v{name} = o.{field['name']}", *self._written(field["type"], name, pieces, texts)]
        joined = f"s = ''.join(({' '.join(f'{piece},' for piece in pieces)}))"
        if not texts:
            return [*lines, joined]
        # Lengths of 64 and more, and days, are no ASCII either: only then it is asked of the texts by themselves.
        check = f"if not s.isascii() and not ''.join(({' '.join(f'{text},' for text in texts)})).isascii():"
        return [*lines, joined, check, "    raise Unusual"]

    def _fresh(self) -> str:
        self._used += 1
        return str(self._used)

    def _written(self, avro: Any, n: str, pieces: list[str], texts: list[str]) -> Lines:
        nullable = isinstance(avro, list)
        kind = avro[1] if nullable else avro
        if kind == "string":
            pieces += [f"h{n}", f"v{n}"]
            texts.append(f"v{n}")
            if not nullable:
                return [f"h{n} = LENGTH[len(v{n})]"]
            return [f"if v{n} is None:", f"    h{n} = '\\0'; v{n} = ''", "else:", f"    h{n} = THERE[len(v{n})]"]
        pieces.append(f"v{n}")
        lines = self._piece(kind, f"v{n}", "'\\2' + " if nullable else "")
        return [f"if v{n} is None:", f"    v{n} = '\\0'", "else:", *_in(lines)] if nullable else lines

    def _piece(self, kind: Any, value: str, branch: str) -> Lines:
        """Lines that make of the value what stands in the bytes for it, behind its branch."""
        if kind in self._records if isinstance(kind, str) else kind["type"] == "record":
            return [f"{value} = {branch}{self._writer_of(kind)}({value})"]
        if isinstance(kind, str):
            return _SCALARS[kind](value, branch)
        if kind["type"] == "array":
            return self._array(kind["items"], value, branch)
        return _SCALARS[kind.get("logicalType", kind["type"])](value, branch)

    def _array(self, items: Any, value: str, branch: str) -> Lines:
        check = [f"if type({value}) is not tuple:", "    raise Unusual"]
        if items == "string":
            check += [f"if not ''.join({value}).isascii():", "    raise Unusual"]
            each = f"[LENGTH[len(t)] + t for t in {value}]"
        else:
            each = f"[{self._writer_of(items)}(t) for t in {value}]"
        counted = f"LENGTH[len({value})] + ''.join({each}) + '\\0'"
        return [*check, f"{value} = {branch}({counted} if {value} else '\\0')"]

    def _writer_of(self, kind: Any) -> str:
        if isinstance(kind, str):
            return self._records[kind]
        made = self._records[kind["name"]] = f"part{self._fresh()}"
        check = [f"if type(o) is not part_{kind['name']}:", "    raise Unusual"]
        self._defined += [f"def {made}(o):", *_in([*check, *self._record(kind), "return s"])]
        return made


def _in(lines: Lines) -> Lines:
    return [f"    {line}" for line in lines]


def _must_be(value: str, cls: str) -> Lines:
    return [f"if type({value}) is not {cls}:", "    raise Unusual"]


def _long(value: str, branch: str) -> Lines:
    fits = [f"if not {-(2**63)} <= {value} < {2**63}:", "    raise Unusual"]
    return [*_must_be(value, "int"), *fits, f"{value} = {branch}number(({value} << 1) ^ ({value} >> 63))"]


def _boolean(value: str, branch: str) -> Lines:
    return [*_must_be(value, "bool"), f"{value} = {branch}('\\1' if {value} else '\\0')"]


def _date(value: str, branch: str) -> Lines:
    counted = [f"n = {value}.toordinal() - DAY", "n = (n << 1) ^ (n >> 31)"]
    # Nearly every day takes three bytes, and those from 1947 to 1992 two.
    three = f"if {1 << 14} <= n < {1 << 21}:", "    n = chr(n & 127 | 128) + chr(n >> 7 & 127 | 128) + chr(n >> 14)"
    two = f"elif {1 << 7} <= n < {1 << 14}:", "    n = chr(n & 127 | 128) + chr(n >> 7)"
    return [*_must_be(value, "date"), *counted, *three, *two, "else:", "    n = number(n)", f"{value} = {branch}n"]


def _moment(value: str, branch: str) -> Lines:
    # A naive moment does not subtract from an aware one: a TypeError, which is unusual.
    counted = [f"n = ({value} - EPOCH) // MICROSECOND", f"{value} = {branch}number((n << 1) ^ (n >> 63))"]
    return [*_must_be(value, "datetime"), *counted]


def _left_out(_: str, __: str) -> Lines:
    return ["raise Unusual"]


_SCALARS: Mapping[str, Callable[[str, str], Lines]] = {
    "long": _long,
    "boolean": _boolean,
    "date": _date,
    "timestamp-micros": _moment,
    # Only the stored form has these, and that is written elsewhere (_stored.py).
    "bytes": _left_out,
    "fixed": _left_out,
}
