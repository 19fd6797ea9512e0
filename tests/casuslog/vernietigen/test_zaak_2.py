"""``casuslog vernietig`` on case 2 of the demo: what is left of it, and what is proven of it."""

from __future__ import annotations

import json
import shutil
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
from click.testing import Result

from casuslog.beheer.verklaring import inhoud_van
from casuslog.bewijs import Zegel
from casuslog.caller import Caller
from casuslog.codec import Codec
from casuslog.codes import schemas_folder
from casuslog.errors import CasuslogError
from casuslog.http.client import Problem
from casuslog.privacy import KeyStore, RootKey
from casuslog.schema import SchemaRegistry
from casuslog.store import EVERY_GEMEENTE, EventStore
from casuslog.vernietigen.gebeurtenissen import STROOM
from tests.casuslog.vernietigen.conftest import ARCHIVARIS, HARLINGEN, NA_DE_TERMIJN, Zaak2, leesbaar, waar, zaak_2_in


@dataclass
class Vernietigd:
    """Case 2 after its destruction, with what was known before."""

    zaak: Zaak2
    persoonsgegevens: set[str]
    voor: str
    """All that could be read of it."""
    backup: Path
    """The data folder as it was before."""
    uitkomst: Result


@pytest.fixture(scope="module")
def vernietigd(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Vernietigd]:
    """Case 2, destroyed by the command line when its term was over, while the services ran."""
    folder = tmp_path_factory.mktemp("vernietigd")
    with zaak_2_in(folder / "data") as zaak:
        zaak.laat_het_zijn(NA_DE_TERMIJN)
        known = zaak.persoonsgegevens()
        before = leesbaar(zaak.platform.events(casus=zaak.casus))
        shutil.copytree(zaak.data, folder / "backup")
        outcome = zaak.vernietig("--json")
        zaak.platform.settle()
        yield Vernietigd(zaak, known, before, folder / "backup", outcome)


def test_nothing_personal_of_the_case_is_found_anywhere(vernietigd: Vernietigd) -> None:
    """Not one personal datum in any file of the data folder, any queue or any line of the log."""
    zaak, known = vernietigd.zaak, vernietigd.persoonsgegevens
    assert vernietigd.uitkomst.exit_code == 0, vernietigd.uitkomst.output
    assert {"999900006", "Testpersoon demo 2", "Teststraat 1"} <= known
    assert all(text in vernietigd.voor for text in known)
    assert waar(zaak.rondom(), known) == set()


def test_the_search_finds_what_is_there(vernietigd: Vernietigd) -> None:
    """The search that found nothing finds a name that somebody left in a file."""
    (vernietigd.zaak.data / "aantekening.txt").write_text("Testpersoon demo 2", encoding="utf-16-le")
    found = waar(vernietigd.zaak.rondom(), vernietigd.persoonsgegevens)
    (vernietigd.zaak.data / "aantekening.txt").unlink()
    assert {text for _, text in found} == {"Testpersoon demo 2"}


def test_what_is_still_there_cannot_be_read_by_us_either(vernietigd: Vernietigd) -> None:
    """With all keys of today all events of the casus read *vernietigd*; the chain still proves it whole."""
    events = [e for e in vernietigd.zaak.platform.events(casus=vernietigd.zaak.casus) if e.envelope.stroom != STROOM]
    assert len(events) > 30
    shown = leesbaar(events)
    assert not [text for text in vernietigd.persoonsgegevens if text in shown]
    assert "huishoudelijke_hulp_2" in vernietigd.voor
    assert "huishoudelijke_hulp_2" not in shown
    verified = vernietigd.zaak.run("verify")
    assert (verified.exit_code, verified.output.count("heel")) == (0, 8)


def test_a_backup_of_before_is_unreadable_with_the_keys_of_today(vernietigd: Vernietigd) -> None:
    """The databases of before, put back beside today's key store, show *vernietigd*."""
    data = vernietigd.zaak.data
    keys = KeyStore.open(f"sqlite:///{data}/sleutels.db", RootKey.from_file(data / "root.key"))
    codec = Codec(SchemaRegistry.load(schemas_folder()), keys)
    read = []
    for service in ("melding", "onderzoek", "beschikking", "pgb"):
        url = f"sqlite:///{vernietigd.backup}/{service}.db"
        store = EventStore.open(
            url, service, codec=codec, clock=vernietigd.zaak.platform.clock, oin_of=lambda code: code
        )
        stored = [e for e in store.read_log(EVERY_GEMEENTE) if e.envelope.subject == vernietigd.zaak.casus]
        read += list(codec.decode_many(stored, purpose="test", typed=False))
        store.close()
    keys.close()
    assert len(read) > 30
    assert "vernietigd" in leesbaar(read)
    assert not [text for text in vernietigd.persoonsgegevens if text in leesbaar(read)]


def test_the_certificate_says_what_was_destroyed_and_who_acknowledged(vernietigd: Vernietigd) -> None:
    """Ground, keys, heads and acknowledgements, under the seal of the gemeente; a change of it is seen."""
    found = json.loads(vernietigd.uitkomst.stdout)
    assert (found["compleet"], found["grond"], found["kenmerk"]) == (True, "bewaartermijn_verstreken", "VL-2033-017")
    assert (found["bewaartermijn"]["resultaat"], found["bewaartermijn"]["tot_en_met"]) == ("verstrekt", "2032-12-31")
    assert {key["dossier"] for key in found["sleutels"]} >= {"melding", "onderzoek", "beschikking", "pgb"}
    assert all(key["vernietigd"] for key in found["sleutels"])
    acked = {(one["dienst"], one["dossier"]) for one in found["bevestigingen"]}
    assert {("historie", "melding"), ("abonnement", "pgb"), ("toezicht", "pgb"), ("pgb", "beschikking")} <= acked
    before = {(kop["dienst"], kop["stroom"]): kop["hash"] for kop in found["koppen_voor"]}
    after = {(kop["dienst"], kop["stroom"]): kop["hash"] for kop in found["koppen_na"]}
    assert before.items() <= after.items()
    seal = Zegel.van(vernietigd.zaak.data, HARLINGEN).openbaar
    assert seal.klopt(inhoud_van(found), found["zegel"])
    assert not seal.klopt({**inhoud_van(found), "kenmerk": "anders"}, found["zegel"])


def test_the_same_again_gives_the_same_certificate(vernietigd: Vernietigd) -> None:
    """Done twice, nothing more happens: no event, no other certificate."""
    heads = {name: vernietigd.zaak.platform.store(name).head(EVERY_GEMEENTE) for name in ("historie", "melding")}
    again = vernietigd.zaak.vernietig()
    assert again.exit_code == 0
    assert json.loads(vernietigd.uitkomst.stdout)["vernietiging"] in again.output
    assert heads == {name: vernietigd.zaak.platform.store(name).head(EVERY_GEMEENTE) for name in heads}


def test_who_worked_on_it_learns_that_it_was_destroyed(vernietigd: Vernietigd) -> None:
    """The timeline holds nothing but that it was destroyed; the archivaris also sees who acknowledged."""
    zaak = vernietigd.zaak
    team = Caller("wijkteam", HARLINGEN, "wijkteam-1", (HARLINGEN,))
    rows = zaak.platform.timeline(zaak.casus, team)
    assert {row["gebeurtenis"] for row in rows} == {"GegevensVernietigd"}
    assert {row["service"] for row in rows} == {"melding", "onderzoek", "beschikking", "pgb"}
    assert rows[0]["data"]["grond"] == "bewaartermijn_verstreken"
    both = {row["gebeurtenis"] for row in zaak.platform.timeline(zaak.casus, ARCHIVARIS)}
    assert both == {"GegevensVernietigd", "VernietigingBevestigd"}


def test_who_asks_for_an_event_hears_that_it_is_destroyed(vernietigd: Vernietigd) -> None:
    """The beheerder and the team of the gemeente: gone (410), with what remains. Another gemeente: nothing is there."""
    zaak = vernietigd.zaak
    event = next(e for e in zaak.platform.events("beschikking", zaak.casus) if e.envelope.name == "besluit-genomen")
    path = f"/casussen/{zaak.casus}/gebeurtenissen/{event.envelope.id}"
    answers = []
    hier, elders = ("beheerder", "consulent", "inkoper"), ("beheerder", "consulent")
    for rol, code in [*((rol, HARLINGEN) for rol in hier), *((rol, "0080") for rol in elders)]:
        with pytest.raises(Problem) as refused:
            zaak.platform.api.get("historie", path, Caller(rol, code, f"{rol}-1", (code,), "uitvoering_wmo"))
        answers.append((refused.value.status, refused.value.code))
    assert answers == [(410, "vernietigd")] * 2 + [(404, "geen_betrokkenheid")] * 3


def test_how_many_were_destroyed_is_told_as_numbers(vernietigd: Vernietigd) -> None:
    """Per year, scope, ground and outcome, to who answers for it in that gemeente; of which casus is not told."""
    api = vernietigd.zaak.platform.api
    beheerder = Caller("beheerder", HARLINGEN, "beheerder-1", (HARLINGEN, "0080"))
    told = api.get("historie", f"/vernietigingen/{HARLINGEN}", beheerder)
    row = {"omvang": "casus", "grond": "bewaartermijn_verstreken", "resultaat": "verstrekt"}
    assert told == {"gemeente": HARLINGEN, "vernietigingen": [{"jaar": 2033, **row, "aantal": 1}]}
    assert api.get("historie", "/vernietigingen/leeuwarden", beheerder) == {"gemeente": "0080", "vernietigingen": []}
    for rol, code in (("consulent", HARLINGEN), ("beheerder", "0080")):
        with pytest.raises(Problem) as refused:
            api.get("historie", f"/vernietigingen/{HARLINGEN}", Caller(rol, code, f"{rol}-1", (code,)))
        assert (refused.value.status, refused.value.code) == (403, "rol_telt_niet")


def test_a_rebuild_gives_what_is_left(vernietigd: Vernietigd) -> None:
    """The read model of historie, built anew from the logs, is the wiped one: nothing comes back by it."""
    rebuilt = vernietigd.zaak.run("herbouw", "historie", "--gemeente", HARLINGEN)
    assert rebuilt.exit_code == 0, rebuilt.output
    assert "geen verschil" in rebuilt.output


def test_nothing_more_is_done_in_a_destroyed_casus(vernietigd: Vernietigd) -> None:
    """A command on it is refused: what it would be decided upon is not there."""
    zaak = vernietigd.zaak
    consulent = Caller("consulent", HARLINGEN, "consulent-1", (HARLINGEN,))
    with pytest.raises(CasuslogError):
        zaak.platform.command(
            "melding", "trek-melding-in", consulent, gemeente="harlingen", casus=zaak.casus, reden="opgelost"
        )
