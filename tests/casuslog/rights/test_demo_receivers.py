"""Who receives what in the three reference cases: every line of ``ontvangers``, wel and niet."""

from __future__ import annotations

import re
import uuid
from collections.abc import Callable, Iterable
from datetime import UTC, date, datetime, time
from pathlib import Path
from typing import Any

import pytest
import yaml

from casuslog.envelope import Envelope
from casuslog.events import TYPE_PREFIX
from casuslog.rights import Consent, Involvement, Involvements, Level, Reader, may_know_casus_exists, sight

DEMO = yaml.safe_load((Path(__file__).parents[3] / "deploy" / "demo" / "demo-zaken.yaml").read_text(encoding="utf-8"))
CASES = {case["id"]: case for case in DEMO["cases"]}
CODE = {"opsterland": "0086", "leeuwarden": "0080", "harlingen": "0072", "den_haag": "0518"}
SOZAWE = "00000099000000720001"
LATER = date(2018, 1, 1)
N, S, F, V = Level.NIETS, Level.STATUS, Level.FEITEN, Level.VOLLEDIG
TOEZICHT = {
    "SignaalAanToezichtGegeven",
    "ToezichtsignaalOntvangen",
    "ToezichtsignaalBeoordeeld",
    "ToezichtonderzoekGestart",
}


def kebab(name: str) -> str:
    """``MeldingGeregistreerd`` as it stands in the wire type."""
    return re.sub(r"(?<!^)(?=[A-Z])", "-", name).lower()


def envelope(case: dict[str, Any], service: str, event: dict[str, Any]) -> Envelope:
    """The envelope of an event of a reference case."""
    where = case["gegeven"]["uitvoerende_gemeente"]
    owner = CODE[where.get(service, where.get("alle", "opsterland"))]
    stroom = "signaal" if event["type"] == "SignaalAanToezichtGegeven" else service
    day = date.fromisoformat(event["datum"])
    actor = {1: "melder", 17: "consulent-1"}.get(event["stap"], "iemand") if case["id"] == "demo_2" else "iemand"
    casus = str(uuid.uuid5(uuid.NAMESPACE_URL, case["id"] + ("toezicht" if service == "toezicht" else "")))
    return Envelope(
        id=casus,
        source=f"urn:nld:oin:0000009900000{owner[1:]}0000:systeem:{service}",
        type=TYPE_PREFIX + kebab(event["type"]),
        time=datetime.combine(day, time(9), UTC),
        subject=casus,
        dataschema="/schemas/0123456789abcdef",
        sequence=1,
        gemeente=owner,
        stroom=stroom,
        feitdatum=day,
        correlationid=casus,
        causationid=casus,
        woongemeente=CODE[case["gegeven"]["woongemeente"]],
        thema=case["gegeven"]["thema"],
        actorrol="consulent",
        actororganisatie=owner,
        actorid=actor,
    )


EVENTS: dict[str, list[tuple[str, str, Envelope]]] = {
    case["id"]: [
        (service, event["type"], envelope(case, service, event))
        for service, events in case["verwachte_gebeurtenissen"].items()
        for event in events
    ]
    for case in DEMO["cases"]
}

INVOLVED = {
    "demo_1": Involvements().involving(
        Involvement("inwoner-1", "client", date(2017, 2, 15)),
        Involvement("0086", "woongemeente", date(2017, 2, 15), thema="beschermd_wonen"),
        Involvement("0080", "besluitende_gemeente", date(2017, 3, 23), thema="beschermd_wonen"),
        Involvement("98765401", "aanbieder", date(2017, 4, 18)),
        Involvement("mee", "clientondersteuner", date(2017, 2, 21)),
    ),
    "demo_2": Involvements()
    .involving(
        Involvement("inwoner-1", "client", date(2017, 1, 9)),
        Involvement("dochter-1", "melder", date(2017, 1, 9)),
        Involvement("0072", "woongemeente", date(2017, 1, 9)),
        Involvement(SOZAWE, "schrijver", date(2017, 2, 13)),
        Involvement("svb", "svb", date(2017, 2, 23)),
    )
    .consenting(Consent("derde", ("afspraken", "pgb_beheer"), date(2017, 1, 24))),
    "demo_3": Involvements().involving(
        Involvement("inwoner-1", "client", date(2017, 7, 8)),
        Involvement("0518", "woongemeente", date(2017, 7, 8)),
        Involvement("98765402", "aanbieder", date(2017, 8, 14)),
    ),
}


def reader(rol: str, organisatie: str | None = None, gemeenten: Iterable[str] = (), who: str = "lezer-1") -> Reader:
    """A reader with a purpose."""
    return Reader(rol, organisatie, who, tuple(gemeenten), "uitvoering_wmo")


def of(rol: str, code: str, who: str = "lezer-1") -> Reader:
    """A reader who works for one gemeente."""
    return reader(rol, code, [code], who)


Expected = Callable[[str, str], Level]


def exactly(levels: dict[str, Level]) -> Expected:
    """These events (or whole services) at these levels, and nothing of any other."""

    def expected(service: str, name: str) -> Level:
        if name in TOEZICHT:
            return levels.get(name, N)
        return levels.get(f"{service}.{name}", levels.get(name, levels.get(service, N)))

    return expected


def nothing_of(*names: str) -> Expected:
    """These events (or services) are not seen; of the others this line says nothing."""

    def expected(service: str, name: str) -> Level:
        return N if name in names or service in names else V

    return expected


CASUS = ("melding", "onderzoek", "beschikking", "pgb")
ALL_V = dict.fromkeys(CASUS, V)
ALL_S = dict.fromkeys(CASUS, S)
INDICATIE = dict.fromkeys(("IndicatieIngediend", "IndicatieTeruggestuurd", "IndicatieAangevuld"), V)
OPDRACHT = dict.fromkeys(("OpdrachtVerstrekt", "LeveringGestart"), F)
PGB_BEHEER = dict.fromkeys(
    (
        "PgbTariefBerekend",
        "PgbToegekend",
        "ToekenningAanSvbGemeld",
        "ZorgovereenkomstGoedgekeurd",
        "DeclaratieOntvangen",
        "DeclaratieGoedgekeurd",
        "DeclaratieAfgekeurd",
    ),
    F,
)
EERSTE_PGB = (
    "PgbWensVastgelegd",
    "PgbTariefBerekend",
    "PgbVoorwaardenGetoetst",
    "PgbToegekend",
    "ToekenningAanSvbGemeld",
)
INHOUD = ("GesprekGevoerd", "VerslagVerstrekt", "LeefgebiedBesproken", "LeefgebiedNietBesproken", "BijlageToegevoegd")
EVERYTHING = exactly({})
ROLES = (
    "partnergemeente",
    "wijkteam",
    "consulent",
    "kcc",
    "backoffice",
    "centrumgemeente",
    "toezichthouder",
    "inkoper",
)


def every_role_of(*codes: str) -> list[Reader]:
    """All roles of these gemeenten."""
    return [of(rol, code) for rol in ROLES for code in codes]


# (case, wel of niet, begin of "wie"): readers, what they see.
TABLE: dict[tuple[str, str, str], tuple[list[Reader], Expected]] = {
    ("demo_1", "wel", "inwoner"): ([reader("inwoner", who="inwoner-1")], exactly(ALL_V)),
    ("demo_1", "wel", "gebiedsteam Opsterland"): (
        [of("wijkteam", "0086")],
        exactly({"melding": V, "onderzoek": V, "BesluitGenomen": F, "BesluitBekendgemaakt": F, **OPDRACHT}),
    ),
    ("demo_1", "wel", "centrumgemeente Leeuwarden"): (
        [of("centrumgemeente", "0080")],
        exactly({"beschikking": V, **INDICATIE}),
    ),
    ("demo_1", "wel", "kcc Opsterland"): ([of("kcc", "0086")], exactly(ALL_S)),
    ("demo_1", "wel", "aanbieder_bw"): ([reader("aanbieder", "98765401")], exactly(OPDRACHT)),
    ("demo_1", "niet", "Heerenveen en de andere"): (every_role_of("0074", "0090", "0059", "1900"), EVERYTHING),
    ("demo_1", "niet", "centrumgemeente Leeuwarden"): (
        [of("centrumgemeente", "0080"), of("consulent", "0080"), of("backoffice", "0080"), of("wijkteam", "0080")],
        nothing_of("melding", *INHOUD, "OnderzoekAfgerond", "IdentiteitVastgesteld", "ClientondersteunerIngeschakeld"),
    ),
    ("demo_1", "niet", "kcc Opsterland"): ([of("kcc", "0086")], exactly(ALL_S)),
    ("demo_1", "niet", "aanbieder_bw"): (
        [reader("aanbieder", "98765401"), reader("aanbieder", "98765409")],
        nothing_of(
            "melding", "onderzoek", "AanvraagOntvangen", "BesluitGenomen", "BesluitBekendgemaakt", "TermijnGestart"
        ),
    ),
    ("demo_1", "niet", "svb"): ([reader("svb", "svb")], EVERYTHING),
    ("demo_1", "niet", "toezichthouder"): ([of("toezichthouder", "0086"), of("toezichthouder", "0080")], EVERYTHING),
    ("demo_1", "niet", "clientondersteuner"): ([reader("clientondersteuner", "mee")], EVERYTHING),
    ("demo_2", "wel", "inwoner (budgethouder)"): (
        [reader("inwoner", who="inwoner-1"), reader("budgethouder", who="inwoner-1")],
        exactly(ALL_V),
    ),
    ("demo_2", "wel", "dochter (derde)"): (
        [reader("derde", who="dochter-1")],
        exactly({"MeldingBevestigd": F, **PGB_BEHEER}),
    ),
    ("demo_2", "wel", "consulent en team Harlingen"): (
        [of("consulent", "0072"), of("wijkteam", "0072")],
        exactly(ALL_V),
    ),
    ("demo_2", "wel", "Dienst SoZaWe"): (
        [reader("backoffice", SOZAWE, ["0072", "0093", "0096"])],
        exactly({"OnderzoekAfgerond": F, "beschikking": V, **dict.fromkeys(EERSTE_PGB, F)}),
    ),
    ("demo_2", "wel", "svb"): (
        [reader("svb", "00000099000000000010")],
        exactly({**PGB_BEHEER, "ToekenningAanSvbGemeld": V}),
    ),
    ("demo_2", "wel", "kcc Harlingen"): ([of("kcc", "0072")], exactly(ALL_S)),
    ("demo_2", "wel", "toezichthouder Harlingen"): (
        [of("toezichthouder", "0072")],
        exactly({**dict.fromkeys(TOEZICHT, V), "SignaalAanToezichtGegeven": F}),
    ),
    ("demo_2", "niet", "Vlieland en Terschelling"): (every_role_of("0096", "0093"), EVERYTHING),
    ("demo_2", "niet", "centrumgemeente Leeuwarden"): (every_role_of("0080"), EVERYTHING),
    ("demo_2", "niet", "svb"): (
        [reader("svb", "svb")],
        nothing_of(
            "melding", "onderzoek", "beschikking", "toezicht", "PgbWensVastgelegd", "PgbVoorwaardenGetoetst", *TOEZICHT
        ),
    ),
    ("demo_2", "niet", "gecontracteerde aanbieders"): ([reader("aanbieder", "98765401")], EVERYTHING),
    ("demo_2", "niet", "pgb-hulpverlener en zus"): (
        [reader("pgb_hulpverlener", who="hulp-1"), reader("derde", who="zus-1")],
        EVERYTHING,
    ),
    ("demo_2", "niet", "inkoper, consulent, team"): (
        [of(rol, "0072") for rol in ("inkoper", "consulent", "wijkteam", "kcc")]
        + [reader("backoffice", SOZAWE, ["0072", "0093", "0096"])],
        nothing_of(*TOEZICHT),
    ),
    ("demo_2", "niet", "dochter (derde)"): (
        [reader("derde", who="dochter-1")],
        nothing_of(*INHOUD, "OnderzoekAfgerond"),
    ),
    ("demo_3", "wel", "inwoner"): ([reader("inwoner", who="inwoner-1")], exactly(ALL_V)),
    ("demo_3", "wel", "consulent Den Haag"): ([of("consulent", "0518")], exactly(ALL_V)),
    ("demo_3", "wel", "backoffice Den Haag"): ([of("backoffice", "0518")], exactly({"beschikking": V})),
    ("demo_3", "wel", "aanbieder_dh"): ([reader("aanbieder", "98765402")], exactly(OPDRACHT)),
    ("demo_3", "wel", "kcc Den Haag"): ([of("kcc", "0518")], exactly(ALL_S)),
    ("demo_3", "niet", "aanbieder_dh"): (
        [reader("aanbieder", "98765402")],
        nothing_of("melding", "onderzoek", "AanvraagOntvangen", "BesluitGenomen", "BesluitBekendgemaakt"),
    ),
    ("demo_3", "niet", "backoffice Den Haag"): ([of("backoffice", "0518")], nothing_of("melding", "onderzoek")),
    ("demo_3", "niet", "kcc Den Haag"): ([of("kcc", "0518")], exactly(ALL_S)),
    ("demo_3", "niet", "svb"): ([reader("svb", "svb")], EVERYTHING),
    ("demo_3", "niet", "toezichthouder"): ([of("toezichthouder", "0518")], EVERYTHING),
    ("demo_3", "niet", "elke andere gemeente"): (every_role_of("0080", "0392", "0072"), EVERYTHING),
}


def rows() -> list[tuple[str, str, str]]:
    """Every line of ``ontvangers`` of the reference."""
    return [
        (case["id"], kind, row["wie"])
        for case in DEMO["cases"]
        for kind in ("wel", "niet")
        for row in case["ontvangers"][kind]
    ]


@pytest.mark.parametrize(("case", "kind", "who"), rows(), ids=["-".join(row)[:70] for row in rows()])
def test_receivers_of_the_demo_cases(case: str, kind: str, who: str) -> None:
    """Each line of the reference holds: exactly what is seen, or what is never seen."""
    entry = next(value for (c, k, begin), value in TABLE.items() if (c, k) == (case, kind) and who.startswith(begin))
    readers, expected = entry
    for one in readers:
        for service, name, env in EVENTS[case]:
            found = sight(one, env, INVOLVED[case], on=LATER)
            wanted = expected(service, name)
            context = f"{one.rol} {one.organisatie}: {service}.{name} {found}"
            assert (found.level <= wanted) if kind == "niet" else (found.level == wanted), context


@pytest.mark.parametrize("case", CASES)
def test_strangers_do_not_learn_that_the_casus_exists(case: str) -> None:
    """A member of the same verband, another provider and an unknown role see nothing at all."""
    envelopes = [env for _, _, env in EVENTS[case]]
    strangers = [
        *every_role_of("0074"),
        reader("aanbieder", "98765499"),
        reader("inwoner", who="buur"),
        of("raar", "0086"),
    ]
    for stranger in strangers:
        assert not may_know_casus_exists(stranger, envelopes, INVOLVED[case], on=LATER)


def test_a_partner_is_refused_for_lack_of_involvement() -> None:
    """Demo 1, step 14: Heerenveen asks, and the reason is geen_betrokkenheid."""
    found = sight(of("partnergemeente", "0074"), EVENTS["demo_1"][0][2], INVOLVED["demo_1"], on=date(2017, 4, 13))
    assert (found.level, found.reason) == (N, "geen_betrokkenheid")


def test_the_buyer_is_refused_for_the_separation_of_supervision() -> None:
    """Demo 2, step 18: the inkoper asks for the signal, and the reason is scheiding_toezicht_en_inkoop."""
    for _, name, env in EVENTS["demo_2"]:
        if name in TOEZICHT:
            found = sight(of("inkoper", "0072"), env, INVOLVED["demo_2"], on=LATER)
            assert (found.level, found.reason) == (N, "scheiding_toezicht_en_inkoop")


def test_the_giver_sees_only_its_own_signal() -> None:
    """Demo 2: the consulent who gave the signal sees it, and nothing of what became of it."""
    giver = of("consulent", "0072", "consulent-1")
    seen = {
        name
        for _, name, env in EVENTS["demo_2"]
        if name in TOEZICHT and sight(giver, env, INVOLVED["demo_2"], on=LATER)
    }
    assert seen == {"SignaalAanToezichtGegeven"}


def test_the_daughter_sees_no_more_than_the_receipt_before_consent() -> None:
    """Demo 2: until 24 January only that the melding was received."""
    daughter = reader("derde", who="dochter-1")
    before = {n for _, n, e in EVENTS["demo_2"] if sight(daughter, e, INVOLVED["demo_2"], on=date(2017, 1, 23))}
    assert before == {"MeldingBevestigd"}
    gesprek = next(e for _, n, e in EVENTS["demo_2"] if n == "GesprekGevoerd")
    assert sight(daughter, gesprek, INVOLVED["demo_2"], on=LATER).reason == "geen_toestemming_van_betrokkene"


def test_the_feedback_to_the_team_shows_the_decision_and_no_motivation() -> None:
    """Demo 1: of another gemeente's besluit the team sees outcome, package and period."""
    besluit = next(env for _, name, env in EVENTS["demo_1"] if name == "BesluitGenomen")
    found = sight(of("wijkteam", "0086"), besluit, INVOLVED["demo_1"], on=LATER)
    assert found.shows("pakket", "feit")
    assert not found.shows("motivering", "persoonsgegeven")
    assert not found.shows("bedrag_cent", "feit")


def test_the_client_does_not_see_the_budget_of_the_provider() -> None:
    """Demo 3: all of the own case, except the maatwerkbudget."""
    opdracht = next(env for _, name, env in EVENTS["demo_3"] if name == "OpdrachtVerstrekt")
    found = sight(reader("inwoner", who="inwoner-1"), opdracht, INVOLVED["demo_3"], on=LATER)
    assert found.shows("arrangement", "feit")
    assert found.shows("doelen", "persoonsgegeven")
    assert not found.shows("maatwerkbudget_cent", "feit")
