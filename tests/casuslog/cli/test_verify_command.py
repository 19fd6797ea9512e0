"""``casuslog verify``: a byte that somebody changed by hand does not stay unseen."""

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

from click.testing import Result

from casuslog.cli._installation import Installation
from casuslog.identifiers import new_id
from casuslog.store import EventStore
from tests.casuslog.consume.world import log
from tests.casuslog.hosting.bench import Bench

Run = Callable[..., Result]


def change(store: EventStore, path: Path, before: bytes, after: bytes) -> None:
    """Change bytes in the file of a database, past every trigger."""
    with store.engine.connect() as conn:
        conn.exec_driver_sql("COMMIT")
        conn.exec_driver_sql("PRAGMA wal_checkpoint(TRUNCATE)")
        conn.exec_driver_sql("BEGIN")
    store.close()
    content = path.read_bytes()
    assert content.count(before) == 1
    path.write_bytes(content.replace(before, after))


def test_a_byte_changed_by_hand_is_found(run: Run, bench: Bench, tmp_path: Path) -> None:
    """One changed byte in the database is one line that says where, and the exit status is 1."""
    casus = new_id()
    log(bench.world.stores["bron"], casus, 3)
    whole = run("verify", "--service", "bron")
    assert (whole.exit_code, whole.stdout) == (0, "bron: 3 gebeurtenissen in 1 stromen, heel\n")
    change(bench.world.stores["bron"], tmp_path / "bron.db", b'{"nr": 2}', b'{"nr": 7}')
    broken = run("verify", "--service", "bron")
    assert broken.exit_code == 1
    assert broken.stdout.splitlines() == [
        f"bron: BREUK 0086/bron/{casus}/2: envelop of inhoud is niet wat is vastgelegd",
        "bron: 3 gebeurtenissen in 1 stromen, 1 breuk",
    ]


def test_only_the_gemeente_that_was_asked_for_is_checked(run: Run, bench: Bench) -> None:
    """Counts and breaks are of the gemeenten named, by code or by key; an unknown one is refused."""
    log(bench.world.stores["bron"], new_id(), 2)
    assert run("verify", "--service", "bron", "--gemeente", "opsterland").stdout.startswith("bron: 2 gebeurtenissen")
    assert run("verify", "--service", "bron", "--gemeente", "0080").stdout.startswith("bron: 0 gebeurtenissen")
    assert run("verify", "--gemeente", "atlantis").exit_code == 1


def test_a_service_that_never_ran_gets_no_database_from_being_checked(
    run: Run, installation: Installation, tmp_path: Path
) -> None:
    """Checking makes nothing: no file and no key where there were none."""
    (tmp_path / "leeg").mkdir()
    installation.settings = replace(installation.settings, data=tmp_path / "leeg")
    result = run("verify")
    assert (result.exit_code, result.stdout.splitlines()[0]) == (0, "bron: nog geen opslag")
    assert list((tmp_path / "leeg").iterdir()) == []
