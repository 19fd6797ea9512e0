"""The channels over HTTP: commands, questions, timelines, statuses, streams, waits, feeds, the log of a beheerder."""

from __future__ import annotations

import json
import random
import re
from collections.abc import Iterator, Mapping
from typing import Any

from casuslog.caller import Caller
from casuslog.identifiers import new_id
from casuslog.settings import service_class, service_names
from tests.wall.channels import Heard, channel
from tests.wall.world import GEMEENTEN, World

FORGED = 0.05
"""Part of the attempts with a token that is not of our issuer."""
STROMEN = {
    "melding": ("melding", "telling"),
    "onderzoek": ("onderzoek",),
    "beschikking": ("beschikking",),
    "pgb": ("pgb", "signaal"),
    "toezicht": ("toezicht",),
    "abonnement": ("abonnement",),
    "historie": ("melding",),
}
_BODIES: Mapping[str, Mapping[str, Any]] = {
    "verhelder-vraag": {"vraag": "x"},
    "verwijs-door": {"naar": "x"},
    "bied-clientondersteuning-aan": {"moment": "melding"},
    "geef-toestemming": {"aan": "derde", "omvang": ["verslag"]},
    "sluit-melding": {"reden": "anders"},
    "plan-gesprek": {"gesprek_op": "2017-02-20"},
    "leg-gesprek-vast": {"vorm": "huisbezoek", "deelnemers": ["inwoner"]},
    "betrek-persoonlijk-plan": {"toelichting": "x"},
    "rond-onderzoek-af": {"uitkomst": [{"soort": "maatwerk", "voorziening": "begeleiding"}]},
    "dien-indicatie-in": {"thema": "beschermd_wonen"},
    "stuur-indicatie-terug": {"velden": ["situatie"]},
    "vul-indicatie-aan": {"velden": {"situatie": "x"}},
    "vraag-aanvulling": {"gegevens": ["inkomen"]},
    "ontvang-aanvulling": {"gegevens": ["inkomen"]},
    "maak-besluit-bekend": {"wijze": "post"},
    "verstrek-opdracht": {"aanbieder": "98765402", "ingang": "2017-03-01"},
    "toets-pgb-voorwaarden": {"bekwaam": True, "gemotiveerd": True, "kwaliteit_gewaarborgd": True},
    "geef-signaal-aan-toezicht": {"aard": "geen_hulp", "over": "hulpverlener_1"},
    "start-toezichtonderzoek": {"soort": "signaal"},
    "vorder-gegevens": {"bij": "aanbieder"},
    "informeer-college": {"strekking": "x"},
    "ken-abonnement-toe": {"houdersoort": "oin", "houder": "00000099000000001000", "rol": "wijkteam"},
}
_UUID = re.compile(r"[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}")


class Ear:
    """Asks in somebody's name, and keeps what was sent and what was heard."""

    def __init__(self, world: World, rng: random.Random) -> None:
        self.world = world
        self.rng = rng

    def attempt(
        self, caller: Caller, service: str, method: str, path: str, body: Any = None, absent: Any = None, **headers: str
    ) -> Heard:
        """One attempt. ``absent``: path and body of the same about something that is not there."""
        forged = self.rng.random() < FORGED
        token = self.world.forged(caller, self.rng) if forged else self.world.token(caller)
        text = self._ask(service, method, path, body, token, headers)
        other = None if absent is None else self._ask(service, method, *absent, token, headers)
        sent = f"{method} {service}{path}\n{json.dumps(body)}{json.dumps(headers)}"
        return Heard(
            caller=None if forged else caller,
            sent=sent,
            text=text,
            absent=other if other is None else _like(other, text),
        )

    def _ask(self, service: str, method: str, path: str, body: Any, token: str, headers: dict[str, str]) -> str:
        # Without cookies and redirects: what one call says, it says by itself.
        answer = self.world.apps[service].open(
            path, method=method, json=body, headers={"Authorization": f"Bearer {token}", **headers}
        )
        told = {name: value for name, value in answer.headers if name != "Date"}
        return f"{answer.status_code} {told}\n{answer.get_data(as_text=True)}"

    def caller(self) -> Caller:
        """Somebody."""
        return self.rng.choice(self.world.cast)

    def strange(self, caller: Caller) -> tuple[str, str]:
        """A gemeente for which the caller does not act, and a casus of it."""
        gemeente = self.world.others(caller, self.rng)
        return gemeente, self.rng.choice(self.world.casussen[gemeente])

    def day(self) -> str:
        """A day to ask for, or none."""
        return self.rng.choice(("", "", "?op=2017-02-15", "?op=2016-01-01", "?op=2099-12-31"))

    def secret(self, caller: Caller, casus: str) -> bool:
        """Whether this caller may not even know that the casus exists."""
        oracle = self.world.oracle
        return not any(mark.subject == casus and oracle.may(caller, mark) for mark in oracle.marks.values())


def _like(other: str, text: str) -> str:
    """The same answer, but for the ids and their lengths that were asked for."""
    return text if _UUID.sub("-", other) == _UUID.sub("-", text) else other


@channel("tijdlijnen", 2400)
def timelines(world: World, rng: random.Random, attempts: int) -> Iterator[Heard]:
    """The timeline of a casus of another gemeente, and of the own one in a role that sees none of its words."""
    yield from _casus(world, rng, attempts, "/tijdlijn")


@channel("statussen", 1600)
def statuses(world: World, rng: random.Random, attempts: int) -> Iterator[Heard]:
    """The status of such a casus."""
    yield from _casus(world, rng, attempts, "")


def _casus(world: World, rng: random.Random, attempts: int, what: str) -> Iterator[Heard]:
    ear = Ear(world, rng)
    for _ in range(attempts):
        caller = ear.caller()
        gemeente, casus = ear.strange(caller)
        if rng.random() < 0.2 and caller.gemeenten:
            casus = rng.choice(world.casussen[caller.gemeenten[0]])
        elif rng.random() < 0.1:
            casus = rng.choice(world.signalen[gemeente])
        day = ear.day()
        absent = (f"/casussen/{new_id()}{what}{day}", None) if ear.secret(caller, casus) else None
        yield ear.attempt(caller, "historie", "GET", f"/casussen/{casus}{what}{day}", absent=absent)


@channel("stromen", 2400)
def streams(world: World, rng: random.Random, attempts: int) -> Iterator[Heard]:
    """A stream of another, under its own gemeente or under that of the caller, at the right service or another."""
    ear = Ear(world, rng)
    subjects = {
        "signaal": world.signalen,
        "toezicht": _dossiers(world),
        "abonnement": world.abonnementen,
    }
    for _ in range(attempts):
        caller = ear.caller()
        gemeente, casus = ear.strange(caller)
        service = rng.choice(list(STROMEN))
        kind = rng.choice(STROMEN[service] if rng.random() < 0.8 else [k for kinds in STROMEN.values() for k in kinds])
        subject = rng.choice(subjects[kind][gemeente]) if kind in subjects else casus
        under = rng.choice((gemeente, gemeente, *(caller.gemeenten or GEMEENTEN)))
        day = ear.day()
        absent = None
        if ear.secret(caller, subject):
            absent = (f"/stromen/{under}/{kind}/{new_id()}{day}", None)
        yield ear.attempt(caller, service, "GET", f"/stromen/{under}/{kind}/{subject}{day}", absent=absent)


@channel("opdrachten", 1800)
def commands(world: World, rng: random.Random, attempts: int) -> Iterator[Heard]:
    """Every command on a casus of another: for its gemeente, or for the own one; with a version or a key guessed."""
    ear = Ear(world, rng)
    every = [(name, one) for name in service_names() for one in service_class(name).commands]  # type: ignore[attr-defined]
    dossiers = _dossiers(world)
    for number in range(attempts):
        service, kind = every[number % len(every)]
        caller = ear.caller()
        gemeente, casus = ear.strange(caller)
        subject = rng.choice(dossiers[gemeente]) if service == "toezicht" else casus
        body = {**_BODIES.get(kind.name, {}), "gemeente": gemeente, kind.subject_field: subject}
        if rng.random() < 0.2 and caller.gemeenten and kind.begins is False:
            body["gemeente"] = caller.gemeenten[0]
        headers = rng.choice(({}, {"If-Match": '"1"'}, {"Idempotency-Key": "wijkteam-0086"}))
        absent = None
        # An inwoner who acts in a casus of somebody else is refused as such; which casus that was, he said himself.
        if caller.rol != "inwoner" and ear.secret(caller, subject) and not kind.begins:
            absent = (f"/opdrachten/{kind.name}", {**body, kind.subject_field: new_id()})
        yield ear.attempt(caller, service, "POST", f"/opdrachten/{kind.name}", body, absent, **headers)


@channel("vragen", 300)
def questions(world: World, rng: random.Random, attempts: int) -> Iterator[Heard]:
    """A question about a casus of another: it answers from the inrichting, and says nothing of the casus."""
    ear = Ear(world, rng)
    for _ in range(attempts):
        caller = ear.caller()
        gemeente, casus = ear.strange(caller)
        body = {
            "gemeente": gemeente,
            "casus": casus,
            "voorziening": "begeleiding_individueel",
            "hulpverlener": "sociaal_netwerk",
        }
        absent = ("/vragen/bereken-pgb-tarief", {**body, "casus": new_id()})
        yield ear.attempt(caller, "pgb", "POST", "/vragen/bereken-pgb-tarief", body, absent)


@channel("wachten", 900)
def waits(world: World, rng: random.Random, attempts: int) -> Iterator[Heard]:
    """Waiting for an event of another, to find out that it is there."""
    ear = Ear(world, rng)
    dossiers = _dossiers(world)
    for _ in range(attempts):
        caller = ear.caller()
        gemeente, casus = ear.strange(caller)
        source = rng.choice(("melding", "onderzoek", "beschikking", "toezicht"))
        subject = rng.choice(dossiers[gemeente]) if source == "toezicht" else casus
        at, nowhere = (f"{source}/{gemeente}/{source}/{one}/{rng.choice((1, 2))}" for one in (subject, new_id()))
        nowhere = nowhere[: nowhere.rindex("/")] + at[at.rindex("/") :]
        service = rng.choice(("melding", "onderzoek", "historie", "toezicht", "abonnement"))
        absent = (f"/wacht/{nowhere}?seconden=0", None) if ear.secret(caller, subject) else None
        yield ear.attempt(caller, service, "GET", f"/wacht/{at}?seconden=0", absent=absent)


@channel("feeds", 1200)
def feeds(world: World, rng: random.Random, attempts: int) -> Iterator[Heard]:
    """The feed of another's subscription: from every number, one number, or its terms."""
    ear = Ear(world, rng)
    for _ in range(attempts):
        caller = ear.caller()
        gemeente = world.others(caller, rng)
        abonnement = rng.choice(world.abonnementen[gemeente])
        number = rng.choice((0, 1, 3, 10, 999999999))
        tail = rng.choice(("", f"/gebeurtenissen?na={number}", f"/gebeurtenissen/{max(1, number)}", "/gebeurtenissen"))
        absent = (f"/abonnementen/{new_id()}{tail}", None)
        yield ear.attempt(caller, "abonnement", "GET", f"/abonnementen/{abonnement}{tail}", absent=absent)


@channel("herhalingen", 600)
def replays(world: World, rng: random.Random, attempts: int) -> Iterator[Heard]:
    """Another's subscription sent again, whole or of one casus or gemeente; and the own one, of what is another's."""
    ear = Ear(world, rng)
    for number in range(attempts):
        caller = ear.caller()
        gemeente, casus = ear.strange(caller)
        own = rng.choice(caller.gemeenten or GEMEENTEN)
        mine = world.abonnementen[own][0]
        if number % 4 == 3:
            # Also after a replay of one's own that asked for more: what the feed gives stays one's own.
            yield ear.attempt(caller, "abonnement", "GET", f"/abonnementen/{mine}/gebeurtenissen?na=0&limiet=100")
            continue
        theirs = rng.choice(world.abonnementen[gemeente])
        narrowed = rng.choice(
            ({}, {"betreft_casus": casus}, {"van_gemeente": gemeente}, {"sinds": "2007-01-01"}, {"sinds": "2017-02-15"})
        )
        body = {"gemeente": rng.choice((gemeente, own)), "na": rng.choice((0, 1, 999999999)), **narrowed}
        target = mine if rng.random() < 0.3 else theirs
        path = "/opdrachten/herhaal-levering"
        absent = (path, {**body, "abonnement": new_id()}) if target == theirs and gemeente not in (own,) else None
        yield ear.attempt(caller, "abonnement", "POST", path, {**body, "abonnement": target}, absent)


@channel("beheer", 900)
def operating(world: World, rng: random.Random, attempts: int) -> Iterator[Heard]:
    """The log as a beheerder reads it, for a gemeente that is not his, from a cursor that he guessed."""
    ear = Ear(world, rng)
    beheerders = [one for one in world.cast if one.rol == "beheerder"]
    for _ in range(attempts):
        caller = rng.choice(beheerders) if rng.random() < 0.7 else ear.caller()
        gemeente, casus = ear.strange(caller)
        service = rng.choice(service_names())
        cursor = rng.choice(("", "na=0.0.0&", f"na=1.{rng.randrange(99)}.{rng.randrange(99)}&"))
        path = rng.choice(
            (
                f"/gebeurtenissen?{cursor}gemeente={gemeente}",
                f"/gebeurtenissen?{cursor}limiet=500",
                f"/gebeurtenissen?gemeente={gemeente}&gemeente={GEMEENTEN[0]}",
                f"/geparkeerd/{casus}",
                "/geparkeerd",
                "/status",
            )
        )
        yield ear.attempt(caller, service, "GET", path)


@channel("dossiers", 300)
def dossier_lists(world: World, rng: random.Random, attempts: int) -> Iterator[Heard]:
    """The list of dossiers of a toezichthouder, in every role of every gemeente."""
    ear = Ear(world, rng)
    for _ in range(attempts):
        yield ear.attempt(ear.caller(), "toezicht", "GET", "/dossiers")


@channel("zoeken", 400)
def lookups(world: World, rng: random.Random, attempts: int) -> Iterator[Heard]:
    """A casus by the BSN of somebody in another gemeente, beside one by a BSN that nobody has."""
    ear = Ear(world, rng)
    for _ in range(attempts):
        caller = ear.caller()
        gemeente, casus = ear.strange(caller)
        number, nobody = world.bsn[casus], world.bsn[""]
        where = rng.choice(({}, {"gemeente": gemeente}, {"gemeente": rng.choice(caller.gemeenten or GEMEENTEN)}))
        absent = ("/zoek/casussen", {"bsn": nobody, **where}) if ear.secret(caller, casus) else None
        yield ear.attempt(caller, "historie", "POST", "/zoek/casussen", {"bsn": number, **where}, absent)


@channel("rollen", 500)
def roles(world: World, rng: random.Random, attempts: int) -> Iterator[Heard]:
    """A role that the token has not, chosen with a header, on a casus of the own gemeente and of another."""
    ear = Ear(world, rng)
    for _ in range(attempts):
        caller = ear.caller()
        gemeente, casus = ear.strange(caller)
        if caller.gemeenten and rng.random() < 0.5:
            casus = rng.choice(world.casussen[caller.gemeenten[0]])
        wanted = rng.choice(("wijkteam", "consulent", "toezichthouder", "beheerder", "inwoner"))
        headers = {"Casuslog-Rol": wanted}
        path = rng.choice((f"/casussen/{casus}/tijdlijn", f"/stromen/{gemeente}/melding/{casus}"))
        yield ear.attempt(caller, rng.choice(("historie", "melding")), "GET", path, **headers)


def _dossiers(world: World) -> dict[str, list[str]]:
    found: dict[str, list[str]] = {gemeente: [] for gemeente in GEMEENTEN}
    for mark in world.oracle.marks.values():
        if mark.stroom == "toezicht" and mark.kind == "casus" and mark.gemeente in found:
            found[mark.gemeente].append(mark.subject)
    return found
