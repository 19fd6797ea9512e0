"""``tail``, ``token``, ``era``, ``wacht``, ``start`` and ``schema``; and how an error reads."""

import json
import os
import subprocess
import sys
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result
from sqlalchemy import select

from casuslog.cli import schema as schema_command
from casuslog.cli._installation import Installation, organisation
from casuslog.cli._root import cli
from casuslog.errors import InvalidInput
from casuslog.hosting import host
from casuslog.http.client import Problem
from casuslog.identifiers import new_id
from casuslog.rights.events import BetrokkenheidVastgelegd
from casuslog.settings import Settings
from casuslog.store.tables import eras
from casuslog.termijnen.events import TermijnGestart
from tests.casuslog.cli.conftest import BenchClient
from tests.casuslog.consume.world import log
from tests.casuslog.hosting.bench import Bench

DISTRIBUTED = {
    "CASUSLOG_AMQP_URL": "amqp://broker",
    "CASUSLOG_DATABASE_URL": "postgresql+psycopg2://database/x",
    "CASUSLOG_ONTWIKKELTOKENS": "ja",
}
Run = Callable[..., Result]


def test_tail_gives_envelopes_as_json_lines_and_no_content(run: Run, bench: Bench) -> None:
    """Each event is one line of JSON, over all services; what it says stays with its service."""
    stored = log(bench.world.stores["bron"], new_id(), 2) + log(bench.world.stores["meer"], new_id())
    result = run("tail", "--vanaf-begin", "--aantal", "3")
    lines = [json.loads(line) for line in result.stdout.splitlines()]
    assert [one["id"] for one in lines] == [one.envelope.id for one in stored]
    assert "nr" not in result.stdout


def test_tail_begins_at_the_head_and_waits_for_what_comes(
    run: Run, bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Without further ado only new events show: what was logged before the command is not repeated."""
    bron = bench.world.stores["bron"]
    log(bron, new_id(), 2)
    fresh: list[Any] = []
    monkeypatch.setattr("casuslog.cli.tail.time.sleep", lambda _: fresh.extend(log(bron, new_id())))
    result = run("tail", "--service", "bron", "--aantal", "1")
    assert [json.loads(line)["id"] for line in result.stdout.splitlines()] == [fresh[0].envelope.id]


def test_a_token_says_loudly_what_it_is_and_works(run: Run, installation: Installation) -> None:
    """The token goes to standard output alone, the warning to standard error; the installation knows it again."""
    result = run("token", "--rol", "kcc", "--gemeente", "opsterland", "--gemeente", "0080", "--id", "k-1")
    assert "ONTWIKKELTOKEN" in result.stderr
    caller = installation.issuer.check(result.stdout.strip())
    assert (caller.rol, caller.gemeenten, caller.id) == ("kcc", ("0086", "0080"), "k-1")


def test_a_token_for_a_role_that_does_not_exist_is_refused(run: Run) -> None:
    """A role is a code of the list; what is allowed is told."""
    result = run("token", "--rol", "baas", "--gemeente", "opsterland")
    assert (result.exit_code, result.stdout) == (1, "")
    assert "kies uit: aanbieder, archivaris, backoffice" in result.stderr


def test_an_era_is_opened_with_its_reason(run: Run, bench: Bench) -> None:
    """After a restore someone says why this database goes on; the reason is kept."""
    assert run("era", "open", "bron", "--reden", "teruggezet").stdout == "bron: tijdperk 2 is open\n"
    with bench.world.stores["bron"].engine.connect() as conn:
        assert conn.execute(select(eras.c.reason).where(eras.c.era == 2)).scalar() == "teruggezet"
    assert run("era", "open", "bron").exit_code == 2


def test_wacht_tells_whether_a_service_got_there(run: Run, client: BenchClient) -> None:
    """Handled is success, not in time is status 1, and another refusal is told as it is."""
    at = "bron/0086/bron/c-1/2"
    path = f"/wacht/{at}?seconden=5.0"
    client.answers[path] = {"positie": at, "verwerkt": True}
    assert run("wacht", at, "--bij", "volger").stdout == f"volger heeft {at} verwerkt\n"
    client.answers[path] = Problem({"positie": at, "verwerkt": False})
    late = run("wacht", at, "--bij", "volger")
    assert (late.exit_code, late.stderr) == (1, f"volger heeft {at} nog niet verwerkt\n")
    client.answers[path] = Problem({"detail": "Kan niet.", "status": 409, "wat_zou_mogen": "Doe het anders."})
    assert run("wacht", at, "--bij", "volger").stderr == "casuslog: Kan niet. Doe het anders.\n"
    assert run("wacht", "ergens", "--bij", "volger").exit_code == 2


def test_start_runs_everything_here_when_embedded(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    """Embedded and nothing named: all services and relays in this process; one alone is refused, with the remedy."""
    begun: list[Settings] = []
    monkeypatch.setattr(host, "run_all", begun.append)
    assert run("start").exit_code == 0
    assert len(begun) == 1
    alone = run("start", "bron")
    assert alone.exit_code == 1
    assert "CASUSLOG_AMQP_URL" in alone.stderr
    assert run("start", "nergens").exit_code == 2


@pytest.mark.parametrize(
    ("names", "services", "relays"),
    [(["bron"], ["bron"], []), (["relay"], [], ["bron", "meer", "volger"]), (["meer", "relay"], ["meer"], None)],
)
def test_start_runs_what_is_named_in_this_process(
    installation: Installation,
    monkeypatch: pytest.MonkeyPatch,
    names: list[str],
    services: list[str],
    relays: list[str] | None,
) -> None:
    """With a broker and a database each service, or the relay of all of them, can be a process of its own."""
    urls = DISTRIBUTED
    begun: list[tuple[Any, ...]] = []
    monkeypatch.setattr(host, "run", lambda *told: begun.append(told))
    settings = Settings.from_env(urls)
    assert CliRunner().invoke(cli, ["start", *names], obj=Installation(settings)).exit_code == 0
    assert begun == [(settings, services, ["bron", "meer", "volger"] if relays is None else relays)]


def test_start_refuses_development_tokens_that_nobody_asked_for(
    installation: Installation, monkeypatch: pytest.MonkeyPatch
) -> None:
    """In production a start without issuers says what to do, of a service and of a relay (which shows an overview)."""
    settings = Settings.from_env({**DISTRIBUTED, "CASUSLOG_ONTWIKKELTOKENS": ""})
    monkeypatch.setattr(host, "run", lambda *_: None)
    for names in ([], ["bron"], ["relay"]):
        refused = CliRunner().invoke(cli, ["start", *names], obj=Installation(settings))
        assert refused.exit_code == 2
        assert "CASUSLOG_UITGEVERS" in refused.stderr
    with pytest.raises(ValueError, match="CASUSLOG_UITGEVERS"):
        host.Host(settings, ["inrichting"])


@pytest.mark.parametrize(
    ("name", "relays"),
    [("relay-1", ["bron", "meer"]), ("relay-2", ["volger"]), ("relay", ["bron", "meer", "volger"])],
)
def test_start_of_a_divided_relay_carries_its_own_part(
    installation: Installation, monkeypatch: pytest.MonkeyPatch, name: str, relays: list[str]
) -> None:
    """``relay-1`` and ``relay-2`` carry what CASUSLOG_RELAYS gives them; ``relay`` is all, however it is divided."""
    urls = DISTRIBUTED
    begun: list[tuple[Any, ...]] = []
    monkeypatch.setattr(host, "run", lambda *told: begun.append(told))
    settings = replace(Settings.from_env(urls), relays=(("bron", "meer"), ("volger",)))
    assert CliRunner().invoke(cli, ["start", name], obj=Installation(settings)).exit_code == 0
    assert begun == [(settings, [], relays)]
    assert CliRunner().invoke(cli, ["start", "relay-3"], obj=Installation(settings)).exit_code == 2


@pytest.mark.parametrize(
    ("divided", "relays"), [((), ["relay"]), ((("bron", "meer"), ("volger",)), ["relay-1", "relay-2"])]
)
def test_start_supervises_a_process_each(
    installation: Installation,
    monkeypatch: pytest.MonkeyPatch,
    divided: tuple[tuple[str, ...], ...],
    relays: list[str],
) -> None:
    """With a broker and a database and nothing named, every service and each relay is a process under supervision."""
    seen: list[Any] = []

    class Watched:
        def __init__(self, names: list[str]) -> None:
            seen.append(names)

        def start(self) -> None:
            seen.append("start")

        def stop(self) -> None:
            seen.append("stop")

    class AskedAtOnce:
        def wait(self, _: float) -> bool:
            return True

    monkeypatch.setattr("casuslog.cli.start.Supervisor", Watched)
    monkeypatch.setattr("casuslog.cli.start.threading.Event", AskedAtOnce)
    monkeypatch.setattr("casuslog.cli.start.signal.signal", lambda *_: None)
    urls = DISTRIBUTED
    settings = replace(Settings.from_env(urls), relays=divided)
    result = CliRunner().invoke(cli, ["start"], obj=Installation(settings))
    assert result.exit_code == 0
    assert seen == [["bron", "meer", "volger", *relays], "start", "stop"]


@pytest.fixture
def two_classes(monkeypatch: pytest.MonkeyPatch) -> None:
    """An installation with two event types."""
    monkeypatch.setattr(schema_command, "event_classes", lambda: [TermijnGestart, BetrokkenheidVastgelegd])


@pytest.mark.usefixtures("two_classes")
def test_schemas_are_written_kept_and_judged(run: Run, tmp_path: Path) -> None:
    """Check names what differs, write mends it, corpus keeps it, the gate passes; a default taken away breaks it."""
    folder = tmp_path / "contract"
    folder.mkdir()
    here = ("schema", "--map", str(folder))
    missing = run(*here, "check")
    assert missing.exit_code == 1
    assert "termijn/TermijnGestart.avsc is missing: run `casuslog schema write`" in missing.stderr
    assert run(*here, "write").stdout.count("geschreven: ") == 2
    assert run(*here, "check").stdout == "2 schema's zijn gelijk aan hun klassen\n"
    assert run(*here, "gate").exit_code == 1
    assert run(*here, "corpus").stdout.endswith("2 versies toegevoegd aan het corpus\n")
    assert run(*here, "gate").stdout == "de schema's mogen uit\n"
    path = folder / "rechten" / "BetrokkenheidVastgelegd.avsc"
    path.write_text(path.read_text().replace('"default": null', '"default": "x"', 1))
    assert run(*here, "gate").exit_code == 1
    assert run(*here, "corpus").exit_code == 1


def test_event_classes_are_those_of_the_services_and_the_shared_rooms() -> None:
    """The contract holds what services declare, and nothing that a test or a tool declares."""
    homes = {cls.__module__.partition(".")[0] for cls in schema_command.event_classes()}
    services = {cls.__event__.service for cls in schema_command.event_classes()}
    assert homes <= {"services", "casuslog"}
    assert {"melding", "beschikking", "termijn", "rechten"} <= services
    assert "proef" not in services


def test_an_unforeseen_error_is_one_line_without_its_text(run: Run, client: BenchClient) -> None:
    """No stack trace and no values on a terminal: kind and place, and status 1."""
    client.answers["/geparkeerd"] = KeyError("Wiarda-Terpstra")
    result = run("parked", "list", "--service", "bron")
    assert result.exit_code == 1
    assert result.stderr.startswith("casuslog: Onverwachte fout: KeyError in ")
    assert result.stderr.count("\n") == 1
    assert "Wiarda" not in result.output


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (["parked", "list", "--service", "nergens"], "er is geen dienst 'nergens'; er zijn bron, meer, volger"),
        (["vlieg"], "No such command 'vlieg'"),
        (["token"], "Missing option '--rol'"),
    ],
)
def test_what_was_asked_wrongly_is_one_line_with_status_two(run: Run, words: list[str], told: str) -> None:
    """A wrong word is told in one line with the way to the help."""
    result = run(*words)
    assert result.exit_code == 2
    assert told in result.stderr
    assert result.stderr.count("\n") == 1
    assert "--help`" in result.stderr


def test_the_program_itself_names_a_wrong_environment(tmp_path: Path) -> None:
    """``python -m casuslog`` with half of the two variables says which are needed, in one line."""
    env = {**os.environ, "CASUSLOG_AMQP_URL": "amqp://broker", "CASUSLOG_DATA": str(tmp_path)}
    env.pop("CASUSLOG_DATABASE_URL", None)
    command = [sys.executable, "-m", "casuslog", "verify"]
    result = subprocess.run(command, env=env, capture_output=True, text=True, timeout=60, check=False)
    assert result.returncode == 2
    assert result.stderr.startswith("casuslog: CASUSLOG_DATABASE_URL ontbreekt, terwijl CASUSLOG_AMQP_URL er is")
    assert result.stderr.count("\n") == 1


def test_an_organisation_may_be_named_by_its_key() -> None:
    """A gemeente is given by key or code, others by their number; what is neither is refused."""
    assert [organisation(given) for given in ("opsterland", "0086", "98765401", None)] == [
        "0086",
        "0086",
        "98765401",
        None,
    ]
    with pytest.raises(InvalidInput):
        organisation("niemandsland")


def test_no_development_token_is_given_where_issuers_are_trusted(
    run: Run, installation: Installation, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It would not hold, and whoever got it would search for the mistake elsewhere."""
    monkeypatch.setattr(installation, "settings", replace(installation.settings, issuers=Path("uitgevers.yaml")))
    result = run("token", "--rol", "kcc", "--gemeente", "0086")
    assert result.exit_code == 2
    assert "uitgevers.yaml" in result.stderr
