"""Whether the keys of all stored events are known: a key store of another moment misses some, or has them destroyed."""

# ruff: noqa: ARG002  # who gives no key has the signatures of who gives them

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from typing import NoReturn

from sqlalchemy import Engine, inspect, select

from casuslog.codec import Codec
from casuslog.events import Privacy
from casuslog.privacy._tables import sleutels
from casuslog.recorded import START
from casuslog.store import EVERY_GEMEENTE, EventStore

PAGE = 500


@dataclass(slots=True)
class Found:
    """Of the keys that events name: how many there are, how many of them are destroyed, and how many nobody knows."""

    keys: int = 0
    destroyed: int = 0
    missing: int = 0


class Asked:
    """Notes which keys are asked for, and gives none: to know their ids no key is needed."""

    def __init__(self) -> None:
        self.ids: set[str] = set()

    def ciphers_for(
        self, gemeente: str, fase: str, subject: str, betrokkene: str, klassen: Collection[Privacy]
    ) -> NoReturn:
        """Refused."""
        raise PermissionError("who looks at keys writes no event")

    def get(self, key_id: str, gemeente: str, purpose: str) -> bytes | None:
        """Note it."""
        self.ids.add(key_id)
        return None

    def get_many(
        self,
        key_ids: Iterable[str],
        gemeente: str,
        purpose: str,
    ) -> Mapping[str, bytes | None]:
        """Note them."""
        wanted = list(key_ids)
        self.ids.update(wanted)
        return dict.fromkeys(wanted)


def looked_up(store: EventStore, codec: Codec, asked: Asked, keys: Engine) -> Found:
    """Look up the key of every event of a store; ``codec`` and ``asked`` belong together."""
    found, after = Found(), START
    seen: set[str] = set()
    there = inspect(keys).has_table(sleutels.name)
    while page := store.read_log(EVERY_GEMEENTE, after=after, limit=PAGE):
        for _ in codec.decode_many(page, purpose="controle", typed=False):
            pass
        new = asked.ids - seen
        seen |= new
        known = _known(keys, new) if there else {}
        found.keys += len(new)
        found.destroyed += sum(known.values())
        found.missing += len(new - known.keys())
        after = page[-1].cursor or after
    return found


def _known(keys: Engine, ids: Iterable[str]) -> dict[str, bool]:
    query = select(sleutels.c.id, sleutels.c.vernietigd).where(sleutels.c.id.in_(sorted(ids)))
    with keys.connect() as conn:
        return {row.id: row.vernietigd is not None for row in conn.execute(query)}
