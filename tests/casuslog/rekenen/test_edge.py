from dataclasses import dataclass
from datetime import date

import pytest
from marshmallow import ValidationError, fields

from casuslog import edge
from casuslog.envelope import Actor


@dataclass(frozen=True, kw_only=True)
class _Vraag:
    op: date
    door: Actor
    soort: str
    uren: int
    tarief_cent: int | None = None
    weken: int | None = None
    velden: tuple[str, ...] = ()
    toelichting: str | None = None


class _Schema(edge.CommandSchema):
    into = _Vraag
    soort = edge.Code(("a", "b"), required=True)
    uren = edge.Uren(required=True)
    tarief_cent = edge.Euro(data_key="tarief")
    weken = fields.Integer(strict=True)
    velden = edge.TupleOf(edge.Code())
    toelichting = edge.Text()


SCHEMA = _Schema()


def test_a_body_becomes_the_frozen_command():
    """Hours become minutes, euro's become cents, lists become tuples, and nobody acts until the caller is known."""
    gemaakt = SCHEMA.load(
        {"op": "2017-02-13", "soort": "a", "uren": "2.5", "tarief": "23.29", "velden": ["x"], "toelichting": "  "}
    )
    assert gemaakt == _Vraag(
        op=date(2017, 2, 13), door=edge.NOBODY, soort="a", uren=150, tarief_cent=2329, velden=("x",), toelichting=None
    )


@pytest.mark.parametrize(
    ("veld", "waarde", "woord"),
    [
        ("uren", "drie", "schrijf een getal"),
        ("uren", 2.5, "schrijf een getal"),
        ("uren", True, "schrijf een getal"),
        ("uren", "-1", "onder nul"),
        ("uren", "10001", "te groot"),
        ("uren", "221227378329103782099848563", "schrijf een getal"),
        ("tarief", "10000000.01", "te groot"),
        ("weken", 2**31, "te groot"),
        ("soort", "c", "kies uit a, b"),
        ("soort", " ", "mag niet leeg zijn"),
        ("op", "gisteren", "goede vorm"),
        ("door", {"rol": "svb"}, "kent dit veld niet"),
    ],
)
def test_a_wrong_field_is_refused_in_dutch_under_its_own_name(veld, waarde, woord):
    """Each wrong field says what would be right; a body cannot say who acts."""
    with pytest.raises(ValidationError) as fout:
        SCHEMA.load({"op": "2017-02-13", "soort": "a", "uren": "1", veld: waarde})
    assert woord in fout.value.normalized_messages()[veld][0]


def test_a_missing_field_is_said_to_be_required():
    """What the command needs and does not get is named."""
    with pytest.raises(ValidationError) as fout:
        SCHEMA.load({"op": "2017-02-13", "soort": "a"})
    assert fout.value.normalized_messages() == {"uren": ["verplicht"]}
