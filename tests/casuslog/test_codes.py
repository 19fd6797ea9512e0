"""Dated code lists: what is in them, and what is refused."""

from __future__ import annotations

from datetime import date
from pathlib import Path

import pytest
import yaml

from casuslog import codes as module
from casuslog.codes import check, codes, gemeente, oin_of, schemas_folder
from casuslog.errors import InvalidInput
from casuslog.identifiers import gemeentecode_ok, oin_ok

REPO = Path(__file__).parents[2]
DATA = REPO / "tests" / "data"
DAY = date(2017, 2, 15)
DEMO = yaml.safe_load((REPO / "deploy" / "demo" / "demo-zaken.yaml").read_text(encoding="utf-8"))
SCENARIOS = yaml.safe_load((DATA / "scenarios.yaml").read_text(encoding="utf-8"))
LISTS = sorted(
    p.stem for p in (schemas_folder() / "codelijsten").glob("*.yaml") if "codes:" in p.read_text(encoding="utf-8")
)


@pytest.mark.parametrize("name", LISTS)
def test_every_list_reads_and_is_in_force(name: str) -> None:
    """Each file is a code list with a source, and has codes for today's facts."""
    known = codes(name)
    assert known.bron
    assert known.on(DAY)
    for code in known.on(DAY):
        check(name, code, on=DAY)


def test_an_unknown_code_is_refused_with_what_is_allowed() -> None:
    """The refusal names the list, the field and the allowed codes."""
    with pytest.raises(InvalidInput) as refused:
        check("leveringsvorm", "PGB", on=DAY, field="leveringsvorm_gewenst")
    assert "codelijst leveringsvorm; kies uit: natura, pgb" in refused.value.detail
    assert set(refused.value.errors) == {"leveringsvorm_gewenst"}
    assert refused.value.members["toegestaan"] == ["natura", "pgb"]


def test_a_code_holds_only_in_its_period() -> None:
    """Littenseradiel was abolished on 2018-01-01: no fact of later days can name it."""
    check("gemeente", "0140", on=date(2017, 12, 31))
    with pytest.raises(InvalidInput, match="geldt niet op 2018-01-01"):
        check("gemeente", "0140", on=date(2018, 1, 1))
    with pytest.raises(InvalidInput):
        check("gemeente", "1940", on=date(2015, 6, 30))


def test_a_bsn_in_the_wrong_field_is_not_repeated() -> None:
    """An error never echoes what may be a person's number."""
    with pytest.raises(InvalidInput) as refused:
        check("kanaal", "999990342", on=DAY)
    assert "999990342" not in str(refused.value.problem())
    with pytest.raises(InvalidInput) as refused:
        gemeente("999990342")
    assert "999990342" not in str(refused.value.problem())


def test_a_gemeente_is_found_by_code_and_by_key() -> None:
    """Code, key with a dash and key with an underscore name the same gemeente."""
    assert gemeente("0518") == gemeente("den-haag") == gemeente("den_haag")
    assert gemeente("0086").naam == "Opsterland"
    with pytest.raises(InvalidInput, match="geen bekende gemeente"):
        gemeente("0001")


@pytest.mark.parametrize("key", [k for k, v in DEMO["partijen"].items() if "gemeentecode" in v])
def test_the_parties_of_the_demo_cases_are_in_the_list(key: str) -> None:
    """Code and OIN are those of the reference."""
    party = DEMO["partijen"][key]
    assert gemeente(key).code == party["gemeentecode"]
    assert oin_of(party["gemeentecode"]) == party["oin"]


def test_every_gemeente_has_a_code_and_an_oin() -> None:
    """Sixteen Frisian gemeenten, Den Haag, Haarlem and Zandvoort, each with a code and an OIN of its own."""
    found = [gemeente(code) for code in codes("gemeente").codes]
    assert all(gemeentecode_ok(one.code) and oin_ok(one.oin) for one in found)
    assert len({one.oin for one in found}) == len(found) == len({one.sleutel for one in found})
    frisian = [c for c in codes("gemeente").codes.values() if c.extra["provincie"] == "Fryslân" and c.holds_on(DAY)]
    assert len(frisian) == 16


def test_the_roles_are_those_of_the_scenarios() -> None:
    """Every role of the scenarios is a code."""
    assert set(SCENARIOS["rollen"]) <= set(codes("rol").codes)


def test_the_conversations_of_the_demo_cases_use_known_codes() -> None:
    """Leefgebieden, kanaal, form and participants of the three cases are codes of their lists."""
    for case in DEMO["cases"]:
        for step in case["stappen"]:
            given = step.get("gegevens") or {}
            for leefgebied in given.get("besproken", []) + [n["leefgebied"] for n in given.get("niet_besproken", [])]:
                check("leefgebied", leefgebied, on=DAY)
            for partij in given.get("deelnemers", []):
                check("partij", partij, on=DAY)
            if "kanaal" in given:
                check("kanaal", given["kanaal"], on=DAY)


def test_the_folder_can_be_named(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """An installed package finds its lists where the environment says; a missing list says so."""
    (tmp_path / "codelijsten").mkdir()
    monkeypatch.setenv(module.ENVIRONMENT, str(tmp_path))
    with pytest.raises(LookupError, match="no code list 'kleur'"):
        codes("kleur")
    (tmp_path / "codelijsten" / "kleur.yaml").write_text(
        "naam: kleur\nbron: test\ncodes:\n"
        "  - {code: 'r', omschrijving: rood, geldig_van: 2015-01-01, geldig_tot: null}\n"
    )
    check("kleur", "r", on=DAY)


@pytest.mark.parametrize(
    ("content", "told"),
    [
        ("[]", "is no code list"),
        ("naam: anders\nbron: x\ncodes: []\n", "is no code list"),
        ("naam: k\nbron: x\ncodes:\n  - {code: 'r'}\n", "lacks geldig_tot"),
        ("naam: k\nbron: x\ncodes:\n  - {code: 1, omschrijving: a, geldig_van: x, geldig_tot: null}\n", "in quotes"),
        (
            "naam: k\nbron: x\ncodes:\n"
            "  - &a {code: '1', omschrijving: a, geldig_van: 2015-01-01, geldig_tot: null}\n  - *a\n",
            "twice",
        ),
    ],
)
def test_a_wrong_file_says_what_is_wrong(
    content: str, told: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """A list that is not one is refused by name and reason."""
    (tmp_path / "codelijsten").mkdir()
    (tmp_path / "codelijsten" / "k.yaml").write_text(content)
    monkeypatch.setenv(module.ENVIRONMENT, str(tmp_path))
    with pytest.raises(ValueError, match=told):
        codes("k")
