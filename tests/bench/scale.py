"""``python -m tests.bench.scale``: what a year of all Dutch gemeenten asks, beside what one node did in the last bench.

The assumptions stand below by name, so that whoever knows better changes one line. What can be measured is: events per
casus and bytes per event come from the three played cases, rates from ``build/bench.json``. With ``--write`` the result
goes into ``docs/scale.md``.
"""

from __future__ import annotations

import eventlet

eventlet.monkey_patch()

import argparse  # noqa: E402  # the patch comes before every other import
import json  # noqa: E402
import re  # noqa: E402
from dataclasses import dataclass  # noqa: E402
from datetime import date  # noqa: E402
from pathlib import Path  # noqa: E402
from statistics import mean  # noqa: E402

from casuslog.recorded import RecordedEvent  # noqa: E402
from casuslog.testing.platform import Platform  # noqa: E402
from deploy.demo.spel import Speler  # noqa: E402
from deploy.demo.zaken import lees  # noqa: E402

HERE = Path(__file__).resolve().parents[2]
BENCH = HERE / "build" / "bench.json"
PAGE = HERE / "docs" / "scale.md"
BLOCK = re.compile(r"(<!-- rekensom:[^\n]*-->\n).*?(<!-- einde rekensom -->)", re.S)


@dataclass(frozen=True)
class Assumptions:
    """What the country is taken to do in a year."""

    gemeenten: int = 342
    """Since 1 January 2023."""
    clienten: int = 1_284_680
    """Clients with a maatwerkvoorziening in 2024 (CBS StatLine 86050NED, provisional)."""
    meldingen_per_client: float = 1.0
    """More than there are: many clients keep what they have for years, and some meldingen end without a voorziening."""
    events_after_per_client: int = 24
    """Deliveries, declaraties, evaluaties: two a month, for every client."""
    receivers_per_event: float = 6.0
    """Team, KCC, backoffice, historie, aanbieder, a partner."""
    office_hours: int = 220 * 8
    peak: float = 10.0
    """The busiest minute against the average office hour."""
    index_share: float = 1.5
    """Of the database on top of the bytes of the events themselves: indexes, page overhead, command keys, inboxes."""
    years_kept: int = 15
    """Retention of a granted voorziening."""


@dataclass(frozen=True)
class Played:
    """What the played cases showed."""

    events_per_casus: float
    bytes_per_event: float

    @classmethod
    def of_demo(cls) -> Played:
        """Play the three cases on the embedded platform, and count."""
        partijen, zaken = lees()
        with Platform(date(2017, 1, 2)) as platform:
            for zaak in zaken:
                Speler(platform.api, partijen, platform.clock.set, lambda _: None).speel(zaak)
            platform.settle()
            events = [e for e in platform.events() if e.envelope.service != "inrichting"]
        return cls(len(events) / len(zaken), mean(_size(event) for event in events))


def _size(event: RecordedEvent) -> int:
    assert event.stored is not None
    attributes = event.envelope.attributes()
    return len(event.stored.body) + len(json.dumps(attributes, separators=(",", ":"))) + 64


@dataclass(frozen=True)
class Year:
    """The arithmetic."""

    given: Assumptions
    played: Played

    @property
    def meldingen(self) -> float:
        """A year."""
        return self.given.clienten * self.given.meldingen_per_client

    @property
    def events(self) -> float:
        """A year."""
        return self.meldingen * self.played.events_per_casus + self.given.clienten * self.given.events_after_per_client

    @property
    def average(self) -> float:
        """Events a second over office hours."""
        return self.events / (self.given.office_hours * 3600)

    @property
    def peak(self) -> float:
        """Events a second in the busiest minute."""
        return self.average * self.given.peak

    @property
    def deliveries(self) -> float:
        """Deliveries a second in the busiest minute."""
        return self.peak * self.given.receivers_per_event

    @property
    def gigabytes(self) -> float:
        """What the events of a year take, without indexes."""
        return self.events * self.played.bytes_per_event / 1e9

    @property
    def kept(self) -> float:
        """Terabytes in the databases when the oldest year is about to be destroyed."""
        return self.gigabytes * (1 + self.given.index_share) * self.given.years_kept / 1000


NEEDS = {
    "append, 1 event": "peak",
    "relay": "peak",
    "consume_projection": "deliveries",
    "consume_reaction": "peak",
    "http_command": "peak",
}
"""Which need each measured rate has to carry; a key is the beginning of a row's name."""


def report(year: Year, bench: Path) -> str:
    """The tables, as Markdown."""
    given = year.given
    rows = [
        ("gemeenten", f"{given.gemeenten}", "since 1 January 2023"),
        ("clients", f"{given.clienten:,}", "CBS StatLine 86050NED, 2024, provisional"),
        ("meldingen a year", f"{year.meldingen:,.0f}", f"{given.meldingen_per_client:g} per client; assumed, high"),
        ("events per casus", f"{year.played.events_per_casus:.0f}", "counted: the three played cases"),
        ("further events per client", f"{given.events_after_per_client}", "assumed: two a month"),
        ("events a year", f"{year.events:,.0f}", ""),
        ("events a second, office hours", f"{year.average:.1f}", f"{given.office_hours:,} hours"),
        ("events a second, busiest minute", f"{year.peak:.0f}", f"{given.peak:g} x the average; assumed"),
        ("deliveries a second, busiest minute", f"{year.deliveries:.0f}", f"{given.receivers_per_event:g} receivers"),
        ("bytes per event", f"{year.played.bytes_per_event:,.0f}", "measured: envelope, body, hashes"),
        ("gigabytes a year", f"{year.gigabytes:,.0f}", "events alone"),
        ("terabytes kept", f"{year.kept:.1f}", f"with indexes, {given.years_kept} years"),
    ]
    told = ["| | | from |", "|---|--:|---|", *(f"| {' | '.join(row)} |" for row in rows)]
    return "\n".join([*told, "", *_carried(year, bench)])


def _carried(year: Year, bench: Path) -> list[str]:
    if not bench.exists():
        raise SystemExit(f"{bench.name} is not there: run `make bench` first, its rates are what one node carries")
    made = json.loads(bench.read_text(encoding="utf-8"))
    lines = [
        f"One node of {made['cores']} cores, holding database, broker, services and load ({made['made'][:10]}):",
        "",
        "| measured | rate | needed at the peak | times |",
        "|---|--:|--:|--:|",
    ]
    for beginning, need in NEEDS.items():
        rate = next((r["rate"] for r in made["rows"] if r["name"].startswith(beginning) and r.get("rate")), None)
        if rate is None:
            raise SystemExit(f"the last bench has no rate for {beginning!r}")
        needed = getattr(year, need)
        lines.append(f"| {beginning} | {rate:,.0f}/s | {needed:,.0f}/s | {rate / needed:.1f} |")
    return lines


def main() -> None:
    """Print it, and write it where asked."""
    parser = argparse.ArgumentParser(description="A year of all Dutch gemeenten, beside one node.")
    parser.add_argument("--write", action="store_true", help="into docs/scale.md")
    made = report(Year(Assumptions(), Played.of_demo()), BENCH)
    print(made)
    if parser.parse_args().write:
        text = PAGE.read_text(encoding="utf-8")
        if not BLOCK.search(text):
            raise SystemExit("docs/scale.md has no place for it")
        PAGE.write_text(BLOCK.sub(lambda match: f"{match[1]}{made}\n{match[2]}", text), encoding="utf-8")


if __name__ == "__main__":
    main()
