"""Backup and restore: events and keys apart, of one moment, put back as a new era; embedded and on PostgreSQL."""

import json
import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import pytest
import structlog
from click.testing import CliRunner, Result

from casuslog.caller import Caller
from casuslog.cli._installation import Installation
from casuslog.cli._root import cli
from casuslog.clock import FileClock
from casuslog.hosting.host import Host
from casuslog.http.client import ApiClient
from casuslog.identifiers import new_id
from casuslog.settings import Settings, service_names
from casuslog.testing.instances import POSTGRES_BIN, PrivatePostgres, free_ports
from casuslog.testing.platform import Platform

TEAM = Caller("wijkteam", "0086", "w-1", ("0086",))
DAY = date(2017, 2, 13)
ROOT = Path(__file__).resolve().parents[3]


@pytest.fixture(autouse=True)
def _logs_elsewhere() -> Iterator[None]:
    with structlog.testing.capture_logs():
        yield


def run(settings: Settings, *words: str) -> Result:
    return CliRunner().invoke(cli, ["backup", *words], obj=Installation(settings))


def embedded(folder: Path) -> Settings:
    return Settings.from_env({"CASUSLOG_DATA": str(folder)})


def begin(platform: Platform) -> str:
    """A casus with a name in it, under keys of its own."""
    answer = platform.command("melding", "registreer-melding", TEAM, gemeente="opsterland", kanaal="telefoon")
    platform.settle()
    return answer.casus


def made(settings: Settings, folder: Path, name: str) -> tuple[Path, Path]:
    events, keys = folder / f"{name}-gebeurtenissen", folder / f"{name}-sleutels"
    done = run(settings, "maak", "--gebeurtenissen", str(events), "--sleutels", str(keys))
    assert done.exit_code == 0, done.output
    return events, keys


def back(settings: Settings, events: Path, keys: Path | None, *words: str) -> Result:
    with_keys = ["--sleutels", str(keys)] if keys else []
    return run(settings, "terug", "--gebeurtenissen", str(events), *with_keys, "--reden", "proef", *words)


def root_key_to(there: Path, here: Path) -> None:
    """The root key is in no backup: whoever restores brings it along."""
    here.mkdir(parents=True, exist_ok=True)
    (here / "root.key").write_bytes((there / "root.key").read_bytes())


def test_an_embedded_installation_goes_on_where_its_backup_was(tmp_path: Path) -> None:
    """Made while it runs; put back elsewhere: each service in a new era, everything readable, and new work goes on."""
    old, new = tmp_path / "oud", tmp_path / "nieuw"
    with Platform(DAY, data=old) as platform:
        casus = begin(platform)
        before = platform.timeline(casus, TEAM)
        events, keys = made(platform.settings, tmp_path, "a")
        begin(platform)
    assert not {path.name for path in events.iterdir()} & {"root.key", "sleutels.db", "token.secret"}
    root_key_to(old, new)
    done = back(embedded(new), events, keys)
    assert done.exit_code == 0, done.output
    assert "melding: tijdperk 2 is open" in done.output
    assert CliRunner().invoke(cli, ["verify"], obj=Installation(embedded(new))).exit_code == 0
    with Platform(DAY, data=new) as platform:
        assert platform.timeline(casus, TEAM) == before
        later = begin(platform)
        assert platform.timeline(later, TEAM)


def test_todays_keys_keep_what_was_destroyed_destroyed(tmp_path: Path) -> None:
    """An old backup of the events gives nothing back that was destroyed since: its keys are gone from today's store."""
    old, new = tmp_path / "oud", tmp_path / "nieuw"
    with Platform(DAY, data=old) as platform:
        gone, kept = begin(platform), begin(platform)
        events, _ = made(platform.settings, tmp_path, "voor")
        keys = platform.host.platform.keys
        destroyed = sum(keys.destroy("0086", info.fase, gone) for info in keys.keys_of("0086", gone))
        assert destroyed
        _, today = made(platform.settings, tmp_path, "na")
    root_key_to(old, new)
    done = back(embedded(new), events, today)
    assert done.exit_code == 0, done.output
    assert "ONBEKEND" not in done.output
    with Platform(DAY, data=new) as platform:
        assert "vernietigd" in json.dumps(platform.timeline(gone, TEAM))
        assert "vernietigd" not in json.dumps(platform.timeline(kept, TEAM))


def test_keys_from_before_the_events_are_missed_and_told(tmp_path: Path) -> None:
    """Events newer than the keys cannot be read: that is told with a count and status 1, never shown as destroyed."""
    old, new = tmp_path / "oud", tmp_path / "nieuw"
    with Platform(DAY, data=old) as platform:
        begin(platform)
        _, early = made(platform.settings, tmp_path, "vroeg")
        begin(platform)
        events, late = made(platform.settings, tmp_path, "laat")
    root_key_to(old, new)
    done = back(embedded(new), events, early)
    assert done.exit_code == 1
    assert "ONBEKEND" in next(
        line for line in done.output.splitlines() if line.startswith("melding: ") and "sleutels" in line
    )
    (new / "sleutels.db").unlink()
    (new / "sleutels.db").write_bytes((late / "sleutels.db").read_bytes())
    assert run(embedded(new), "sleutels").exit_code == 0


def test_a_backup_is_never_overwritten_nor_put_over_something(tmp_path: Path) -> None:
    """Each backup is a new folder; keys never beside the events; and what stands there already stays."""
    with Platform(DAY, data=tmp_path / "oud") as platform:
        events, keys = made(platform.settings, tmp_path, "a")
        again = run(platform.settings, "maak", "--gebeurtenissen", str(events), "--sleutels", str(tmp_path / "b"))
        assert again.exit_code == 1
        assert "nooit overschreven" in again.output
        inside = run(
            platform.settings, "maak", "--gebeurtenissen", str(tmp_path / "c"), "--sleutels", str(tmp_path / "c/d")
        )
        assert "eigen map" in inside.output
        assert not (tmp_path / "c").exists()
    over = back(embedded(tmp_path / "oud"), events, None)
    assert over.exit_code == 1
    assert "lege map" in over.output
    assert "back-up van sleutels, niet van gebeurtenissen" in back(embedded(tmp_path / "x"), keys, None).output


def test_a_damaged_backup_is_refused(tmp_path: Path) -> None:
    """A file that is not as it was written is not put back: no service starts on half a log."""
    with Platform(DAY, data=tmp_path / "oud") as platform:
        begin(platform)
        events, keys = made(platform.settings, tmp_path, "a")
    with (events / "melding.db").open("r+b") as file:
        file.seek(5000)
        file.write(b"x")
    done = back(embedded(tmp_path / "nieuw"), events, keys)
    assert done.exit_code == 1
    assert "melding.db ontbreekt of is beschadigd" in done.output
    assert not (tmp_path / "nieuw" / "pgb.db").exists()


@pytest.mark.postgres
@pytest.mark.slow
def test_a_fresh_cluster_goes_on_where_the_backup_was(
    postgres: PrivatePostgres, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """PostgreSQL: dumped while it works, events and keys from databases apart, put back in a server that is new."""
    monkeypatch.setenv("CASUSLOG_POSTGRES_BIN", str(POSTGRES_BIN))
    clock = FileClock(tmp_path / "klok")
    clock.set(datetime(2017, 2, 13, 9, tzinfo=UTC))

    def on(server: PrivatePostgres) -> Settings:
        events, keys = server.create_database(), server.create_database()
        port = free_ports(len(service_names()) + 1)
        base = Settings.from_env({"CASUSLOG_DATA": str(tmp_path / "data"), "CASUSLOG_HTTP_PORT": str(port)})
        return replace(
            base,
            amqp_url=f"tweeling://casuslog-{new_id()}",
            database_url=events,
            keys_url=keys,
            development_tokens=True,
        )

    def running(settings: Settings, work: Callable[[ApiClient], Any]) -> Any:
        host = Host(settings, service_names(), service_names(), clock=clock)
        try:
            host.start()
            return work(ApiClient(settings, host.platform.issuer, patience=20))
        finally:
            host.stop()

    def reported(client: ApiClient) -> str:
        body = {"gemeente": "opsterland", "kanaal": "telefoon"}
        return str(client.command("melding", "registreer-melding", body, TEAM, key=new_id())["casus"])

    here = on(postgres)

    def work(client: ApiClient) -> tuple[str, tuple[Path, Path]]:
        casus = reported(client)
        return casus, made(here, tmp_path, "a")

    casus, (events, keys) = running(here, work)
    with PrivatePostgres() as fresh:
        there = on(fresh)
        done = back(there, events, keys)
        assert done.exit_code == 0, done.output
        assert "onderzoek: tijdperk 2 is open" in done.output
        full = back(there, events, None)
        assert "staan al tabellen van" in full.output

        def go_on(client: ApiClient) -> tuple[list[Any], str]:
            stream = client.get("melding", f"/stromen/0086/melding/{casus}", TEAM)["gebeurtenissen"]
            return stream, reported(client)

        stream, later = running(there, go_on)
        assert len(stream) >= 1
        assert later != casus
        assert CliRunner().invoke(cli, ["verify"], obj=Installation(there)).exit_code == 0


def test_services_in_several_databases_have_no_moment_together(tmp_path: Path) -> None:
    """A dump of each by itself would let one know of events that another has lost: it asks for a stop."""
    one, two = "postgresql+psycopg2://u@localhost:1/een", "postgresql+psycopg2://u@localhost:1/twee"
    settings = replace(embedded(tmp_path), database_url=one, database_urls={"pgb": two}, amqp_url="amqp://x")
    done = run(settings, "maak", "--gebeurtenissen", str(tmp_path / "a"), "--sleutels", str(tmp_path / "b"))
    assert done.exit_code == 1
    assert "geen moment" in done.output
    assert not (tmp_path / "a").exists()


def test_the_daily_script_keeps_all_events_and_the_last_keys_only(tmp_path: Path) -> None:
    """Old copies of keys go, or what is destroyed could be read from them; nothing else in the folder is touched."""
    data, events, keys = tmp_path / "data", tmp_path / "events", tmp_path / "keys"
    with Platform(DAY, data=data):
        pass
    for day in ("2026-01-01T000000", "2026-01-02T000000", "iets-anders"):
        (keys / day).mkdir(parents=True)
    caller = tmp_path / "casuslog"
    caller.write_text(f'#!/bin/sh\nexec {sys.executable} -W ignore -m casuslog "$@"\n')
    caller.chmod(0o755)
    env = {**os.environ, "CASUSLOG": str(caller), "KEEP": "2", "CASUSLOG_DATA": str(data)}
    done = subprocess.run([str(ROOT / "scripts/backup"), str(events), str(keys)], env=env, cwd=ROOT, check=False)
    assert done.returncode == 0
    [made_today] = [path.name for path in events.iterdir()]
    assert {path.name for path in keys.iterdir()} == {"2026-01-02T000000", "iets-anders", made_today}
