"""The path of a command: who may, what was asked, which inrichting holds, decide, append, answer."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import date
from pathlib import Path
from typing import Any

import pytest

import casuslog.rights.events
import casuslog.termijnen.events  # noqa: F401  # declares the shared events
from casuslog.caller import Caller
from casuslog.clock import SettableClock
from casuslog.codec import Codec
from casuslog.codes import oin_of, schemas_folder
from casuslog.commands import CommandCall, CommandPath, CommandType, QuestionType, Readers, by_policy
from casuslog.consume import timers
from casuslog.envelope import Position, Stream
from casuslog.errors import Conflict, InvalidInput, KeyReused, NotFound, Refused
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
        granted = {"organisatie": HEERENVEEN, "als": "besluitende_gemeente", "vanaf": DAG, "tot": None, "thema": None}
        with store.transaction() as tx:
            InvolvementRegister.record(tx.conn, OPSTERLAND, casus, granted)
        assert path.run(_bevestig(casus, BUREN)).casus == casus

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
