"""The store with the real codec and key store: what is kept is ciphertext, and stays provable after erasure."""

from pathlib import Path

from casuslog.codec import Codec
from casuslog.events import VERNIETIGD, Fact
from casuslog.privacy import KeyStore, RootKey
from casuslog.schema import SchemaRegistry
from casuslog.store import EVERY_GEMEENTE, EventStore
from casuslog.testing._proef import COUNTED, DAY, ProefGeteld, context, opened_with, stream


def test_an_erased_stream_is_still_proven_whole(tmp_path: Path) -> None:
    """After its keys are destroyed an event reads as vernietigd, its envelope stands, and the chain verifies."""
    keys = KeyStore.open(f"sqlite:///{tmp_path}/sleutels.db", RootKey.generate())
    codec = Codec(SchemaRegistry.of(ProefGeteld), keys)
    store = EventStore.open(f"sqlite:///{tmp_path}/", "proef", **{**opened_with(), "codec": codec})
    where = stream()
    fact = Fact(ProefGeteld(aantal=42, opmerking="woont tegenover de bakker"), DAY)
    with store.transaction() as tx:
        tx.append(where, 0, [fact], context())
        assert tx.load(COUNTED, where) == (42, 1)
    [kept] = store.read_stream(where)
    assert b"bakker" not in kept.body
    assert b"bakker" not in (tmp_path / "proef.db").read_bytes() + (tmp_path / "proef.db-wal").read_bytes()

    keys.destroy(where.gemeente, "proef", where.id)
    read = codec.decode(kept, purpose="proef")
    assert (read["aantal"], read["opmerking"]) == (VERNIETIGD, VERNIETIGD)
    assert list(store.verify(EVERY_GEMEENTE)) == []
    store.close()
    keys.close()
