"""When ``casuslog vernietig`` refuses: nothing is changed then."""

from __future__ import annotations

from datetime import date

from casuslog.caller import Caller
from casuslog.http.client import Problem
from tests.casuslog.vernietigen.conftest import HARLINGEN, LAATSTE_DAG, NA_DE_TERMIJN, Zaak2

BEZWAAR = Caller("bezwaarbehandelaar", HARLINGEN, "bezwaar-1", (HARLINGEN,), "bezwaar")
HOLD = {"gemeente": HARLINGEN, "soort": "lopend_bezwaar", "kenmerk": "BZW-2032-4"}


def test_the_retention_term_stands_to_its_last_day(zaak2: Zaak2) -> None:
    """On the last day of the fifteen years it is refused, with the term and its source; the day after it may."""
    zaak2.laat_het_zijn(LAATSTE_DAG)
    refused = zaak2.vernietig()
    assert refused.exit_code == 1
    assert "bewaard tot en met 2032-12-31" in refused.output
    assert "15 jaar" in refused.output
    zaak2.laat_het_zijn(date(2033, 1, 1))
    assert zaak2.vernietig("--proef").exit_code == 0


def test_a_trial_shows_what_would_go_and_changes_nothing(zaak2: Zaak2) -> None:
    """Streams, keys and who would have to acknowledge; the casus can still be read."""
    zaak2.laat_het_zijn(NA_DE_TERMIJN)
    shown = zaak2.vernietig("--proef").output
    assert "te vernietigen sleutels: 8" in shown
    assert "pgb" in shown
    assert "historie" in shown
    assert "Testpersoon demo 2" in str(zaak2.platform.events("melding", zaak2.casus))


def test_a_hold_stands_in_the_way_until_it_is_lifted(zaak2: Zaak2) -> None:
    """A running bezwaar, recorded by who handles it, refuses a destruction on any ground; lifted, it does not."""
    zaak2.laat_het_zijn(NA_DE_TERMIJN)
    api = zaak2.platform.api
    api.command("historie", "schort-vernietiging-op", {**HOLD, "casus": zaak2.casus}, BEZWAAR)
    for words in ((), ("--grond", "verzoek_betrokkene"), ("--fase", "melding")):
        refused = zaak2.vernietig(*words)
        assert refused.exit_code == 1
        assert "opgeschort: lopend_bezwaar (BZW-2032-4)" in refused.output
    api.command("historie", "hef-opschorting-op", {**HOLD, "casus": zaak2.casus}, BEZWAAR)
    assert zaak2.vernietig("--proef").exit_code == 0


def test_only_who_may_holds_up_a_destruction(zaak2: Zaak2) -> None:
    """A consulent cannot; nor does a reference hold a BSN."""
    api, consulent = zaak2.platform.api, Caller("consulent", HARLINGEN, "consulent-1", (HARLINGEN,))
    codes = []
    for body, caller in ((HOLD, consulent), ({**HOLD, "kenmerk": "zaak 999900006"}, BEZWAAR)):
        try:
            api.command("historie", "schort-vernietiging-op", {**body, "casus": zaak2.casus}, caller)
        except Problem as problem:
            codes.append(problem.code)
    assert codes == ["rol_mag_niet_opschorten", "ongeldige_invoer"]


def test_another_role_destroys_nothing(zaak2: Zaak2) -> None:
    """The beheerder runs the machine; he does not decide what is destroyed."""
    refused = zaak2.vernietig("--rol", "beheerder")
    assert refused.exit_code == 1
    assert "De rol beheerder vernietigt niet" in refused.output


def test_a_refusal_is_recorded_and_a_trial_is_not(zaak2: Zaak2) -> None:
    """Who tried to destroy what may not be destroyed stands in the stream of keeping the casus, with the reason."""
    zaak2.laat_het_zijn(LAATSTE_DAG)
    before = len(zaak2.platform.events("historie", zaak2.casus))
    assert zaak2.vernietig("--proef").exit_code == 1
    assert len(zaak2.platform.events("historie", zaak2.casus)) == before
    assert zaak2.vernietig("--fase", "pgb").exit_code == 1
    assert zaak2.vernietig("--rol", "consulent").exit_code == 1
    told = zaak2.platform.events("historie", zaak2.casus)[before:]
    assert [(one.envelope.name, one["reden"], one["fase"]) for one in told] == [
        ("vernietiging-geweigerd", "bewaartermijn_loopt", "pgb"),
        ("vernietiging-geweigerd", "rol_mag_niet_vernietigen", None),
    ]
    assert [one.envelope.actorrol for one in told] == ["archivaris", "consulent"]


def test_another_gemeente_has_nothing_here(zaak2: Zaak2) -> None:
    """Leeuwarden has no dossier of this casus, and hears no more than that."""
    refused = zaak2.run("vernietig", zaak2.casus, "--gemeente", "leeuwarden", "--kenmerk", "VL-1")
    assert refused.exit_code == 1
    assert "geen dossier" in refused.output
