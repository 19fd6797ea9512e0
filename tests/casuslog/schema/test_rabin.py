"""The fingerprint that names a schema on the wire is the one that fastavro, and so everybody, computes."""

from __future__ import annotations

from fastavro.schema import fingerprint
from hypothesis import given
from hypothesis import strategies as st

from casuslog.schema._rabin import rabin


@given(st.text())
def test_a_fingerprint_is_that_of_fastavro(text: str) -> None:
    """For any text the bytes are those of fastavro's CRC-64-AVRO."""
    assert rabin(text.encode()).hex() == fingerprint(text, "CRC-64-AVRO")
