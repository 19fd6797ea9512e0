"""Given, when, then: what it accepts, and that it notices what is otherwise."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import date

import pytest

from casuslog.errors import Forbidden, Refused
from casuslog.events import Fact
from casuslog.recorded import Aggregate
from casuslog.testing.given_when_then import given
from services.melding.gebeurtenissen import MeldingBevestigd, MeldingDoorgegeven

DAG = date(2017, 2, 15)
BEVESTIGD = MeldingBevestigd(aan=("inwoner",))
DOORGEGEVEN = MeldingDoorgegeven(van="kcc", naar="wijkteam")


@dataclass(frozen=True)
class Staat:
    """How many facts there were."""

    aantal: int = 0


TELLER = Aggregate("teller", Staat(), lambda staat, _: replace(staat, aantal=staat.aantal + 1))


def beide(staat: Staat) -> list[Fact]:
    """Both events, once."""
    if staat.aantal:
        raise Refused("al_gedaan", "Het is al gedaan.", rule="een keer is genoeg", remedy="Niets.")
    return [Fact(BEVESTIGD, DAG, "Awb 3:41"), Fact(DOORGEGEVEN, DAG)]


def test_facts_events_and_types_are_all_ways_to_say_what_follows() -> None:
    """A whole fact, an event whatever its day, or only a type; and what holds then goes on."""
    na = given(TELLER).when(beide).then(Fact(BEVESTIGD, DAG, "Awb 3:41"), MeldingDoorgegeven)
    na.then_state(aantal=2).when(beide).refused("al_gedaan", mentions=["een keer"])
    given(TELLER).when(beide).then_also(DOORGEGEVEN)
    given(TELLER, BEVESTIGD, on=DAG).then_state(aantal=1)


@pytest.mark.parametrize(
    "wrong",
    [
        lambda when: when.then(BEVESTIGD),
        lambda when: when.then(DOORGEGEVEN, BEVESTIGD),
        lambda when: when.then(BEVESTIGD, MeldingDoorgegeven(van="kcc", naar="elders")),
        lambda when: when.then(Fact(BEVESTIGD, date(2017, 2, 16)), DOORGEGEVEN),
        lambda when: when.then(Fact(BEVESTIGD, DAG, "Awb 4:5"), DOORGEGEVEN),
        lambda when: when.then_also(DOORGEGEVEN, BEVESTIGD),
        lambda when: when.refused("al_gedaan"),
        lambda when: when.then(BEVESTIGD, DOORGEGEVEN).then_state(aantal=3),
    ],
)
def test_what_is_otherwise_fails(wrong) -> None:  # type: ignore[no-untyped-def]
    """Too few, another order, other content, day or rule, no refusal, another state."""
    with pytest.raises(AssertionError):
        wrong(given(TELLER).when(beide))


def test_a_refusal_is_held_to_its_reason_kind_and_words() -> None:
    """Another reason, another kind of refusal, words that are not in it, or facts expected: each fails."""
    geweigerd = given(TELLER, BEVESTIGD, on=DAG).when(beide)
    assert geweigerd.refused("al_gedaan").remedy == "Niets."
    for wrong in (
        lambda: geweigerd.refused("anders"),
        lambda: geweigerd.refused("al_gedaan", kind=Forbidden),
        lambda: geweigerd.refused("al_gedaan", mentions=["mandaat"]),
        lambda: geweigerd.then(),
    ):
        with pytest.raises(AssertionError):
            wrong()


def test_a_bare_event_needs_its_day() -> None:
    """A fact happened on a day; without one there is no fact."""
    with pytest.raises(TypeError, match="on which day"):
        given(TELLER, BEVESTIGD)
