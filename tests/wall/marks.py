"""What nobody else may hear, and the oracle that says who may. It asks nothing of ``casuslog.rights``.

The oracle is wider than the product: it allows a role all that it could ever see in its own gemeente, and of another's
only what was granted by hand in the world of the test. What the product shows beyond that is a leak.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from casuslog.caller import Caller

CASUS, ID, WOORD = "casus", "id", "woord"
CASUSSTROMEN = frozenset({"melding", "onderzoek", "beschikking", "pgb"})
APART = "apart"
"""In the place of a stream: what a mantelzorger told for himself. The inwoner does not hear it."""
TOEZICHTSTROMEN = frozenset({"toezicht", "signaal"})


@dataclass(frozen=True, slots=True)
class Mark:
    """A text by which one hears where it comes from: the id of a casus or an event, or a word that stands nowhere else.

    ``gemeente``, ``stroom`` and ``subject`` say whose it is; ``stroom`` of a casus id is ``melding``.
    """

    text: str
    kind: str
    gemeente: str
    stroom: str
    subject: str


@dataclass
class Oracle:
    """Who may hear which mark.

    Attributes:
        marks: by their text.
        granted: by organisation or pseudonym: texts that it may hear beside what its role and gemeenten allow.
        clients: by pseudonym of an inwoner: its own casussen.
    """

    marks: dict[str, Mark] = field(default_factory=dict)
    granted: Mapping[str, frozenset[str]] = field(default_factory=dict)
    clients: Mapping[str, frozenset[str]] = field(default_factory=dict)
    _any: re.Pattern[str] | None = None

    def add(self, marks: Iterable[Mark]) -> None:
        """More to listen for."""
        self.marks |= {mark.text: mark for mark in marks}
        self._any = None

    def heard_in(self, text: str) -> list[Mark]:
        """The marks in a text."""
        if self._any is None:
            self._any = re.compile("|".join(map(re.escape, self.marks)))
        return [self.marks[found] for found in dict.fromkeys(self._any.findall(text))]

    def beyond(self, caller: Caller | None, text: str, sent: str) -> list[Mark]:
        """The marks in an answer that this caller may not hear and did not send itself. ``None``: a forged caller."""
        return [mark for mark in self.heard_in(text) if mark.text not in sent and not self.may(caller, mark)]

    def may(self, caller: Caller | None, mark: Mark) -> bool:
        """Whether this caller may ever hear this mark."""
        if caller is None:
            return False
        if mark.text in self.granted.get(caller.organisatie or caller.id, ()):
            return True
        if caller.rol == "inwoner":
            return mark.subject in self.clients.get(caller.id, ()) and mark.stroom in CASUSSTROMEN
        return mark.gemeente in caller.gemeenten and _in_own_gemeente(caller.rol, mark)


def _in_own_gemeente(rol: str, mark: Mark) -> bool:
    match rol:
        case "wijkteam" | "consulent":
            return mark.stroom in CASUSSTROMEN or mark.stroom == APART
        case "backoffice":
            return mark.stroom in ("beschikking", "pgb")
        case "centrumgemeente":
            return mark.stroom == "beschikking"
        case "toezichthouder":
            return mark.stroom in TOEZICHTSTROMEN
        case "beheerder":
            # Envelopes, to keep the service running; never a word of what is in them.
            return mark.kind != WOORD and mark.stroom not in TOEZICHTSTROMEN
        case "kcc":
            # That it is there: its status, its owner and the next step.
            return mark.kind == CASUS and mark.stroom in CASUSSTROMEN
        case _:
            # College, inkoper, raad: figures and statuses, no id of an event and no word.
            return False
