"""What the service abonnement can be asked. ``op`` is the day of the fact, ``door`` who acts."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date

from casuslog.envelope import Actor


@dataclass(frozen=True, slots=True, kw_only=True)
class Opdracht:
    """A command: the day of the fact and who acts."""

    op: date
    door: Actor


@dataclass(frozen=True, slots=True, kw_only=True)
class KenAbonnementToe(Opdracht):
    """A gemeente lets an organisation receive events, in a role, for a purpose and a period."""

    houdersoort: str
    houder: str
    rol: str
    gemeenten: tuple[str, ...] = ()
    themas: tuple[str, ...] = ()
    gebeurtenistypen: tuple[str, ...] = ()
    """Wire names (``besluit-genomen``); none: all that the role may see."""
    van: date | None = None
    """The day of the fact when absent."""
    tot_en_met: date | None = None
    doelbinding: str = ""
    grondslag: str | None = None
    vorm: str = "avro"
    wijze: str | None = None
    """Binary or structured mode; none: Avro in binary, JSON in structured mode."""
    profiel: str = "feiten"


@dataclass(frozen=True, slots=True, kw_only=True)
class HerhaalLevering(Opdracht):
    """What was delivered after a number goes to the queue of the holder again, under the same numbers."""

    na: int = 0
    betreft_casus: str | None = None
    van_gemeente: str | None = None
    sinds: date | None = None
    """Only what was logged since this day."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SchermCasusAf(Opdracht):
    """The casus is not safe to share."""

    reden: str


@dataclass(frozen=True, slots=True, kw_only=True)
class HefAfschermingOp(Opdracht):
    """The casus may be shared again."""


@dataclass(frozen=True, slots=True, kw_only=True)
class BeeindigAbonnement(Opdracht):
    """The subscription ends; ``per`` is the first day without it, the day of the fact when absent."""

    per: date | None = None
    reden: str | None = None
