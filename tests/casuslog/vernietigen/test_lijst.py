"""``casuslog vernietig --lijst``: which casussen are past their term, and what stands in the way of one."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import date
from typing import Any

import pytest
import structlog
from click.testing import CliRunner, Result

from casuslog.beheer.vernietiging import Vernietiging
from casuslog.caller import Caller
from casuslog.cli._installation import Installation
from casuslog.cli._root import cli
from casuslog.store import EVERY_GEMEENTE
from casuslog.testing.platform import Platform

GEMEENTE = "0086"
TEAM = Caller("wijkteam", GEMEENTE, "team-1", (GEMEENTE,), "uitvoering_wmo")
HEERENVEEN = Caller("wijkteam", "0074", "team-2", ("0074",), "uitvoering_wmo")
BEZWAAR = Caller("bezwaarbehandelaar", GEMEENTE, "bezwaar-1", (GEMEENTE,), "bezwaar")
INGETROKKEN, LAATSTE, VERSTREKEN = date(2017, 2, 20), date(2017, 4, 3), date(2017, 4, 4)
NAAM = "Wiarda-Terpstra"


@pytest.fixture(scope="module")
def platform(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Platform]:
    """A platform whose clock the tests set."""
    with Platform(date(2017, 2, 13), data=tmp_path_factory.mktemp("lijst")) as made:
        yield made


@pytest.fixture(autouse=True)
def _services_log_elsewhere() -> Iterator[None]:
    """The services live in this process; what they log is not what a command prints."""
    with structlog.testing.capture_logs():
        yield


def melding(platform: Platform, bsn: str | None = None, caller: Caller = TEAM) -> str:
    """A melding of an inwoner, today."""
    gemeente = "opsterland" if caller is TEAM else "heerenveen"
    body = {"gemeente": gemeente, "kanaal": "telefoon", "naam": NAAM, "bsn": bsn}
    return platform.command("melding", "registreer-melding", caller, **body).casus


def ingetrokken(platform: Platform, bsn: str | None = None, caller: Caller = TEAM) -> str:
    """A melding that was withdrawn: kept for 42 days after it, through the third of April."""
    platform.clock.set(date(2017, 2, 13))
    casus = melding(platform, bsn, caller)
    platform.settle()
    platform.clock.set(INGETROKKEN)
    gemeente = "opsterland" if caller is TEAM else "heerenveen"
    platform.command("melding", "trek-melding-in", caller, gemeente=gemeente, casus=casus, reden="opgelost")
    platform.settle()
    return casus


def op(platform: Platform, dag: date) -> None:
    platform.clock.set(dag)
    platform.settle()


def run(platform: Platform, *words: str) -> Result:
    """A command line on this installation."""
    installation = Installation(platform.settings)
    installation.__dict__["clock"] = platform.clock
    return CliRunner().invoke(cli, ["vernietig", *words], obj=installation)


def lijst(platform: Platform, gemeente: str = GEMEENTE) -> dict[str, dict[str, Any]]:
    done = run(platform, "--lijst", "--gemeente", gemeente, "--json")
    assert done.exit_code == 0, done.output
    return {one["casus"]: one for one in json.loads(done.stdout)}


def test_a_casus_is_on_the_list_from_the_day_after_its_term(platform: Platform) -> None:
    """With its outcome, term, source and phases; of its own gemeente only; one that runs never."""
    casus = ingetrokken(platform)
    elders = ingetrokken(platform, caller=HEERENVEEN)
    loopt = melding(platform)
    op(platform, LAATSTE)
    assert casus not in lijst(platform)
    op(platform, VERSTREKEN)
    found = lijst(platform)
    told = found[casus]
    assert (told["resultaat"], told["bewaard_tot_en_met"], told["stand"]) == (
        "afgebroken",
        "2017-04-03",
        "te_vernietigen",
    )
    assert "melding" in told["dossiers"]
    assert "42 dagen" in told["bron"]
    assert {elders, loopt}.isdisjoint(found)
    assert elders in lijst(platform, "heerenveen")


def test_the_list_says_what_destroying_would_answer(platform: Platform) -> None:
    """A hold is named with its reference, and a casus of the same person that runs; without the person."""
    gehouden, nodig = ingetrokken(platform), ingetrokken(platform, "999990019")
    op(platform, VERSTREKEN)
    hold = {"gemeente": "opsterland", "casus": gehouden, "soort": "lopend_bezwaar", "kenmerk": "BZW-2017-4"}
    platform.command("historie", "schort-vernietiging-op", BEZWAAR, **hold)
    melding(platform, "999990019")
    platform.settle()
    found = lijst(platform)
    assert (found[gehouden]["stand"], found[nodig]["stand"]) == ("vernietiging_opgeschort", "nieuwe_zaak_loopt")
    assert "lopend_bezwaar (BZW-2017-4)" in found[gehouden]["toelichting"]
    for casus in (gehouden, nodig):
        refused = run(platform, casus, "--gemeente", GEMEENTE, "--kenmerk", "VL-1", "--proef")
        assert found[casus]["toelichting"] in refused.output
    platform.command("historie", "hef-opschorting-op", BEZWAAR, **hold)
    platform.settle()
    assert lijst(platform)[gehouden]["stand"] == "te_vernietigen"


def test_what_was_destroyed_is_off_the_list_and_what_was_begun_is_on_it(
    platform: Platform, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Broken off halfway it is told with the term that was decided upon; finished it is gone."""
    casus = ingetrokken(platform)
    op(platform, VERSTREKEN)
    words = (casus, "--gemeente", GEMEENTE, "--kenmerk", "VL-2017-3")

    def stop(*_: Any, **__: Any) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as broken:
        broken.setattr(Vernietiging, "wacht", stop)
        assert run(platform, *words).exit_code != 0
    platform.settle()
    told = lijst(platform)[casus]
    assert (told["stand"], told["resultaat"]) == ("vernietiging_begonnen", "afgebroken")
    done = run(platform, *words)
    assert done.exit_code == 0, done.output
    platform.settle()
    assert casus not in lijst(platform)


def test_the_list_changes_nothing_and_names_nobody(platform: Platform) -> None:
    """As a table with a count; no name, no BSN, and not one event more."""
    casus = ingetrokken(platform, "999900006")
    op(platform, VERSTREKEN)
    before = {name: platform.store(name).head(EVERY_GEMEENTE) for name in platform.services}
    shown = run(platform, "--lijst", "--gemeente", "opsterland")
    assert shown.exit_code == 0, shown.output
    (row,) = (line for line in shown.output.splitlines() if line.startswith(casus))
    assert row.split()[2:] == ["afgebroken", "2017-04-03", "te_vernietigen"]
    assert "voorbij hun termijn" in shown.output
    assert NAAM not in shown.output
    assert "999900006" not in shown.output
    platform.settle()
    assert {name: platform.store(name).head(EVERY_GEMEENTE) for name in platform.services} == before


@pytest.mark.parametrize(
    ("words", "code", "said"),
    [
        (("--lijst", "--gemeente", GEMEENTE, "--rol", "consulent"), 1, "vernietigt niet"),
        (("00000000-0000-7000-8000-000000000000", "--lijst", "--gemeente", GEMEENTE), 2, "laat CASUS"),
        (("--lijst", "--gemeente", GEMEENTE, "--fase", "melding"), 2, "laat CASUS"),
        (("--gemeente", GEMEENTE, "--kenmerk", "VL-1"), 2, "noem CASUS"),
        (("00000000-0000-7000-8000-000000000000", "--gemeente", GEMEENTE), 2, "--kenmerk"),
    ],
)
def test_who_may_not_and_what_does_not_go_together_is_said(
    platform: Platform, words: tuple[str, ...], code: int, said: str
) -> None:
    """The list is for the archivaris; it is of a whole gemeente, and destroying is of one casus with a reference."""
    done = run(platform, *words)
    assert (done.exit_code, said in done.output) == (code, True), done.output
