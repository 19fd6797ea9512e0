"""The certificate of a destruction: what, on which ground, which keys, who acknowledged; sealed, as JSON and text."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

from casuslog.beheer.vernietiging import Bevestiging, Plan, Vernietiging, ontbrekend
from casuslog.bewijs import Zegel, bewaar_heel, vingerafdruk
from casuslog.vernietigen.dossiers import dossier
from casuslog.vernietigen.gebeurtenissen import VernietigingBesloten

FORMAAT = "casuslog-verklaring-van-vernietiging/1"
MAP = "verklaringen"


def maak(
    werk: Vernietiging, plan: Plan, besloten: VernietigingBesloten, gekregen: Sequence[Bevestiging], zegel: Zegel
) -> dict[str, Any]:
    """The certificate as JSON, with its seal. ``compleet`` says whether everybody acknowledged."""
    envelope = werk.besluit_envelop(besloten)
    koppen = werk.koppen()
    graven = {one.envelope.id for one in werk.graven(besloten)}
    mist = ontbrekend(plan, gekregen)
    inhoud: dict[str, Any] = {
        "formaat": FORMAAT,
        "vernietiging": besloten.vernietiging,
        "gemeente": werk.gemeente,
        "casus": werk.subject,
        "omvang": besloten.omvang,
        "fase": besloten.fase,
        "betrokkene": besloten.betrokkene,
        "grond": besloten.grond,
        "kenmerk": besloten.kenmerk,
        "bewaartermijn": {
            "resultaat": besloten.resultaat,
            "tot_en_met": None if besloten.bewaard_tot_en_met is None else besloten.bewaard_tot_en_met.isoformat(),
            "bron": besloten.bron,
        },
        "besloten": {
            "op": envelope.feitdatum.isoformat(),
            "vastgelegd": envelope.time.isoformat(),
            "rol": envelope.actorrol,
            "organisatie": envelope.actororganisatie,
            "door": envelope.actorid,
            "positie": str(envelope.position),
        },
        "sleutels": [
            {
                "id": key.id,
                "dossier": key.fase,
                "betrokkene": key.betrokkene,
                "klasse": key.klasse,
                "vernietigd": None if key.destroyed is None else key.destroyed.isoformat(),
            }
            for key in plan.sleutels
        ],
        # Nothing is taken out of a stream: its head is the same before and after. What was recorded of the destruction
        # stands in streams of its own.
        "koppen_voor": [kop.als_json() for kop in dossier(list(plan.koppen))],
        "koppen_na": [kop.als_json() for kop in koppen],
        "bevestigingen": [
            {"dienst": one.dienst, "dossier": one.dossier, "op": one.op, "positie": one.positie} for one in gekregen
        ],
        "nog_niet_bevestigd": [{"dienst": dienst, "dossier": naam} for dienst, naam in mist],
        "houders": _houders(werk.verstrekkingen(), graven),
        "compleet": not mist and not plan.levend,
    }
    return {**inhoud, "zegel": zegel.op(inhoud)}


def inhoud_van(verklaring: Mapping[str, Any]) -> dict[str, Any]:
    """The certificate without its seal: what the seal is on."""
    return {name: value for name, value in verklaring.items() if name != "zegel"}


def bewaar(data: Path, verklaring: Mapping[str, Any]) -> Path:
    """Keep it in the data folder, as JSON and as text; where the JSON stands."""
    folder = data / MAP
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / f"{verklaring['vernietiging']}.json"
    bewaar_heel(path.with_suffix(".txt"), tekst(verklaring))
    bewaar_heel(path, json.dumps(verklaring, ensure_ascii=False, indent=2) + "\n")
    return path


def tekst(v: Mapping[str, Any]) -> str:
    """The certificate for the eye."""
    besloten, termijn = v["besloten"], v["bewaartermijn"]
    levend = [key for key in v["sleutels"] if key["vernietigd"] is None]
    regels = [
        "VERKLARING VAN VERNIETIGING" + ("" if v["compleet"] else " (NOG NIET COMPLEET)"),
        "",
        f"Vernietiging   {v['vernietiging']}",
        f"Gemeente       {v['gemeente']}",
        f"Casus          {v['casus']}",
        f"Omvang         {v['omvang']}{_welke(v)}",
        f"Grond          {v['grond']} (kenmerk {v['kenmerk']})",
        f"Besloten       {besloten['op']} door {besloten['door']} ({besloten['rol']})",
    ]
    if termijn["tot_en_met"]:
        regels.append(f"Bewaard        tot en met {termijn['tot_en_met']} ({termijn['resultaat']}; {termijn['bron']})")
    regels += ["", f"Vernietigd zijn {len(v['sleutels']) - len(levend)} sleutels:"]
    regels += [
        f"  {key['id']}  {key['dossier']:<12} {key['betrokkene']:<8} {key['klasse']:<16} {key['vernietigd'] or 'leeft'}"
        for key in v["sleutels"]
    ]
    regels += ["", "De stromen blijven bewijsbaar; laatste gebeurtenis en hash:"]
    regels += [f"  {k['dienst']:<12} {k['stroom']:<12} {k['sequence']:>4}  {k['hash']}" for k in v["koppen_na"]]
    regels += ["", "Bevestigd door:"]
    regels += [f"  {one['dienst']:<12} over het dossier {one['dossier']:<12} {one['op']}" for one in v["bevestigingen"]]
    regels += [f"  {o['dienst']:<12} over het dossier {o['dossier']:<12} NOG NIET" for o in v["nog_niet_bevestigd"]]
    if v["houders"]:
        regels += ["", "Houders van abonnementen die van deze casus ontvingen:"]
        regels += [f"  {h['abonnement']}  bericht van vernietiging: {h['bericht']}" for h in v["houders"]]
    zegel = v["zegel"]
    regels += ["", f"Verzegeld met sleutel {zegel['sleutel']} ({zegel['algoritme']}); vingerafdruk "
               f"{vingerafdruk(inhoud_van(v))}", ""]  # fmt: skip
    return "\n".join(regels)


def _welke(v: Mapping[str, Any]) -> str:
    return f" ({v['fase'] or v['betrokkene']})" if v["fase"] or v["betrokkene"] else ""


def _houders(verstrekkingen: Iterable[Mapping[str, Any]], graven: set[str]) -> list[dict[str, Any]]:
    """Per subscription that received of the casus: whether it was told of the destruction, and when."""
    found: dict[str, dict[str, Any]] = {}
    for one in verstrekkingen:
        holder = found.setdefault(one["abonnement"], {"abonnement": one["abonnement"], "bericht": "niet verstuurd"})
        if one["gebeurtenis"] in graven:
            holder["bericht"] = one["staat"]
            holder["op"] = one["tijd"]
    return [found[name] for name in sorted(found)]


__all__ = ["FORMAAT", "bewaar", "inhoud_van", "maak", "tekst"]
