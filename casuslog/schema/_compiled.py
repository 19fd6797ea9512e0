"""A record schema as Python code that writes and reads its bodies, made once per schema.

fastavro walks the schema anew for every value, through a stream; half of what a page of the log cost was that
(measured: docs/adr/0012). This code goes the plain way only: values of exactly their class, bytes as any writer of
these schemas makes them. At anything else it stops with one of :data:`UNUSUAL`, and the caller lets fastavro decide
what it means. So fastavro remains the reference; a test holds both to the same bytes and the same values.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import UTC, date, datetime, timedelta
from typing import Any

Write = Callable[[Mapping[str, Any]], bytes]
ReadInto = Callable[[bytes, dict[str, Any]], None]


class Unusual(ValueError):
    """Not the plain way. It holds nothing of the value."""


UNUSUAL = (LookupError, ValueError, ArithmeticError, TypeError)
"""What compiled code raises at what it leaves to fastavro."""

_EPOCH_DAY = date(1970, 1, 1).toordinal()
_BYTE = tuple(bytes((value,)) for value in range(128))
Lines = list[str]


def compiled(declaration: Mapping[str, Any]) -> tuple[Write, ReadInto]:
    """The code of a record declaration that :class:`casuslog.schema._fit.Fit` accepts.

    The first writes a body; the second reads one and puts its fields into a mapping.
    """
    made = _Code()
    source = "\n".join([*made.writer(declaration), *made.reader(declaration)])
    names: dict[str, Any] = dict(_NAMES)
    # As dataclasses and namedtuple make theirs. What comes from the schema stands in it as string literals only.
    exec(compile(source, f"<avro {declaration.get('name')!r}>", "exec"), names)  # noqa: S102  # made of a schema of ours
    return names["write"], names["read_into"]


def compiled_typed(declaration: Mapping[str, Any], parts: Mapping[str, type]) -> ReadInto:
    """As the second of :func:`compiled`, giving what an event object holds: tuples, and parts as objects.

    Args:
        declaration: a record declaration.
        parts: the class of each record inside it, by name.
    """
    made = _Code(typed=True)
    source = "\n".join(made.reader(declaration))
    names: dict[str, Any] = {**_NAMES, **{f"part_{name}": part for name, part in parts.items()}}
    exec(compile(source, f"<avro {declaration.get('name')!r}>", "exec"), names)  # noqa: S102  # as in compiled
    read_into: ReadInto = names["read_into"]
    return read_into


def varint(value: int) -> bytes:
    """A zig-zag number, seven bits at a time, lowest first."""
    found = bytearray()
    while value > 0x7F:
        found.append(value & 0x7F | 0x80)
        value >>= 7
    found.append(value)
    return bytes(found)


def _number(body: bytes, at: int) -> tuple[int, int]:
    """A zig-zag number of more than one byte, and where it ends."""
    value = 0
    for shift in range(0, 64, 7):
        byte = body[at]
        at += 1
        value |= (byte & 0x7F) << shift
        if byte < 0x80 and value < 2**64:
            return value, at
    raise Unusual


def _length(body: bytes, at: int) -> tuple[int, int]:
    """A length of more than one byte, or below zero: then another reader may look at it."""
    value, at = _number(body, at)
    if value & 1:
        raise Unusual
    return value >> 1, at


_KNOWN = 1024
"""Texts of fewer bytes have their length at hand as it is written: nearly all that there are."""
_LENGTH = tuple(varint(length << 1) for length in range(_KNOWN))

_NAMES = {
    "BYTE": _BYTE,
    "KNOWN": _KNOWN,
    "LENGTH": _LENGTH,
    # Of a text that could have been null: the branch goes before it.
    "THERE": tuple(b"\x02" + length for length in _LENGTH),
    "DAY": _EPOCH_DAY,
    "EPOCH": datetime(1970, 1, 1, tzinfo=UTC),
    "MICROSECOND": timedelta(microseconds=1),
    "Unusual": Unusual,
    "date": date,
    "datetime": datetime,
    "day_of": date.fromordinal,
    "length": _length,
    "new": object.__new__,
    "number": _number,
    # A frozen class lets nothing be set but so.
    "put": object.__setattr__,
    "timedelta": timedelta,
    "varint": varint,
}


class _Code:
    """Lines of code for each type that events have. ``b`` are the bytes, ``i`` the place in them, ``w`` writes."""

    def __init__(self, typed: bool = False) -> None:
        self._typed = typed
        self._used = 0
        self._records: dict[str, str] = {}
        self._defined: Lines = []

    def writer(self, declaration: Mapping[str, Any]) -> Lines:
        """``write(r)``: the body of a record."""
        self._records, self._defined = {}, []
        fields = [line for f in declaration["fields"] for line in self._written_field(f)]
        body = ["out = []", "w = out.append", *fields, 'return b"".join(out)']
        return [*self._defined, "def write(r):", *_in(body)]

    def reader(self, declaration: Mapping[str, Any]) -> Lines:
        """``read_into(b, r)``: the fields of a body, all of it."""
        self._records, self._defined = {}, []
        fields = [line for f in declaration["fields"] for line in self._read(f["type"], f"r[{f['name']!r}]")]
        body = ["i = 0", *fields, "if i != len(b):", "    raise Unusual"]
        return [*self._defined, "def read_into(b, r):", *_in(body)]

    def _fresh(self, letter: str) -> str:
        self._used += 1
        return f"{letter}{self._used}"

    # --- writing ---------------------------------------------------------------------------------------------------

    def _written_field(self, field: Mapping[str, Any]) -> Lines:
        value = self._fresh("v")
        return [f"{value} = r[{field['name']!r}]", *self._written(field["type"], value)]

    def _written(self, avro: Any, value: str) -> Lines:
        if isinstance(avro, list):
            if avro[1] == "string":
                inner = _write_text(value, "w(THERE[n] if n < KNOWN else BYTE[2] + varint(n << 1))")
            else:
                inner = ["w(BYTE[2])", *self._written(avro[1], value)]
            return [f"if {value} is None:", "    w(BYTE[0])", "else:", *_in(inner)]
        if avro in self._records if isinstance(avro, str) else avro["type"] == "record":
            return [*_must_be(value, "dict"), f"{self._writer_of(avro)}({value}, w)"]
        if isinstance(avro, str):
            return _WRITTEN[avro](value)
        if avro["type"] == "array":
            return self._written_array(avro["items"], value)
        return _WRITTEN[avro.get("logicalType", avro["type"])](value)

    def _written_array(self, items: Any, values: str) -> Lines:
        item = self._fresh("v")
        each = [f"for {item} in {values}:", *_in(self._written(items, item))]
        counted = [f"n = len({values}) << 1", *_WRITE_NUMBER, *each]
        check = [f"if {values}.__class__ is not tuple and {values}.__class__ is not list:", "    raise Unusual"]
        return [*check, f"if {values}:", *_in(counted), "w(BYTE[0])"]

    def _writer_of(self, avro: Any) -> str:
        if isinstance(avro, str):
            return self._records[avro]
        name = self._records[avro["name"]] = self._fresh("write_part")
        fields = [line for field in avro["fields"] for line in self._written_field(field)]
        self._defined += [f"def {name}(r, w):", *_in(fields)]
        return name

    # --- reading ---------------------------------------------------------------------------------------------------

    def _read(self, avro: Any, target: str) -> Lines:
        if isinstance(avro, list):
            none = ["n = b[i]", "i += 1", "if n == 0:", f"    {target} = None", "elif n == 2:"]
            return [*none, *_in(self._read(avro[1], target)), "else:", "    raise Unusual"]
        if avro in self._records if isinstance(avro, str) else avro["type"] == "record":
            return [f"{target}, i = {self._reader_of(avro)}(b, i)"]
        if isinstance(avro, str):
            return _READ[avro](target)
        if avro["type"] == "array":
            return self._read_array(avro["items"], target)
        return _READ[avro.get("logicalType", avro["type"])](target)

    def _read_array(self, items: Any, target: str) -> Lines:
        values, count, item = self._fresh("a"), self._fresh("c"), self._fresh("v")
        counted = [*_READ_LENGTH, f"{count} = n"]
        each = [*self._read(items, item), f"{values}.append({item})"]
        block = [f"for _ in range({count}):", *_in(each), *counted]
        taken = [*counted, f"while {count}:", *_in(block)]
        if self._typed:
            return [f"{values} = []", *taken, f"{target} = tuple({values})"]
        return [f"{target} = {values} = []", *taken]

    def _reader_of(self, avro: Any) -> str:
        if isinstance(avro, str):
            return self._records[avro]
        name = self._records[avro["name"]] = self._fresh("read_part")
        fields = [line for f in avro["fields"] for line in self._read(f["type"], f"r[{f['name']!r}]")]
        made = ["r = {}", *fields, "return r, i"]
        if self._typed:
            made[-1:] = [f"p = new(part_{avro['name']})", "put(p, '__dict__', r)", "return p, i"]
        self._defined += [f"def {name}(b, i):", *_in(made)]
        return name


def _in(lines: Lines) -> Lines:
    return [f"    {line}" for line in lines]


def _must_be(value: str, cls: str) -> Lines:
    return [f"if {value}.__class__ is not {cls}:", "    raise Unusual"]


_WRITE_NUMBER = ["w(BYTE[n] if n < 128 else varint(n))"]


def _write_string(value: str) -> Lines:
    return _write_text(value, "w(LENGTH[n] if n < KNOWN else varint(n << 1))")


def _write_text(value: str, length: str) -> Lines:
    return [*_must_be(value, "str"), f"t = {value}.encode()", "n = len(t)", length, "w(t)"]


def _write_long(value: str) -> Lines:
    fits = [f"if not {-(2**63)} <= {value} < {2**63}:", "    raise Unusual"]
    return [*_must_be(value, "int"), *fits, f"n = ({value} << 1) ^ ({value} >> 63)", *_WRITE_NUMBER]


def _write_boolean(value: str) -> Lines:
    return [*_must_be(value, "bool"), f"w(BYTE[{value}])"]


def _write_date(value: str) -> Lines:
    return [*_must_be(value, "date"), f"n = {value}.toordinal() - DAY", "n = (n << 1) ^ (n >> 31)", *_WRITE_NUMBER]


def _write_moment(value: str) -> Lines:
    # A naive moment does not subtract from an aware one: a TypeError, which is unusual.
    counted = [f"n = ({value} - EPOCH) // MICROSECOND", "n = (n << 1) ^ (n >> 63)"]
    return [*_must_be(value, "datetime"), *counted, *_WRITE_NUMBER]


def _left_out(_: str) -> Lines:
    return ["raise Unusual"]


_WRITTEN: Mapping[str, Callable[[str], Lines]] = {
    "string": _write_string,
    "long": _write_long,
    "boolean": _write_boolean,
    "date": _write_date,
    "timestamp-micros": _write_moment,
    # Only the stored form has these, and that is written and read elsewhere (_stored.py).
    "bytes": _left_out,
    "fixed": _left_out,
}

_READ_LENGTH = ["n = b[i]", "if n & 129:", "    n, i = length(b, i)", "else:", "    n >>= 1", "    i += 1"]
_READ_NUMBER = ["n = b[i]", "if n & 128:", "    n, i = number(b, i)", "else:", "    i += 1"]
_UNZIGZAG = "(n >> 1) ^ -(n & 1)"


def _read_string(target: str) -> Lines:
    # A slice past the end is short; then the place is past the end too, which the last line of the reader sees.
    return [*_READ_LENGTH, "j = i + n", f"{target} = b[i:j].decode()", "i = j"]


def _read_long(target: str) -> Lines:
    return [*_READ_NUMBER, f"{target} = {_UNZIGZAG}"]


def _read_boolean(target: str) -> Lines:
    return ["n = b[i]", "if n > 1:", "    raise Unusual", f"{target} = n == 1", "i += 1"]


def _read_date(target: str) -> Lines:
    return [*_READ_NUMBER, f"{target} = day_of(({_UNZIGZAG}) + DAY)"]


def _read_moment(target: str) -> Lines:
    return [*_READ_NUMBER, f"{target} = EPOCH + timedelta(microseconds={_UNZIGZAG})"]


_READ: Mapping[str, Callable[[str], Lines]] = {
    "string": _read_string,
    "long": _read_long,
    "boolean": _read_boolean,
    "date": _read_date,
    "timestamp-micros": _read_moment,
    "bytes": _left_out,
    "fixed": _left_out,
}
