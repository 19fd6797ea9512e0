"""How often one may come in: each caller for itself, and who keeps trying bad tokens not at all."""

from __future__ import annotations

import pytest
from structlog.testing import capture_logs
from werkzeug.test import EnvironBuilder
from werkzeug.wrappers import Request

from casuslog.caller import Caller, DevelopmentIssuer
from casuslog.errors import NotAuthenticated, TooMany
from casuslog.http import remote_of
from casuslog.tokens import Buckets, Gate, Tokens

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
