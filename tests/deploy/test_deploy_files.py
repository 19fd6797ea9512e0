"""What stands in deploy/: every command, port, path, variable and metric in it is one that the product has."""

import json
import re
import shlex
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest
import yaml

from casuslog.hosting.relay_http import RelayEdge
from casuslog.hosting.service import CasusService
from casuslog.metrics import CATALOGUE, Kind
from casuslog.settings import Settings, service_names
from casuslog.settings.variables import known

ROOT = Path(__file__).resolve().parents[2]
DEPLOY = ROOT / "deploy"
NAMES = [*service_names(), "relay"]
PORTS = {name: Settings.from_env({}).http_address(name)[1] for name in NAMES}
OPEN = {"/gezond", "/klaar", "/metrics"}
FOREIGN = {"OTEL_EXPORTER_OTLP_ENDPOINT", "POSTGRES_DB", "POSTGRES_USER", "POSTGRES_PASSWORD"}
ELSEWHERE = {"up", "process_resident_memory_bytes", "process_cpu_seconds_total"}
"""Metrics of Prometheus and of any process."""


def compose() -> dict[str, Any]:
    return dict(yaml.safe_load((DEPLOY / "compose.yaml").read_text(encoding="utf-8")))


def manifests(kind: str) -> dict[str, Any]:
    found = yaml.safe_load_all((DEPLOY / "kubernetes" / "casuslog.yaml").read_text(encoding="utf-8"))
    return {one["metadata"]["name"]: one for one in found if one["kind"] == kind}


def alarms() -> list[dict[str, Any]]:
    made = yaml.safe_load((DEPLOY / "prometheus" / "alarmen.yaml").read_text(encoding="utf-8"))
    return [rule for group in made["groups"] for rule in group["rules"]]


def board() -> dict[str, Any]:
    return dict(json.loads((DEPLOY / "grafana" / "casuslog.json").read_text(encoding="utf-8")))


def test_open_addresses_are_those_that_probes_use() -> None:
    """A probe and a scrape bring no token: what they ask is open, and is there on services and relays."""
    for path in OPEN:
        method = {"/gezond": "http_gezond", "/klaar": "http_klaar", "/metrics": "http_metrics"}[path]
        assert hasattr(CasusService, method)
    assert RelayEdge.__doc__


@pytest.mark.parametrize("name", NAMES)
def test_a_container_starts_its_own_process_with_variables_that_exist(name: str) -> None:
    """Command, port, probe, role and user of each container are of one and the same process."""
    one = compose()["services"][name]
    assert one["command"] == ["start", name]
    assert one["ports"] == [f"127.0.0.1:{PORTS[name]}:{PORTS[name]}"]
    assert f"http://127.0.0.1:{PORTS[name]}/klaar" in " ".join(one["healthcheck"]["test"])
    environment = one["environment"]
    assert [key for key in environment if known(key) is None and key not in FOREIGN] == []
    assert f"//casuslog-{name}:" in environment["CASUSLOG_AMQP_URL"]
    if name == "relay":
        roles = {key: value for key, value in environment.items() if key.startswith("CASUSLOG_DATABASE_URL_")}
        assert len(roles) == len(service_names())
    else:
        roles = {"CASUSLOG_DATABASE_URL": environment["CASUSLOG_DATABASE_URL"]}
        assert f"//casuslog_{name}:" in environment["CASUSLOG_DATABASE_URL"]
        assert not any(key.startswith("CASUSLOG_DATABASE_URL_") for key in environment)
    filled = {key: re.sub(r"\$\{(\w+):?[?-]?\}", "geheim", str(value)) for key, value in environment.items()}
    filled = {key: value for key, value in filled.items() if value != "geheim"}
    settings = Settings.from_env(filled)
    assert settings.http_url(name) == f"http://{name}:{PORTS[name]}"
    assert settings.http_host == "0.0.0.0"


def test_every_mounted_file_is_there_and_every_volume_is_declared() -> None:
    """What compose mounts from this folder exists, but for what `geheimen` makes."""
    made = compose()
    for name, one in made["services"].items():
        for mount in one.get("volumes", []):
            source = mount.split(":")[0]
            if source.startswith("./geheim/"):
                continue
            there = (DEPLOY / source).exists() if source.startswith("./") else source in made["volumes"]
            assert there, f"{name}: {mount}"
    assert set(made["services"]) >= {*NAMES, "postgresql", "rabbitmq", "prometheus", "grafana"}


def test_geheimen_makes_every_secret_that_compose_asks_for(tmp_path: Path) -> None:
    """Each variable that compose needs, and a password per role and per user; a second run changes nothing."""
    script = tmp_path / "geheimen"
    script.write_bytes((DEPLOY / "geheimen").read_bytes())
    script.chmod(0o755)
    subprocess.run([str(script)], check=True, capture_output=True)
    lines = (tmp_path / ".env").read_text(encoding="utf-8").splitlines()
    made = dict(line.split("=", 1) for line in lines)
    asked = set(re.findall(r"\$\{(\w+):\?\}", (DEPLOY / "compose.yaml").read_text(encoding="utf-8")))
    assert asked == set(made)
    assert len(set(made.values())) == len(made)
    key = {"CASUSLOG_ROOT_KEY": made["CASUSLOG_ROOT_KEY"]}
    assert Settings.from_env(key).root_key
    roles = dict(line.split("=", 1) for line in (tmp_path / "geheim" / "postgresql").read_text().splitlines())
    assert roles == {f"casuslog_{name}": made[f"DATABASE_{name.upper()}"] for name in (*service_names(), "sleutels")}
    users = dict(line.split("=", 1) for line in (tmp_path / "geheim" / "rabbitmq").read_text().splitlines())
    assert users == {f"casuslog-{name}": made[f"BROKER_{name.upper()}"] for name in (*NAMES, "houderbeheer")}
    again = subprocess.run([str(script)], capture_output=True, check=False)
    assert again.returncode == 1
    assert (tmp_path / ".env").read_text(encoding="utf-8").splitlines() == lines


def test_holders_get_users_of_their_own() -> None:
    """Who delivers, and nobody else, may make users of holders, in a vhost that the definitions make for them."""
    made = json.loads((DEPLOY / "rabbitmq" / "definitions.json").read_text(encoding="utf-8"))
    managing = {user["name"] for user in made["users"] if "administrator" in user["tags"]}
    for name in NAMES:
        environment = compose()["services"][name]["environment"]
        told = {key: environment.get(key, "") for key in ("CASUSLOG_AMQP_HOUDERS", "CASUSLOG_AMQP_BEHEER")}
        own = {key: urlsplit(re.sub(r"\$\{\w+:\?\}", "geheim", value)) for key, value in told.items()}
        assert all(bool(url.scheme) is (name == "abonnement") for url in own.values())
        if name == "abonnement":
            assert {own["CASUSLOG_AMQP_BEHEER"].username} == managing
            assert {"name": own["CASUSLOG_AMQP_HOUDERS"].path[1:]} in made["vhosts"]
    apart = [one for one in made["permissions"] if one["vhost"] == "casuslog-houders"]
    assert [one["user"] for one in apart] == ["casuslog-abonnement"]
    assert managing & {one["user"] for one in made["permissions"]} == set()
    plugins = (DEPLOY / "rabbitmq" / "enabled_plugins").read_text(encoding="utf-8")
    assert "rabbitmq_management" in plugins
    assert "ports" not in compose()["services"]["rabbitmq"]
    for elsewhere in ("kubernetes/casuslog.yaml", "systemd/casuslog@.service"):
        text = (DEPLOY / elsewhere).read_text(encoding="utf-8")
        assert all(variable in text for variable in own), elsewhere


@pytest.mark.parametrize("name", NAMES)
def test_a_deployment_has_probes_limits_and_its_own_secret(name: str) -> None:
    """Probes are of open paths on the port of the process; it may not write where it runs, nor be root."""
    spec = manifests("Deployment")[name]["spec"]["template"]["spec"]
    assert spec["enableServiceLinks"] is False
    assert spec["securityContext"]["runAsNonRoot"] is True
    [container] = spec["containers"]
    assert container["args"] == ["start", name]
    assert container["ports"] == [{"name": "http", "containerPort": PORTS[name]}]
    for probe in ("startupProbe", "livenessProbe", "readinessProbe"):
        assert container[probe]["httpGet"]["port"] == "http"
        assert container[probe]["httpGet"]["path"] in OPEN
    # A dependency that is away must not kill a process that can go on when it is back.
    assert container["livenessProbe"]["httpGet"]["path"] == "/gezond"
    assert container["resources"]["limits"]["memory"]
    secrets = {one["secretRef"]["name"] for one in container["envFrom"] if "secretRef" in one}
    assert secrets == {"casuslog-sleutels", f"casuslog-{name}"}
    assert container["securityContext"]["readOnlyRootFilesystem"] is True
    service = manifests("Service")[name]["spec"]
    assert service["ports"] == [{"name": "http", "port": PORTS[name], "targetPort": "http"}]
    assert service["selector"] == manifests("Deployment")[name]["spec"]["selector"]["matchLabels"]


def test_the_shared_settings_of_the_cluster_hold() -> None:
    """Every variable in the ConfigMap exists, and a service is found by its name."""
    data = manifests("ConfigMap")["casuslog"]["data"]
    assert [name for name in data if known(name) is None] == []
    assert Settings.from_env(data).http_url("pgb") == f"http://pgb:{PORTS['pgb']}"


def test_systemd_starts_each_process_after_a_check() -> None:
    """The target wants every process there is; each is checked, started, and given time to finish."""
    target = (DEPLOY / "systemd" / "casuslog.target").read_text(encoding="utf-8")
    wanted = re.findall(r"casuslog@(\w+)\.service", target)
    assert wanted == NAMES
    unit = (DEPLOY / "systemd" / "casuslog@.service").read_text(encoding="utf-8")
    told = dict(re.findall(r"^(ExecStartPre|ExecStart|KillSignal|TimeoutStopSec)=(.*)$", unit, re.MULTILINE))
    assert shlex.split(told["ExecStartPre"])[1:] == ["config", "check"]
    assert shlex.split(told["ExecStart"])[1:] == ["start", "%i"]
    assert told["KillSignal"] == "SIGTERM"
    assert int(told["TimeoutStopSec"]) > 20
    assert [name for name in re.findall(r"^Environment=(\w+)=", unit, re.MULTILINE) if known(name) is None] == []


def test_prometheus_scrapes_every_process() -> None:
    """Each service and the relay, on their own ports; and it reads the alarms."""
    made = yaml.safe_load((DEPLOY / "prometheus" / "prometheus.yml").read_text(encoding="utf-8"))
    [own] = [job for job in made["scrape_configs"] if job["job_name"] == "casuslog"]
    assert own["static_configs"][0]["targets"] == [f"{name}:{port}" for name, port in PORTS.items()]
    assert made["rule_files"] == ["/etc/prometheus/alarmen.yaml"]


def test_the_broker_waits_as_long_for_an_acknowledgement_as_holders_are_told() -> None:
    """Half an hour, in milliseconds."""
    told = (DEPLOY / "rabbitmq" / "rabbitmq.conf").read_text(encoding="utf-8")
    assert re.search(r"^consumer_timeout = (\d+)$", told, re.MULTILINE)[1] == str(30 * 60 * 1000)  # type: ignore[index]
    assert "after half an hour (`consumer_timeout` of the broker)" in (ROOT / "docs" / "integratie.md").read_text()


def expressions() -> Iterator[tuple[str, str]]:
    yield from ((rule["alert"], rule["expr"]) for rule in alarms())
    yield from ((panel["title"], target["expr"]) for panel in board()["panels"] for target in panel["targets"])


@pytest.mark.parametrize(("where", "expression"), list(expressions()))
def test_every_query_asks_for_metrics_and_labels_that_exist(where: str, expression: str) -> None:
    """A query on a name that nobody gives is never true: an alarm that cannot go off, a panel that stays empty."""
    samples = {metric.name: metric for metric in CATALOGUE if metric.kind is not Kind.HISTOGRAM}
    for metric in CATALOGUE:
        if metric.kind is Kind.HISTOGRAM:
            samples |= {f"{metric.name}_{part}": metric for part in ("bucket", "count", "sum")}
    bare = re.sub(r'"[^"]*"', '""', expression)
    asked = set(re.findall(r"\b(?:casuslog_\w+|process_\w+|up)\b", bare))
    assert asked
    assert asked - samples.keys() - ELSEWHERE == set()
    allowed = {label for name in asked & samples.keys() for label in samples[name].labels}
    allowed |= {"job", "instance", "le"}
    used = set(re.findall(r"(\w+)\s*(?:=~|=|!=)\s*\"", expression))
    used |= {label.strip() for group in re.findall(r"\bby \(([^)]*)\)", bare) for label in group.split(",")}
    assert used - allowed == set()
    assert expression.count("(") == expression.count(")")
    for name in asked & samples.keys():
        rated = bool(re.search(rf"(?:rate|increase)\({name}\b", bare))
        assert rated is (samples[name].kind is not Kind.GAUGE), f"{name} is a {samples[name].kind}"


def test_states_of_a_relay_in_a_query_are_states_that_it_has() -> None:
    """A state that does not exist would never alarm."""
    from casuslog.relay import RelayStatus

    known_states = {status.value for status in RelayStatus}
    for _, expression in expressions():
        for states in re.findall(r'status=~?"([^"]*)"', expression):
            assert set(states.split("|")) <= known_states


def test_every_alarm_has_its_entry_in_the_runbook() -> None:
    """Whoever is called finds what to do under the name of the alarm, and no entry is left of an alarm that is gone."""
    book = (ROOT / "docs" / "runbook.md").read_text(encoding="utf-8")
    entries = re.findall(r"^## (Casuslog\w+)$", book, re.MULTILINE)
    assert sorted(entries) == sorted(rule["alert"] for rule in alarms())
    for rule in alarms():
        assert rule["annotations"]["draaiboek"] == f"docs/runbook.md#{rule['alert'].lower()}"
        assert rule["labels"]["ernst"] in {"ernstig", "waarschuwing"}
    links = re.findall(r"\]\(#(\w+)\)", book)
    assert set(links) <= {name.lower() for name in entries}


def test_a_board_has_no_two_panels_in_one_place() -> None:
    """Each panel has a place of its own within the width of the board, and an id of its own."""
    panels = board()["panels"]
    assert len({panel["id"] for panel in panels}) == len(panels)
    taken: set[tuple[int, int]] = set()
    for panel in panels:
        at = panel["gridPos"]
        cells = {(x, y) for x in range(at["x"], at["x"] + at["w"]) for y in range(at["y"], at["y"] + at["h"])}
        assert max(x for x, _ in cells) < 24
        assert not cells & taken
        taken |= cells


def test_what_the_documents_for_operators_link_to_is_there() -> None:
    """No page sends whoever is called to a page that does not exist."""
    pages = [ROOT / "docs" / name for name in ("runbook.md", "configuratie.md", "beheer-meten.md", "beheer-back-up.md")]
    for page in (*pages, DEPLOY / "README.md"):
        for link in re.findall(r"\]\(([^)#:]+)(?:#[^)]*)?\)", page.read_text(encoding="utf-8")):
            assert (page.parent / link).exists(), f"{page.name}: {link}"
