"""What the answer of a webhook means, and what is kept of one."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

import pytest

from casuslog.http.outward import SECONDS
from services.abonnement import oordeel as o
from services.abonnement.levering import IN_QUEUE
from tests.services.abonnement.webhookproef import stel_in
from tests.services.abonnement.wereld import Wereld

pytestmark = pytest.mark.usefixtures("dienst")


def test_delays_double_up_to_half_a_day(wereld):
    """And are never shorter than a receiver asked."""
    seconds = [o.volgende(n).total_seconds() for n in (1, 2, 3, 12, 13, 14, 50)]
    assert seconds == [10, 20, 40, 20480, 40960, 43200, 43200]
    assert o.volgende(1, timedelta(hours=1)) == timedelta(hours=1)


@pytest.mark.parametrize(
    ("text", "expected"),
    [("120", 120), ("0", 0), ("99999999999", 86400), ("", None), (None, None), ("straks", None), ("-5", None)],
)
def test_retry_after_in_seconds(wereld, text, expected):
    """A number of seconds, at most a day; what cannot be read says nothing."""
    found = o.gevraagd(text, wereld.clock.now())
    assert found == (None if expected is None else timedelta(seconds=expected))


def test_retry_after_as_a_date(wereld):
    """A moment, as HTTP writes it; one that is past is now."""
    nu = wereld.clock.now()
    for hours, expected in ((2, 2), (-2, 0), (100, 24)):
        text = (nu + timedelta(hours=hours)).strftime("%a, %d %b %Y %H:%M:%S GMT")
        assert o.gevraagd(text, nu) == timedelta(hours=expected)


def test_the_documents_name_the_bounds_that_hold():
    """What a verwerkersovereenkomst and a receiver are told of days, hours and messages is what the code does."""
    docs = Path(__file__).parents[3] / "docs"
    avg, example = (docs / "avg.md").read_text(), (docs / "examples" / "webhook" / "README.md").read_text()
    assert f"wordt het {o.OPGEVEN_NA.days} dagen lang opnieuw geprobeerd" in avg
    assert f"liggen hooguit {IN_QUEUE} berichten" in avg
    assert f"after {o.OPGEVEN_NA.days} days the webhook is suspended" in example
    assert f"at most {o.LANGSTE.total_seconds() / 3600:.0f} hours" in example
    assert f"nothing in {SECONDS:.0f} seconds" in example


def test_what_a_database_holds_of_a_webhook_is_not_readable(wereld: Wereld, tmp_path: Path):
    """No URL, key or name stands readable in a database file: they are kept encrypted or elsewhere."""
    abonnement = wereld.ken_toe()
    stel_in(wereld, abonnement, "https://ontvanger.example/geheim-pad")
    content = b"".join(path.read_bytes() for path in tmp_path.rglob("*.db*"))
    assert abonnement.encode() in content
    assert b"geheim-pad" not in content
