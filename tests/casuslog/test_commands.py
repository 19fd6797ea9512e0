"""The path of a command: who may, what was asked, which inrichting holds, decide, append, answer."""

from __future__ import annotations

import json
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import pytest

import casuslog.rights.events
import casuslog.termijnen.events  # noqa: F401  # declares the shared events
from casuslog.caller import Caller
from casuslog.clock import SettableClock
from casuslog.codec import Codec
from casuslog.codes import oin_of, schemas_folder
from casuslog.commands import CommandCall, CommandPath, CommandType, QuestionType, Readers, by_itself, by_policy
from casuslog.consume import timers
from casuslog.envelope import Position, Stream
from casuslog.errors import Conflict, Forbidden, InvalidInput, KeyReused, NotFound, Refused
from casuslog.identifiers import new_id
from casuslog.privacy import KeyStore, RootKey
from casuslog.readmodels import InvolvementRegister, KnownEvents, Policies, metadata
from casuslog.schema import SchemaRegistry
from casuslog.store import EVERY_GEMEENTE, EventStore
from services.melding import commands, melding
from services.melding.inrichting import MeldingInrichting

DAG = date(2017, 2, 15)
OPSTERLAND, HEERENVEEN = "0086", "0074"
BELEID = {
    "kop": {
        "gemeente": OPSTERLAND,
        "naam": "Opsterland",
        "inrichtingversie": "opsterland@1",
        "team": {"id": "gebiedsteam_opsterland"},
    },
    "melding": {
        "kanaal_standaard": "telefoon_uitvoeringsteam",
        "vormvrij": {"alle": True, "voorzieningen": []},
        "triage": None,
        "clientondersteuning": {"momenten": ["bevestiging"], "belegd_bij": ["mee"]},
    },
    "beschikking": {"voorzieningen": {}},
}
INWONER = Caller("inwoner", None, "inwoner-1", (OPSTERLAND,))
TEAM = Caller("wijkteam", OPSTERLAND, "w1", (OPSTERLAND,))
BUREN = Caller("wijkteam", HEERENVEEN, "w2", (HEERENVEEN,))


@pytest.fixture
def store(tmp_path: Path) -> Iterator[EventStore]:
    keys = KeyStore.open(f"sqlite:///{tmp_path}/keys.db", RootKey.generate())
    codec = Codec(SchemaRegistry.load(schemas_folder()), keys)
    opened = EventStore.open(
        f"sqlite:///{tmp_path}/melding.db",
        "melding",
        codec=codec,
        clock=SettableClock(DAG),
        oin_of=oin_of,
        tables=metadata,
    )
    timers.prepare(opened)
    with opened.transaction() as tx:
        for gemeente in (OPSTERLAND, HEERENVEEN):
            beleid = {**BELEID, "kop": {**BELEID["kop"], "gemeente": gemeente}}
            row = {"gemeente": gemeente, "versie": 1, "sleutel": "s", "geldig_vanaf": date(2015, 1, 1)}
            Policies.keep(tx.conn, {**row, "beleid": json.dumps(beleid)})
    yield opened
    opened.close()


@pytest.fixture
def path(store: EventStore) -> CommandPath:
    types = [
        CommandType(
            name="registreer-melding",
            schema=commands.REGISTREER_MELDING,
            aggregate=melding.MELDING,
            decide=by_policy(melding.registreer_melding),
            begins=True,
            context=lambda s: {"thema": s.command.thema, "woongemeente": s.gemeente},
        ),
        CommandType(
            name="bevestig-melding",
            schema=commands.BEVESTIG_MELDING,
            aggregate=melding.MELDING,
            decide=by_policy(melding.bevestig_melding),
        ),
        CommandType(
            name="trek-melding-in",
            schema=commands.TREK_MELDING_IN,
            aggregate=melding.MELDING,
            decide=by_itself(melding.trek_melding_in),
        ),
    ]
    readers = Readers(inrichting=lambda policy: MeldingInrichting.van_beleid(policy.beleid))
    return CommandPath(store, types, [], SettableClock(DAG), readers, KnownEvents(store.codec))


def _meld(caller: Caller = TEAM, key: str | None = None, **body: Any) -> CommandCall:
    return CommandCall(name="registreer-melding", body={"gemeente": OPSTERLAND, **body}, caller=caller, key=key)


def _bevestig(casus: str, caller: Caller = TEAM, **more: Any) -> CommandCall:
    body = {"gemeente": OPSTERLAND, "casus": casus, **more.pop("body", {})}
    return CommandCall(name="bevestig-melding", body=body, caller=caller, **more)


def _events(store: EventStore) -> list[str]:
    return [e.envelope.name for e in store.read_log(EVERY_GEMEENTE)]


class TestAnswer:
    def test_it_names_where_the_effect_stands(self, path: CommandPath, store: EventStore) -> None:
        """An answer gives casus, event ids, version and a position that can be awaited."""
        answer = path.run(_meld())
        stored = list(store.read_stream(Stream(OPSTERLAND, "melding", answer.casus)))
        assert answer.gebeurtenissen == tuple(e.envelope.id for e in stored)
        assert answer.versie == len(stored) == Position.parse(answer.positie).sequence
        assert not answer.herhaald

    def test_the_reference_of_the_caller_is_echoed(self, path: CommandPath, store: EventStore) -> None:
        """The externereferentie of a caller stands on every event of its command."""
        path.run(_meld(externereferentie="zaak-17"))
        assert {e.envelope.externereferentie for e in store.read_log(EVERY_GEMEENTE)} == {"zaak-17"}

    def test_every_event_names_the_inrichting_and_the_actor(self, path: CommandPath, store: EventStore) -> None:
        """Each event says under which version of which inrichting it was judged, and who acted."""
        path.run(_meld())
        envelope = store.read_log(EVERY_GEMEENTE)[0].envelope
        assert (envelope.inrichtingversie, envelope.actorrol, envelope.actorid) == ("s@1", "wijkteam", "w1")

    def test_what_the_first_event_says_of_the_casus_holds_for_later_ones(
        self, path: CommandPath, store: EventStore
    ) -> None:
        """Thema and woongemeente are taken over by later events of the stream when they do not say otherwise."""
        casus = path.run(_meld(thema="beschermd_wonen")).casus
        path.run(_bevestig(casus))
        bevestigd = [e.envelope for e in store.read_log(EVERY_GEMEENTE) if e.envelope.name == "melding-bevestigd"]
        assert [(e.thema, e.woongemeente) for e in bevestigd] == [("beschermd_wonen", OPSTERLAND)]


class TestIdempotency:
    def test_a_repeat_gets_the_first_answer(self, path: CommandPath, store: EventStore) -> None:
        """The same key with the same body answers as before and records nothing."""
        first = path.run(_meld(key="a"))
        before = _events(store)
        again = path.run(_meld(key="a"))
        assert (again.casus, again.gebeurtenissen, again.herhaald) == (first.casus, first.gebeurtenissen, True)
        assert _events(store) == before

    def test_another_body_under_the_same_key_is_an_error(self, path: CommandPath) -> None:
        """A key belongs to one body."""
        path.run(_meld(key="a"))
        with pytest.raises(KeyReused):
            path.run(_meld(key="a", kanaal="loket"))

    def test_a_key_is_scoped_to_its_caller(self, path: CommandPath) -> None:
        """Another caller may use the same key for something else."""
        other = Caller("wijkteam", OPSTERLAND, "w9", (OPSTERLAND,))
        assert path.run(_meld(key="a")).casus != path.run(_meld(other, key="a")).casus

    def test_a_key_is_scoped_to_the_organisation_of_its_caller(self, path: CommandPath) -> None:
        """Two organisations may give their people the same id; neither sees the answer of the other."""
        other = Caller("backoffice", "00000001001234567000", TEAM.id, (OPSTERLAND,))
        assert not path.run(_meld(other, key="a")).herhaald
        assert not path.run(_meld(key="a")).herhaald

    def test_a_key_belongs_to_one_command(self, path: CommandPath) -> None:
        """The same body under the same key for another command is an error, not the answer of the first."""
        casus = path.run(_meld()).casus
        path.run(_bevestig(casus, key="a"))
        with pytest.raises(KeyReused):
            path.run(_meld(key="a", casus=casus))

    def test_a_repeat_on_the_next_day_is_the_same_command(self, path: CommandPath) -> None:
        """A body without op, sent again after midnight, gets the first answer: the day is filled in, not sent."""
        first = path.run(_meld(key="a"))
        path._clock.advance(timedelta(days=1))  # type: ignore[attr-defined]  # the settable clock of this test
        assert path.run(_meld(key="a")).gebeurtenissen == first.gebeurtenissen

    def test_two_at_the_same_time_have_one_effect(self, path: CommandPath, store: EventStore) -> None:
        """The same key with the same body from many at once: one carries it out, all get the same casus."""
        with ThreadPoolExecutor(6) as pool:
            answers = list(pool.map(lambda _: path.run(_meld(key="a")), range(6)))
        assert len({answer.casus for answer in answers}) == 1
        assert sorted(answer.herhaald for answer in answers) == [False, *[True] * 5]
        assert _events(store).count("melding-geregistreerd") == 1

    def test_of_two_with_the_same_version_one_is_refused(self, path: CommandPath, store: EventStore) -> None:
        """Both saw the same version: the second gets a conflict that names the present one, and has no effect."""
        seen = path.run(_meld())
        with ThreadPoolExecutor(2) as pool:
            calls = [pool.submit(path.run, _bevestig(seen.casus, if_match=seen.versie)) for _ in range(2)]
        errors = [call.exception() for call in calls if call.exception() is not None]
        assert [type(error) for error in errors] == [Conflict]
        assert getattr(errors[0], "actual", None) == store.version(Stream(OPSTERLAND, "melding", seen.casus))

    def test_a_refusal_is_not_kept(self, path: CommandPath) -> None:
        """After a refusal the same key is judged anew."""
        casus = new_id()
        with pytest.raises(Refused):
            path.run(_bevestig(casus, key="b"))
        path.run(_meld(casus=casus))
        assert not path.run(_bevestig(casus, key="b")).herhaald


class TestRefusing:
    def test_a_version_that_was_passed_names_the_present_one(self, path: CommandPath, store: EventStore) -> None:
        """If-Match with an old version is refused, names the current one, and changes nothing."""
        casus = path.run(_meld()).casus
        before = _events(store)
        with pytest.raises(Conflict) as refused:
            path.run(_bevestig(casus, if_match=1))
        assert refused.value.actual == len(before)
        assert _events(store) == before

    def test_another_gemeente_sees_no_casus(self, path: CommandPath) -> None:
        """A caller of another gemeente gets the same answer for a casus that exists and one that does not."""
        casus = path.run(_meld()).casus
        problems = []
        for subject in (casus, new_id()):
            with pytest.raises(NotFound) as refused:
                path.run(_bevestig(subject, BUREN))
            problems.append(refused.value.problem())
        assert problems[0] == problems[1]
        assert problems[0]["reden"] == "geen_betrokkenheid"

    def test_who_is_recorded_as_involved_may_act_in_anothers_stream(self, path: CommandPath, store: EventStore) -> None:
        """A right that was granted and recorded opens the stream of another gemeente."""
        casus = path.run(_meld()).casus
        granted = {"organisatie": HEERENVEEN, "als": "uitvoerende_gemeente", "vanaf": DAG, "tot": None, "thema": None}
        with store.transaction() as tx:
            InvolvementRegister.record(tx.conn, OPSTERLAND, casus, granted)
        assert path.run(_bevestig(casus, BUREN)).casus == casus

    @pytest.mark.parametrize(
        ("als", "rol"),
        [
            ("uitvoerende_gemeente", "beheerder"),
            ("uitvoerende_gemeente", "kcc"),
            ("besluitende_gemeente", "centrumgemeente"),
            ("besluitende_gemeente", "wijkteam"),
            ("aanbieder", "aanbieder"),
        ],
    )
    def test_an_involvement_lets_do_nothing_where_it_shows_nothing(
        self, path: CommandPath, store: EventStore, als: str, rol: str
    ) -> None:
        """Not everybody of an organisation that is involved may act, and not in a stream that is none of its task."""
        casus = path.run(_meld()).casus
        granted = {"organisatie": HEERENVEEN, "als": als, "vanaf": DAG, "tot": None, "thema": None}
        with store.transaction() as tx:
            InvolvementRegister.record(tx.conn, OPSTERLAND, casus, granted)
        with pytest.raises(NotFound):
            path.run(_bevestig(casus, Caller(rol, HEERENVEEN, "x-1", (HEERENVEEN,))))

    @pytest.mark.parametrize(
        ("body", "field"),
        [
            ({"op": "2017-02-16"}, "op"),
            ({"op": "morgen"}, "op"),
            ({"onbekend_veld": 1}, "onbekend_veld"),
            ({"bsn": "000000000"}, "bsn"),
            ({"bsn": "999990341"}, "bsn"),
            ({"gemeente": "0001"}, "gemeente"),
            ({"gemeente": 86}, "gemeente"),
            ({"casus": "999990342"}, "casus"),
            ({"kanaal": "postduif"}, "kanaal"),
        ],
    )
    def test_bad_input_names_its_field_and_changes_nothing(
        self, path: CommandPath, store: EventStore, body: dict[str, Any], field: str
    ) -> None:
        """A field that breaks a rule is named, its value is not repeated for a BSN, and nothing is recorded."""
        with pytest.raises(InvalidInput) as refused:
            path.run(_meld(**body))
        assert field in refused.value.errors
        assert "999990341" not in json.dumps(refused.value.problem())
        assert _events(store) == []

    def test_without_an_inrichting_nothing_is_judged(self, path: CommandPath) -> None:
        """A gemeente whose inrichting is not known for the day cannot act."""
        caller = Caller("wijkteam", "0080", "w3", ("0080",))
        with pytest.raises(Refused) as refused:
            path.run(_meld(caller, gemeente="0080"))
        assert refused.value.reason == "inrichting_onbekend"

    def test_an_unknown_command_names_the_known_ones(self, path: CommandPath) -> None:
        """A wrong name is answered with the names that there are."""
        with pytest.raises(NotFound, match="bevestig-melding"):
            path.run(CommandCall(name="bevestig", body={}, caller=TEAM))

    def test_a_right_that_ended_is_over_also_for_acts_of_before(self, path: CommandPath, store: EventStore) -> None:
        """Access is judged on today: a day that the caller names in the body opens nothing."""
        casus = path.run(_meld(op="2017-02-01")).casus
        ended = date(2017, 2, 14)
        granted = {"organisatie": HEERENVEEN, "als": "besluitende_gemeente", "vanaf": date(2017, 2, 1), "thema": None}
        with store.transaction() as tx:
            InvolvementRegister.record(tx.conn, OPSTERLAND, casus, {**granted, "tot": ended})
        with pytest.raises(NotFound):
            path.run(_bevestig(casus, BUREN, body={"op": "2017-02-10"}))

    def test_a_gemeente_cannot_let_itself_in(self, path: CommandPath) -> None:
        """Under a shared casus id it may begin a stream of its own; what it records there opens no other's stream."""
        casus = path.run(_meld()).casus
        path.run(_meld(BUREN, gemeente=HEERENVEEN, casus=casus, woongemeente=HEERENVEEN))
        with pytest.raises(NotFound):
            path.run(_bevestig(casus, BUREN))

    def test_an_inwoner_acts_in_no_other_ones_casus(self, path: CommandPath) -> None:
        """Who speaks for himself is refused in a casus that is known to be about another, as if there is none."""
        client, other = (Caller("inwoner", None, name, (OPSTERLAND,)) for name in ("inwoner-1", "inwoner-2"))
        casus = path.run(_meld(client)).casus
        intrekken = replace(_bevestig(casus, other), name="trek-melding-in")
        with pytest.raises(NotFound):
            path.run(intrekken)
        assert path.run(replace(intrekken, caller=client)).casus == casus

    def test_a_role_that_may_not_is_told_who_may(self, path: CommandPath, store: EventStore) -> None:
        """Whoever may know of the casus and has the wrong role is refused, before and after it was carried out."""
        casus = path.run(_meld(INWONER)).casus
        for _ in range(2):
            with pytest.raises(Forbidden) as refused:
                path.run(_bevestig(casus, INWONER, key="k"))
            assert "wijkteam" in refused.value.remedy
            path.run(_bevestig(casus, key="k"))
        assert _events(store).count("melding-bevestigd") == 1
        with pytest.raises(NotFound):
            path.run(_bevestig(casus, replace(INWONER, id="inwoner-2")))

    def test_a_command_that_begins_is_for_roles_too(self, path: CommandPath, store: EventStore) -> None:
        """Also where nothing is read first, because its subject is made here and now."""
        with pytest.raises(Forbidden):
            path.run(_meld(Caller("toezichthouder", OPSTERLAND, "t1", (OPSTERLAND,)), key="k"))
        assert _events(store) == []

    def test_having_reported_gives_no_right_to_act(self, path: CommandPath) -> None:
        """A derde whose token names no gemeente is not let in for having made the melding."""
        reported = Caller("derde", None, "dochter-1", (OPSTERLAND,))
        casus = path.run(_meld(reported, akkoord_inwoner=True)).casus
        with pytest.raises(NotFound):
            path.run(_bevestig(casus, replace(reported, gemeenten=())))

    @pytest.mark.parametrize("reference", [7, {"zaak": 17}, ["zaak-17"]])
    def test_a_reference_is_a_text(self, path: CommandPath, reference: object) -> None:
        """A reference of another kind is refused with its field; it is not turned into text."""
        with pytest.raises(InvalidInput) as refused:
            path.run(_meld(externereferentie=reference))
        assert list(refused.value.errors) == ["externereferentie"]


class TestPolicyOfARunningCase:
    """What a new version means for a casus that runs is data."""

    @pytest.fixture
    def with_new_version(self, store: EventStore) -> None:
        beleid = {**BELEID, "overgang": {"lopende_casussen": "dag_van_de_melding"}}
        row = {"gemeente": OPSTERLAND, "versie": 2, "sleutel": "s", "geldig_vanaf": date(2017, 2, 10)}
        with store.transaction() as tx:
            Policies.keep(tx.conn, {**row, "beleid": json.dumps(beleid)})

    @pytest.mark.usefixtures("with_new_version")
    @pytest.mark.parametrize(("gemeld_op", "versie"), [("2017-02-09", "s@1"), ("2017-02-10", "s@2")])
    def test_it_keeps_the_version_of_the_day_of_its_melding(
        self, path: CommandPath, store: EventStore, gemeld_op: str, versie: str
    ) -> None:
        """With dag_van_de_melding a casus of before the new version is judged by the old one, also in later acts."""
        casus = path.run(_meld(op=gemeld_op)).casus
        answer = path.run(_bevestig(casus))
        named = {e.envelope.id: e.envelope.inrichtingversie for e in store.read_log(EVERY_GEMEENTE)}
        assert {named[event] for event in answer.gebeurtenissen} == {versie}

    @pytest.mark.usefixtures("with_new_version")
    def test_a_melding_that_another_writes_under_the_id_changes_nothing(
        self, path: CommandPath, store: EventStore
    ) -> None:
        """An older melding in the stream of an uninvolved gemeente does not bring an old version back."""
        casus = path.run(_meld(op="2017-02-12")).casus
        path.run(_meld(BUREN, gemeente=HEERENVEEN, casus=casus, op="2017-01-01"))
        answer = path.run(_bevestig(casus))
        named = {e.envelope.id: e.envelope.inrichtingversie for e in store.read_log(EVERY_GEMEENTE)}
        assert {named[event] for event in answer.gebeurtenissen} == {"s@2"}


class TestSubjectsOfTheirOwn:
    """A stream that is about something else than a casus."""

    @pytest.fixture
    def path(self, store: EventStore) -> CommandPath:
        tellen = CommandType(
            name="tel-gebruik-algemene-voorziening",
            schema=commands.REGISTREER_MELDING,
            aggregate=melding.MELDING,
            decide=by_policy(melding.registreer_melding),
            begins=True,
            subject_field="dossier",
        )
        lezen = Readers(inrichting=lambda policy: MeldingInrichting.van_beleid(policy.beleid))
        return CommandPath(store, [tellen], [], SettableClock(DAG), lezen, KnownEvents(store.codec))

    def _call(self, caller: Caller = TEAM, **more: Any) -> CommandCall:
        trace = more.pop("traceparent", None)
        return CommandCall(
            name="tel-gebruik-algemene-voorziening",
            body={"gemeente": OPSTERLAND, **more},
            caller=caller,
            traceparent=trace,
        )

    def test_its_field_names_the_subject(self, path: CommandPath) -> None:
        """The subject comes from its own field; a wrong one is refused under that name."""
        dossier = new_id()
        assert path.run(self._call(dossier=dossier, casus=new_id())).casus == dossier
        with pytest.raises(InvalidInput) as refused:
            path.run(self._call(dossier="999990342"))
        assert list(refused.value.errors) == ["dossier"]

    def test_involvement_in_a_casus_opens_no_dossier(self, path: CommandPath, store: EventStore) -> None:
        """Who is involved in some casus may begin a subject from there, and touch none that there is."""
        casus, dossier = new_id(), path.run(self._call()).casus
        granted = {"organisatie": HEERENVEEN, "als": "uitvoerende_gemeente", "vanaf": DAG, "tot": None, "thema": None}
        with store.transaction() as tx:
            InvolvementRegister.record(tx.conn, OPSTERLAND, casus, granted)
        with pytest.raises(NotFound):
            path.run(self._call(BUREN, casus=casus, dossier=dossier))
        assert path.run(self._call(BUREN, casus=casus)).casus not in (casus, dossier)

    def test_no_trace_leads_to_it(self, path: CommandPath, store: EventStore) -> None:
        """The trace of a caller may hold acts in a casus; it is not kept with a subject of its own."""
        path.run(self._call(traceparent="00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"))
        assert {e.envelope.traceparent for e in store.read_log(EVERY_GEMEENTE)} == {None}


class TestQuestions:
    def test_a_question_records_nothing(self, store: EventStore) -> None:
        """A question is answered from the inrichting of the day, and leaves no event."""
        question = QuestionType(
            name="wie", schema=commands.BEVESTIG_MELDING, answer=lambda s: {"naam": s.inrichting.beleid["kop"]["naam"]}
        )
        path = CommandPath(store, [], [question], SettableClock(DAG), Readers(), KnownEvents(store.codec))
        answer = path.ask(CommandCall(name="wie", body={"gemeente": OPSTERLAND}, caller=TEAM))
        assert answer == {"inrichting": "s@1", "naam": "Opsterland"}
        assert _events(store) == []
