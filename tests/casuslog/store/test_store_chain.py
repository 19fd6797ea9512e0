"""The chain: one text per envelope, whatever makes it."""

import json
from dataclasses import MISSING, fields, replace

from hypothesis import given, settings
from hypothesis import strategies as st

from casuslog.clock import SettableClock
from casuslog.envelope import Envelope
from casuslog.store import GENESIS, canonical
from casuslog.store._making import Writer, text_of
from casuslog.testing._proef import DAY, context, counted, oin_of, proef_codec, stream

_FREE = ("orgaan", "actororganisatie", "inrichtingversie", "grondslag", "externereferentie")
_MAY_BE_ABSENT = [one.name for one in fields(Envelope) if one.default is not MISSING and one.name != "geimporteerd"]


@given(attributes=st.dictionaries(st.text(), st.text()))
def test_the_text_of_an_envelope_is_json_in_one_form(attributes: dict[str, str]) -> None:
    """Sorted keys, no spaces, no escapes beyond JSON's own: any JSON writer can make the same text and check a hash."""
    assert canonical(attributes) == json.dumps(attributes, sort_keys=True, separators=(",", ":"), ensure_ascii=False)


@given(said=st.text(alphabet=st.characters(codec="utf-8", exclude_categories=["Cc"]), max_size=40))
def test_events_of_one_append_have_the_same_text_as_by_themselves(said: str) -> None:
    """What an append has in common is written once; each text is what its own attributes give, whatever they hold."""
    writer = Writer("proef", proef_codec(), SettableClock(DAY), oin_of)
    known = context(inrichtingversie=f"100%s {said.translate(_WITHOUT_DIGITS)}")
    facts = [
        *counted(1, 2, rule='art. "2" % \\'),
        *counted(3, attributes={"titel": "mandaat"}),
        *counted(4, corrects=known.causationid),
        *counted(5),
    ]
    for made in writer.make(stream(), 0, facts, known, GENESIS):
        assert made.text == canonical(made.envelope.attributes())
        assert Envelope.from_attributes(json.loads(made.text)) == made.envelope


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
