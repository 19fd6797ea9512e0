"""Inrichting files read and validated: :func:`load_folder` and :func:`load_verbanden`.

A broken file raises :class:`~casuslog.errors.InvalidInput` that names the file, the path of the key, the rule and the
values that are right; all broken rules of a file at once.
"""

from __future__ import annotations

import copy
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any

import yaml

from casuslog.errors import InvalidInput
from services.inrichting.schema import DOCUMENT, SECTIES, VERBANDEN
from services.inrichting.vormen import Fouten, Vorm, is_instelling

VERBANDENBESTAND = "samenwerkingsverbanden.yaml"


@dataclass(frozen=True, slots=True)
class Versie:
    """One version of an inrichting, complete: what a later version leaves unsaid is that of the one before."""

    geldig_vanaf: date
    toelichting: str
    secties: Mapping[str, Any]
    varianten: tuple[Mapping[str, Any], ...]
    overgang: Mapping[str, Any] | None


@dataclass(frozen=True, slots=True)
class InrichtingDocument:
    """One file of ``deploy/inrichtingen``: a gemeente and its versions, oldest first."""

    sleutel: str
    gemeentecode: str
    naam: str
    wettelijk_kader: str
    peildatum: str | None
    bronnen: Mapping[str, str]
    versies: tuple[Versie, ...]
    bestand: str

    def versie_op(self, dag: date) -> int | None:
        """Number (from 1) of the version that holds on a day; ``None`` before the first."""
        geldig = [nummer for nummer, versie in enumerate(self.versies, 1) if versie.geldig_vanaf <= dag]
        return geldig[-1] if geldig else None


@dataclass(frozen=True, slots=True)
class Verband:
    """A samenwerkingsverband: gemeenten that share certain themes, from a day on. It gives no right to a casus."""

    id: str
    naam: str
    eigenaar: str
    """Gemeentecode of who keeps it: the owner of its stream."""
    geldig_vanaf: date
    geldig_tot: date | None
    leden: Mapping[str, str]
    """Gemeentecode -> naam."""
    overige_leden: tuple[str, ...]
    themas: tuple[str, ...]
    rollen: Mapping[str, str | None]
    rechtsvorm: str | None
    bron: tuple[str, ...]
    onzeker: str | None


def load_folder(path: Path | str) -> list[InrichtingDocument]:
    """Read every inrichting in a folder, in order of sleutel.

    Raises:
        InvalidInput: a file breaks a rule, or two files claim the same gemeente; the first such file is named.
    """
    folder = Path(path)
    bestanden = sorted(p for p in folder.glob("*.yaml") if p.name != VERBANDENBESTAND)
    if not bestanden:
        raise InvalidInput(
            f"{folder.name}: geen inrichting gevonden; verwacht bestanden <sleutel>.yaml", bestand=folder.name
        )
    verbanden = load_verbanden(folder)
    documenten = [load_file(bestand, verbanden=[v.id for v in verbanden]) for bestand in bestanden]
    _gemeenten_zijn_uniek(documenten)
    return documenten


def load_file(path: Path | str, *, verbanden: Collection[str] | None = None) -> InrichtingDocument:
    """Read one inrichting; ``verbanden`` are the known ids, ``None`` leaves them unchecked.

    Raises:
        InvalidInput: the file breaks a rule.
    """
    bestand = Path(path)
    inhoud = _lees(bestand, DOCUMENT)
    fouten = Fouten(bestand.name)
    if inhoud["sleutel"] != bestand.stem:
        fouten.meld("sleutel", f"is {inhoud['sleutel']!r}, maar het bestand heet {bestand.stem!r}; maak ze gelijk")
    versies = _versies(inhoud["versies"], fouten)
    for nummer, versie in enumerate(versies):
        _samenhang(inhoud, versie, f"versies.{nummer}", verbanden, fouten)
    fouten.raise_any()
    return InrichtingDocument(
        sleutel=inhoud["sleutel"],
        gemeentecode=inhoud["gemeentecode"],
        naam=inhoud["naam"],
        wettelijk_kader=inhoud["wettelijk_kader"],
        peildatum=inhoud.get("peildatum"),
        bronnen=inhoud.get("bronnen", {}),
        versies=tuple(versies),
        bestand=bestand.name,
    )


def load_verbanden(path: Path | str) -> list[Verband]:
    """The samenwerkingsverbanden of a folder (``samenwerkingsverbanden.yaml``); none when the file is absent.

    Raises:
        InvalidInput: the file breaks a rule, or names an id twice.
    """
    bestand = Path(path) / VERBANDENBESTAND
    if not bestand.exists():
        return []
    rijen = _lees(bestand, VERBANDEN)["verbanden"]
    fouten = Fouten(bestand.name)
    ids = [rij["id"] for rij in rijen]
    for plaats, naam in enumerate(ids):
        if naam in ids[:plaats]:
            fouten.meld(f"verbanden.{plaats}.id", f"{naam!r} komt twee keer voor")
    fouten.raise_any()
    return [_verband(rij) for rij in rijen]


def _verband(rij: Mapping[str, Any]) -> Verband:
    return Verband(
        id=rij["id"],
        naam=rij["naam"],
        eigenaar=rij["eigenaar"],
        geldig_vanaf=_dag(rij["geldig_vanaf"]),
        geldig_tot=_dag(rij["geldig_tot"]) if rij.get("geldig_tot") else None,
        leden=dict(rij["leden"]),
        overige_leden=tuple(rij.get("overige_leden", ())),
        themas=tuple(rij["themas"]),
        rollen={naam: deel.get("waarde") for naam, deel in rij.get("rollen", {}).items()},
        rechtsvorm=rij.get("rechtsvorm", {}).get("waarde"),
        bron=tuple(_als_lijst(rij["bron"])),
        onzeker=rij.get("onzeker"),
    )


_LADER: Any = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
"""The loader of libyaml where it is there: ten times as fast, with the same outcome and the same marks."""


class _StrengeLader(_LADER):  # type: ignore[misc]  # which of the two is known at run time only
    """Reads as YAML does, but refuses a key that a group names twice: YAML itself silently keeps the last."""

    def construct_mapping(self, node: yaml.MappingNode, deep: bool = False) -> dict[Any, Any]:
        gezien: set[Any] = set()
        for naamknoop, _ in node.value:
            naam = self.construct_object(naamknoop, deep=True)
            if naam in gezien:
                raise yaml.constructor.ConstructorError(
                    None, None, f"sleutel {naam!r} staat er twee keer", naamknoop.start_mark
                )
            gezien.add(naam)
        made: dict[Any, Any] = super().construct_mapping(node, deep)
        return made


def _lees(bestand: Path, vorm: Vorm) -> dict[str, Any]:
    try:
        inhoud = yaml.load(bestand.read_text(encoding="utf-8"), Loader=_StrengeLader)  # noqa: S506 - a SafeLoader
    except yaml.YAMLError as error:
        mark = getattr(error, "problem_mark", None)
        waar = f"regel {mark.line + 1}" if mark else "ergens"
        wat = getattr(error, "problem", None) or "geen YAML"
        raise InvalidInput(f"{bestand.name}: {waar}: {wat}", bestand=bestand.name) from error
    if not isinstance(inhoud, dict):
        raise InvalidInput(f"{bestand.name}: het bestand heeft geen sleutels", bestand=bestand.name)
    bronnen = inhoud.get("bronnen")
    fouten = Fouten(bestand.name, bronnen if isinstance(bronnen, dict) else ())
    vorm(inhoud, "", fouten)
    fouten.raise_any()
    return inhoud


def _versies(rijen: Sequence[Mapping[str, Any]], fouten: Fouten) -> list[Versie]:
    versies: list[Versie] = []
    for plaats, rij in enumerate(rijen):
        pad = f"versies.{plaats}"
        vorige = versies[-1] if versies else None
        begin = _dag(rij["geldig_vanaf"])
        if vorige and begin <= vorige.geldig_vanaf:
            fouten.meld(
                f"{pad}.geldig_vanaf", f"ligt niet na {vorige.geldig_vanaf}; zet versies op volgorde van ingang"
            )
        versies.append(_versie(rij, vorige, begin, pad, fouten))
    return versies


def _versie(rij: Mapping[str, Any], vorige: Versie | None, begin: date, pad: str, fouten: Fouten) -> Versie:
    eigen = {naam: rij[naam] for naam in SECTIES if naam in rij}
    if "wijzigt" in rij and (vorige is None or eigen):
        fouten.meld(
            f"{pad}.wijzigt", "alleen in een latere versie, en dan zonder eigen secties; de rest blijft zoals het was"
        )
    secties = samengevoegd(vorige.secties, rij["wijzigt"]) if vorige and "wijzigt" in rij else eigen
    if vorige and "overgang" not in rij:
        fouten.meld(f"{pad}.overgang", "ontbreekt; een nieuwe versie zegt wat er met lopende casussen gebeurt")
    varianten = rij.get("varianten", vorige.varianten if vorige else ())
    overgang = rij.get("overgang")
    if overgang and vorige and vorige.overgang:
        overgang = {"regels": vorige.overgang.get("regels", []), **overgang}
    return Versie(begin, rij.get("toelichting", ""), secties, tuple(varianten), overgang)


def samengevoegd(oud: Mapping[str, Any], nieuw: Mapping[str, Any]) -> dict[str, Any]:
    """``oud`` with the values of ``nieuw``: groups are joined, a value with its source is replaced whole."""
    geheel = copy.deepcopy(dict(oud))
    for naam, deel in nieuw.items():
        groepen = isinstance(geheel.get(naam), dict) and isinstance(deel, dict)
        if groepen and not is_instelling(deel) and "rijen" not in deel:
            geheel[naam] = samengevoegd(geheel[naam], deel)
        else:
            geheel[naam] = copy.deepcopy(deel)
    return geheel


def _samenhang(
    kop: Mapping[str, Any], versie: Versie, pad: str, verbanden: Collection[str] | None, fouten: Fouten
) -> None:
    """What the keys of one version owe each other."""
    secties = versie.secties
    weken = secties.get("beschikking", {}).get("termijn_weken", {}).get("waarde", 2)
    if kop["wettelijk_kader"] == "wmo_2015" and weken > 2:
        fouten.meld(f"{pad}.beschikking.termijn_weken", "hoogstens 2: Wmo 2015 art. 2.3.5 lid 2")
    if verbanden is not None:
        for verband in secties.get("verbanden", {}).get("waarde", ()):
            if verband not in verbanden:
                fouten.meld(f"{pad}.verbanden", f"verband {verband!r} staat niet in {VERBANDENBESTAND}")
    bekend = {rij["id"] for rij in secties.get("partijen", {}).get("organisaties", ())} | {kop["sleutel"]}
    schrijver = secties.get("beschikking", {}).get("wie_schrijft", {}).get("organisatie", {})
    backoffice = secties.get("partijen", {}).get("backoffice", {})
    for waar, deel in (("beschikking.wie_schrijft.organisatie", schrijver), ("partijen.backoffice", backoffice)):
        naam = deel.get("waarde", deel.get("standaard", {}).get("waarde"))
        if naam is not None and naam not in bekend:
            fouten.meld(
                f"{pad}.{waar}", f"{naam!r} staat niet onder partijen.organisaties; bekend: {', '.join(sorted(bekend))}"
            )
    aangeboden = secties.get("beschikking", {}).get("voorzieningen", {})
    for voorziening in secties.get("pgb", {}).get("tarief_zorg_in_natura", {}):
        if voorziening not in aangeboden:
            fouten.meld(f"{pad}.pgb.tarief_zorg_in_natura.{voorziening}", "staat niet onder beschikking.voorzieningen")


def _gemeenten_zijn_uniek(documenten: Sequence[InrichtingDocument]) -> None:
    gezien: dict[str, str] = {}
    for document in documenten:
        eerder = gezien.setdefault(document.gemeentecode, document.bestand)
        if eerder != document.bestand:
            fouten = Fouten(document.bestand)
            fouten.meld("gemeentecode", f"{document.gemeentecode} is al die van {eerder}")
            fouten.raise_any()


def _dag(waarde: date | str) -> date:
    return waarde if isinstance(waarde, date) else date.fromisoformat(waarde)


def _als_lijst(waarde: Any) -> list[Any]:
    return list(waarde) if isinstance(waarde, list) else [waarde]
