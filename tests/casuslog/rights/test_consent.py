"""Consent is given under the law of its day."""

from __future__ import annotations

from datetime import date

import pytest

from casuslog.rights.events import ToestemmingGegeven, toestemming_gegeven


@pytest.mark.parametrize(
    ("op", "wet"),
    [(date(2018, 5, 24), "Wbp art. 8 onder a"), (date(2018, 5, 25), "AVG art. 6 lid 1 onder a")],
)
def test_consent_rests_on_the_wbp_until_the_avg_applied(op: date, wet: str) -> None:
    """The AVG applies from 25 May 2018."""
    fact = toestemming_gegeven("derde", ("afspraken",), op=op)
    assert fact.data == ToestemmingGegeven(aan="derde", omvang=("afspraken",))
    assert (fact.on, fact.grondslag) == (op, wet)
