"""The matrix of command and state is what the decisions say, not what somebody wrote."""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from typing import Any

import pytest

from casuslog.commands import CommandType
from casuslog.documents._commands import commands_page
from casuslog.documents._states import cell
from casuslog.errors import Refused
from casuslog.events import Fact
from casuslog.rights.commands import command_rights
from casuslog.rights.matrix import matrix
from casuslog.settings import service_class, service_names
from casuslog.toestanden import Outcome, Toestand, Toestanden, Trial, Unreachable, never_accepted
from services.melding.gebeurtenissen import MeldingIngetrokken
from services.melding.service import MeldingService
from services.melding.toestanden import TOESTANDEN

RIGHTS = command_rights()
MELDING = TOESTANDEN[0]
STATES = [
    pytest.param(name, states, id=f"{name}-{states.aggregate.kind}")
    for name in service_names()
    for states in service_class(name).toestanden
]


def melding(commands: Any = MeldingService.commands, states: Toestanden = MELDING) -> Trial:
    """The trial of the stream melding, with other commands or states where a test asks."""
    return Trial("melding", commands, states, RIGHTS)


def with_decide(name: str, decide: Any) -> list[CommandType]:
    """The commands of the service melding, of which one decides otherwise."""
    return [replace(one, decide=decide) if one.name == name else one for one in MeldingService.commands]


def refuse(_: Any) -> list[Fact]:
    """A decision that can never be met."""
    raise Refused("nooit", "Geweigerd.", rule="een regel", remedy="Niets.")


@pytest.mark.parametrize(("service", "states"), STATES)
def test_each_command_is_carried_out_in_some_state(service: str, states: Toestanden) -> None:
    """A command that no state takes lacks a state here, or can never be given at all."""
    trial = Trial(service, service_class(service).commands, states, RIGHTS)
    assert never_accepted(trial.outcomes()) == []


@pytest.mark.parametrize(("service", "states"), STATES)
def test_each_command_has_an_example_and_each_example_a_command(service: str, states: Toestanden) -> None:
    """A new command without an example, or an example that nobody takes any more, is noticed here."""
    trial = Trial(service, service_class(service).commands, states, RIGHTS)
    assert set(trial.commands) == set(states.voorbeelden)
    assert len({one.naam for one in states.toestanden}) == len(states.toestanden)


@pytest.mark.parametrize("service", service_names())
def test_each_kind_of_stream_that_takes_commands_has_states(service: str) -> None:
    """No command stands outside the matrix."""
    cls = service_class(service)
    assert {one.aggregate.kind for one in cls.commands} == {one.aggregate.kind for one in cls.toestanden}


def test_a_command_that_nothing_accepts_is_named() -> None:
    """The check above can fail."""
    assert never_accepted(melding(with_decide("sluit-melding", refuse), _without("afgesloten")).outcomes()) == [
        "sluit-melding"
    ]


def _without(naam: str) -> Toestanden:
    return replace(MELDING, toestanden=tuple(one for one in MELDING.toestanden if one.naam != naam))


def test_another_rule_makes_another_matrix() -> None:
    """A decision that changes changes its cells, and no others; also those of what its facts lead to."""
    before = melding().outcomes()
    taken = [Fact(MeldingIngetrokken(door="inwoner", reden="opgelost"), on=date(2017, 2, 16))]
    after = melding(with_decide("verhelder-vraag", lambda _: taken)).outcomes()
    changed = {key for key, one in before.items() if after[key] != one}
    assert changed == {("verhelder-vraag", naam) for naam in ("niets", "ingetrokken", "afgesloten")}


def test_a_state_that_its_steps_do_not_reach_is_named() -> None:
    """A state whose steps were overtaken by a rule is no silent gap in the matrix."""
    with pytest.raises(Unreachable, match=r"afgesloten strandt op sluit-melding \(nooit\)"):
        melding(with_decide("sluit-melding", refuse)).outcomes()
    nowhere = replace(MELDING, toestanden=(Toestand(naam="zomaar", na=("bevestig-melding",)),))
    with pytest.raises(Unreachable, match=r"zomaar strandt op bevestig-melding \(casus_onbekend\)"):
        melding(states=nowhere).outcomes()


@pytest.mark.parametrize(
    ("outcome", "expected"),
    [
        (Outcome(("a", "b"), (), {"c": "nee"}), "yes"),
        (Outcome(("a",), (), {"b": "later"}), "yes: a"),
        (Outcome((), ("a",), {}), "no change"),
        (Outcome((), (), {"a": "een", "b": "twee", "c": "een_ander"}), "`een`, `twee`"),
        (Outcome((), (), {"c": "een_ander"}), "`een_ander`"),
    ],
)
def test_a_cell_says_who_and_why_not(outcome: Outcome, expected: str) -> None:
    """Why not is told of the roles that may at another time; of the others the row says that they may not."""
    assert cell(outcome, ["a", "b"]) == expected


def test_the_page_shows_the_rules_that_people_ask_for() -> None:
    """Some cells as a reader finds them: the days and roles of the law."""
    page = commands_page(map(service_class, service_names()), matrix(), RIGHTS, "")
    rows = [line for line in page.splitlines() if line.startswith("| `")]
    (neem,) = (row for row in rows if row.startswith("| `neem-besluit`") and row.endswith("consulent, college |"))
    assert (
        neem.split(" | ")[1:9]
        == ["`geen_aanvraag`"] * 2 + ["yes"] * 3 + ["`aanvraag_ingetrokken`"] + ["`besluit_al_genomen`"] * 2
    )
    (keur,) = (row for row in rows if row.startswith("| `keur-zorgovereenkomst-goed`") and "yes: svb" in row)
    assert "`pgb_niet_toegekend`" in keur
    (besluit,) = (row for row in rows if row.startswith("| `neem-besluit` | beschikking"))
    assert "kcc" not in besluit
    assert "Wmo 2015 art. 2.3.5" in besluit
