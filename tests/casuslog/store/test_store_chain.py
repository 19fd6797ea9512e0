"""The chain: one text per envelope, whatever makes it."""

import json

from hypothesis import given
from hypothesis import strategies as st

from casuslog.store import canonical


@given(attributes=st.dictionaries(st.text(), st.text()))
def test_the_text_of_an_envelope_is_json_in_one_form(attributes: dict[str, str]) -> None:
    """Sorted keys, no spaces, no escapes beyond JSON's own: any JSON writer can make the same text and check a hash."""
    assert canonical(attributes) == json.dumps(attributes, sort_keys=True, separators=(",", ":"), ensure_ascii=False)
