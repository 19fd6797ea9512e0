"""The environment before a start: what is wrong is named by variable, rule and remedy; what is unwise is advice."""

import re
from pathlib import Path

import pytest
from click.testing import CliRunner

from casuslog.cli._root import cli
from casuslog.settings import Settings, service_names, variables
from casuslog.settings.checking import examined
from casuslog.settings.variables import CATALOGUE, OF_SERVICE

ROOT = Path(__file__).resolve().parents[3]
DATABASE, AMQP = "postgresql+psycopg2://u:heelgeheim@db/casuslog", "amqp://u:heelgeheim@broker:5672/casuslog"
WHOLE = {"CASUSLOG_AMQP_URL": AMQP, "CASUSLOG_DATABASE_URL": DATABASE, "CASUSLOG_ONTWIKKELTOKENS": "ja"}
NO_VARIABLES = {"CASUSLOG_PLATFORM", "CASUSLOG_CONSUMER", "CASUSLOG_PORTAAL_GEHEIM"}
"""Keys of the configuration of nameko, and an example of a secret that a file with issuers names."""


def told(env: dict[str, str], *, fatal: bool | None = None) -> list[str]:
    return [str(one) for one in examined(env) if fatal is None or one.fatal is fatal]


@pytest.mark.parametrize(
    ("env", "says"),
    [
        ({"CASUSLOG_DATABSE_URL": DATABASE}, "CASUSLOG_DATABSE_URL bestaat niet.*Bedoelde u CASUSLOG_DATABASE_URL?"),
        ({"CASUSLOG_GEWICHT": "1"}, "CASUSLOG_GEWICHT bestaat niet: niemand leest deze variabele. Laat haar weg"),
        ({"CASUSLOG_HTTP_PORT": "0x50"}, "CASUSLOG_HTTP_PORT is '0x50'.*bijvoorbeeld 8100"),
        ({"CASUSLOG_ROOT_KEY": "a" * 10}, "CASUSLOG_ROOT_KEY is geen geldige waarde.*32 bytes in base64"),
        ({**WHOLE, "CASUSLOG_DATABASE_URL": "mysql://u:heelgeheim@db/x"}, "CASUSLOG_DATABASE_URL.*postgresql"),
        ({**WHOLE, "CASUSLOG_AMQP_URL": "amqp://u:heelgeheim@broker:zes/x"}, "CASUSLOG_AMQP_URL is geen geldige"),
        ({"CASUSLOG_CLOCK": "zonnewijzer"}, "CASUSLOG_CLOCK is 'zonnewijzer'"),
        ({"CASUSLOG_LOG_LEVEL": "luid"}, "CASUSLOG_LOG_LEVEL.*Geef debug of info of warning of error"),
        ({"CASUSLOG_HTTP_URL": "http://overal"}, r"CASUSLOG_HTTP_URL.*\{naam\} of \{poort\}"),
        ({"CASUSLOG_UITGEVERS": "/er/niet.yaml"}, "CASUSLOG_UITGEVERS is '/er/niet.yaml': dat bestand is er niet"),
        ({"CASUSLOG_SCHEMAS": "/er/niet"}, "CASUSLOG_SCHEMAS is '/er/niet': die map is er niet"),
        (
            {"CASUSLOG_DATA": "/etc/hostname/data"},
            "CASUSLOG_DATA is ./etc/hostname/data.: daar mag dit proces niet schrijven",
        ),
        (WHOLE | {f"{OF_SERVICE}PBG": DATABASE}, "CASUSLOG_DATABASE_URL_PBG noemt geen dienst"),
    ],
)
def test_what_is_wrong_stops_a_start_and_is_named(env: dict[str, str], says: str) -> None:
    """Which variable, which rule, what would be right; and never a value that may hold a password."""
    found = told(env, fatal=True)
    assert any(re.search(says, one) for one in found), found
    assert "heelgeheim" not in " ".join(told(env))


def test_everything_that_is_wrong_is_told_at_once() -> None:
    """Who mends an environment does not want to learn of its faults one by one."""
    env = {"CASUSLOG_AMQP_URL": AMQP, "CASUSLOG_HTTP_PORT": "x", "CASUSLOG_LEASE_SECONDS": "1", "CASUSLOG_TYPFOUT": "1"}
    assert len(told(env, fatal=True)) == 4
    with pytest.raises(ValueError, match=r"(?s)LEASE_SECONDS.*DATABASE_URL|DATABASE_URL.*LEASE_SECONDS"):
        Settings.from_env(env)


def test_what_is_unwise_does_not_stop_a_start() -> None:
    """Development tokens, keys in the same backup, a short lease and another clock are advice, each with its reason."""
    env = WHOLE | {"CASUSLOG_LEASE_SECONDS": "3", "CASUSLOG_CLOCK": "file:/tmp/klok"}
    assert told(env, fatal=True) == []
    advised = [one.variable for one in examined(env)]
    assert advised == ["CASUSLOG_UITGEVERS", "CASUSLOG_KEYS_URL", "CASUSLOG_CLOCK", "CASUSLOG_LEASE_SECONDS"]


def test_development_tokens_are_meant_or_refused() -> None:
    """On PostgreSQL and RabbitMQ they hold only where somebody said so."""
    [refused] = told({**WHOLE, "CASUSLOG_ONTWIKKELTOKENS": ""}, fatal=True)
    assert refused.startswith("CASUSLOG_UITGEVERS ontbreekt")
    assert "CASUSLOG_ONTWIKKELTOKENS=ja" in refused


def test_embedded_on_defaults_nothing_is_wrong_or_unwise() -> None:
    """Who starts with an empty environment gets no advice that is not for them."""
    assert told({}) == []


def test_a_secret_that_the_issuers_name_is_known(tmp_path: Path) -> None:
    """A shared secret may stand in any variable: the file with issuers says in which."""
    issuers = tmp_path / "uitgevers.yaml"
    issuers.write_text("uitgevers:\n- iss: portaal\n  geheim: CASUSLOG_PORTAAL_GEHEIM\n")
    env = WHOLE | {"CASUSLOG_UITGEVERS": str(issuers), "CASUSLOG_PORTAAL_GEHEIM": "x" * 40}
    assert told(env, fatal=True) == []
    [short] = told(env | {"CASUSLOG_PORTAAL_GEHEIM": "kort"}, fatal=True)
    assert short.startswith("CASUSLOG_UITGEVERS noemt een bestand dat niet klopt")
    issuers.write_text("uitgevers: [")
    assert "niet te lezen" in told(WHOLE | {"CASUSLOG_UITGEVERS": str(issuers)}, fatal=True)[0]


def test_ports_reach_as_far_as_there_are_services_and_relays() -> None:
    """The last relay process needs a port too."""
    relays = ";".join(service_names())
    last = 65536 - 2 * len(service_names())
    assert told({**WHOLE, "CASUSLOG_HTTP_PORT": str(min(last, 65000)), "CASUSLOG_RELAYS": relays}, fatal=True) == []


def test_every_variable_that_the_code_reads_is_in_the_list_and_the_other_way() -> None:
    """What is not in the list is no variable: it would be refused as a typo, and documented nowhere."""
    sources = [*ROOT.glob("casuslog/**/*.py"), *ROOT.glob("services/**/*.py"), *ROOT.glob("deploy/**/*.py")]
    sources += [*ROOT.glob("tests/*.py"), *ROOT.glob("tests/faults/*.py")]
    read = set()
    for path in sources:
        if path.name != "variables.py":
            read |= set(re.findall(r"\bCASUSLOG_[A-Z_]*[A-Z]\b", path.read_text(encoding="utf-8")))
    listed = {one.name.replace("_<SERVICE>", "") for one in CATALOGUE}
    named = {name for name in read if not name.startswith(OF_SERVICE)} - NO_VARIABLES
    assert named - listed == set()
    assert listed - read == set()


def test_the_page_for_operators_names_every_variable() -> None:
    """The table in docs/configuratie.md is the list itself (`casuslog docs check` holds it to that)."""
    page = (ROOT / "docs" / "configuratie.md").read_text(encoding="utf-8")
    assert variables.table() in page


def test_the_command_line_checks_and_refuses(monkeypatch: pytest.MonkeyPatch) -> None:
    """`config check` ends with 1 and a line for each fault; `start` refuses the same before anything runs."""
    for name in [name for name in __import__("os").environ if name.startswith("CASUSLOG_")]:
        monkeypatch.delenv(name)
    run = CliRunner().invoke
    assert run(cli, ["config", "check"]).output == "De omgeving klopt.\n"
    monkeypatch.setenv("CASUSLOG_HTTP_PROT", "8100")
    checked = run(cli, ["config", "check"])
    assert checked.exit_code == 1
    assert checked.output.startswith("FOUT: CASUSLOG_HTTP_PROT bestaat niet")
    started = run(cli, ["start"])
    assert started.exit_code == 2
    assert "Bedoelde u CASUSLOG_HTTP_PORT?" in started.output


def test_a_secret_is_not_shown(monkeypatch: pytest.MonkeyPatch) -> None:
    """`config show` says of a password only that it is there."""
    monkeypatch.setenv("CASUSLOG_DATABASE_URL", DATABASE)
    monkeypatch.setenv("CASUSLOG_HTTP_PORT", "8200")
    shown = CliRunner().invoke(cli, ["config", "show"]).output
    assert "heelgeheim" not in shown
    assert re.search(r"CASUSLOG_DATABASE_URL\s+\(ingesteld; geheim\)", shown)
    assert re.search(r"CASUSLOG_HTTP_PORT\s+8200", shown)


def test_who_calls_finds_a_service_by_name_where_it_has_an_address_of_its_own() -> None:
    """In a container each service listens everywhere and is reached by its name; on one machine by its port."""
    apart = Settings.from_env({"CASUSLOG_HTTP_HOST": "0.0.0.0", "CASUSLOG_HTTP_URL": "http://{naam}:{poort}"})
    assert apart.http_url("melding") == "http://melding:8101"
    assert apart.http_url("relay") == "http://relay:8108"
    assert Settings.from_env({"CASUSLOG_HTTP_HOST": "0.0.0.0"}).http_url("melding") == "http://127.0.0.1:8101"
