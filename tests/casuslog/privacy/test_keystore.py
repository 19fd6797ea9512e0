"""The key store: who may still be read. One contract for SQLite and PostgreSQL."""

from __future__ import annotations

import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from unittest.mock import patch

import pytest
import structlog
from sqlalchemy import create_engine, inspect, text

from casuslog import _sessions
from casuslog.clock import SettableClock
from casuslog.errors import StoreError, Unavailable
from casuslog.events import Privacy
from casuslog.privacy import CACHE_SECONDS, Cipher, KeyStore, RootKey, seal, unseal
from casuslog.privacy._cache import Ciphers, DataKey, ShortMemory

HOLDER = ("0072", "melding", "casus-1", "client")
ROOT = RootKey(bytes(range(32)))


class Monotonic:
    """A monotonic clock that stands still until it is moved."""

    def __init__(self) -> None:
        self.now = 1000.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def moving() -> Monotonic:
    return Monotonic()


@pytest.fixture(params=["sqlite", "memory", pytest.param("postgres", marks=pytest.mark.postgres)])
def url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """A database of each kind, empty."""
    if request.param == "postgres":
        return str(request.getfixturevalue("postgres_url"))
    return "sqlite://" if request.param == "memory" else f"sqlite:///{tmp_path / 'sleutels.db'}"


@pytest.fixture
def keys(url: str, moving: Monotonic) -> Iterator[KeyStore]:
    store = KeyStore.open(url, ROOT, monotonic=moving, clock=SettableClock())
    yield store
    store.close()


@pytest.fixture(params=["sqlite", pytest.param("postgres", marks=pytest.mark.postgres)])
def shared_url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """A database that two processes can share."""
    if request.param == "postgres":
        return str(request.getfixturevalue("postgres_url"))
    return f"sqlite:///{tmp_path / 'sleutels.db'}"


def test_a_key_is_made_once_and_found_again(keys: KeyStore) -> None:
    """The same holder and class have one key of 32 bytes, found by its id as well."""
    key_id, key = keys.key_for(*HOLDER, Privacy.FEIT)
    assert len(key) == 32
    assert keys.key_for(*HOLDER, Privacy.FEIT) == (key_id, key)
    assert keys.get(key_id, "0072", "proef") == key


@pytest.mark.parametrize(
    ("holder", "klasse"),
    [
        (("0080", "melding", "casus-1", "client"), Privacy.FEIT),
        (("0072", "pgb", "casus-1", "client"), Privacy.FEIT),
        (("0072", "melding", "casus-2", "client"), Privacy.FEIT),
        (("0072", "melding", "casus-1", "mantelzorger"), Privacy.FEIT),
        (HOLDER, Privacy.PERSOONSGEGEVEN),
    ],
)
def test_another_holder_or_class_has_another_key(
    keys: KeyStore, holder: tuple[str, str, str, str], klasse: Privacy
) -> None:
    """Gemeente, phase, casus, betrokkene and class each make a key of their own."""
    one, other = keys.key_for(*HOLDER, Privacy.FEIT), keys.key_for(*holder, klasse)
    assert one[0] != other[0]
    assert one[1] != other[1]


def test_a_key_of_another_gemeente_is_not_found(keys: KeyStore) -> None:
    """The gemeente is in every predicate: a known id alone opens nothing, also not from memory."""
    key_id, _ = keys.key_for(*HOLDER, Privacy.FEIT)
    assert keys.get(key_id, "0072", "proef")
    with pytest.raises(StoreError, match="gemeente 0080 has no key"):
        keys.get(key_id, "0080", "proef")


def test_a_lost_key_is_not_a_destroyed_one(keys: KeyStore) -> None:
    """A key that this store never had is an error: saying vernietigd would hide a lost key store."""
    with pytest.raises(StoreError, match="not destroyed, but lost"):
        keys.get("00000000-0000-4000-8000-000000000000", "0072", "proef")


def test_reading_asks_for_a_purpose(keys: KeyStore) -> None:
    """Without doelbinding nothing is read, whether the key is in memory or not."""
    key_id, _ = keys.key_for(*HOLDER, Privacy.FEIT)
    for _ in range(2):
        with pytest.raises(ValueError, match="doelbinding"):
            keys.get(key_id, "0072", "")
        keys.get(key_id, "0072", "proef")


def test_every_reading_is_counted_per_purpose(keys: KeyStore) -> None:
    """What is read from memory counts as well as what is read from the database."""
    key_id, _ = keys.key_for(*HOLDER, Privacy.FEIT)
    keys.get(key_id, "0072", "tijdlijn")
    keys.get(key_id, "0072", "tijdlijn")
    keys.get_many([key_id], "0072", "verslag")
    assert keys.uses == {("0072", "tijdlijn"): 2, ("0072", "verslag"): 1}


def test_logs_name_no_casus_and_no_person(keys: KeyStore) -> None:
    """What is logged of reading and destroying holds gemeente, purpose and numbers only."""
    with structlog.testing.capture_logs() as logs:
        key_id, _ = keys.key_for("0072", "melding", "casus-1", "mantelzorger J. de Vries", Privacy.FEIT)
        keys.get(key_id, "0072", "proef")
        keys.destroy("0072", "melding", "casus-1")
    assert {line["event"] for line in logs} == {"keys_read", "keys_destroyed"}
    assert "casus-1" not in str(logs)
    assert "Vries" not in str(logs)


def test_destroying_takes_effect_at_once(keys: KeyStore) -> None:
    """In the process that destroys, memory forgets too; destroying again destroys nothing more."""
    held = [keys.key_for(*HOLDER, klasse)[0] for klasse in Privacy]
    assert all(keys.get_many(held, "0072", "proef").values())
    assert keys.destroy("0072", "melding", "casus-1") == 2
    assert keys.get_many(held, "0072", "proef") == dict.fromkeys(held)
    assert keys.get(held[0], "0072", "proef") is None
    assert keys.destroy("0072", "melding", "casus-1") == 0


def test_destroying_reaches_no_further_than_asked(keys: KeyStore) -> None:
    """Another betrokkene, phase, casus or gemeente keeps its key."""
    others = [
        ("0072", "melding", "casus-1", "mantelzorger"),
        ("0072", "pgb", "casus-1", "client"),
        ("0072", "melding", "casus-2", "client"),
        ("0080", "melding", "casus-1", "client"),
    ]
    kept = {holder: keys.key_for(*holder, Privacy.FEIT) for holder in others}
    keys.key_for(*HOLDER, Privacy.FEIT)
    assert keys.destroy(*HOLDER) == 1
    for holder, (key_id, key) in kept.items():
        assert keys.get(key_id, holder[0], "proef") == key


def test_after_a_destruction_new_facts_get_a_new_key(keys: KeyStore) -> None:
    """A casus that goes on is readable from there on; what was before stays destroyed."""
    old_id, old = keys.key_for(*HOLDER, Privacy.FEIT)
    keys.destroy(*HOLDER)
    new_id, new = keys.key_for(*HOLDER, Privacy.FEIT)
    assert new_id != old_id
    assert new != old
    assert keys.get(old_id, "0072", "proef") is None


def test_elsewhere_a_destruction_holds_within_a_minute(shared_url: str, moving: Monotonic) -> None:
    """Another process may remember a key for 60 seconds, and not longer, also when it asks for a longer time."""
    here = KeyStore.open(shared_url, ROOT)
    there = KeyStore.open(shared_url, ROOT, monotonic=moving, cache_seconds=3600)
    key_id, key = here.key_for(*HOLDER, Privacy.FEIT)
    assert there.get(key_id, "0072", "proef") == key
    here.destroy(*HOLDER)
    moving.now += CACHE_SECONDS - 0.1
    assert there.get(key_id, "0072", "proef") == key
    moving.now += 0.1
    assert there.get(key_id, "0072", "proef") is None
    here.close()
    there.close()


def test_a_key_made_ready_is_forgotten_with_its_key(keys: KeyStore) -> None:
    """The cipher of a key opens what the key sealed, is kept for the next time, and goes when the key is destroyed."""
    key_id, key = keys.key_for(*HOLDER, Privacy.FEIT)
    blok = seal(key_id, key, b"feit", b"hier")
    first = keys.cipher(key_id, "0072", "proef")
    assert first is not None
    assert unseal(blok, first, b"hier") == b"feit"
    assert keys.cipher(key_id, "0072", "proef") is first
    keys.destroy(*HOLDER)
    assert keys.cipher(key_id, "0072", "proef") is None
    assert keys.get(key_id, "0072", "proef") is None


def test_elsewhere_a_key_made_ready_is_used_no_longer_than_its_key(shared_url: str, moving: Monotonic) -> None:
    """However often it was asked for, a minute after its key was read that is read anew: destroyed is destroyed."""
    here = KeyStore.open(shared_url, ROOT)
    there = KeyStore.open(shared_url, ROOT, monotonic=moving)
    key_id, _ = here.key_for(*HOLDER, Privacy.FEIT)
    assert there.cipher(key_id, "0072", "proef") is not None
    here.destroy(*HOLDER)
    for _ in range(3):
        moving.now += CACHE_SECONDS / 3 - 0.1
        assert there.cipher(key_id, "0072", "proef") is not None
    moving.now += 0.3
    assert there.cipher(key_id, "0072", "proef") is None
    here.close()
    there.close()


def test_a_key_is_made_ready_for_its_own_gemeente_and_a_purpose(keys: KeyStore) -> None:
    """Asking for the cipher is reading: behind the same wall, counted, and never without a purpose."""
    key_id, _ = keys.key_for(*HOLDER, Privacy.FEIT)
    for _ in range(2):
        with pytest.raises(StoreError):
            keys.cipher(key_id, "0080", "proef")
        with pytest.raises(ValueError, match="purpose"):
            keys.cipher(key_id, "0072", "")
        assert keys.cipher(key_id, "0072", "proef") is not None
    assert keys.uses["0072", "proef"] == 2


def test_the_keys_of_one_event_are_those_that_are_given_one_by_one(keys: KeyStore) -> None:
    """Asked for together: the same ciphers, counted alike; destroyed is destroyed, behind the same wall."""
    ids = [keys.key_for(*HOLDER, klasse)[0] for klasse in Privacy]
    first = keys.ciphers(ids, "0072", "proef")
    assert first == {key_id: keys.cipher(key_id, "0072", "proef") for key_id in ids}
    assert keys.ciphers(ids, "0072", "proef") == first
    assert keys.uses["0072", "proef"] == 3 * len(ids)
    with pytest.raises(StoreError):
        keys.ciphers(ids, "0080", "proef")
    with pytest.raises(ValueError, match="purpose"):
        keys.ciphers(ids, "0072", "")
    keys.destroy(*HOLDER)
    assert keys.ciphers(ids, "0072", "proef") == dict.fromkeys(ids)


def test_the_keys_of_one_event_are_remembered_no_longer_than_a_minute(shared_url: str, moving: Monotonic) -> None:
    """What was destroyed elsewhere is destroyed here after a minute, however often it was asked for."""
    here = KeyStore.open(shared_url, ROOT)
    there = KeyStore.open(shared_url, ROOT, monotonic=moving)
    ids = [here.key_for(*HOLDER, klasse)[0] for klasse in Privacy]
    assert None not in there.ciphers(ids, "0072", "proef").values()
    here.destroy(*HOLDER)
    moving.now += CACHE_SECONDS - 0.1
    assert None not in there.ciphers(ids, "0072", "proef").values()
    moving.now += 0.1
    assert there.ciphers(ids, "0072", "proef") == dict.fromkeys(ids)
    here.close()
    there.close()


def test_the_keys_to_write_with_are_ready_and_go_with_a_destruction(keys: KeyStore) -> None:
    """Asked for together they are the living keys, kept ready for the next append; after a destruction, new ones."""
    ready = keys.ciphers_for(*HOLDER, Privacy)
    for klasse in Privacy:
        key_id, key = keys.key_for(*HOLDER, klasse)
        assert ready[klasse][0] == key_id
        nonce = bytes(12)
        assert ready[klasse][1].encrypt(nonce, b"feit", b"hier") == Cipher(key).encrypt(nonce, b"feit", b"hier")
    assert keys.ciphers_for(*HOLDER, Privacy) == ready
    keys.destroy(*HOLDER)
    anew = keys.ciphers_for(*HOLDER, Privacy)
    assert {key_id for key_id, _ in anew.values()}.isdisjoint(key_id for key_id, _ in ready.values())


def test_the_keys_to_write_with_are_remembered_no_longer_than_a_minute(shared_url: str, moving: Monotonic) -> None:
    """What was destroyed elsewhere is not written with after a minute, however often it was asked for."""
    here = KeyStore.open(shared_url, ROOT)
    there = KeyStore.open(shared_url, ROOT, monotonic=moving)
    ready = there.ciphers_for(*HOLDER, Privacy)
    here.destroy(*HOLDER)
    moving.now += CACHE_SECONDS - 0.1
    assert there.ciphers_for(*HOLDER, Privacy) == ready
    moving.now += 0.1
    anew = there.ciphers_for(*HOLDER, Privacy)
    assert {key_id for key_id, _ in anew.values()}.isdisjoint(key_id for key_id, _ in ready.values())
    here.close()
    there.close()


def test_no_more_ciphers_are_kept_than_said() -> None:
    """They weigh more than keys: beyond the limit the oldest goes, and is made anew when it is asked for."""
    ciphers = Ciphers(limit=2)
    known = [DataKey(bytes([n]) * 32) for n in range(3)]
    made = [ciphers.of(one) for one in known]
    assert [one.cipher for one in known] == [None, *made[1:]]
    assert ciphers.of(known[0]) is known[0].cipher
    ciphers.clear()
    assert [one.cipher for one in known] == [None] * 3


def test_many_at_once_make_one_key(shared_url: str) -> None:
    """Several processes that ask for the first key of a holder at the same moment get the same one."""
    found: list[tuple[str, bytes]] = []
    start = threading.Barrier(6)

    def ask() -> None:
        store = KeyStore.open(shared_url, ROOT)
        start.wait()
        found.append(store.key_for(*HOLDER, Privacy.FEIT))
        store.close()

    threads = [threading.Thread(target=ask) for _ in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(found) == 6
    assert len(set(found)) == 1


def test_many_at_once_make_one_key_per_class(shared_url: str) -> None:
    """Also when each asks for all classes in one visit, in whatever order: one living key per holder and class."""
    found: list[tuple[tuple[str, bytes], ...]] = []
    start = threading.Barrier(6)

    def ask(klassen: list[Privacy]) -> None:
        store = KeyStore.open(shared_url, ROOT)
        start.wait()
        store.have_all(*HOLDER, klassen)
        found.append(tuple(store.key_for(*HOLDER, klasse) for klasse in Privacy))
        store.close()

    orders = [list(Privacy), list(reversed(Privacy))]
    threads = [threading.Thread(target=ask, args=(orders[n % 2],)) for n in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(found) == 6
    assert len(set(found)) == 1
    assert living_in(shared_url) == len(Privacy)


def test_asking_ahead_finds_what_is_and_makes_what_is_not(shared_url: str) -> None:
    """A class that has its living key keeps it, one that has none gets one, and a class not asked for gets none."""
    here, there = KeyStore.open(shared_url, ROOT), KeyStore.open(shared_url, ROOT)
    feit = here.key_for(*HOLDER, Privacy.FEIT)
    there.have_all(*HOLDER, [Privacy.FEIT])
    assert living_in(shared_url) == 1
    there.have_all(*HOLDER, Privacy)
    assert there.key_for(*HOLDER, Privacy.FEIT) == feit
    assert there.key_for(*HOLDER, Privacy.PERSOONSGEGEVEN) == here.key_for(*HOLDER, Privacy.PERSOONSGEGEVEN)
    assert living_in(shared_url) == len(Privacy)
    there.close()
    here.close()


@pytest.mark.postgres
def test_the_keys_of_a_holder_are_kept_in_one_visit(postgres_url: str) -> None:
    """Once their holder was asked for ahead, its keys are kept, and handed out without another question."""
    keys = KeyStore.open(postgres_url, ROOT)
    keys.have_all(*HOLDER, Privacy)
    assert living_in(postgres_url) == len(Privacy)
    engine = create_engine(postgres_url)
    with engine.begin() as conn:
        conn.execute(text("ALTER TABLE sleutels RENAME TO elders"))
    assert len({keys.key_for(*HOLDER, klasse) for klasse in Privacy}) == len(Privacy)
    engine.dispose()
    keys.close()


@pytest.mark.postgres
def test_who_waits_for_another_transaction_holds_up_nobody(postgres_url: str) -> None:
    """While another process is making the keys of one holder, those of another are had at once."""
    keys = KeyStore.open(postgres_url, ROOT)
    keys.key_for("0072", "melding", "casus-9", "client", Privacy.FEIT)
    waiting = threading.Thread(target=lambda: keys.key_for(*HOLDER, Privacy.FEIT))
    engine = create_engine(postgres_url)
    with engine.connect() as conn:
        conn.execute(
            text(
                "INSERT INTO sleutels (id, gemeente, fase, subject, betrokkene, klasse, ingepakt, aangemaakt)"
                " SELECT 'elders', :g, :f, :s, :b, klasse, ingepakt, aangemaakt FROM sleutels WHERE subject = 'casus-9'"
            ),
            dict(zip("gfsb", HOLDER, strict=True)),
        )
        waiting.start()
        time.sleep(0.3)
        assert waiting.is_alive()
        began = time.monotonic()
        keys.key_for("0072", "melding", "casus-8", "client", Privacy.FEIT)
        assert time.monotonic() - began < 5
        assert waiting.is_alive()
        conn.rollback()
    waiting.join(20)
    assert not waiting.is_alive()
    engine.dispose()
    keys.close()


@pytest.mark.postgres
def test_what_several_ask_for_at_the_same_moment_is_kept_in_one_visit(postgres_url: str) -> None:
    """Keys of several gemeenten and holders, made and found, some asked for twice: each gets its own, one per class."""
    keys = KeyStore.open(postgres_url, ROOT)
    known = keys.key_for("0086", "melding", "casus-0", "client", Privacy.FEIT)
    at_once: Any = keys._at_once
    asked = [("0086", n) for n in range(4)] + [("0072", n) for n in range(3)] + [("0072", 2)]
    found: dict[int, tuple[tuple[str, bytes], ...]] = {}
    shared: list[int] = []
    of_one, of_several = at_once._company._brief, at_once._company._together

    def first_waits(wanted: Any) -> Any:
        while not shared and len(at_once._company._waiting) < len(asked) - 1:
            time.sleep(0.001)
        at_once._company._went = len(asked)  # half of those who are there go together: as if as many went before
        return of_one(wanted)

    def counted(group: Any) -> Any:
        shared.append(len(group))
        return of_several(group)

    def ask(place: int, gemeente: str, casus: int) -> None:
        holder = (gemeente, "melding", f"casus-{casus}", "client")
        keys.have_all(*holder, Privacy)
        found[place] = tuple(keys.key_for(*holder, klasse) for klasse in Privacy)

    keys.make_many([("0072", "melding", "casus-9", "client", Privacy.FEIT)])
    keys.forget()
    for gemeente in ("0086", "0072"):
        keys._wrapping_of(gemeente)
    at_once._company._brief, at_once._company._together = first_waits, counted
    threads = [threading.Thread(target=ask, args=(place, *of)) for place, of in enumerate(asked)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    at_once._company._alone = of_one
    assert shared[0] == len(asked) - 1
    assert known in found[0]
    assert found[6] == found[7]
    assert len({key for of in found.values() for key in of}) == 7 * len(Privacy)
    keys.forget()
    assert found[5] == tuple(keys.key_for("0072", "melding", "casus-1", "client", klasse) for klasse in Privacy)
    assert living_in(postgres_url) == 7 * len(Privacy) + 1
    keys.close()


@pytest.mark.postgres
def test_a_connection_that_was_cut_is_tried_again(postgres_url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """After a rest a connection is asked whether it answers; one cut within it shows once, as a store that is away."""
    keys, engine = KeyStore.open(postgres_url, ROOT), create_engine(postgres_url)
    cut = text("SELECT pg_terminate_backend(pid, 5000) FROM pg_stat_activity WHERE pid <> pg_backend_pid() AND "
               "datname = current_database() AND backend_type = 'client backend'")  # fmt: skip
    keys.key_for(*HOLDER, Privacy.FEIT)
    with engine.connect() as conn:
        conn.execute(cut)
    with pytest.raises(Unavailable, match="niets verloren"):
        keys.key_for(*HOLDER, Privacy.PERSOONSGEGEVEN)
    assert keys.key_for(*HOLDER, Privacy.PERSOONSGEGEVEN)
    monkeypatch.setattr(_sessions, "FRESH_SECONDS", 0.0)
    with engine.connect() as conn:
        conn.execute(cut)
    assert keys.key_for("0072", "melding", "casus-2", "client", Privacy.FEIT)
    engine.dispose()
    keys.close()


def living_in(url: str) -> int:
    """How many living keys a database holds."""
    engine = create_engine(url)
    with engine.connect() as conn:
        count = conn.execute(text("SELECT count(*) FROM sleutels WHERE vernietigd IS NULL")).scalar_one()
    engine.dispose()
    return int(count)


def test_the_database_never_holds_a_key_in_the_clear(shared_url: str) -> None:
    """Neither data keys nor the root key stand in the tables; a destroyed one is overwritten with zeros."""
    keys = KeyStore.open(shared_url, ROOT)
    _, key = keys.key_for(*HOLDER, Privacy.FEIT)
    engine = create_engine(shared_url)
    with engine.connect() as conn:
        wrapped = bytes(conn.execute(text("SELECT ingepakt FROM sleutels")).scalar_one())
        of_gemeente = bytes(conn.execute(text("SELECT ingepakt FROM gemeentesleutels")).scalar_one())
    assert key not in wrapped
    assert ROOT.secret not in of_gemeente
    keys.destroy(*HOLDER)
    with engine.connect() as conn:
        left = conn.execute(text("SELECT ingepakt, vernietigd FROM sleutels")).one()
    assert bytes(left.ingepakt) == bytes(len(wrapped))
    assert left.vernietigd is not None
    engine.dispose()
    keys.close()


def test_a_destroyed_key_leaves_no_copy_in_the_file(tmp_path: Path) -> None:
    """SQLite zeroes what is freed and keeps no write-ahead log: the wrapped bytes are nowhere on the disk."""
    path = tmp_path / "sleutels.db"
    keys = KeyStore.open(f"sqlite:///{path}", ROOT)
    keys.key_for(*HOLDER, Privacy.FEIT)
    engine = create_engine(f"sqlite:///{path}")
    with engine.connect() as conn:
        wrapped = bytes(conn.execute(text("SELECT ingepakt FROM sleutels")).scalar_one())
    engine.dispose()
    assert wrapped in path.read_bytes()
    keys.destroy(*HOLDER)
    assert [file.name for file in tmp_path.iterdir() if wrapped in file.read_bytes()] == []
    keys.close()


def test_a_database_that_is_away_can_be_tried_again(tmp_path: Path) -> None:
    """A key store that cannot be reached is unavailable, which is not the fault of an event."""
    with pytest.raises(Unavailable, match="key store"):
        KeyStore.open(f"sqlite:///{tmp_path / 'nergens' / 'sleutels.db'}", ROOT)


def test_another_root_key_is_told_so(shared_url: str) -> None:
    """A wrong root key is an error that names both ids, not unreadable data."""
    KeyStore.open(shared_url, ROOT).key_for(*HOLDER, Privacy.FEIT)
    other = RootKey.generate()
    with pytest.raises(StoreError, match=f"{ROOT.id}.*{other.id}"):
        KeyStore.open(shared_url, other).key_for(*HOLDER, Privacy.FEIT)


def test_wrapped_keys_cannot_change_places(shared_url: str) -> None:
    """Whoever can write in the table cannot give one casus the key of another: a row opens in its own place only."""
    keys = KeyStore.open(shared_url, ROOT)
    key_id, _ = keys.key_for(*HOLDER, Privacy.FEIT)
    other_id, _ = keys.key_for("0072", "melding", "casus-2", "client", Privacy.FEIT)
    engine = create_engine(shared_url)
    with engine.begin() as conn:
        swap = text("UPDATE sleutels SET ingepakt = (SELECT ingepakt FROM sleutels WHERE id = :b) WHERE id = :a")
        conn.execute(swap, {"a": key_id, "b": other_id})
    engine.dispose()
    with pytest.raises(StoreError, match="something else"):
        KeyStore.open(shared_url, ROOT).get(key_id, "0072", "proef")


def test_several_can_open_an_empty_database_at_once(shared_url: str) -> None:
    """Services that start together on an empty database all come up, and there are two tables."""
    failures: list[BaseException] = []

    def start() -> None:
        try:
            KeyStore.open(shared_url, ROOT).close()
        except BaseException as error:  # what a thread raises is lost otherwise
            failures.append(error)

    threads = [threading.Thread(target=start) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert failures == []
    engine = create_engine(shared_url)
    assert set(inspect(engine).get_table_names()) == {"sleutels", "gemeentesleutels"}
    engine.dispose()


def test_a_page_of_several_gemeenten_is_read_at_once(shared_url: str) -> None:
    """Each gemeente gets the keys that it asked for, a destroyed one as None, each counted for its purpose."""
    made, other = KeyStore.open(shared_url, ROOT), KeyStore.open(shared_url, ROOT)
    first = made.key_for("0072", "melding", "casus-1", "client", Privacy.FEIT)
    gone = made.key_for("0072", "melding", "casus-2", "client", Privacy.FEIT)
    second = made.key_for("0080", "melding", "casus-1", "client", Privacy.FEIT)
    made.destroy("0072", "melding", "casus-2")
    for _ in range(2):  # from the database, then from memory
        found = other.get_of({"0072": [first[0], gone[0]], "0080": [second[0]]}, "proef")
        assert found == {"0072": {first[0]: first[1], gone[0]: None}, "0080": {second[0]: second[1]}}
    assert other.uses == {("0072", "proef"): 4, ("0080", "proef"): 2}
    made.close()
    other.close()


def test_a_page_does_not_reach_over_the_wall_between_gemeenten(shared_url: str) -> None:
    """A key that is asked for under another gemeente is left out, also where its own gemeente is on the same page."""
    made, other = KeyStore.open(shared_url, ROOT), KeyStore.open(shared_url, ROOT)
    ours, _ = made.key_for("0072", "melding", "casus-1", "client", Privacy.FEIT)
    theirs, key = made.key_for("0080", "melding", "casus-1", "client", Privacy.FEIT)
    assert other.get_of({"0072": [theirs], "0080": [theirs]}, "proef") == {"0072": {}, "0080": {theirs: key}}
    assert other.get_of({"0080": [ours]}, "proef") == {"0080": {}}
    made.close()
    other.close()


def test_a_key_that_does_not_unwrap_leaves_the_others_of_a_page_readable(shared_url: str) -> None:
    """What is broken is left out of the page; who asks for that one key is told."""
    made, other = KeyStore.open(shared_url, ROOT), KeyStore.open(shared_url, ROOT)
    good = made.key_for("0072", "melding", "casus-1", "client", Privacy.FEIT)
    broken, _ = made.key_for("0072", "melding", "casus-2", "client", Privacy.FEIT)
    engine = create_engine(shared_url)
    with engine.begin() as conn:
        conn.execute(
            text("UPDATE sleutels SET ingepakt = :other WHERE id = :id"), {"other": b"\x01" * 60, "id": broken}
        )
    engine.dispose()
    assert other.get_of({"0072": [good[0], broken]}, "proef") == {"0072": {good[0]: good[1]}}
    with pytest.raises(StoreError, match="something else"):
        other.get(broken, "0072", "proef")
    made.close()
    other.close()


def test_a_page_asks_for_a_purpose(keys: KeyStore) -> None:
    """Without doelbinding nothing is read."""
    with pytest.raises(ValueError, match="doelbinding"):
        keys.get_of({"0072": ["x"]}, "")


@pytest.mark.postgres
def test_the_living_keys_of_many_holders_are_found_in_one_question(postgres_url: str) -> None:
    """Found are the living keys that are there, each under its own gemeente; none is made, none comes back.

    Asked for afterwards they need no further visit.
    """
    made, asked = KeyStore.open(postgres_url, ROOT), KeyStore.open(postgres_url, ROOT)
    there = {klasse: made.key_for(*HOLDER, klasse) for klasse in Privacy}
    gone = ("0072", "fase", "ander", "client")
    made.key_for(*gone, Privacy.FEIT)
    made.destroy(*gone)
    before = living_in(postgres_url)
    asked.find_many([(*holder, klasse) for holder in (HOLDER, gone, ("0086", *HOLDER[1:])) for klasse in Privacy])
    assert living_in(postgres_url) == before
    with patch.object(asked, "_found_or_made", side_effect=AssertionError("asked again")):
        assert {klasse: asked.key_for(*HOLDER, klasse) for klasse in Privacy} == there
        with pytest.raises(AssertionError):
            asked.key_for("0086", *HOLDER[1:], Privacy.FEIT)
    with patch("casuslog.privacy._living.rows_of_holders", side_effect=AssertionError("asked again")):
        asked.find_many([("0086", *HOLDER[1:], Privacy.FEIT)])
    assert asked.key_for(*gone, Privacy.FEIT)
    assert living_in(postgres_url) == before + 1


@pytest.mark.postgres
def test_a_key_store_without_a_free_connection_can_be_tried_again(postgres_url: str) -> None:
    """Too many at once is no broken event and no fault of the call: whether a key is read, found or made."""
    key_id = KeyStore.open(postgres_url, ROOT).key_for(*HOLDER, Privacy.FEIT)[0]
    engine = create_engine(postgres_url, isolation_level="AUTOCOMMIT", pool_size=1, max_overflow=0, pool_timeout=0.05)
    keys = KeyStore(engine, ROOT)
    keys.make_many([("0072", "melding", "casus-2", "client", Privacy.FEIT)])
    with engine.connect():
        for ask in (
            lambda: keys.get(key_id, "0072", "tijdlijn"),
            lambda: keys.get_of({"0072": [key_id]}, "tijdlijn"),
            lambda: keys.find_many([(*HOLDER, Privacy.FEIT)]),
            lambda: keys.key_for(*HOLDER, Privacy.FEIT),
            lambda: keys.make_many([(*HOLDER, Privacy.FEIT)]),
        ):
            with pytest.raises(Unavailable):
                ask()
    assert keys.key_for(*HOLDER, Privacy.FEIT)[0] == key_id
    engine.dispose()


def test_what_expired_leaves_the_memory_when_another_comes_in(moving: Monotonic) -> None:
    """A key whose minute is over is not kept for nothing, nor is its cipher: it may have been destroyed elsewhere."""
    memory, ciphers = ShortMemory[DataKey](60.0, moving), Ciphers()
    old, renewed = DataKey(bytes(32)), DataKey(bytes(32))
    by_us = sys.getrefcount(old)
    ciphers.of(old)  # it keeps its cipher itself
    memory.put("old", old, 0)
    memory.put("renewed", renewed, 0)
    moving.now += 50
    memory.put("renewed", renewed, 0)
    assert memory.get("old") is old
    moving.now += 20
    memory.put("new", DataKey(bytes(32)), 0)
    assert sys.getrefcount(old) == by_us
    assert memory.get("renewed") is renewed
