"""``casuslog herbouw``: the read models of one gemeente once more from the logs, held against the live ones."""

from __future__ import annotations

import click

from casuslog.beheer.rebuilding import Rebuild, Rebuilt
from casuslog.cli._installation import Installation, chosen_services, pass_installation
from casuslog.codes import gemeente as gemeente_of
from casuslog.hosting.platform import Platform

SHOWN = 20
"""Differences that are told one by one."""


@click.command("herbouw")
@click.argument("service", metavar="SERVICE")
@click.option("--gemeente", required=True, help="Van welke gemeente (code of sleutel).")
@click.option("--alle", "every", is_flag=True, help=f"Toon elk verschil, ook als het er meer dan {SHOWN} zijn.")
@pass_installation
def rebuild(installation: Installation, service: str, gemeente: str, every: bool) -> None:
    """Herbouw het leesmodel van SERVICE voor een gemeente naast het levende, en toon wat verschilt.

    Leest de logboeken van de eigenaren in hun databases; de diensten draaien door en het levende leesmodel verandert
    niet. De uitkomst van het programma is 1 als een rij ontbreekt, te veel of anders is, of als een casus niet te
    vergelijken was.
    """
    (name,) = chosen_services(service)
    code = gemeente_of(gemeente).code
    platform = Platform(installation.settings, clock=installation.clock)
    try:
        rebuilt = Rebuild(platform, name, code).run()
    finally:
        platform.close()
    for line in told(name, code, rebuilt, len(rebuilt.comparison.differences) if every else SHOWN):
        click.echo(line)
    if not rebuilt.sound:
        raise click.exceptions.Exit(1)


def told(service: str, gemeente: str, rebuilt: Rebuilt, shown: int = SHOWN) -> list[str]:
    """The outcome in lines: each difference by where it belongs, never by what it holds; then the sum."""
    c = rebuilt.comparison
    lines = [f"{service}: {difference}" for difference in c.differences[:shown]]
    if len(c.differences) > shown:
        lines.append(f"{service}: en nog {len(c.differences) - shown} verschillen (--alle toont ze)")
    if c.moving:
        lines.append(
            f"{service}: {len(c.moving)} onderwerpen niet vergeleken: het levende leesmodel heeft daar niet dezelfde "
            "gebeurtenissen gezien (het loopt achter of staat geparkeerd)"
        )
    lines += [f"{service}: tabel {table} niet vergeleken: haar bron was in beweging" for table in sorted(c.unlike)]
    per_second = f" ({rebuilt.events / rebuilt.seconds:.0f} per seconde)" if rebuilt.seconds > 0 else ""
    lines.append(
        f"{service}, gemeente {gemeente}: {rebuilt.events} gebeurtenissen herbouwd in {rebuilt.seconds:.1f} s"
        f"{per_second}, {c.rows} rijen vergeleken, {_outcome(len(c.differences))}"
    )
    return lines


def _outcome(differences: int) -> str:
    return "geen verschil" if not differences else f"{differences} {'verschil' if differences == 1 else 'verschillen'}"
