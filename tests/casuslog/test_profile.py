"""The profile linter against a table of bad events, each with the rule that it breaks."""

from __future__ import annotations

import dataclasses
import timeit
from datetime import UTC, date, datetime, timedelta, timezone
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from casuslog.envelope import Envelope
from casuslog.errors import InvalidInput
from casuslog.identifiers import new_id
from casuslog.profile import MAX_BYTES, check_size, parse_source, validate, validate_attributes
from casuslog.routing import binding, routing_key

BSN = "999990342"
CASUS = "0190a7c2-7f00-7abc-8def-0123456789ab"


def envelope(**changes: Any) -> Envelope:
    """A right envelope, with changes."""
    right: dict[str, Any] = {
        "id": CASUS,
        "source": "urn:nld:oin:00000099000000860000:systeem:melding",
        "type": "nl.overheid.wmo.melding-geregistreerd",
        "time": datetime(2017, 2, 15, 8, 0, tzinfo=UTC),
        "subject": CASUS,
        "dataschema": "/schemas/0123456789abcdef",
        "sequence": 1,
        "gemeente": "0086",
        "stroom": "melding",
        "feitdatum": date(2017, 2, 15),
        "correlationid": CASUS,
        "causationid": CASUS,
        "oorzaak": f"melding/0086/melding/{CASUS}/12",
        "traceparent": "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01",
        "woongemeente": "0086",
        "uitvoerendegemeente": "0086",
        "betalendegemeente": "0080",
        "orgaan": "college van Leeuwarden",
        "titel": "mandaat",
        "thema": "beschermd_wonen",
        "actorrol": "wijkteam",
        "actororganisatie": "00000099000000860000",
        "actorid": new_id(),
        "inrichtingversie": "opsterland@3",
        "grondslag": "Wmo 2015 art. 2.3.2 lid 1; opsterland.yaml:147-156 (004:236-242, 2278-2298)",
        "externereferentie": "Z/2017/00412",
    }
    return Envelope(**{**right, **changes})


BAD: list[tuple[str, Any]] = [
    ("id", "17"),
    ("id", CASUS.upper()),
    ("id", BSN),
    ("id", ""),
    ("id", None),
    ("source", "urn:nld:oin:01823288444:systeem:melding"),
    ("source", "urn:nld:oin:00000099000000860000:systeem:"),
    ("source", "urn:nld:oin:00000099000000860000.melding"),
    ("source", "urn:nld:kvknr:09220932.burgerzakensysteem"),
    ("source", "https://melding.opsterland.nl"),
    ("source", f"urn:nld:oin:00000099000000860000:systeem:melding-{BSN}"),
    ("type", "MeldingGeregistreerd"),
    ("type", "nl.overheid.wmo.MeldingGeregistreerd"),
    ("type", "nl.opsterland.wmo.melding-geregistreerd"),
    ("type", "nl.overheid.wmo.melding-geregistreerd.v1.2"),
    ("type", "nl.overheid.wmo.melding-geregistreerd.v2.v3"),
    ("type", "nl.overheid.wmo.melding-geregistreerd.v0"),
    ("type", "nl.overheid.wmo.melding-geregistreerd.2"),
    ("type", "nl.overheid.wmo."),
    ("type", f"nl.overheid.wmo.melding-geregistreerd-{BSN}"),
    ("type", "nl.overheid.wmo.melding-geregistreerd\n"),
    ("subject", BSN),
    ("subject", "casus-17"),
    ("subject", ""),
    ("dataschema", "/schemas/xyz"),
    ("dataschema", "https://example.org/schemas/0123456789abcdef"),
    ("sequence", 0),
    ("sequence", -1),
    ("sequence", 2**31),
    ("sequence", True),
    ("sequence", "1"),
    ("gemeente", "86"),
    ("gemeente", "opsterland"),
    ("gemeente", "0086\n"),
    ("stroom", "Melding"),
    ("stroom", f"melding{BSN}"),
    ("feitdatum", date(2017, 2, 16)),
    ("time", datetime(2017, 2, 15, 8, 0)),
    ("time", datetime(2017, 2, 15, 8, 0, tzinfo=timezone(timedelta(hours=1)))),
    ("correlationid", BSN),
    ("causationid", "command-1"),
    ("oorzaak", "melding"),
    ("oorzaak", f"melding/0086/melding/{BSN}/1"),
    ("traceparent", "0af7651916cd43dd"),
    ("corrigeert", "het vorige"),
    ("woongemeente", "Opsterland"),
    ("uitvoerendegemeente", "00086"),
    ("betalendegemeente", ""),
    ("orgaan", f"college {BSN}"),
    ("titel", "gemandateerd"),
    ("thema", "beschermd wonen"),
    ("actorrol", "Wijkteam 1"),
    ("actororganisatie", BSN),
    ("actorid", ""),
    ("actorid", "999.990.342"),
    ("inrichtingversie", f"opsterland@{BSN}"),
    ("grondslag", f"gesprek met {BSN}"),
    ("externereferentie", "9999 90 342"),
    ("externereferentie", "a\x00b"),
]


def test_a_right_envelope_passes() -> None:
    """The profile holds for the events that we send."""
    validate(envelope())
    validate(envelope(oorzaak=None, traceparent=None, orgaan=None, titel=None, thema=None, externereferentie=None))
    validate_attributes(envelope().attributes())


@pytest.mark.parametrize(("name", "value"), BAD, ids=[f"{n}={v!r}"[:60].encode().decode() for n, v in BAD])
def test_a_bad_attribute_is_named(name: str, value: Any) -> None:
    """What breaks a rule is refused, and only that attribute is named."""
    with pytest.raises(InvalidInput) as refused:
        validate(envelope(**{name: value}))
    assert set(refused.value.errors) == {name}
    assert BSN not in str(refused.value)


def test_every_broken_rule_has_its_own_entry() -> None:
    """Several faults are told at once, also two in one attribute."""
    with pytest.raises(InvalidInput) as refused:
        validate(envelope(type="nl.opsterland.melding.v1.2", subject=BSN, sequence=0))
    assert set(refused.value.errors) == {"type", "subject", "sequence"}
    assert len(refused.value.errors["type"]) == 3
    assert any("BSN" in told for told in refused.value.errors["subject"])


def test_a_fact_of_the_new_amsterdam_day_is_not_in_the_future() -> None:
    """At 23:30 UTC in winter it is already the next day in the Netherlands."""
    late = datetime(2017, 2, 14, 23, 30, tzinfo=UTC)
    validate(envelope(time=late, feitdatum=date(2017, 2, 15)))
    with pytest.raises(InvalidInput):
        validate(envelope(time=late, feitdatum=date(2017, 2, 16)))


@pytest.mark.parametrize("version", ["", ".v2", ".v17"])
def test_one_version_number_is_allowed(version: str) -> None:
    """A type may end in one v and a number."""
    validate(envelope(type=f"nl.overheid.wmo.melding-geregistreerd{version}"))


BAD_ATTRIBUTES: list[tuple[str, dict[str, Any]]] = [
    ("externeReferentie", {"externeReferentie": "x"}),
    ("externe-referentie", {"externe-referentie": "x"}),
    ("a" * 21, {"a" * 21: "x"}),
    ("data", {"data": "x"}),
    ("wijk", {"wijk": f"inwoner {BSN}"}),
    ("wijk", {"wijk": ""}),
    ("wijk", {"wijk": 7}),
    ("specversion", {"specversion": "0.3"}),
    ("sequence", {"sequence": "01"}),
    ("sequence", {"sequence": "2147483648"}),
    ("sequencetype", {"sequencetype": "Hex"}),
    ("time", {"time": "gisteren"}),
    ("time", {"time": "2017-02-15T09:00:00+01:00"}),
    ("feitdatum", {"feitdatum": "2017-02-16"}),
    ("feitdatum", {"feitdatum": "16 februari"}),
    ("type", {"type": "nl.overheid.wmo.melding-geregistreerd.v1.2"}),
    ("source", {"source": "urn:nld:oin:01823288444:systeem:melding"}),
]


@pytest.mark.parametrize(("name", "changes"), BAD_ATTRIBUTES, ids=[str(c)[:60] for _, c in BAD_ATTRIBUTES])
def test_bad_attributes_are_named(name: str, changes: dict[str, Any]) -> None:
    """Names, extensions and texts of numbers and days are checked as they stand on the wire."""
    with pytest.raises(InvalidInput) as refused:
        validate_attributes({**envelope().attributes(), **changes})
    assert set(refused.value.errors) == {name}


@pytest.mark.parametrize("name", ["id", "source", "type", "specversion", "subject", "sequence", "time", "actorid"])
def test_a_missing_attribute_is_named(name: str) -> None:
    """What is required may not be left out."""
    attributes = envelope().attributes()
    del attributes[name]
    with pytest.raises(InvalidInput) as refused:
        validate_attributes(attributes)
    assert name in refused.value.errors or "sequencetype" in refused.value.errors


def test_a_foreign_event_is_judged_leniently() -> None:
    """Inbound, another type prefix and the dotted source of the profile's own example pass; a BSN never does."""
    foreign = {
        "specversion": "1.0",
        "id": "doc2021033441",
        "source": "urn:nld:kvknr:09220932.burgerzakensysteem",
        "type": "nl.brp.verhuizing.binnengemeentelijk",
    }
    validate_attributes(foreign, inbound=True)
    for changes in ({"subject": BSN}, {"type": "verhuizing"}, {"type": "nl.brp.verhuizing.v1.2"}, {"source": "x"}):
        with pytest.raises(InvalidInput):
            validate_attributes({**foreign, **changes}, inbound=True)


def test_a_source_is_read_with_a_dot_and_with_a_colon() -> None:
    """The profile's examples use both separators."""
    assert parse_source("urn:nld:oin:00000001823288444000:systeem:BRP-component").system == "BRP-component"
    assert parse_source("urn:nld:kvknr:09220932.burgerzakensysteem").number == "09220932"
    assert parse_source("urn:nld:oin:01823288444:systeem:x").kind == "oin"
    with pytest.raises(ValueError, match="no source"):
        parse_source("urn:isbn:123")


def test_an_event_of_more_than_64_kilobytes_is_refused() -> None:
    """Attributes and body together stay within what every intermediary forwards."""
    attributes = envelope().attributes()
    check_size(attributes, b"x" * 60_000)
    with pytest.raises(InvalidInput) as refused:
        check_size(attributes, b"x" * (MAX_BYTES - 100))
    assert refused.value.status == 413


def test_the_routing_key_has_four_words() -> None:
    """Gemeente, service, name and bucket; a version suffix adds no word."""
    first = routing_key(envelope())
    assert first.split(".")[:3] == ["0086", "melding", "melding-geregistreerd"]
    second = routing_key(envelope(type="nl.overheid.wmo.melding-geregistreerd.v2"))
    assert second.split(".")[2:] == ["melding-geregistreerd-v2", first.split(".")[3]]


def test_an_inbox_binds_whole_streams() -> None:
    """The pattern names the service, and the gemeente where there is one."""
    assert binding("melding") == "*.melding.#"
    assert binding("melding", "0086") == "0086.melding.#"


@given(st.text(max_size=12), st.text(max_size=12), st.sampled_from(["", ".", " ", "-", " - "]))
def test_no_bsn_passes_in_a_free_text(before: str, after: str, separator: str) -> None:
    """Whatever stands around it, a BSN in a free attribute is refused."""
    hidden = separator.join(BSN)
    text = f"{before}x{hidden}x{after}"
    with pytest.raises(InvalidInput):
        validate(envelope(grondslag=text))


def test_validation_is_quick_enough_for_the_append_path() -> None:
    """It costs tens of microseconds at most, on a slow and busy machine too."""
    right = envelope()
    best = min(timeit.repeat(lambda: validate(right), number=200, repeat=5)) / 200
    assert best < 100e-6


def test_the_forms_cover_the_envelope() -> None:
    """Every attribute of the envelope is checked: a new one must choose its rule."""
    from casuslog import profile

    checked = {*profile._FORM_NAMES, *profile._TEXTS, "time", "sequence", "feitdatum", "geimporteerd"}
    assert checked == {field.name for field in dataclasses.fields(Envelope)}
