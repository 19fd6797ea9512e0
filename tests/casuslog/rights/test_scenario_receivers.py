"""Who is and who is not informed in eleven scenarios: every line of ``informeren``, on the pure rights function.

Events carry our names (namen.md): BesluitBekendgemaakt, TermijnGestart, IndicatieTeruggestuurd, PgbTariefBerekend.
"""

from __future__ import annotations

import uuid
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, date, datetime, time
from pathlib import Path

import pytest
import yaml

from casuslog.envelope import Envelope
from casuslog.events import TYPE_PREFIX
from casuslog.rights import Consent, Involvement, Involvements, Level, Reader, may_know_casus_exists, sight

DATA = Path(__file__).parents[2] / "data" / "scenarios.yaml"
CHOSEN = ("S01", "S05", "S06", "S07", "S17", "S28", "S34", "S35", "S43", "S44", "S57")
SCENARIOS = {
    one["id"]: one for one in yaml.safe_load(DATA.read_text(encoding="utf-8"))["scenarios"] if one["id"] in CHOSEN
}
N, B, S, F, V = Level.NIETS, Level.BESTAAN, Level.STATUS, Level.FEITEN, Level.VOLLEDIG
BEFORE, THAT_DAY, LATER = date(2015, 1, 1), date(2017, 3, 1), date(2018, 1, 1)
NOBODY = Involvements()
AANBIEDER_X, AANBIEDER_Y = "98765411", "98765412"


@dataclass(frozen=True)
class View:
    """Readers, the events that they ask for (``stroom/name``), and how much they may see of each."""

    readers: tuple[Reader, ...]
    events: tuple[str, ...]
    least: Level
    most: Level
    involved: Involvements = NOBODY
    owner: str = "0518"
    woont: str | None = None
    on: date = LATER
    actor: tuple[str, str] = ("iemand", "")


def reader(rol: str, *codes: str, organisatie: str | None = None, who: str = "lezer-1") -> Reader:
    """A reader with a purpose, who works for these gemeenten."""
    return Reader(rol, organisatie or (codes[0] if codes else None), who, codes, "uitvoering_wmo")


def seen(who: Reader, events: Iterable[str], level: Level, **known: object) -> View:
    """This reader sees these events at exactly this level."""
    return View((who,), tuple(events), level, level, **known)  # type: ignore[arg-type]


def unseen(events: Iterable[str], *who: Reader, most: Level = N, **known: object) -> View:
    """These readers see no more of these events than ``most``."""
    return View(who, tuple(events), N, most, **known)  # type: ignore[arg-type]


def envelope(view: View, event: str) -> Envelope:
    """The envelope of ``stroom/name`` in a view."""
    stroom, name = event.split("/")
    casus = str(uuid.uuid5(uuid.NAMESPACE_URL, stroom))
    return Envelope(
        id=casus,
        source=f"urn:nld:oin:00000099{view.owner.zfill(8)}0000:systeem:{stroom}",
        type=TYPE_PREFIX + name,
        time=datetime.combine(THAT_DAY, time(9), UTC),
        subject=casus,
        dataschema="/schemas/0123456789abcdef",
        sequence=1,
        gemeente=view.owner,
        stroom=stroom,
        feitdatum=THAT_DAY,
        correlationid=casus,
        causationid=casus,
        woongemeente=view.woont or view.owner,
        actorrol="consulent",
        actororganisatie=view.actor[1] or None,
        actorid=view.actor[0],
    )


def involving(*pairs: tuple[str, str]) -> Involvements:
    """These parties, in these capacities, since before it all."""
    return Involvements().involving(*(Involvement(who, als, BEFORE) for who, als in pairs))


INWONER = reader("inwoner", who="inwoner-1")
CLIENT = involving(("inwoner-1", "client"))
MELDING = ("melding/melding-geregistreerd", "melding/melding-bevestigd")
RECHTEN = (*MELDING, "melding/persoonlijk-plan-mogelijkheid-meegedeeld", "melding/clientondersteuning-aangeboden")
GESPREK = ("onderzoek/gesprek-gevoerd", "onderzoek/verslag-verstrekt", "onderzoek/leefgebied-besproken")
AFSPRAAK = ("onderzoek/gesprek-gepland", "onderzoek/afspraak-bevestigd")
CONTACT = ("melding/contact-geregistreerd", "melding/vraag-verhelderd", "melding/doorverwezen")
INDICATIE = ("onderzoek/indicatie-ingediend", "onderzoek/indicatie-teruggestuurd", "onderzoek/indicatie-aangevuld")
BESLUIT = ("beschikking/besluit-genomen", "beschikking/besluit-bekendgemaakt")
TARIEF = ("pgb/pgb-wens-vastgelegd", "pgb/pgb-tarief-berekend")
CALAMITEIT = ("toezicht/calamiteit-gemeld", "toezicht/toezichtonderzoek-gestart", "toezicht/gegevens-gevorderd")
DOCHTER = reader("derde", who="dochter-1")
GEZIN = involving(("inwoner-1", "client"), ("dochter-1", "melder"))
MET_TOESTEMMING = GEZIN.consenting(Consent("derde", ("afspraken",), date(2016, 10, 5)))
FRYSLAN = {"owner": "0080", "woont": "0086"}
HEERENVEEN = {"owner": "0074"}

TABLE: dict[tuple[str, str, str], list[View]] = {
    ("S01", "wel", "inwoner"): [seen(INWONER, RECHTEN, V, involved=CLIENT)],
    ("S01", "wel", "consulent"): [seen(reader("consulent", "0518"), MELDING, V)],
    ("S01", "niet", "aanbieder"): [unseen([*RECHTEN, *AFSPRAAK], reader("aanbieder", organisatie=AANBIEDER_X))],
    ("S01", "niet", "backoffice"): [unseen([*RECHTEN, *AFSPRAAK], reader("backoffice", "0518"))],
    ("S05", "wel", "inwoner"): [seen(INWONER, [*RECHTEN, *GESPREK], V, involved=GEZIN, owner="0392")],
    ("S05", "wel", "derde"): [
        seen(DOCHTER, AFSPRAAK, F, involved=MET_TOESTEMMING, owner="0392"),
        unseen(AFSPRAAK, DOCHTER, involved=MET_TOESTEMMING, owner="0392", on=date(2016, 10, 4)),
        unseen(AFSPRAAK, reader("derde", who="buurman"), involved=MET_TOESTEMMING, owner="0392"),
    ],
    ("S05", "niet", "derde"): [unseen(GESPREK, DOCHTER, involved=MET_TOESTEMMING, owner="0392")],
    ("S06", "wel", "wijkteam"): [
        seen(
            reader("wijkteam", "1940"),
            [*MELDING, *CONTACT],
            V,
            involved=involving(("1940", "woongemeente")),
            owner="1940",
        )
    ],
    ("S06", "niet", "wijkteam"): [
        unseen([*CONTACT, "telling/gebruik-algemene-voorziening-geteld"], reader("wijkteam", "1940"), owner="1940")
    ],
    ("S07", "wel", "kcc"): [
        seen(reader("kcc", "1940"), [*MELDING, "melding/overdracht-geaccepteerd"], S, owner="1940")
    ],
    ("S07", "wel", "wijkteam"): [
        seen(reader("wijkteam", "1940"), CONTACT[:2], V, involved=involving(("1940", "woongemeente")), owner="1940")
    ],
    ("S07", "niet", "kcc"): [unseen(GESPREK, reader("kcc", "1940"), most=S, owner="1940")],
    ("S17", "wel", "inwoner"): [seen(INWONER, ["beschikking/termijn-gestart"], V, involved=CLIENT, owner="0392")],
    ("S17", "wel", "backoffice"): [
        seen(reader("backoffice", "0392"), ["beschikking/aanvraag-ontvangen"], V, owner="0392")
    ],
    ("S17", "niet", "aanbieder"): [
        unseen(
            ["onderzoek/verslag-opgesteld", "onderzoek/verslag-voorgelegd", "onderzoek/verslag-ondertekend"],
            reader("aanbieder", organisatie=AANBIEDER_X),
            owner="0392",
        )
    ],
    ("S28", "wel", "aanbieder"): [
        seen(
            reader("aanbieder", organisatie=AANBIEDER_X),
            ["beschikking/opdracht-verstrekt"],
            F,
            involved=involving((AANBIEDER_X, "aanbieder")),
        )
    ],
    ("S28", "wel", "inkoper"): [
        seen(reader("inkoper", "0518"), ["beschikking/uitwerking-door-aanbieder-vastgelegd"], F)
    ],
    ("S28", "niet", "inwoner"): [unseen(["beschikking/maatwerkbudget-vastgesteld"], INWONER, involved=CLIENT)],
    ("S34", "wel", "wijkteam"): [seen(reader("wijkteam", "0086"), BESLUIT, F, **FRYSLAN)],
    ("S34", "wel", "inwoner"): [seen(INWONER, BESLUIT, V, involved=CLIENT, **FRYSLAN)],
    ("S34", "wel", "kcc"): [seen(reader("kcc", "0086"), [*INDICATIE, *BESLUIT], S, **FRYSLAN)],
    ("S34", "niet", "partnergemeente"): [
        unseen(
            [*INDICATIE, *BESLUIT],
            *(reader(rol, code) for code in ("0074", "0090") for rol in ("partnergemeente", "wijkteam", "kcc")),
            involved=involving(("0086", "woongemeente"), ("0080", "besluitende_gemeente")),
            **FRYSLAN,
        )
    ],
    ("S34", "niet", "kcc"): [unseen(INDICATIE, reader("kcc", "0086"), most=S, owner="0086")],
    ("S35", "wel", "inwoner"): [seen(INWONER, ["onderzoek/onderzoek-afgerond"], V, involved=CLIENT, owner="0080")],
    ("S35", "wel", "cak"): [
        seen(reader("cak", organisatie="cak"), BESLUIT, F, involved=involving(("cak", "cak")), owner="0080"),
        unseen(MELDING, reader("cak", organisatie="cak"), involved=involving(("cak", "cak")), owner="0080"),
    ],
    ("S35", "niet", "cak"): [
        unseen(
            ["telling/gebruik-algemene-voorziening-geteld", *MELDING], reader("cak", organisatie="cak"), owner="0080"
        )
    ],
    ("S35", "niet", "wijkteam"): [
        unseen(["telling/gebruik-algemene-voorziening-geteld"], reader("wijkteam", "0080"), owner="0080")
    ],
    ("S43", "wel", "svb"): [
        seen(
            reader("svb", organisatie="svb"),
            ["pgb/pgb-toegekend", "pgb/pgb-tarief-berekend"],
            F,
            involved=involving(("svb", "svb")),
            owner="0072",
        )
    ],
    ("S43", "wel", "inwoner"): [seen(INWONER, TARIEF, V, involved=CLIENT, owner="0072")],
    ("S43", "niet", "svb"): [
        unseen([*GESPREK, *MELDING], reader("svb", organisatie="svb"), involved=involving(("svb", "svb")), owner="0072")
    ],
    ("S43", "niet", "partnergemeente"): [
        unseen(
            [*TARIEF, "pgb/pgb-toegekend"],
            *(reader(rol, code) for code in ("0096", "0093") for rol in ("partnergemeente", "consulent", "backoffice")),
            owner="0072",
        )
    ],
    ("S44", "wel", "inwoner"): [seen(INWONER, TARIEF, V, involved=CLIENT, **HEERENVEEN)],
    ("S44", "niet", "aanbieder"): [
        unseen(
            TARIEF,
            reader("aanbieder", organisatie=AANBIEDER_X),
            involved=involving((AANBIEDER_X, "aanbieder")),
            **HEERENVEEN,
        )
    ],
    ("S57", "wel", "toezichthouder"): [seen(reader("toezichthouder", "0074"), CALAMITEIT, V, **HEERENVEEN)],
    ("S57", "wel", "college"): [
        seen(reader("college", "0074"), ["toezicht/college-geinformeerd"], F, **HEERENVEEN),
        unseen(CALAMITEIT, reader("college", "0074"), **HEERENVEEN),
    ],
    ("S57", "wel", "gemeenteraad"): [
        seen(reader("gemeenteraad", "0074"), ["toezicht/college-geinformeerd"], B, **HEERENVEEN)
    ],
    ("S57", "niet", "kcc"): [unseen(CALAMITEIT, reader("kcc", "0074"), **HEERENVEEN)],
    ("S57", "niet", "inkoper"): [unseen(CALAMITEIT, reader("inkoper", "0074"), **HEERENVEEN)],
    ("S57", "niet", "partnergemeente"): [
        unseen(CALAMITEIT, reader("partnergemeente", "0080"), reader("toezichthouder", "0080"), **HEERENVEEN)
    ],
    ("S57", "niet", "consulent"): [unseen(CALAMITEIT, reader("consulent", "0074"), **HEERENVEEN)],
}


def lines() -> list[tuple[str, str, str]]:
    """Every line of ``informeren`` of the chosen scenarios."""
    return [
        (name, kind, row["wie"])
        for name, scenario in SCENARIOS.items()
        for kind in ("wel", "niet")
        for row in scenario["dan"]["informeren"].get(kind, [])
    ]


def test_every_line_of_the_scenarios_is_asserted() -> None:
    """The table holds each line of the eleven scenarios, and no line that they do not have."""
    assert sorted(set(lines())) == sorted(TABLE)
    assert set(SCENARIOS) == set(CHOSEN)


@pytest.mark.parametrize("line", list(TABLE), ids=["-".join(line) for line in TABLE])
def test_receivers_of_the_scenarios(line: tuple[str, str, str]) -> None:
    """Who must be informed sees it, at that level; who must not sees no more than allowed."""
    for view in TABLE[line]:
        for one in view.readers:
            for event in view.events:
                found = sight(one, envelope(view, event), view.involved, on=view.on)
                assert view.least <= found.level <= view.most, f"{one.rol}: {event} {found}"


REFUSALS = [
    (reader("partnergemeente", "0074"), INDICATIE[0], "0086", "geen_betrokkenheid"),
    (reader("inkoper", "0074"), CALAMITEIT[0], "0074", "scheiding_toezicht_en_inkoop"),
    (reader("aanbieder", organisatie=AANBIEDER_Y), CALAMITEIT[0], "0074", "geen_betrokkenheid"),
    (DOCHTER, MELDING[0], "0392", "geen_toestemming_van_betrokkene"),
]


@pytest.mark.parametrize(("who", "event", "owner", "reason"), REFUSALS, ids=["S34", "S57-4", "S57-5", "S05"])
def test_a_refused_reading_has_the_reason_of_the_scenario(who: Reader, event: str, owner: str, reason: str) -> None:
    """S05 step 2, S34 step 6, S57 steps 4 and 5."""
    view = unseen([event], who, owner=owner, involved=GEZIN)
    found = sight(who, envelope(view, event), view.involved, on=LATER)
    assert (found.level, found.reason) == (N, reason)
    assert not may_know_casus_exists(who, [envelope(view, event)], view.involved, on=LATER)


def test_the_provider_sees_the_calamity_that_it_reported_itself() -> None:
    """S57: X sees its own report and nothing of the onderzoek; Y sees neither."""
    view = unseen(CALAMITEIT, actor=("medewerker-x", AANBIEDER_X), **HEERENVEEN)
    own = [
        sight(reader("aanbieder", organisatie=AANBIEDER_X), envelope(view, event), on=LATER).level
        for event in CALAMITEIT
    ]
    others = [
        sight(reader("aanbieder", organisatie=AANBIEDER_Y), envelope(view, event), on=LATER).level
        for event in CALAMITEIT
    ]
    assert own == [V, N, N]
    assert others == [N, N, N]
