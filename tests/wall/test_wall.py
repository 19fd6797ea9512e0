"""The tenant wall, attacked: ten thousand attempts to hear of another's casus, none of which may be heard anything."""

from __future__ import annotations

import json
from collections.abc import Iterator
from importlib import import_module
from pathlib import Path
from typing import Any

import pytest

from casuslog.testing.platform import Platform
from services.historie import zoeken
from tests.wall import over_http  # noqa: F401  # its channels add themselves
from tests.wall.channels import CHANNELS
from tests.wall.result import BROKER, keep
from tests.wall.run import Outcome, play
from tests.wall.world import DAG, World

SEED = 20170215
ATTEMPTS = 10_000


@pytest.fixture(scope="module")
def world() -> Iterator[World]:
    """Four gemeenten with their casussen, on one platform without limits on how often one may ask."""
    free = {"CASUSLOG_TEMPO": "0", "CASUSLOG_AANMELDFOUTEN": "0"}
    with Platform(DAG, env=free) as platform, pytest.MonkeyPatch.context() as patched:
        # That no lookup answers sooner than another is held elsewhere; here it would be a minute of waiting.
        patched.setattr(zoeken, "ANSWER_SECONDS", 0.0)
        yield World(platform)


@pytest.mark.timeout(600)
def test_ten_thousand_attempts_leak_nothing(world: World) -> None:
    """On every channel, in every role, with ids, positions and tokens guessed or forged: nobody hears of another's."""
    outcome = play(world, CHANNELS.values(), seed=SEED)
    outcome.write()
    assert outcome.leaked == 0, "\n".join(sorted({leak for leaks in outcome.leaks.values() for leak in leaks})[:20])
    assert outcome.total >= ATTEMPTS


def test_the_walls_keep_each_others_part_in_either_order(tmp_path: Path) -> None:
    """What one writes leaves what the other wrote; a new run replaces its own last one; totals are of both."""
    http = Outcome({"tijdlijnen": 5, "herhalingen": 2}, {"tijdlijnen": ["iets"], "herhalingen": []})
    broker = {"attempts": 3, "leaks": 0, "counts_by_passive_declare": 1}
    for name, order in (("een", (0, 1)), ("twee", (1, 0)), ("drie", (0, 1, 0, 1))):
        path = tmp_path / f"{name}.json"
        for which in order:
            (lambda: http.write(path), lambda: keep(BROKER, broker, path))[which]()  # noqa: B023  # called at once
        told = json.loads(path.read_text(encoding="utf-8"))
        assert list(told)[:2] == ["attempts", "leaks"]
        assert (told["attempts"], told["leaks"]) == (10, 1)
        assert told["amqp_broker_alone"] == broker
        assert {one: row["attempts"] for one, row in told["channels"].items()} == http.attempts


def test_the_oracle_hears_what_may_be_heard(world: World) -> None:
    """The words are really there: a wijkteam hears its own casus, Leeuwarden the one indicatie of its thema."""
    for gemeente, casussen in world.casussen.items():
        team = next(one for one in world.cast if (one.rol, one.organisatie) == ("wijkteam", gemeente))
        told = str(world.platform.timeline(casussen[0], team))
        assert len([mark for mark in world.oracle.heard_in(told) if mark.kind == "woord"]) == 8
    client = next(one for one in world.cast if one.id == "inwoner-0086-0")
    told = world.oracle.heard_in(str(world.platform.timeline(world.casussen["0086"][0], client)))
    assert [mark.kind for mark in told].count("woord") == 7
    centrum = next(one for one in world.cast if (one.rol, one.organisatie) == ("centrumgemeente", "0080"))
    told = str(world.platform.timeline(world.casussen["0086"][0], centrum))
    heard = world.oracle.heard_in(told)
    assert {mark.text for mark in heard if mark.kind != "casus"} <= world.oracle.granted["0080"]
    assert [mark.kind for mark in heard].count("woord") == 1


def _everybody(*_: Any, **__: Any) -> bool:
    return True


@pytest.mark.parametrize(
    ("broken", "channel"),
    [
        ("casuslog.rights.sight._related", "tijdlijnen"),
        ("casuslog.rights.sight._related", "stromen"),
        ("services.abonnement.feed.van_houder", "feeds"),
        ("services.abonnement.feed.van_houder", "herhalingen"),
        ("casuslog.hosting.operating._gemeenten", "beheer"),
    ],
)
def test_a_rule_that_is_broken_is_noticed(
    world: World, monkeypatch: pytest.MonkeyPatch, broken: str, channel: str
) -> None:
    """The run can fail: with one rule of the product taken out it finds leaks in that channel."""
    put_instead: dict[str, Any] = {
        "van_houder": lambda inschrijving, _: inschrijving,
        "_gemeenten": lambda request, _: request.args.getlist("gemeente") or ["0086"],
    }
    module, _, name = broken.rpartition(".")
    # By the module itself: the package has a function of the same name.
    monkeypatch.setattr(import_module(module), name, put_instead.get(name, _everybody))
    outcome = play(world, [CHANNELS[channel]], seed=SEED, part=0.1)
    assert outcome.leaked > 0


def test_a_stranger_who_may_write_is_noticed(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    """With admission taken out commands of strangers are carried out, and found afterwards. Runs last: it writes."""
    monkeypatch.setattr("casuslog.commands.admit_among", lambda *_: None)
    outcome = play(world, [CHANNELS["opdrachten"]], seed=SEED, part=0.3)
    assert "geschreven" in outcome.leaks
