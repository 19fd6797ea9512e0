"""A casus that is not safe to share reaches nobody, at once, and nobody can tell."""

from typing import Any

import pytest

from casuslog.access import NoInvolvement
from casuslog.caller import Caller
from casuslog.errors import InvalidInput, Refused
from services.abonnement.weergave import NUMMER
from tests.services.abonnement.wereld import AANBIEDER, HEERENVEEN, LEEUWARDEN, OPSTERLAND, WIJKTEAM, Wereld

KCC = Caller("kcc", OPSTERLAND, "k-1", (OPSTERLAND,))
BUUR = Caller("consulent", HEERENVEEN, "c-9", (HEERENVEEN,))


def in_queue(wereld: Wereld, abonnement: str) -> list[tuple[int, bool]]:
    return [(one.headers[NUMMER], one.ingehouden) for one in wereld.geleverd(abonnement)]


def test_no_consumer_gets_anything_of_it_from_then_on(wereld: Wereld) -> None:
    """Whatever the role: what lay in a queue comes back empty, what happens next has no number, the feed shows none."""
    kcc = wereld.ken_toe(rol="kcc")
    team = wereld.ken_toe()
    aanbieder = wereld.ken_toe(houdersoort="agb", houder=AANBIEDER, rol="aanbieder")
    casus, ander = (wereld.melding()[0].envelope.subject for _ in range(2))
    wereld.opdracht(casus)
    voor = {abonnement: len(in_queue(wereld, abonnement)) for abonnement in (kcc, team, aanbieder)}
    wereld.scherm_af(casus, reden="veiligheid")
    wereld.bevestiging(casus)
    for abonnement, aantal in voor.items():
        stand = in_queue(wereld, abonnement)
        assert len(stand) == aantal
        assert {nummer for nummer, leeg in stand if leeg} == {
            nummer for nummer, event_id, _ in wereld.nummers(abonnement) if not van(wereld, ander, event_id)
        }
    gelezen = wereld.lees(team)["gebeurtenissen"]
    assert [one.get("subject") for one in gelezen if "ingehouden" not in one] == [ander]
    assert [one["casus"] for one in wereld.stand(team)["casussen"]] == [ander]


def van(wereld: Wereld, casus: str, event_id: str) -> bool:
    with wereld.store.transaction() as tx:
        return event_id in {e.envelope.id for e in wereld.known.of(tx.conn, casus, [OPSTERLAND], purpose="test")}


def test_lifted_it_is_shared_again_and_nobody_hears_that_it_was_not(wereld: Wereld) -> None:
    """What happened meanwhile gets its numbers; the events that say so are delivered to nobody."""
    team = wereld.ken_toe()
    [gemeld] = wereld.melding()
    casus = gemeld.envelope.subject
    wereld.scherm_af(casus, reden="geheim_adres")
    [bevestigd] = wereld.bevestiging(casus)
    assert wereld.ids(team) == [gemeld.envelope.id]
    wereld.scherm_af(casus, "hef-afscherming-op")
    assert wereld.ids(team) == [gemeld.envelope.id, bevestigd.envelope.id]
    assert [one["id"] for one in wereld.lees(team)["gebeurtenissen"]] == wereld.ids(team)


def test_it_holds_for_the_streams_of_who_works_together_and_for_no_stranger(wereld: Wereld) -> None:
    """Leeuwarden recorded Opsterland as the woongemeente, so its streams stop too; Heerenveen cannot stop them."""
    wereld.verband("bw", (OPSTERLAND, LEEUWARDEN), ("beschermd_wonen",))
    selectie = {"gemeenten": [OPSTERLAND, LEEUWARDEN], "themas": ["beschermd_wonen"]}
    team = wereld.ken_toe(gebeurtenistypen=["BesluitBekendgemaakt"], **selectie)
    casus = wereld.melding()[0].envelope.subject
    body = {"gemeente": HEERENVEEN, "casus": casus, "reden": "veiligheid"}
    wereld.opdracht_aan_dienst("scherm-casus-af", body, BUUR)
    wereld.neem_over(HEERENVEEN, "afscherming", casus)
    wereld.bekendmaking(casus)
    assert len(wereld.ids(team)) == 1
    wereld.betrek(casus, OPSTERLAND, "woongemeente", door=LEEUWARDEN)
    wereld.scherm_af(casus, reden="veiligheid")
    wereld.bekendmaking(casus)
    assert len(wereld.ids(team)) == 1


@pytest.mark.parametrize(
    ("opdracht", "caller", "gegeven", "fout"),
    [
        ("scherm-casus-af", Caller("kcc", OPSTERLAND, "k-1", (OPSTERLAND,)), {"reden": "veiligheid"}, Refused),
        ("scherm-casus-af", WIJKTEAM, {"reden": "zomaar"}, InvalidInput),
        (
            "scherm-casus-af",
            Caller("consulent", HEERENVEEN, "c-1", (HEERENVEEN,)),
            {"reden": "veiligheid"},
            NoInvolvement,
        ),
        ("hef-afscherming-op", WIJKTEAM, {}, Refused),
    ],
)
def test_who_may_not_is_refused(
    wereld: Wereld, opdracht: str, caller: Caller, gegeven: dict[str, Any], fout: Any
) -> None:
    """Another role, a reason that is no code, another gemeente, and lifting what is not shielded."""
    casus = wereld.melding()[0].envelope.subject
    with pytest.raises(fout):
        wereld.opdracht_aan_dienst(opdracht, {"gemeente": OPSTERLAND, "casus": casus, **gegeven}, caller)


def test_marking_again_for_the_same_reason_changes_nothing(wereld: Wereld) -> None:
    """One fact is enough; another reason is another fact."""
    casus = wereld.melding()[0].envelope.subject
    body = {"gemeente": OPSTERLAND, "casus": casus}
    aantallen = [
        len(wereld.opdracht_aan_dienst("scherm-casus-af", {**body, "reden": reden}, WIJKTEAM).gebeurtenissen)
        for reden in ("veiligheid", "veiligheid", "geheim_adres")
    ]
    assert aantallen == [1, 0, 1]
