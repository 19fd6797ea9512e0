"""The head of an HTTP/1.1 request (RFC 9112): its line and its fields, by the letter, or not at all.

The library reads fields as those of an e-mail, which takes longer than all of its other work for a call, and takes
what HTTP forbids: a folded line, blanks before the colon, two lengths. What one reader takes and another does not is
how calls are smuggled past a proxy, so whatever is not by the letter is refused here.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator

MOST_FIELDS = 100
_LINE = re.compile(rb"([A-Z]{1,20}) ([\x21-\x7e]+) HTTP/1\.([01])\r?\n")
_FIELD = re.compile(rb"([!#$%&'*+\-.^_`|~0-9A-Za-z]+):[ \t]*([\t\x20-\x7e\x80-\xff]*?)[ \t]*\r?\n")
_DIGITS = re.compile(r"[0-9]{1,18}")
_ONCE = frozenset({"content-length", "content-type", "host", "transfer-encoding", "authorization", "idempotency-key"})
"""Fields of which a second one says something else than the first: nobody can tell which is meant."""


class BadHead(Exception):
    """The head is not HTTP. What was sent stays out of it: it may be anything."""


class Line:
    """A request line by the letter."""

    __slots__ = ("method", "minor", "target")

    def __init__(self, method: str, target: str, minor: int) -> None:
        self.method = method
        self.target = target
        self.minor = minor
        """Of HTTP/1."""


def line_of(sent: bytes) -> Line | None:
    """A request line of HTTP/1.0 or 1.1; ``None`` where it is anything else."""
    found = _LINE.fullmatch(sent)
    if found is None:
        return None
    method, target, minor = found.groups()
    return Line(method.decode("ascii"), target.decode("ascii"), int(minor))


class Fields:
    """The fields of a head, by name in lower case; several of one name as one list with commas (RFC 9110 5.3)."""

    __slots__ = ("_found",)

    def __init__(self, found: dict[str, str]) -> None:
        self._found = found

    def get(self, name: str, default: str | None = None) -> str | None:
        """The value of a field, whatever the case of its name."""
        return self._found.get(name.lower(), default)

    def __iter__(self) -> Iterator[tuple[str, str]]:
        return iter(self._found.items())


def read_fields(readline: Callable[[], bytes]) -> Fields:
    """The fields up to and including the empty line after them.

    Raises:
        BadHead: one is not by the letter, there are too many, or the head is cut short.
    """
    found: dict[str, str] = {}
    for _ in range(MOST_FIELDS + 1):
        line = readline()
        if line in (b"\r\n", b"\n"):
            _ensure_length(found.get("content-length"))
            return Fields(found)
        field = _FIELD.fullmatch(line)
        if field is None:
            raise BadHead
        name, value = field[1].decode("ascii").lower(), field[2].decode("latin-1")
        if name not in found:
            found[name] = value
        elif name in _ONCE:
            raise BadHead
        else:
            found[name] = f"{found[name]},{value}"
    raise BadHead


def _ensure_length(given: str | None) -> None:
    """A length is digits: with a sign, a blank or an underscore in it each reader would take it otherwise."""
    if given is not None and not _DIGITS.fullmatch(given):
        raise BadHead
