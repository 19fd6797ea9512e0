"""How often one may come in: each caller for itself, and who keeps trying bad tokens not at all."""

from __future__ import annotations

import re
import time
from pathlib import Path

import jwt
import pytest
from structlog.testing import capture_logs
from werkzeug.test import EnvironBuilder
from werkzeug.wrappers import Request

from casuslog.caller import Caller, DevelopmentIssuer
from casuslog.errors import Forbidden, NotAuthenticated, TooMany
from casuslog.http import remote_of
from casuslog.tokens import REASONS, Buckets, Gate, Tokens

ISSUER = DevelopmentIssuer("x" * 40)
TEAM = f"Bearer {ISSUER.issue(Caller('wijkteam', '0086', 'team-1', ('0086',)))}"
SAME_ELSEWHERE = f"Bearer {ISSUER.issue(Caller('wijkteam', '0074', 'team-1', ('0074',)))}"
FORGED = f"Bearer {DevelopmentIssuer('y' * 40).issue(Caller('wijkteam', '0086', 'team-1', ('0086',)))}"


class Ticks:
    """A clock that the test moves."""

    now = 100.0

    def __call__(self) -> float:
        return self.now


def gate(**limits: float) -> Gate:
    return Gate(Tokens((), ISSUER), **limits)


def test_a_bucket_gives_its_burst_and_then_as_fast_as_it_fills() -> None:
    """Two per second up to four: four at once, then one each half second, never more than four saved up."""
    clock = Ticks()
    buckets = Buckets(2, 4, monotonic=clock)
    assert [buckets.take("a") for _ in range(5)] == [0, 0, 0, 0, 1]
    assert buckets.take("b") == 0
    clock.now += 0.5
    assert [buckets.take("a"), buckets.take("a")] == [0, 1]
    clock.now += 1000
    assert [buckets.take("a") for _ in range(5)] == [0, 0, 0, 0, 1]


def test_a_bucket_says_in_whole_seconds_when_there_is_one_again() -> None:
    """Who waits that long gets one: the number is never too small."""
    clock = Ticks()
    buckets = Buckets(1 / 7, 1, monotonic=clock)
    assert (buckets.take("a"), buckets.wait("a")) == (0, 7)
    clock.now += 3
    assert buckets.wait("a") == 4
    clock.now += 4
    assert buckets.take("a") == 0


def test_buckets_do_not_grow_without_end() -> None:
    """However many come by: those that asked longest ago are forgotten, the last one is not."""
    buckets = Buckets(0.001, 1, monotonic=Ticks(), keys=100)
    for number in range(1000):
        assert buckets.take(number) == 0
    assert len(buckets._held) <= 100
    assert buckets.take(999) > 0


def test_a_caller_that_asks_too_often_waits_and_another_does_not() -> None:
    """By organisation and pseudonym: two organisations may give their people the same id."""
    limited = gate(calls_per_second=1)
    for _ in range(10):
        limited.caller_of(TEAM)
    with capture_logs() as logged, pytest.raises(TooMany) as refused:
        limited.caller_of(TEAM)
    assert refused.value.headers == {"Retry-After": "1"}
    assert [line["event"] for line in logged] == ["te_veel_aanroepen"]
    assert limited.caller_of(SAME_ELSEWHERE).organisatie == "0074"


def test_who_keeps_trying_bad_tokens_is_refused_unseen_and_others_behind_the_same_address_go_on() -> None:
    """After the number of failures nothing new of that address is looked at; what held before still does."""
    limited = gate(failures_per_minute=3)
    limited.caller_of(TEAM, remote="192.0.2.1")
    for bad in (FORGED, None, "Basic d2ll"):
        with pytest.raises(NotAuthenticated):
            limited.caller_of(bad, remote="192.0.2.1")
    for late in (FORGED, None, SAME_ELSEWHERE):
        with pytest.raises(TooMany):
            limited.caller_of(late, remote="192.0.2.1")
    assert limited.caller_of(TEAM, remote="192.0.2.1").rol == "wijkteam"
    assert limited.caller_of(SAME_ELSEWHERE, remote="192.0.2.2").rol == "wijkteam"


def test_without_limits_nobody_waits() -> None:
    """Zero is no limit: for measuring, and behind a gateway that counts itself."""
    free = gate(calls_per_second=0, failures_per_minute=0)
    for _ in range(500):
        assert free.caller_of(TEAM, remote="192.0.2.1").rol == "wijkteam"
        with pytest.raises(NotAuthenticated):
            free.caller_of(FORGED, remote="192.0.2.1")


def claims(**other: object) -> str:
    """A header with a token of the issuer, with some claims otherwise; it holds for as long as a run takes."""
    now = int(time.time())
    until = now + 3600
    told = {"iss": "casuslog-ontwikkeling", "aud": "casuslog", "sub": "s-1", "rol": "kcc", "iat": now, "exp": until}
    return f"Bearer {jwt.encode({**told, **other}, 'x' * 40, algorithm='HS256')}"


@pytest.mark.parametrize(
    ("header", "rol", "reason"),
    [
        (None, None, "geen_token"),
        ("Bearer geen.jwt", None, "onleesbaar"),
        (FORGED, None, "ongeldig"),
        (claims(exp=int(time.time()) - 3600), None, "verlopen"),
        (claims(iss="https://vreemd.example"), None, "uitgever_onbekend"),
        (claims(rollen=[]), None, "rol_ontbreekt"),
        (TEAM, "beheerder", "rol_niet_in_token"),
    ],
)
def test_a_refused_sign_in_leaves_a_record_with_where_from_and_why_and_never_the_token(
    header: str | None, rol: str | None, reason: str
) -> None:
    """One line of the log and one in the count of the service that was asked; nothing of what was sent in either."""
    strict = gate()
    with capture_logs() as logged, pytest.raises((NotAuthenticated, Forbidden)) as refused:
        strict.caller_of(header, rol, "192.0.2.7", service="melding")
    assert logged == [
        {
            "event": "aanmelding_geweigerd",
            "log_level": "warning",
            "dienst": "melding",
            "vanaf": "192.0.2.7",
            "reden": reason,
        }
    ]
    assert {why: count for why, count in strict.refused.of("melding").items() if count} == {reason: 1}
    assert set(strict.refused.of("pgb").values()) == {0}
    assert refused.value.problem().keys().isdisjoint({"reason"})


def test_a_refused_token_over_the_broker_is_noted_too() -> None:
    """There is no address then."""
    strict = gate()
    with capture_logs() as logged, pytest.raises(NotAuthenticated):
        strict.check(FORGED.partition(" ")[2], service="melding")
    assert [(line["vanaf"], line["reden"]) for line in logged] == [(None, "ongeldig")]
    assert strict.check(TEAM.partition(" ")[2], service="melding").rol == "wijkteam"


def test_who_hammers_is_counted_and_fills_no_log() -> None:
    """What is refused unseen adds to the count alone; what came before stands in the log."""
    limited = gate(failures_per_minute=2)
    with capture_logs() as logged:
        for _ in range(20):
            with pytest.raises((NotAuthenticated, TooMany)):
                limited.caller_of(FORGED, remote="192.0.2.1", service="melding")
    assert len(logged) == 2
    assert (limited.refused.of("melding")["ongeldig"], limited.refused.of("melding")["te_vaak"]) == (2, 18)


def test_every_reason_is_explained_and_in_the_list() -> None:
    """The reasons in the code, those that may be a label, and those in the document are the same."""
    root = Path(__file__).parents[3]
    used = {"rol_niet_in_token", "rollen_onverenigbaar", "te_vaak", "ongeldig"}
    for path in (*(root / "casuslog" / "tokens").glob("*.py"), root / "casuslog" / "caller.py"):
        used |= set(re.findall(r'reason="(\w+)"', path.read_text(encoding="utf-8")))
    told = (
        (root / "docs" / "aanmelden.md").read_text(encoding="utf-8").partition("| `reden` |")[2].partition("\n## ")[0]
    )
    explained = {
        name for row in told.splitlines() for name in re.findall(r"`(\w+)`", row.split("|")[1] if "|" in row else "")
    }
    assert set(REASONS) == used == explained


@pytest.mark.parametrize(
    ("remote", "forwarded", "found"),
    [
        ("192.0.2.1", "198.51.100.7", "192.0.2.1"),
        ("10.0.0.1", "198.51.100.7", "198.51.100.7"),
        ("10.0.0.1", "203.0.113.9, 198.51.100.7", "198.51.100.7"),
        ("10.0.0.1", None, "10.0.0.1"),
    ],
)
def test_only_a_known_proxy_may_say_for_whom_it_asks(remote: str, forwarded: str | None, found: str) -> None:
    """Of anybody else the header is a claim: with it one could have another refused, or never be."""
    headers = {} if forwarded is None else {"X-Forwarded-For": forwarded}
    environ = EnvironBuilder(headers=headers, environ_base={"REMOTE_ADDR": remote}).get_environ()
    assert remote_of(Request(environ), {"10.0.0.1"}) == found
