"""A holder of a subscription when a casus is destroyed: what lay in its queue, what it is told, what is recorded."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator
from dataclasses import dataclass

import eventlet
import pytest

from casuslog.caller import Caller
from casuslog.codes import oin_of
from tests.casuslog.vernietigen.conftest import HARLINGEN, NA_DE_TERMIJN, Zaak2, waar, zaak_2_in

BEHEERDER = Caller("beheerder", HARLINGEN, "beheerder-1", (HARLINGEN,))
TEAM = Caller("wijkteam", HARLINGEN, "wijkteam-1", (HARLINGEN,), "uitvoering_wmo")
FG = Caller("functionaris_gegevensbescherming", HARLINGEN, "fg-1", (HARLINGEN,), "toezicht_avg")


@dataclass
class Houder:
    """Case 2, and a subscription of the team to all of it, in the clear, whose queue nobody empties."""

    zaak: Zaak2
    abonnement: str

    def in_wachtrij(self) -> bytes:
        """What lies in its queue."""
        return b"".join(held for place, held in self.zaak.rondom().items() if self.abonnement in place)

    def wacht_op(self, text: str, *, niet: bool = False) -> None:
        """Return when a text stands in its queue, or no longer does."""
        deadline = time.monotonic() + 20
        while (text.encode() in self.in_wachtrij()) is niet:
            assert time.monotonic() < deadline, f"{text} stays {'in' if niet else 'out of'} the queue"
            eventlet.sleep(0.05)

    def records(self) -> list[dict[str, object]]:
        """Who got what of the casus through the service abonnement."""
        path = f"/verwerkingen/{HARLINGEN}/{self.zaak.casus}"
        found: list[dict[str, object]] = self.zaak.platform.api.get("abonnement", path, FG)["verwerkingen"]
        return found


@pytest.fixture(scope="module")
def houder(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Houder]:
    """The holder, with its messages in its queue."""
    with zaak_2_in(tmp_path_factory.mktemp("houder") / "data") as zaak:
        body = {
            "gemeente": HARLINGEN,
            "gemeenten": [HARLINGEN],
            "houdersoort": "oin",
            "houder": oin_of(HARLINGEN),
            "rol": "wijkteam",
            "van": "2017-01-02",
            "doelbinding": "uitvoering_wmo",
            "grondslag": "Wmo 2015 art. 5.1.1",
            "profiel": "volledig",
            "vorm": "json",
        }
        abonnement = zaak.platform.command("abonnement", "ken-abonnement-toe", BEHEERDER, **body).casus
        zaak.platform.settle()
        yield Houder(zaak, abonnement)


def test_a_delivery_in_the_clear_is_a_processing_record(houder: Houder) -> None:
    """What went to the queue, and what was read from the feed: to whom, in which role, for which purpose."""
    houder.wacht_op("Testpersoon demo 2")
    path = f"/abonnementen/{houder.abonnement}/gebeurtenissen"
    assert "999900006" in json.dumps(houder.zaak.platform.api.get("abonnement", path, TEAM))
    told = {one["name"]: one for one in houder.records()}
    assert {"levering", "abonnement"} <= told.keys()
    a = told["levering"]["attributes"]
    assert isinstance(a, dict)
    assert (a["casuslog.rol"], a["casuslog.organisatie"], a["casuslog.lezer"]) == (
        "wijkteam",
        HARLINGEN,
        houder.abonnement,
    )
    assert a["dpl.core.processing_activity_id"].endswith("gebeurtenissen-verstrekken")


def test_a_destroyed_casus_leaves_the_queue_of_its_holder(houder: Houder) -> None:
    """The messages that lay there are taken back and go out empty, under the same numbers, and then the tombstone."""
    houder.wacht_op("Testpersoon demo 2")
    known = houder.zaak.persoonsgegevens()
    houder.zaak.laat_het_zijn(NA_DE_TERMIJN)
    outcome = houder.zaak.vernietig("--json")
    assert outcome.exit_code == 0, outcome.output
    houder.wacht_op("Testpersoon demo 2", niet=True)
    houder.wacht_op("gegevens-vernietigd")
    houder.zaak.platform.settle()
    assert waar(houder.zaak.rondom(), known) == set()
    told = houder.zaak.platform.api.get("abonnement", f"/abonnementen/{houder.abonnement}/gebeurtenissen", TEAM)
    rows = told["gebeurtenissen"]
    assert [row["nummer"] for row in rows] == list(range(1, len(rows) + 1))
    types = [row.get("type", "ingehouden") for row in rows]
    assert types == ["ingehouden"] * (len(rows) - 4) + ["nl.overheid.wmo.gegevens-vernietigd"] * 4


def test_the_certificate_of_a_later_look_says_that_the_holder_was_told(houder: Houder) -> None:
    """Per subscription that received of the casus: whether the message of the destruction went out."""
    houder.zaak.laat_het_zijn(NA_DE_TERMIJN)
    said = houder.zaak.run("vernietig", houder.zaak.casus, "--gemeente", HARLINGEN, "--kenmerk", "VL-2033-017")
    assert said.exit_code == 0
    assert f"{houder.abonnement}  bericht van vernietiging: " in said.output
