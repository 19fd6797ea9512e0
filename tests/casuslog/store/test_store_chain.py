"""The chain: one text per envelope, whatever makes it."""

import json
from dataclasses import MISSING, fields, replace
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from casuslog.clock import SettableClock
from casuslog.envelope import Envelope, Stream
from casuslog.errors import InvalidInput
from casuslog.events import Fact
from casuslog.identifiers import new_id
from casuslog.recorded import Context
from casuslog.store import GENESIS, _moulds, canonical
from casuslog.store._making import Writer
from casuslog.store._moulds import text_of
from casuslog.testing._proef import DAY, ProefGeteld, context, counted, oin_of, proef_codec, stream

_WRITER = Writer("proef", proef_codec(), SettableClock(DAY), oin_of)
_FREE = ("orgaan", "actororganisatie", "inrichtingversie", "grondslag", "externereferentie")
_MAY_BE_ABSENT = [one.name for one in fields(Envelope) if one.default is not MISSING and one.name != "geimporteerd"]


@given(attributes=st.dictionaries(st.text(), st.text()))
def test_the_text_of_an_envelope_is_json_in_one_form(attributes: dict[str, str]) -> None:
    """Sorted keys, no spaces, no escapes beyond JSON's own: any JSON writer can make the same text and check a hash."""
    assert canonical(attributes) == json.dumps(attributes, sort_keys=True, separators=(",", ":"), ensure_ascii=False)


@given(
    said=st.text(alphabet=st.characters(codec="utf-8", exclude_categories=["Cc"]), max_size=40),
    absent=st.sets(st.sampled_from(["oorzaak", "traceparent", "externereferentie", "thema", "woongemeente"])),
    imported=st.booleans(),
)
@settings(deadline=None)  # the first time it reads the schemas
def test_events_of_one_kind_have_the_same_text_as_by_themselves(said: str, absent: set[str], imported: bool) -> None:
    """What events have in common is written once; each text is what its own attributes give, whatever they hold."""
    free = said.translate(_WITHOUT_DIGITS)
    if not free.isprintable():
        free = ""
    known: dict[str, Any] = {
        "inrichtingversie": f"100%s {free}",
        "externereferentie": f"%d {free}",
        "oorzaak": f"onderzoek/0080/onderzoek/{new_id()}/3",
        "traceparent": f"00-{'a' * 32}-{'b' * 16}-01",
        "thema": "huishouden",
        "woongemeente": "0074",
        "geimporteerd": imported,
    }
    given_now = {name: value for name, value in known.items() if name not in absent}
    for _ in range(2):  # the second time all kinds are known
        around, where = context(**given_now), stream()
        facts = [
            *counted(1, 2, rule='art. "2" % \\'),
            *counted(3, attributes={"titel": "mandaat"}),
            *counted(4, corrects=around.causationid),
            *counted(5),
        ]
        for number, made in enumerate(_WRITER.make(where, 0, facts, around, GENESIS), 1):
            expected = _by_itself(made.envelope.id, where, number, facts[number - 1], around)
            assert made.text == canonical(expected.attributes())
            assert made.envelope == expected


def _by_itself(event_id: str, where: Stream, number: int, fact: Fact, around: Context) -> Envelope:
    of_context = {one.name: getattr(around, one.name) for one in fields(Context) if one.name != "actor"}
    return Envelope(
        id=event_id,
        source=f"urn:nld:oin:{oin_of('0080')}:systeem:proef",
        type=ProefGeteld.__event__.wire_type,
        time=_WRITER.clock.now(),
        subject=where.id,
        dataschema=_WRITER.codec.dataschema_of(ProefGeteld),
        sequence=number,
        gemeente="0080",
        stroom="proef",
        feitdatum=fact.on,
        corrigeert=fact.corrects,
        grondslag=fact.grondslag,
        actorrol="consulent",
        actororganisatie="0080",
        actorid="p-17",
        **{**of_context, **fact.attributes},
    )


@pytest.mark.parametrize(
    ("name", "wrong"),
    [
        ("externereferentie", "nummer 999990342"),
        ("externereferentie", "een\nregel"),
        ("correlationid", "999990342"),
        ("causationid", "geen uuid"),
        ("oorzaak", "onderzoek/0080"),
        ("traceparent", "00-01"),
        ("titel", "eigenaar"),
        ("actorid", ""),
    ],
)
def test_what_is_wrong_is_told_also_where_the_kind_was_right_before(name: str, wrong: str) -> None:
    """That a kind was found right says nothing of what differs in it: each envelope is held to the whole profile."""
    good = context(externereferentie="zaak 12")
    assert _WRITER.make(stream(), 0, counted(1), good, GENESIS)
    bad = replace(good, actor=replace(good.actor, id=wrong)) if name == "actorid" else replace(good, **{name: wrong})
    for _ in range(2):
        with pytest.raises(InvalidInput) as refused:
            _WRITER.make(stream(), 0, counted(1), bad, GENESIS)
        assert name in refused.value.errors
    with pytest.raises(InvalidInput):
        _WRITER.make(stream(subject="999990342"), 0, counted(1), good, GENESIS)


def test_what_is_remembered_of_kinds_is_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    """A service that meets ever more of them forgets them all at some point, and goes on."""
    monkeypatch.setattr(_moulds, "MOST", 10)
    special = [replace(fact, attributes={"orgaan": "college"}) for fact in counted(1)]
    writer = Writer("proef", proef_codec(), SettableClock(DAY), oin_of)
    for number in range(35):
        around = context(inrichtingversie=f"leeuwarden@{number}")
        [made] = writer.make(stream(), 0, counted(1), around, GENESIS)
        assert f'"leeuwarden@{number}"' in made.text
        assert len(writer._moulds._of_kind) <= 11
    for number in range(35):
        # Each is checked by itself, for the fact says something of its own; or it is refused.
        writer.make(stream(), 0, special, context(inrichtingversie=f"elders@{number}"), GENESIS)
        with pytest.raises(InvalidInput):
            writer.make(stream(), 0, counted(1), context(thema=f"Ongeldig {number}"), GENESIS)
        assert len(writer._moulds._of_kind) <= 11


@given(
    missing=st.sets(st.sampled_from(_MAY_BE_ABSENT)),
    said=st.text(alphabet=st.characters(codec="utf-8"), min_size=1, max_size=40),
    imported=st.booleans(),
)
@settings(deadline=None)  # the first time it reads the schemas
def test_the_text_of_an_envelope_is_that_of_its_attributes(missing: set[str], said: str, imported: bool) -> None:
    """Written out, the text is to the byte what the attributes give: whichever are absent, whatever free texts hold."""
    full = dict.fromkeys(_MAY_BE_ABSENT, "melding") | dict.fromkeys(_FREE, said)
    given_now = dict.fromkeys(missing) | {"grondslag": "" if "grondslag" in missing else said}
    [made] = Writer("proef", proef_codec(), SettableClock(DAY), oin_of).make(
        stream(), 0, counted(1), context(), GENESIS
    )
    envelope = replace(made.envelope, **(full | given_now), actorid=said, geimporteerd=imported)
    assert text_of(envelope) == canonical(envelope.attributes())


_WITHOUT_DIGITS = dict.fromkeys(range(0x30, 0x3A))
