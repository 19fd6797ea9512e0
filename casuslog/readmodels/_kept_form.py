"""The text in which an envelope is kept beside what a service knows of others."""

from __future__ import annotations

import functools
from collections.abc import Callable, Mapping, Sequence
from itertools import chain
from json.encoder import encode_basestring as _quoted
from operator import itemgetter
from typing import NamedTuple

from casuslog.envelope import Envelope, in_order


class KeptForm(NamedTuple):
    """An envelope as it is kept, and what of it stands beside it."""

    text: str
    """Its attributes in their order, as JSON."""
    source: str
    time: str


def kept_form(envelope: Envelope) -> KeptForm:
    """The form in which an envelope is kept."""
    text = envelope.unread
    taken = None if text is None else _taken_over(text)
    if taken is not None:
        return taken
    attributes = envelope.attributes()
    return KeptForm(as_json(attributes), attributes["source"], attributes["time"])


def as_json(attributes: Mapping[str, str]) -> str:
    """As ``json.dumps(attributes, ensure_ascii=False)``, which makes an encoder for each text anew."""
    return _form(tuple(attributes)) % tuple(map(_quoted, attributes.values()))


@functools.lru_cache(maxsize=1024)
def _form(names: tuple[str, ...]) -> str:
    """The text without its values. There are few sets of names, and many envelopes of each."""
    return "{" + ", ".join([_quoted(name).replace("%", "%%") + ": %s" for name in names]) + "}"


def _taken_over(text: str) -> KeptForm | None:
    """The same of a text of the log: its values in another order, as they stand there. A third of what it takes to read
    them and to write them anew, and of a rebuild that is done for each event.

    Returns:
        ``None`` for a text with an escaped sign in it, and one that is not in the form of the log.
    """
    if "\\" in text:
        return None
    parts = text.split('"')
    if parts[::2] != _between(len(parts) // 4):
        return None
    order = _order(tuple(parts[1::4]))
    if order is None:
        return None
    values = parts[3::4]
    source, time = values[order.source], values[order.time]
    values += order.words
    return KeptForm("".join(order.of(values)), source, time)


@functools.lru_cache(maxsize=64)
def _between(attributes: int) -> list[str]:
    """What stands between the quotes of so many attributes."""
    return ["{", *([":", ","] * attributes)[:-1], "}"]


class _Order(NamedTuple):
    """How texts with the same names, in the order of the log, become the kept form."""

    source: int
    """Which of the values it is."""
    time: int
    words: Sequence[str]
    """What stands before each value of the kept form, and after the last."""
    of: Callable[[Sequence[str]], tuple[str, ...]]
    """The kept form, of the values with these words behind them."""


@functools.lru_cache(maxsize=1024)
def _order(names: tuple[str, ...]) -> _Order | None:
    kept = in_order(names)
    if not {"source", "time"}.issubset(kept) or len(set(names)) < len(names):
        return None
    words = [f'", "{name}": "' for name in kept]
    words[0] = "{" + words[0].removeprefix('", ')
    told = chain.from_iterable((len(names) + at, names.index(name)) for at, name in enumerate(kept))
    return _Order(names.index("source"), names.index("time"), [*words, '"}'], itemgetter(*told, len(names) + len(kept)))
