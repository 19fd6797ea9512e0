"""Refusals that wait to be written down: counts per hour of what was proven, and never more rows than a bound."""

from __future__ import annotations

import time
from datetime import UTC, datetime, timedelta

import jwt
import pytest

from casuslog.caller import Caller, DevelopmentIssuer
from casuslog.errors import Forbidden, NotAuthenticated
from casuslog.tokens import Gate, Refusals, SharedSecret, Tally, Tokens, TrustedIssuer, Whose
from casuslog.tokens._tally import MOST

START = datetime(2026, 11, 20, 13, 59, 58, tzinfo=UTC)
NAME, SECRET, OTHER = "https://inloggen.opsterland.example", "x" * 40, "y" * 40
ISSUER = DevelopmentIssuer(SECRET)


class Ticks:
    """A clock that the test moves."""

    now = START

    def __call__(self) -> datetime:
        return self.now


def gate(clock: Ticks) -> Gate:
    issuer = TrustedIssuer(name=NAME, keys=SharedSecret(SECRET), gemeenten=frozenset({"0086"}), minutes=60)
    return Gate(Tokens([issuer], ISSUER), now=clock)


def token(secret: str = SECRET, *, ago: int = 0, life: int = 600, **claims: object) -> str:
    """A token of the issuer, given ``ago`` seconds ago for ``life`` seconds."""
    given = int(time.time()) - ago
    told = {"iss": NAME, "aud": "casuslog", "sub": "s-1", "rol": "kcc", "gemeenten": ["0086"]}
    return jwt.encode({**told, "iat": given, "exp": given + life, **claims}, secret, algorithm="HS256")


def refused(strict: Gate, made: str, rol: str | None = None) -> None:
    with pytest.raises((NotAuthenticated, Forbidden)):
        strict.caller_of(f"Bearer {made}", rol, "192.0.2.7", service="melding")


@pytest.mark.parametrize(
    ("made", "rol", "reason", "whose"),
    [
        (token(ago=3600), None, "verlopen", Whose("kcc", "0086")),
        (token(OTHER, ago=3600), None, "ongeldig", Whose()),
        (token(OTHER), None, "ongeldig", Whose()),
        (token(life=86_400), None, "leeft_te_lang", Whose("kcc", "0086")),
        (token(gemeenten=["0080"]), None, "buiten_uitgever", Whose("kcc", "0080")),
        (token(gemeenten=["0086", "0080"]), None, "buiten_uitgever", Whose("kcc", "")),
        (token(ago=3600, rol="Jansen", gemeenten=["BSN 999900006"]), None, "verlopen", Whose()),
        (token(ago=3600, rol=["kcc"], gemeenten="0086"), None, "verlopen", Whose()),
        (token(aud="elders"), None, "ander_doel", Whose()),
        (token(), "beheerder", "rol_niet_in_token", Whose("kcc", "0086")),
    ],
)
def test_only_what_was_proven_and_is_a_code_is_counted_apart(
    made: str, rol: str | None, reason: str, whose: Whose
) -> None:
    """Of a token whose signature holds its role and gemeente; of a forged one nothing; never what is no code."""
    clock = Ticks()
    strict = gate(clock)
    refused(strict, made, rol)
    hour = START.replace(minute=0, second=0)
    assert strict.refused.tally.take("melding") == [Refusals(hour, reason, whose, START, START, 1)]


def test_a_thousand_bad_tokens_are_one_row_an_hour() -> None:
    """However many there are: one count with its first and last moment, and another one in another hour."""
    clock = Ticks()
    strict = gate(clock)
    for _ in range(1000):
        refused(strict, token(OTHER))
        clock.now += timedelta(milliseconds=1)
    clock.now = START + timedelta(seconds=2)
    refused(strict, token(OTHER))
    first, second = strict.refused.tally.take("melding")
    assert (first.aantal, first.eerste, first.laatste) == (1000, START, START + timedelta(milliseconds=999))
    assert (second.aantal, second.uur) == (1, START + timedelta(seconds=2))
    assert strict.refused.tally.take("melding") == []


def test_whoever_varies_what_he_proves_does_not_make_rows_without_end() -> None:
    """After so many kinds in an hour the rest is counted by its reason alone; those that were there stay apart."""
    clock, kinds = Ticks(), MOST * 3
    tally = Tally(clock)
    for number in range(kinds):
        tally.note("melding", "verlopen", Whose("kcc", f"{number:04d}"))
    assert len(tally.take("melding")) == MOST + 1
    tally.note("melding", "verlopen", Whose("kcc", "0000"))
    tally.note("melding", "verlopen", Whose("kcc", f"{kinds - 1:04d}"))
    assert {one.whose.gemeente for one in tally.take("melding")} == {"0000", ""}
    clock.now += timedelta(hours=1)
    tally.note("melding", "verlopen", Whose("kcc", f"{kinds - 1:04d}"))
    assert [one.whose.gemeente for one in tally.take("melding")] == [f"{kinds - 1:04d}"]


def test_what_could_not_be_written_waits_with_what_came_meanwhile() -> None:
    """Given back it is counted on; of another service nothing is touched."""
    tally = Tally(Ticks())
    tally.note("melding", "ongeldig")
    tally.note("pgb", "ongeldig")
    taken = tally.take("melding")
    tally.note("melding", "ongeldig")
    tally.give_back("melding", taken)
    assert [one.aantal for one in tally.take("melding")] == [2]
    assert [one.aantal for one in tally.take("pgb")] == [1]


def test_who_was_let_in_and_has_no_right_is_counted_by_role_and_gemeente() -> None:
    """Only a refusal of rights: an error of another kind says nothing about who asked."""
    strict = gate(Ticks())
    caller = Caller("wijkteam", "0086", "team-1", ("0086",))
    with pytest.raises(Forbidden), strict.noting("melding", caller):
        raise Forbidden("gemeente_niet_in_token", "nee", rule="r", remedy="r")
    with pytest.raises(NotAuthenticated), strict.noting("melding", caller):
        raise NotAuthenticated("iets anders")
    (one,) = strict.refused.tally.take("melding")
    assert (one.reden, one.whose, one.aantal) == ("gemeente_niet_in_token", Whose("wijkteam", "0086"), 1)
    assert set(strict.refused.of("melding").values()) == {0}
