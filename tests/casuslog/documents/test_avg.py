"""The page on the AVG says of everything that is kept what it is, and of the law what the data say."""

from __future__ import annotations

import pytest
import yaml

from casuslog.codes import codes, schemas_folder
from casuslog.documents import _avg, _gemeenten
from casuslog.errors import InvalidInput


def test_a_table_that_nobody_described_is_an_error(monkeypatch: pytest.MonkeyPatch):
    """Nothing is kept in silence; and what is described exists."""
    told = _avg._described()
    assert "`events`" in _avg.storage()
    monkeypatch.setattr(_avg, "_described", lambda: {k: v for k, v in told.items() if k != "parked"})
    with pytest.raises(InvalidInput, match="lacks the tables \\['parked'\\]"):
        _avg.storage()
    monkeypatch.setattr(_avg, "_described", lambda: {**told, "verdwenen": told["events"]})
    with pytest.raises(InvalidInput, match="describes \\['verdwenen'\\]"):
        _avg.storage()


def test_every_term_and_every_activity_of_the_data_is_told():
    """A gemeente that changes a term in its file reads it here."""
    terms = yaml.safe_load((schemas_folder() / "bewaartermijnen.yaml").read_text())["termijnen"]
    told = _avg.retention()
    for term in terms:
        length = f"{term['jaren']} jaar" if "jaren" in term else f"{term['dagen']} dagen"
        assert f"| {term['resultaat']} | {length} |" in told
    activities = yaml.safe_load((schemas_folder() / "verwerkingsactiviteiten.yaml").read_text())["activiteiten"]
    assert all(f"`{one['code']}`" in _avg.activities() for one in activities)


def test_events_with_personal_data_are_listed_with_those_fields_alone():
    """A melding has a name; an opdracht to an aanbieder has what the class of each field says."""
    row = next(line for line in _avg.personal().splitlines() if "[melding-geregistreerd]" in line)
    fields = row.split("|")[3]
    assert "naam" in fields
    assert "kanaal" not in fields


def test_the_table_of_gemeenten_has_each_with_its_days():
    """A gemeente that was abolished has its last day, and stands among the changes."""
    page = _gemeenten.gemeenten_page()
    for code in codes("gemeente").codes.values():
        assert page.count(f"| {code.code} | {code.omschrijving} |") == 1
    assert "| 0140 | Littenseradiel | `littenseradiel` | 00000099000001400000 | 2011-01-01 | 2017-12-31 |" in page
    assert "- 2017-12-31: 0140 Littenseradiel: last day" in page


def test_every_code_list_is_named():
    """With its source and how many codes it has."""
    page = _gemeenten.lists_page()
    for path in (schemas_folder() / "codelijsten").glob("*.yaml"):
        assert f"[{path.stem}](" in page
