"""To whom delay is due: gemeente, client or derde. It explains; it never moves a statutory date."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date, timedelta

PARTIJEN = ("gemeente", "client", "derde")


@dataclass(frozen=True, slots=True)
class Vertraging:
    """Days of waiting, first and last included, and who caused them: ``gemeente``, ``client`` or ``derde``.

    A provider, the CIZ or an adviser is a derde (scenarios.yaml, S25 and S67).
    """

    aan: str
    van: date
    tot_en_met: date
    reden: str = ""

    def __post_init__(self) -> None:
        if self.aan not in PARTIJEN:
            raise ValueError(f"delay is due to one of {', '.join(PARTIJEN)}, not to {self.aan!r}")
        if self.tot_en_met < self.van:
            raise ValueError("delay ends before it begins")

    @property
    def dagen(self) -> int:
        """How many days, first and last included."""
        return (self.tot_en_met - self.van).days + 1


def dagen_per_partij(vertragingen: Iterable[Vertraging], *, van: date, tot_en_met: date) -> Mapping[str, int]:
    """Days of delay per party within a period, each day once per party; parties without delay are left out."""
    dagen: dict[str, set[date]] = {}
    for vertraging in vertragingen:
        eerste, laatste = max(vertraging.van, van), min(vertraging.tot_en_met, tot_en_met)
        found = {eerste + timedelta(days=n) for n in range((laatste - eerste).days + 1)}
        dagen.setdefault(vertraging.aan, set()).update(found)
    return {aan: len(dagen[aan]) for aan in PARTIJEN if dagen.get(aan)}


def toerekening(vertragingen: Iterable[Vertraging], *, van: date, uiterlijk: date, te_laat: int = 1) -> str:
    """To whom an overrun is due: to another than the gemeente only if it was in time without that party's days.

    Args:
        vertragingen: what was recorded.
        van: the day from which the term counts.
        uiterlijk: its last day.
        te_laat: how many days past the last day are to be explained; 1 at the moment of overrun.

    Returns:
        ``client`` or ``derde`` with the most days, if those days are at least ``te_laat`` and no day is due to the
        gemeente; else ``gemeente``, which answers for the term.
    """
    dagen = dict(dagen_per_partij(vertragingen, van=van + timedelta(days=1), tot_en_met=uiterlijk))
    if dagen.get("gemeente"):
        return "gemeente"
    anderen = {aan: aantal for aan, aantal in dagen.items() if aantal >= te_laat}
    return max(anderen, key=lambda aan: anderen[aan]) if anderen else "gemeente"
