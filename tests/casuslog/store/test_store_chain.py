"""The chain: one text per envelope, whatever makes it."""

import json

from hypothesis import given
from hypothesis import strategies as st

from casuslog.clock import SettableClock
from casuslog.envelope import Envelope
from casuslog.store import GENESIS, canonical
from casuslog.store._making import Writer
from casuslog.testing._proef import DAY, context, counted, oin_of, proef_codec, stream


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


_WITHOUT_DIGITS = dict.fromkeys(range(0x30, 0x3A))
