from datetime import date

from casuslog.events import VERNIETIGD
from services.beschikking.voorkennis import NIETS_BEKEND, Tariefkennis, bekend

OP = date(2017, 2, 15)


def test_a_term_of_another_kind_says_nothing_of_the_onderzoek():
    """Only the term of the onderzoek opens the way to an aanvraag."""
    assert bekend(NIETS_BEKEND, "termijn-gestart", {"soort": "besluit", "uiterlijk": OP}, OP) == NIETS_BEKEND
    assert bekend(NIETS_BEKEND, "termijn-overschreden", {"soort": "persoonlijk_plan"}, OP) == NIETS_BEKEND
    verstreken = bekend(NIETS_BEKEND, "termijn-overschreden", {"soort": "onderzoek"}, OP)
    assert verstreken.mag_aanvragen(OP)


def test_a_finished_onderzoek_leaves_no_term_that_passed():
    """An onderzoek that was finished late is finished: the aanvraag follows from it, not from the term."""
    kennis = bekend(NIETS_BEKEND, "termijn-overschreden", {"soort": "onderzoek"}, OP)
    kennis = bekend(kennis, "onderzoek-afgerond", {"uitkomst": ()}, OP)
    assert kennis.mag_aanvragen(OP)
    assert not kennis.termijn_verstreken(OP)


def test_what_was_destroyed_counts_as_absent():
    """A destroyed field is an answer, not an error."""
    kennis = bekend(NIETS_BEKEND, "onderzoek-afgerond", {"uitkomst": VERNIETIGD}, OP)
    assert (kennis.onderzoek_afgerond_op, kennis.uitkomst) == (OP, ())
    assert bekend(NIETS_BEKEND, "pgb-tarief-berekend", {"regel": VERNIETIGD}, OP) == NIETS_BEKEND


def test_a_later_tariff_of_a_line_replaces_the_earlier_one():
    """Per line the last computed tariff counts."""
    kennis = NIETS_BEKEND
    for cent in (2000, 2329):
        kennis = bekend(kennis, "pgb-tarief-berekend", {"regel": 1, "tarief_cent": cent, "eenheid": "uur"}, OP)
    assert kennis.pgb_tarieven == {1: Tariefkennis(2329, "uur")}


def test_an_event_that_does_not_matter_changes_nothing():
    """What a besluit does not look at is not kept."""
    assert bekend(NIETS_BEKEND, "gesprek-gevoerd", {"vorm": "huisbezoek"}, OP) == NIETS_BEKEND
