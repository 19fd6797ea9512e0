"""A broken inrichting file is refused with the file, the key, the rule and what would be right."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import yaml

from casuslog.errors import InvalidInput
from services.inrichting.model import InrichtingDocument, load_file, load_folder, load_verbanden

Laad = Callable[[dict[str, Any]], InrichtingDocument]

B = "verordening:art. 1"

GEVALLEN = [
    ("melding", {"kanaal": {}}, "melding.kanaal", "onbekende sleutel; toegestaan: startpunt, vormvrij"),
    ("sectie", {}, "sectie", "onbekende sleutel"),
    ("melding", {"kanalen": {"waarde": ["rookpluim"], "bron": B}}, "melding.kanalen.waarde.0", "toegestaan: telefoon"),
    ("melding", {"kanalen": {"waarde": ["telefoon"]}}, "melding.kanalen.bron", "verplicht"),
    ("melding", {"kanalen": ["telefoon"]}, "melding.kanalen", "verwacht een feit"),
    ("melding", {"kanalen": {"open": True, "waarde": ["telefoon"]}}, "melding.kanalen", "een open punt heeft"),
    (
        "melding",
        {"kanaal_standaard": {"open": True, "standaard": {"waarde": "telefoon"}}},
        "melding.kanaal_standaard.standaard.toelichting",
        "verplicht",
    ),
    ("team", {"naam": {"waarde": "wijkteam", "bron": "krant:p. 3"}}, "team.naam.bron", "staat niet onder bronnen"),
    ("team", {"naam": {"waarde": "wijkteam", "bron": "verordening"}}, "team.naam.bron", "'<bron>:<regels>'"),
    ("onderzoek", {"termijn_weken": {"waarde": 8, "bron": B}}, "onderzoek.termijn_weken.waarde", "art. 2.3.2 lid 1"),
    ("beschikking", {"termijn_weken": {"waarde": 4, "bron": B}}, "beschikking.termijn_weken", "art. 2.3.5 lid 2"),
    (
        "beschikking",
        {"bevoegdheid": {"parkeren": {}}},
        "beschikking.bevoegdheid.parkeren",
        "toegestaan: maatwerk_zelfredzaamheid",
    ),
    (
        "beschikking",
        {"bevoegdheid": {"beschermd_wonen": {"besluit_gemeente": {"waarde": 58, "bron": B}}}},
        "beschikking.bevoegdheid.beschermd_wonen.besluit_gemeente.waarde",
        "vier cijfers tussen aanhalingstekens",
    ),
    (
        "beschikking",
        {
            "bevoegdheid": {
                "maatwerk_zelfredzaamheid": {
                    "rollen": {"waarde": [{"rol": "consulent", "titel": "mandaat", "omvang": "voorlopig"}], "bron": B}
                }
            }
        },
        "beschikking.bevoegdheid.maatwerk_zelfredzaamheid.rollen.waarde.0.definitief_door",
        "wie voorlopig besluit",
    ),
    (
        "beschikking",
        {"wie_schrijft": {"organisatie": {"waarde": "dienst_x", "bron": B}}},
        "beschikking.wie_schrijft.organisatie",
        "staat niet onder partijen.organisaties",
    ),
    (
        "pgb",
        {
            "tarieven": {
                "gekwalificeerd": {"rijen": [{"soort": "uurtarief", "ondersteuning": "alle", "bron": B}], "bron": B}
            }
        },
        "pgb.tarieven.gekwalificeerd.rijen.0.bedrag",
        "een uurtarief heeft bedrag",
    ),
    (
        "pgb",
        {
            "tarieven": {
                "gekwalificeerd": {
                    "rijen": [{"soort": "uurtarief", "bedrag": 16.64, "ondersteuning": "alle", "bron": B}],
                    "bron": B,
                }
            }
        },
        "pgb.tarieven.gekwalificeerd.rijen.0.bedrag",
        "als '16.64'",
    ),
    (
        "pgb",
        {"tarief_zorg_in_natura": {"dagbesteding": {"waarde": "10.00", "bron": B}}},
        "pgb.tarief_zorg_in_natura.dagbesteding",
        "staat niet onder beschikking.voorzieningen",
    ),
]


@pytest.mark.parametrize(("sectie", "inhoud", "pad", "regel"), GEVALLEN, ids=[g[2] for g in GEVALLEN])
def test_a_wrong_key_or_value_names_file_key_and_rule(
    sectie: str, inhoud: dict[str, Any], pad: str, regel: str, klein: dict[str, Any], laad: Laad
) -> None:
    """Whoever wrote the file reads where it is wrong and what would be right."""
    klein["versies"][0] = {**klein["versies"][0], sectie: {**klein["versies"][0].get(sectie, {}), **inhoud}}

    with pytest.raises(InvalidInput) as fout:
        laad(klein)

    assert regel in fout.value.errors[f"versies.0.{pad}"]
    assert fout.value.detail.startswith("voorbeeldstad.yaml: versies.0.")
    assert fout.value.members["bestand"] == "voorbeeldstad.yaml"


def test_all_broken_rules_of_a_file_are_named_at_once(klein: dict[str, Any], laad: Laad) -> None:
    """Nobody repairs a file one error at a time."""
    klein["gemeentecode"] = 9901
    klein["naam"] = ""

    with pytest.raises(InvalidInput) as fout:
        laad(klein)

    assert set(fout.value.errors) == {"gemeentecode", "naam"}
    assert "(en 1 meer)" in fout.value.detail


def test_a_missing_key_is_named(klein: dict[str, Any], laad: Laad) -> None:
    """A file without gemeentecode is nobody's."""
    del klein["gemeentecode"]

    with pytest.raises(InvalidInput, match="gemeentecode: ontbreekt"):
        laad(klein)


def test_the_sleutel_is_the_name_of_the_file(klein: dict[str, Any], tmp_path: Path) -> None:
    """A copied file that kept its old sleutel is refused, not loaded as the other gemeente."""
    bestand = tmp_path / "andere.yaml"
    bestand.write_text(yaml.safe_dump(klein), encoding="utf-8")

    with pytest.raises(InvalidInput, match="het bestand heet 'andere'"):
        load_file(bestand)


def test_a_key_that_stands_twice_is_refused(tmp_path: Path) -> None:
    """YAML keeps the last of two equal keys in silence; that would drop a rule."""
    (tmp_path / "voorbeeldstad.yaml").write_text("sleutel: voorbeeldstad\nnaam: A\nnaam: B\n", encoding="utf-8")

    with pytest.raises(InvalidInput, match=r"voorbeeldstad\.yaml: regel 3: sleutel 'naam' staat er twee keer"):
        load_file(tmp_path / "voorbeeldstad.yaml")


@pytest.mark.parametrize("tekst", ["a: [1", "", "- a\n- b\n"])
def test_a_file_that_is_no_yaml_mapping_names_the_file(tekst: str, tmp_path: Path) -> None:
    """Half a file, an empty one or a list is refused with its name."""
    (tmp_path / "voorbeeldstad.yaml").write_text(tekst, encoding="utf-8")

    with pytest.raises(InvalidInput, match=r"^voorbeeldstad\.yaml: "):
        load_file(tmp_path / "voorbeeldstad.yaml")


def test_versions_stand_in_order_and_say_what_running_cases_do(klein: dict[str, Any], laad: Laad) -> None:
    """A later version without overgang, or one that starts before the one above it, is refused."""
    klein["versies"].append({"geldig_vanaf": "2015-06-01", "wijzigt": {}})

    with pytest.raises(InvalidInput) as fout:
        laad(klein)

    assert "ligt niet na 2016-01-01" in fout.value.errors["versies.1.geldig_vanaf"]
    assert "lopende casussen" in fout.value.errors["versies.1.overgang"]


def test_the_first_version_has_nothing_to_change(klein: dict[str, Any], laad: Laad) -> None:
    """``wijzigt`` builds on the version before; the first has none."""
    klein["versies"][0]["wijzigt"] = {}

    with pytest.raises(InvalidInput, match=r"versies\.0\.wijzigt"):
        laad(klein)


def test_two_files_cannot_be_the_same_gemeente(klein: dict[str, Any], tmp_path: Path) -> None:
    """A gemeente has one inrichting; a second file with its code is refused by name."""
    for naam in ("een", "twee"):
        klein["sleutel"] = naam
        (tmp_path / f"{naam}.yaml").write_text(yaml.safe_dump(klein), encoding="utf-8")

    with pytest.raises(InvalidInput, match=r"twee\.yaml: gemeentecode: 9901 is al die van een\.yaml"):
        load_folder(tmp_path)


def test_a_verband_that_nobody_knows_is_refused(klein: dict[str, Any], tmp_path: Path, bron: str) -> None:
    """A gemeente cannot take part in a verband that stands nowhere."""
    klein["versies"][0]["verbanden"] = {"waarde": ["ver_weg"], "bron": bron}
    (tmp_path / "voorbeeldstad.yaml").write_text(yaml.safe_dump(klein), encoding="utf-8")

    with pytest.raises(InvalidInput, match="verband 'ver_weg' staat niet in samenwerkingsverbanden"):
        load_folder(tmp_path)


def test_an_empty_folder_is_no_inrichting(tmp_path: Path) -> None:
    """A folder without files is a mistake in the path, not a country without gemeenten."""
    with pytest.raises(InvalidInput, match="geen inrichting gevonden"):
        load_folder(tmp_path)


def test_a_wrong_key_in_the_verbanden_names_that_file(tmp_path: Path) -> None:
    """The file of the verbanden is checked as strictly as those of the gemeenten."""
    rij = {"id": "a", "naam": "A", "eigenaar": "9901", "geldig_vanaf": "2015-01-01", "leden": {"9901": "A"}}
    inhoud = {"bronnen": {"v": "x"}, "verbanden": [{**rij, "themas": ["beleid"], "bron": "v:1", "lid": "B"}]}
    (tmp_path / "samenwerkingsverbanden.yaml").write_text(yaml.safe_dump(inhoud), encoding="utf-8")

    with pytest.raises(InvalidInput, match=r"samenwerkingsverbanden\.yaml: verbanden\.0\.lid: onbekende sleutel"):
        load_verbanden(tmp_path)
