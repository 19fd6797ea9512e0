"""Who sees which part of which event: one pure function that every edge asks, at delivery and at reading."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date

from casuslog.envelope import Envelope
from casuslog.rights.involvement import Involvement, Involvements
from casuslog.rights.matrix import Level, Matrix, Rule, matrix

GEEN_BETROKKENHEID = "geen_betrokkenheid"
NIET_NODIG = "niet_nodig_voor_taak"
DOELBINDING_ONTBREEKT = "doelbinding_ontbreekt"
TOEGESTAAN = "toegestaan"

_GEEN_INVOLVEMENTS = Involvements()


@dataclass(frozen=True, slots=True)
class Reader:
    """Who reads: a role (list *rol*) in an organisation (gemeentecode, OIN, AGB), the gemeenten for which it works,
    a pseudonymous id, and the purpose. Has the shape of :class:`casuslog.caller.Caller`.
    """

    rol: str
    organisatie: str | None
    id: str
    gemeenten: tuple[str, ...] = ()
    doelbinding: str = ""


@dataclass(frozen=True, slots=True)
class Sight:
    """How much a reader sees of an event, why, and under which rule of the matrix.

    ``reason`` is ``toegestaan`` or the code of a refusal; ``rule`` the ground, with the id of the matrix rule;
    ``fields`` the only fields to show (None: all of the level); ``hidden`` the fields to leave out.
    """

    level: Level
    reason: str
    rule: str
    fields: frozenset[str] | None = None
    hidden: frozenset[str] = frozenset()

    def __bool__(self) -> bool:
        """Whether anything is seen at all, be it that the event exists."""
        return self.level > Level.NIETS

    def shows(self, field: str, privacy: str) -> bool:
        """Whether a field of this privacy class (``feit`` or ``persoonsgegeven``) is shown."""
        if field in self.hidden or self.level < Level.FEITEN:
            return False
        if self.fields is not None and field not in self.fields:
            return False
        return self.level is Level.VOLLEDIG or privacy == "feit"


def sight(
    reader: Reader,
    envelope: Envelope,
    involvements: Involvements = _GEEN_INVOLVEMENTS,
    *,
    on: date,
    rules: Matrix | None = None,
) -> Sight:
    """What this reader sees of this event on a day.

    Args:
        reader: who reads, for which gemeenten and with which purpose.
        envelope: of the event; its content plays no part.
        involvements: of the casus, folded from all its streams that this edge knows.
        on: the day of reading: a right that ended yesterday shows nothing today.
        rules: the matrix; that of this installation by default.

    Returns:
        The level of the first rule that fits. None fits: level NIETS with the reason. Being a member of a
        samenwerkingsverband is no relation in any rule, so that it shows nothing, not even that the casus exists.
    """
    known = rules or matrix()
    own = [rule for rule in known.regels if rule.is_for(reader.rol)]
    for rule in own:
        if rule.covers(envelope.stroom, envelope.name) and _related(rule, reader, envelope, involvements, on):
            return _seen(rule, reader)
    return _nothing(known, own, reader, envelope, involvements, on)


def may_know_casus_exists(
    reader: Reader,
    envelopes: Iterable[Envelope],
    involvements: Involvements = _GEEN_INVOLVEMENTS,
    *,
    on: date,
    rules: Matrix | None = None,
) -> bool:
    """Whether this reader sees anything of the events of a casus. If not, the edge answers as if there is none."""
    return any(sight(reader, envelope, involvements, on=on, rules=rules) for envelope in envelopes)


def _seen(rule: Rule, reader: Reader) -> Sight:
    ground = f"{rule.grondslag} (rechten {rule.id})"
    if rule.niveau > Level.STATUS and reader.organisatie is not None and not reader.doelbinding:
        return Sight(Level.NIETS, DOELBINDING_ONTBREEKT, "AVG art. 5 lid 1 onder b: noem het doel van de inzage")
    return Sight(rule.niveau, TOEGESTAAN, ground, rule.velden, rule.verborgen)


def _nothing(
    known: Matrix, own: list[Rule], reader: Reader, envelope: Envelope, involvements: Involvements, on: date
) -> Sight:
    if envelope.stroom in known.besloten:
        reason = known.redenen["besloten"].get(reader.rol, GEEN_BETROKKENHEID)
        return Sight(Level.NIETS, reason, "Wmo 2015 art. 6.1: een besloten stroom, alleen voor de toezichthouder")
    if reason := known.redenen["casus"].get(reader.rol, ""):
        return Sight(Level.NIETS, reason, "zonder toestemming van de inwoner ziet een ander niets van de zaak")
    casus_rules = [rule for rule in own if not rule.stromen & known.besloten and rule.relatie != "iedereen"]
    if any(_related(rule, reader, envelope, involvements, on) for rule in casus_rules):
        return Sight(Level.NIETS, NIET_NODIG, "niet meer dan nodig is voor de taak (Wmo 2015 art. 5.1.1)")
    return Sight(Level.NIETS, GEEN_BETROKKENHEID, "lid zijn van een verband geeft geen inzage in een casus")


def _related(rule: Rule, reader: Reader, envelope: Envelope, involvements: Involvements, on: date) -> bool:
    match rule.relatie:
        case "iedereen":
            return True
        case "eigen_gemeente":
            return envelope.gemeente in reader.gemeenten
        case "eigen_inwoner":
            return envelope.gemeente in reader.gemeenten and _lives_in(envelope, reader, unknown=True)
        case "woongemeente":
            return _lives_in(envelope, reader, unknown=False)
        case "eigen_handeling":
            return envelope.actorid == reader.id
        case "eigen_organisatie":
            return reader.organisatie is not None and envelope.actororganisatie == reader.organisatie
        case "toestemming":
            return _consented(rule, reader, envelope, involvements, on)
        case _:
            if (
                rule.eigen_opdracht
                and involvements.opdrachten.get(envelope.id, reader.organisatie) != reader.organisatie
            ):
                return False
            return any(_involved(rule, i, reader, envelope, on) for i in involvements.betrokken_bij(envelope.gemeente))


def _lives_in(envelope: Envelope, reader: Reader, *, unknown: bool) -> bool:
    if envelope.woongemeente is None:
        return unknown
    return envelope.woongemeente in reader.gemeenten


def _consented(rule: Rule, reader: Reader, envelope: Envelope, involvements: Involvements, on: date) -> bool:
    """Consent names a person, or a role: then only who is known in this casus, not everyone of that role."""
    known_here = any(one.organisatie == reader.id for one in involvements.betrokken_bij(envelope.gemeente))
    names = (reader.id, reader.rol) if known_here else (reader.id,)
    found = (consent for consent in involvements.toestemming_bij(envelope.gemeente) if consent.aan in names)
    return any(rule.omvang in consent.omvang and consent.vanaf <= on for consent in found)


def _involved(rule: Rule, one: Involvement, reader: Reader, envelope: Envelope, on: date) -> bool:
    if one.als not in rule.als or not one.holds(on, envelope.thema):
        return False
    if rule.vanaf_betrokkenheid and envelope.feitdatum < one.vanaf:
        return False
    # Of the SVB and the CAK there is one each; the role itself says who it is.
    return one.organisatie in (reader.organisatie, reader.id, *reader.gemeenten) or one.als == reader.rol in (
        "svb",
        "cak",
    )
