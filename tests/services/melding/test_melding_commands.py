"""Commands of the melding as they come in: what loads, and what is said of what does not."""

from __future__ import annotations

import json
from datetime import date
from pathlib import Path
from typing import Any

import pytest
from marshmallow import Schema, ValidationError

from casuslog.edge import NOBODY
from services.inrichting.compileren import compile_beleid
from services.inrichting.model import load_folder, load_verbanden
from services.melding import commands as c
from services.melding import opdrachten as o
from services.melding.inrichting import MeldingInrichting

FOLDER = Path(__file__).resolve().parents[3] / "deploy" / "inrichtingen"
OP = {"op": "2017-02-15"}


def fouten(schema: Schema, **body: Any) -> dict[str, Any]:
    with pytest.raises(ValidationError) as gevangen:
        schema.load({**OP, **body})
    found: dict[str, Any] = gevangen.value.messages_dict
    return found


def test_a_melding_loads_into_its_frozen_command() -> None:
    """Names, codes and a gemeente by key load; the actor is not the caller's to name."""
    loaded = c.REGISTREER_MELDING.load(
        {**OP, "kanaal": "telefoon", "woongemeente": "opsterland", "bsn": "999990342", "naam": " T "}
    )
    assert loaded == o.RegistreerMelding(
        op=date(2017, 2, 15), door=NOBODY, kanaal="telefoon", woongemeente="0086", bsn="999990342", naam="T"
    )
    assert "door" in fouten(c.REGISTREER_MELDING, door={"rol": "college"})


@pytest.mark.parametrize("bsn", ["000000000", "999990343", "99999034", "abc", ""])
def test_a_wrong_bsn_is_refused_without_repeating_it(bsn: str) -> None:
    """Elfproef and nine zeros are checked; the message does not carry the number; leaving it out is right."""
    found = fouten(c.REGISTREER_MELDING, bsn=bsn)
    assert "bsn" in found
    assert not bsn or bsn not in json.dumps(found)


@pytest.mark.parametrize(
    ("schema", "body", "veld"),
    [
        (c.REGISTREER_MELDING, {"kanaal": "rooksignaal"}, "kanaal"),
        (c.REGISTREER_MELDING, {"woongemeente": "9999"}, "woongemeente"),
        (c.REGISTREER_MELDING, {"thema": "anders"}, "thema"),
        (c.REGISTREER_MELDING, {"melder": "buurman"}, "melder"),
        (c.REGISTREER_MELDING, {"inkomen": "1000"}, "inkomen"),
        (c.VERHELDER_VRAAG, {"vraag": ""}, "vraag"),
        (c.VERHELDER_VRAAG, {}, "vraag"),
        (c.VERWIJS_DOOR, {"naar": "x", "soort": "voorliggend"}, "soort"),
        (c.BEVESTIG_MELDING, {"aan": ["de buurt"]}, "aan"),
        (c.BIED_CLIENTONDERSTEUNING_AAN, {"moment": "ooit"}, "moment"),
        (c.GEEF_TOESTEMMING, {"aan": "derde", "omvang": ["alles"]}, "omvang"),
        (c.SLUIT_MELDING, {"reden": "afgewezen"}, "reden"),
        (c.TREK_MELDING_IN, {"reden": "omdat"}, "reden"),
        (c.TEL_GEBRUIK_ALGEMENE_VOORZIENING, {"voorziening": "hh1", "aantal": 0}, "aantal"),
        (c.REGISTREER_CONTACT, {"op": "gisteren"}, "op"),
    ],
)
def test_what_a_command_does_not_know_is_named_by_field(schema: Schema, body: dict[str, Any], veld: str) -> None:
    """An unknown code, gemeente or field, or a missing one, is refused with the field that it is about."""
    assert veld in fouten(schema, **body)


@pytest.mark.parametrize(
    ("schema", "body", "verwacht"),
    [
        (
            c.REGISTREER_CONTACT,
            {"punt": "kcc_zorg"},
            o.RegistreerContact(op=date(2017, 2, 15), door=NOBODY, punt="kcc_zorg"),
        ),
        (
            c.VERHELDER_VRAAG,
            {"vraag": "hulp", "overig": {"huisarts": "x"}},
            o.VerhelderVraag(op=date(2017, 2, 15), door=NOBODY, vraag="hulp", overig={"huisarts": "x"}),
        ),
        (
            c.BEVESTIG_MELDING,
            {"aan": ["inwoner"], "ontvangstbericht_aan_melder": True},
            o.BevestigMelding(op=date(2017, 2, 15), door=NOBODY, ontvangstbericht_aan_melder=True),
        ),
        (
            c.GEEF_TOESTEMMING,
            {"aan": "derde", "omvang": []},
            o.GeefToestemming(op=date(2017, 2, 15), door=NOBODY, aan="derde", omvang=()),
        ),
        (c.ACCEPTEER_OVERDRACHT, {}, o.AccepteerOverdracht(op=date(2017, 2, 15), door=NOBODY)),
        (c.GEEF_MELDING_DOOR, {"naar": "team"}, o.GeefMeldingDoor(op=date(2017, 2, 15), door=NOBODY, naar="team")),
        (c.SLA_CLIENTONDERSTEUNING_AF, {}, o.SlaClientondersteuningAf(op=date(2017, 2, 15), door=NOBODY)),
    ],
)
def test_a_right_body_loads_into_its_command(schema: Schema, body: dict[str, Any], verwacht: object) -> None:
    """Each schema loads into the command of its own decision, with tuples and dates."""
    assert schema.load({**OP, **body}) == verwacht


def test_every_documented_gemeente_can_be_read() -> None:
    """The beleid of each version of each documented gemeente gives a MeldingInrichting."""
    gelezen = {}
    for document in load_folder(FOLDER):
        for nummer in range(1, len(document.versies) + 1):
            inrichting = MeldingInrichting.van_beleid(compile_beleid(document, load_verbanden(FOLDER), nummer))
            gelezen[inrichting.versie] = inrichting
    assert gelezen["den-haag@1"].vorm_van("hulp_bij_huishouden") == "formulier"
    assert gelezen["den-haag@2"].vorm_van("hulp_bij_huishouden") == "vormvrij"
    assert gelezen["opsterland@1"].clientondersteuning_momenten == ("bevestiging",)
    assert gelezen["harlingen@1"].is_algemeen("huishoudelijke_hulp_1")
    assert not gelezen["harlingen@1"].is_algemeen("huishoudelijke_hulp_2")
    triage = gelezen["de-fryske-marren@1"].triage
    assert triage is not None
    assert (triage.punt, triage.doorgeven_aan) == ("kcc_zorg", "sociaal_wijkteam")
