"""``casuslog vernietig``: destroy a casus, a phase or the data of a person, and print the certificate."""

from __future__ import annotations

import json
import os
from collections.abc import Sequence

import click

from casuslog.beheer import verklaring
from casuslog.beheer.vernietiging import Plan, Vernietiging
from casuslog.bewijs import Zegel, vingerafdruk
from casuslog.caller import Caller
from casuslog.cli._installation import TOKEN, Installation, chosen_services, gemeentecodes, pass_installation
from casuslog.cli._vernietigingslijst import toon_lijst
from casuslog.clock import today
from casuslog.codes import check
from casuslog.errors import CasuslogError, Forbidden
from casuslog.hosting.platform import Platform
from casuslog.identifiers import is_uuid, new_id
from casuslog.vernietigen.bewaring import ARCHIVARIS, VERSTREKEN, VERZOEK, Vernietig
from casuslog.vernietigen.gebeurtenissen import BETROKKENE, BEWARING, CASUS, FASE, VernietigingBesloten

WACHT = 30.0
ONVOLTOOID = 3
"""Exit status: begun, and not everybody acknowledged yet."""


@click.command()
@click.argument("casus", metavar="[CASUS]", required=False)
@click.option("--gemeente", required=True, help="Van welke gemeente (code of sleutel) de dossiers zijn.")
@click.option("--grond", type=click.Choice([VERSTREKEN, VERZOEK]), default=VERSTREKEN, show_default=True)
@click.option("--kenmerk", help="Van de machtiging of de vernietigingslijst; zonder persoonsgegevens.")
@click.option("--rol", default=ARCHIVARIS, show_default=True, help="In welke rol u dit doet.")
@click.option("--door", "wie", default="archivaris", show_default=True, help="Pseudoniem id, nooit een naam.")
@click.option("--fase", help="Alleen het dossier van deze dienst.")
@click.option("--betrokkene", help="Alleen de gegevens van deze betrokkene, zoals client, derde of mantelzorger.")
@click.option("--wacht", type=click.FloatRange(0, 600), default=WACHT, show_default=True, help="Op bevestigingen (s).")
@click.option("--lijst", is_flag=True, help="Toon de casussen die hun bewaartermijn voorbij zijn; vernietig niets.")
@click.option("--proef", is_flag=True, help="Toon wat er zou gebeuren, en of het mag; vernietig niets.")
@click.option("--json", "als_json", is_flag=True, help="Geef de verklaring of de lijst als JSON.")
@pass_installation
def vernietig(
    installation: Installation,
    casus: str | None,
    gemeente: str,
    grond: str,
    kenmerk: str | None,
    rol: str,
    wie: str,
    fase: str | None,
    betrokkene: str | None,
    wacht: float,
    *,
    lijst: bool,
    proef: bool,
    als_json: bool,
) -> None:
    """Vernietig wat een gemeente van CASUS bewaart, onherstelbaar, en geef de verklaring van vernietiging.

    Met --lijst, zonder CASUS: toon welke casussen hun bewaartermijn voorbij zijn, en waarom er een wordt aangehouden.

    Weigert zolang de bewaartermijn loopt of de vernietiging is opgeschort. Stokt het halverwege, geef dan dezelfde
    opdracht opnieuw: zij gaat verder. Uitkomst 3: vernietigd, maar nog niet iedere dienst heeft het bevestigd.
    """
    if lijst:
        if casus is not None or fase is not None or betrokkene is not None:
            raise click.UsageError(
                "--lijst gaat over alle casussen van een gemeente: laat CASUS, fase en betrokkene weg"
            )
        _toon_lijst(installation, gemeente, rol, wie, als_json=als_json)
        return
    if casus is None or kenmerk is None:
        raise click.UsageError("noem CASUS en --kenmerk, of vraag de --lijst")
    if fase is not None and betrokkene is not None:
        raise click.UsageError("geef --fase of --betrokkene, niet beide")
    if not is_uuid(casus) or betrokkene == BEWARING:
        raise click.UsageError("CASUS is een UUID, en --betrokkene een persoon van de casus")
    if fase is not None:
        chosen_services(fase)
    (code,) = gemeentecodes([gemeente])
    platform = Platform(installation.settings, clock=installation.clock)
    try:
        opdracht = Vernietig(
            op=today(platform.clock),
            door=wie_is(installation, platform, rol, wie, [code]).actor,
            id=new_id(),
            grond=grond,
            kenmerk=kenmerk,
            omvang=FASE if fase else BETROKKENE if betrokkene else CASUS,
            fase=fase,
            betrokkene=betrokkene,
        )
        werk = Vernietiging(platform, chosen_services(None), code, casus)
        if proef:
            _toon_proef(werk, opdracht)
            return
        _vernietig(installation, werk, opdracht, wacht, als_json=als_json)
    finally:
        platform.close()


def _toon_lijst(installation: Installation, gemeente: str, rol: str, wie: str, *, als_json: bool) -> None:
    (code,) = gemeentecodes([gemeente])
    platform = Platform(installation.settings, clock=installation.clock)
    try:
        caller = wie_is(installation, platform, rol, wie, [code])
        toon_lijst(platform, code, today(platform.clock), caller.actor, als_json=als_json)
    finally:
        platform.close()


def _vernietig(
    installation: Installation, werk: Vernietiging, opdracht: Vernietig, wacht: float, *, als_json: bool
) -> None:
    data = installation.settings.data
    eerder = werk.gedaan(opdracht)
    if eerder is not None:
        _toon_eerder(installation, eerder)
        return
    besloten = werk.besluit(opdracht)
    plan = werk.voer_uit(opdracht, besloten)
    gekregen = werk.wacht(plan, besloten, wacht)
    zegel = Zegel.van(data, werk.gemeente)
    gemaakt = verklaring.maak(werk, plan, besloten, gekregen, zegel)
    if gemaakt["compleet"]:
        werk.verklaard(besloten, opdracht, vingerafdruk(verklaring.inhoud_van(gemaakt)), zegel.openbaar.id)
    path = verklaring.bewaar(data, gemaakt)
    click.echo(json.dumps(gemaakt, ensure_ascii=False, indent=2) if als_json else verklaring.tekst(gemaakt))
    click.echo(f"verklaring: {path}", err=True)
    if not gemaakt["compleet"]:
        click.echo("Nog niet iedere dienst heeft bevestigd; geef later dezelfde opdracht opnieuw.", err=True)
        raise click.exceptions.Exit(ONVOLTOOID)


def _toon_eerder(installation: Installation, eerder: VernietigingBesloten) -> None:
    path = installation.settings.data / verklaring.MAP / f"{eerder.vernietiging}.txt"
    click.echo("Dit was al vernietigd.", err=True)
    click.echo(path.read_text(encoding="utf-8") if path.exists() else f"Vernietiging {eerder.vernietiging}.")


def _toon_proef(werk: Vernietiging, opdracht: Vernietig) -> None:
    plan = werk.plan(opdracht)
    click.echo(f"PROEF: er wordt niets vernietigd. Omvang: {opdracht.omvang}.")
    _toon_plan(plan)
    try:
        werk.toets(opdracht)
    except CasuslogError as error:
        click.echo(f"Het zou geweigerd worden: {error.detail}")
        raise click.exceptions.Exit(1) from None
    click.echo("Het mag.")


def _toon_plan(plan: Plan) -> None:
    for kop in plan.koppen:
        click.echo(f"  dossier {kop.dienst:<12} stroom {kop.stroom.kind:<12} {kop.sequence} gebeurtenissen")
    for name, volgers in plan.volgers.items():
        click.echo(f"  {name:<12} te bevestigen door: {', '.join(sorted(volgers))}")
    click.echo(f"  te vernietigen sleutels: {len(plan.levend)} (van {len(plan.sleutels)})")
    if plan.bewaring is None:
        click.echo("  bewaartermijn: de casus is niet afgehandeld")
    else:
        click.echo(f"  bewaren tot en met {plan.bewaring.tot_en_met} ({plan.bewaring.resultaat}; {plan.bewaring.bron})")


def wie_is(
    installation: Installation,
    platform: Platform,
    rol: str,
    wie: str,
    gemeenten: Sequence[str],
    *,
    doelbinding: str = "archivering",
) -> Caller:
    """Who asks: whom the token names, or where development tokens hold, who the options say.

    Raises:
        NotAuthenticated: a token is due, and there is none that holds.
        Forbidden: it is not for one of these gemeenten.
        InvalidInput: there is no such role.
    """
    check("rol", rol, on=today(platform.clock))
    token = os.environ.get(TOKEN)
    if not token and installation.settings.issuers is None:
        return Caller(rol, gemeenten[0], wie, tuple(gemeenten), doelbinding)
    caller = platform.tokens.caller_of(f"Bearer {token}" if token else None, rol)
    strange = sorted(set(gemeenten) - set(caller.gemeenten))
    if strange:
        raise Forbidden(
            "gemeente_niet_in_token",
            f"Het token geldt niet voor gemeente {', '.join(strange)}.",
            rule="wie bewaart, verstrekt of vernietigt, doet dat voor de gemeente van zijn token",
            remedy="Gebruik een token van deze gemeente.",
        )
    return caller
