"""The pump: in number order, judged again, marked when confirmed, and one holder never in the way of another."""

import json
import threading
import time
from collections.abc import Callable
from datetime import timedelta

import pytest
from sqlalchemy import func, select

from casuslog.errors import SchemaError
from casuslog.rights import BetrokkenheidVastgelegd
from casuslog.schema import CLOUDEVENTS_JSON
from casuslog.verwerkingen.tabel import verwerkingen
from services.abonnement import weergave
from services.abonnement.weergave import AVRO_HELDER, INGEHOUDEN, NIVEAU, NUMMER, VERWIJZING
from tests.services.abonnement.wereld import AANBIEDER, BEHEERDER, NAAM, Wereld

STATUS = {"specversion", "id", "source", "type", "time", "subject", "feitdatum", "gemeente"}


def attributen(bericht: weergave.Bericht) -> dict[str, str]:
    return {k.removeprefix("cloudEvents_"): v for k, v in bericht.headers.items() if k.startswith("cloudEvents_")}


def test_numbers_go_out_in_order_and_are_marked_when_confirmed(wereld: Wereld) -> None:
    """What the queue holds is what was numbered, in that order, each with its number and the id of its event."""
    abonnement = wereld.ken_toe()
    events = [wereld.melding()[0] for _ in range(3)]
    queue = wereld.geleverd(abonnement)
    assert [one.headers[NUMMER] for one in queue] == [1, 2, 3]
    assert [one.message_id for one in queue] == [event.envelope.id for event in events]
    assert {staat for _, _, staat in wereld.nummers(abonnement)} == {"geleverd"}


def test_facts_in_avro_hold_no_personal_data(wereld: Wereld) -> None:
    """Profile feiten: whole envelope, and the sub-record of facts that its own fingerprint names."""
    abonnement = wereld.ken_toe()
    [event] = wereld.melding()
    [bericht] = wereld.geleverd(abonnement)
    entry, record = wereld.codec.registry.read(bericht.body)
    assert bericht.content_type == AVRO_HELDER
    assert attributen(bericht) == event.envelope.attributes()
    assert (entry.form, record["kanaal"], bericht.headers[NIVEAU]) == ("feit", "telefoon", "feiten")
    assert NAAM.encode() not in bericht.body


def test_volledig_in_avro_is_the_clear_record(wereld: Wereld) -> None:
    """With a grondslag, and where the rights show it: all fields, under the fingerprint of the published schema."""
    abonnement = wereld.ken_toe(profiel="volledig", grondslag="Wmo 2015 art. 5.1.1")
    [event] = wereld.melding()
    [bericht] = wereld.geleverd(abonnement)
    assert wereld.codec.registry.read(bericht.body)[1] == dict(event.data)


def test_informatiearm_is_the_envelope_and_a_reference(wereld: Wereld) -> None:
    """Profile informatiearm: no body; the reference answers with what the rights show."""
    abonnement = wereld.ken_toe(profiel="informatiearm")
    [event] = wereld.melding()
    [bericht] = wereld.geleverd(abonnement)
    assert (bericht.body, bericht.content_type, bericht.headers[NIVEAU]) == (b"", "", "informatiearm")
    assert attributen(bericht) == event.envelope.attributes()
    assert bericht.headers[VERWIJZING] == f"/abonnementen/{abonnement}/gebeurtenissen/1"


@pytest.mark.parametrize("profiel", ["informatiearm", "feiten"])
def test_who_may_see_the_status_gets_type_days_and_owner(wereld: Wereld, profiel: str) -> None:
    """The KCC: what, when, which casus and whose; no content and no actor, whatever the profile asks."""
    abonnement = wereld.ken_toe(rol="kcc", profiel=profiel)
    wereld.melding()
    [bericht] = wereld.geleverd(abonnement)
    assert set(attributen(bericht)) == STATUS
    assert (bericht.body, bericht.headers[NIVEAU]) == (b"", "status")
    assert VERWIJZING not in bericht.headers


def test_the_least_of_right_and_profile_goes_out(wereld: Wereld) -> None:
    """An aanbieder that asks for everything gets the facts: more the rights do not show."""
    abonnement = wereld.ken_toe(
        houdersoort="agb", houder=AANBIEDER, rol="aanbieder", profiel="volledig", grondslag="Wmo 2015 art. 5.1.1"
    )
    [gemeld] = wereld.melding()
    wereld.opdracht(gemeld.envelope.subject)
    [bericht] = wereld.geleverd(abonnement)
    assert wereld.codec.registry.read(bericht.body)[0].form == "feit"
    assert b"zelf koken" not in bericht.body


def test_an_avro_record_is_whole_or_not_sent(wereld: Wereld, monkeypatch: pytest.MonkeyPatch) -> None:
    """Where the rights show only some fields, Avro goes informatiearm with a reference, and JSON shows those fields."""
    beperkt = weergave.Sight(weergave.Level.FEITEN, "toegestaan", "regel", frozenset({"kanaal", "naam"}))
    monkeypatch.setattr("services.abonnement.levering.zicht", lambda *_: beperkt)
    avro, cloudevents = wereld.ken_toe(), wereld.ken_toe(vorm="json")
    wereld.melding()
    [in_avro], [in_json] = wereld.geleverd(avro), wereld.geleverd(cloudevents)
    assert (in_avro.body, in_avro.headers[NIVEAU]) == (b"", "informatiearm")
    assert VERWIJZING in in_avro.headers
    assert json.loads(in_json.body)["data"] == {"kanaal": "telefoon"}


def test_json_is_a_structured_cloudevent_with_its_number(wereld: Wereld) -> None:
    """Form json: attributes and data in one object, the same attributes as in the headers."""
    abonnement = wereld.ken_toe(vorm="json")
    [event] = wereld.melding()
    [bericht] = wereld.geleverd(abonnement)
    told = json.loads(bericht.body)
    assert bericht.content_type == CLOUDEVENTS_JSON
    assert {k: told[k] for k in event.envelope.attributes()} == attributen(bericht)
    assert (told["nummer"], told["niveau"], told["data"]["thema"]) == (1, "feiten", "beschermd_wonen")
    assert "naam" not in told["data"]


def test_destroyed_personal_data_leaves_the_facts_in_avro(wereld: Wereld) -> None:
    """Volledig of which the person was destroyed goes out as facts; without facts it is informatiearm."""
    abonnement = wereld.ken_toe(profiel="volledig", grondslag="Wmo 2015 art. 5.1.1")
    wereld.melding()
    wereld.sleutels.vernietigd.add(("melding", "persoonsgegeven"))
    wereld.geleverd(abonnement)
    wereld.melding()
    wereld.sleutels.vernietigd.add(("melding", "feit"))
    zonder_persoon, zonder_feiten = wereld.geleverd(abonnement)
    assert wereld.codec.registry.read(zonder_persoon.body)[0].form == "feit"
    assert zonder_persoon.headers[NIVEAU] == "feiten"
    assert (zonder_feiten.body, zonder_feiten.headers[NIVEAU]) == (b"", "informatiearm")


def test_destroyed_fields_say_so_in_json(wereld: Wereld) -> None:
    """JSON has a place for it: each destroyed field is vernietigd, the others stay."""
    abonnement = wereld.ken_toe(vorm="json", profiel="volledig", grondslag="Wmo 2015 art. 5.1.1")
    wereld.melding()
    wereld.sleutels.vernietigd.add(("melding", "persoonsgegeven"))
    data = json.loads(wereld.geleverd(abonnement)[0].body)["data"]
    assert (data["naam"], data["kanaal"]) == ({"vernietigd": True}, "telefoon")


def test_a_right_that_ended_leaves_an_empty_number(wereld: Wereld) -> None:
    """Numbered while it held, delivered after its end: the number stays, and tells nothing of the event."""
    abonnement = wereld.ken_toe(tot_en_met=str(wereld.clock.now().date()))
    wereld.melding()
    wereld.clock.advance(timedelta(days=1))
    [bericht] = wereld.geleverd(abonnement)
    assert bericht.headers == {NUMMER: 1, INGEHOUDEN: True}
    assert bericht.body == b""
    assert [staat for _, _, staat in wereld.nummers(abonnement)] == ["ingehouden"]


def test_an_involvement_that_ended_holds_back_what_was_not_delivered(wereld: Wereld) -> None:
    """The rights are judged at delivery: an aanbieder that is no longer involved gets the empty number."""
    abonnement = wereld.ken_toe(houdersoort="agb", houder=AANBIEDER, rol="aanbieder")
    casus = wereld.melding()[0].envelope.subject
    wereld.opdracht(casus)
    vandaag = wereld.clock.now().date()
    einde = BetrokkenheidVastgelegd(organisatie=AANBIEDER, als="aanbieder", vanaf=vandaag, tot=vandaag)
    wereld.gebeurt(casus, einde, service="beschikking")
    wereld.clock.advance(timedelta(days=1))
    assert [one.ingehouden for one in wereld.geleverd(abonnement)] == [True]


def test_an_ended_subscription_closes_its_numbers(wereld: Wereld) -> None:
    """What waits when a subscription ends is withheld."""
    abonnement = wereld.ken_toe()
    wereld.melding()
    wereld.beeindig(abonnement)
    assert [one.ingehouden for one in wereld.geleverd(abonnement)] == [True]


def test_what_was_not_confirmed_goes_again_under_the_same_number(wereld: Wereld) -> None:
    """Nothing is marked before the confirm; after a pause the same numbers with the same ids go."""
    abonnement = wereld.ken_toe()
    wereld.melding()
    wereld.queues.refuses.add(abonnement)
    assert wereld.pomp.stap() == 0
    assert [staat for _, _, staat in wereld.nummers(abonnement)] == ["wacht"]
    wereld.queues.refuses.clear()
    assert wereld.geleverd(abonnement) == []
    wereld.monotonic.now += 1
    [bericht] = wereld.geleverd(abonnement)
    assert (bericht.headers[NUMMER], bericht.message_id) == (1, wereld.ids(abonnement)[0])


def test_a_holder_whose_queue_fails_holds_up_nobody_else(wereld: Wereld) -> None:
    """Each holder has its own queue and its own failure."""
    een, ander = sorted([wereld.ken_toe(), wereld.ken_toe()])
    wereld.melding()
    wereld.queues.refuses.add(een)
    assert len(wereld.geleverd(ander)) == 1
    assert wereld.queues.queues[een] == []


def test_a_holder_whose_event_cannot_be_made_holds_up_nobody_else(
    wereld: Wereld, monkeypatch: pytest.MonkeyPatch
) -> None:
    """An event that does not become a message keeps its number waiting, and is not skipped."""
    een, ander = sorted([wereld.ken_toe(), wereld.ken_toe(vorm="json")])
    avro = een if wereld.vraag("http_abonnement", BEHEERDER, een)["vorm"] == "avro" else ander
    wereld.melding()

    def stuk(_: object) -> bytes:
        raise SchemaError("broken")

    monkeypatch.setattr(wereld.codec, "facts_bytes", stuk)
    wereld.pomp.stap()
    staten = {abonnement: [staat for _, _, staat in wereld.nummers(abonnement)] for abonnement in (een, ander)}
    assert staten.pop(avro) == ["wacht"]
    assert list(staten.values()) == [["geleverd"]]


def test_a_queue_takes_so_many_and_the_rest_waits_with_us(wereld: Wereld) -> None:
    """A holder that reads nothing fills its queue to the limit; what it reads makes room for the next, in order."""
    abonnement = wereld.ken_toe()
    for _ in range(5):
        wereld.melding()
    wereld.pomp = wereld.nieuwe_pomp(in_queue=3)
    assert [one.headers[NUMMER] for one in wereld.geleverd(abonnement)] == [1, 2, 3]
    del wereld.queues.queues[abonnement][:2]
    assert [one.headers[NUMMER] for one in wereld.geleverd(abonnement)] == [3, 4, 5]


def test_one_pump_works_at_a_time(wereld: Wereld) -> None:
    """A second pump waits for the lease, so that order holds and nothing goes out twice."""
    abonnement = wereld.ken_toe()
    wereld.melding()
    assert wereld.pomp.stap() == 1
    wereld.melding()
    tweede = wereld.nieuwe_pomp()
    assert tweede.stap() == 0
    wereld.pomp.stop()
    assert tweede.stap() == 1
    assert len(wereld.queues.queues[abonnement]) == 2


def test_the_pump_runs_on_through_an_outage_and_stops_when_asked(wereld: Wereld) -> None:
    """While the broker is away everything waits; when it is back it goes, and a stop lets go of the lease."""
    abonnement = wereld.ken_toe()
    wereld.melding()
    wereld.queues.away = True
    stopping = threading.Event()
    loop = threading.Thread(target=wereld.pomp.run, args=(stopping,))
    loop.start()
    wacht_tot(lambda: wereld.pomp.failures > 1)
    wereld.queues.away = False
    wacht_tot(lambda: len(wereld.queues.queues.get(abonnement, [])) == 1)
    stopping.set()
    loop.join(10)
    assert not loop.is_alive()
    assert wereld.nieuwe_pomp().stap() == 0
    assert wereld.nummers(abonnement)[0][2] == "geleverd"


def wacht_tot(waar: Callable[[], bool], seconden: float = 10.0) -> None:
    einde = time.monotonic() + seconden
    while not waar():
        assert time.monotonic() < einde
        time.sleep(0.02)


def test_what_may_have_gone_out_is_recorded_as_disclosed(wereld: Wereld) -> None:
    """Whoever is killed after the confirm has disclosed it all the same: the record stands before the message goes."""
    abonnement = wereld.ken_toe()
    wereld.melding()
    wereld.queues.refuses.add(abonnement)
    wereld.pomp.stap()
    query = select(func.count()).select_from(verwerkingen).where(verwerkingen.c.onderdeel == "levering")
    with wereld.store.reading() as conn:
        assert conn.execute(query).scalar_one() == 1
    assert {staat for _, _, staat in wereld.nummers(abonnement)} == {"wacht"}
