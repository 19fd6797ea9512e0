"""The NL GOV profile for CloudEvents 1.1 as a check: no event leaves that breaks it.

Source: standaarden-en-wet.md section 1.1 (profile of Logius, working version of 2026-03-17) and 1.6 item 2.
Two entries: :func:`validate` for an envelope about to be appended, :func:`validate_attributes` for any attributes.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from operator import attrgetter
from typing import Any

from casuslog.clock import AMSTERDAM
from casuslog.envelope import SPECVERSION, Envelope
from casuslog.errors import InvalidInput
from casuslog.events import TYPE_PREFIX
from casuslog.identifiers import is_uuid, looks_like_bsn, oin_ok

MAX_BYTES = 64 * 1024
"""What every intermediary must forward (profile, Size Limits): attributes and body together."""
MAX_SEQUENCE = 2**31 - 1
"""``sequencetype`` Integer is a signed number of 32 bits, so it numbers one stream, not the log."""

_HEADER_OVERHEAD = len("cloudEvents_") + 6
_ATTRIBUTE_NAME = re.compile(r"[a-z0-9]{1,20}")
_CONTROL = re.compile(r"[\x00-\x1f\x7f-\x9f\ud800-\udfff]")
_UUID = r"[0-9a-f]{8}-[0-9a-f]{4}-[1-8][0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}"
# At most three digits, at the end: no room for a BSN in a code, a type or the name of a service.
_CODE = r"[a-z][a-z_-]{0,39}[0-9]{0,3}"
_GEMEENTE = r"[0-9]{4}"
_TYPE = re.escape(TYPE_PREFIX) + r"[a-z]+(?:-[a-z]+[0-9]{0,3})*(?:\.v[1-9][0-9]{0,2})?"
_SOURCE = r"urn:nld:oin:(0000000[1-9][0-9]{12}|00000099[0-9]{12}):systeem:([a-z][a-z-]{0,39}[0-9]{0,3})"
_POSITION = rf"{_CODE}/{_GEMEENTE}/{_CODE}/{_UUID}/[1-9][0-9]{{0,9}}"

_UUID_RULE = "must be a UUID in lower case, opaque: never a BSN or a number of a case system"
_GEMEENTE_RULE = "must be a gemeentecode of four digits, e.g. '0086'"
_CODE_RULE = "must be a lower-case code, e.g. 'beschermd_wonen'"

# Attribute, its form, and what would be right. These forms leave no room for a BSN, so they are not searched for one.
_FORMS: tuple[tuple[str, str, str], ...] = (
    ("id", _UUID, _UUID_RULE),
    ("source", _SOURCE, "must be urn:nld:oin:<OIN of 20 digits>:systeem:<service>"),
    ("type", _TYPE, f"must be {TYPE_PREFIX}<name>, lower case with dashes, at most one version '.v2'"),
    ("subject", _UUID, _UUID_RULE),
    ("dataschema", r"/schemas/[0-9a-f]{16}", "must be /schemas/<16 hex digits>: the fingerprint of the clear schema"),
    ("gemeente", _GEMEENTE, _GEMEENTE_RULE),
    ("stroom", _CODE, _CODE_RULE),
    ("correlationid", _UUID, _UUID_RULE),
    ("causationid", _UUID, _UUID_RULE),
    ("oorzaak", _POSITION, "must be a position <service>/<gemeente>/<stroom>/<subject>/<sequence>"),
    ("traceparent", r"[0-9a-f]{2}-[0-9a-f]{32}-[0-9a-f]{16}-[0-9a-f]{2}", "must be a W3C traceparent"),
    ("corrigeert", _UUID, _UUID_RULE),
    ("woongemeente", _GEMEENTE, _GEMEENTE_RULE),
    ("uitvoerendegemeente", _GEMEENTE, _GEMEENTE_RULE),
    ("betalendegemeente", _GEMEENTE, _GEMEENTE_RULE),
    ("titel", r"eigen|mandaat|delegatie|open", "must be eigen, mandaat, delegatie or open"),
    ("thema", _CODE, _CODE_RULE),
    ("actorrol", _CODE, _CODE_RULE),
)
_NAMED = ("correlationid", "causationid", "actorrol", "actorid")
_REQUIRED = frozenset(("id", "source", "type", "subject", "dataschema", "gemeente", "stroom", *_NAMED))
_TEXTS = ("orgaan", "actororganisatie", "actorid", "inrichtingversie", "grondslag", "externereferentie")
_FORM_NAMES = tuple(name for name, _, _ in _FORMS)
_FORM_OF = {name: re.compile(form) for name, form, _ in _FORMS}
_RIGHT = {name: right for name, _, right in _FORMS}
# All forms as one expression over the values on a line each ("-" where absent): one call instead of eighteen.
_ALL_RIGHT = re.compile("\n".join(f"(?:{form})" if n in _REQUIRED else f"(?:-|{form})" for n, form, _ in _FORMS))
_CHANGING = ("subject", "correlationid", "causationid", "oorzaak", "traceparent")
_CHANGING_RIGHT = re.compile(
    "\n".join(_FORM_OF[n].pattern if n in _REQUIRED else f"(?:-|{_FORM_OF[n].pattern})" for n in _CHANGING)
)
_forms_of = attrgetter(*_FORM_NAMES)
_texts_of = attrgetter(*_TEXTS)

Errors = dict[str, list[str]]


def validate(envelope: Envelope) -> None:
    """Check an envelope that is about to be appended and sent.

    Raises:
        InvalidInput: it breaks the profile; ``errors`` maps each attribute to its broken rules, one text per rule.
    """
    errors: Errors = {}
    forms = _forms_of(envelope)
    if not _ALL_RIGHT.fullmatch("\n".join(["-" if value is None else value for value in forms])):
        _check_forms(errors, forms)
    _check_texts(errors, _texts_of(envelope))
    if not envelope.actorid:
        _add(errors, "actorid", "is required: a pseudonymous id of who acted, so that four eyes can be checked")
    _check_sequence(errors, envelope.sequence)
    _check_days(errors, envelope.time, envelope.feitdatum)
    _raise(errors)


def changing_ok(*values: str | None, said: str | None) -> bool:
    """Whether what differs between events of one kind is as :func:`validate` asks; where it is not, that tells why.

    Args:
        values: subject, correlationid, causationid, oorzaak and traceparent.
        said: externereferentie.
    """
    if not _CHANGING_RIGHT.fullmatch("\n".join(["-" if value is None else value for value in values])):
        return False
    return not said or is_uuid(said) or (said.isprintable() and not looks_like_bsn(said))


def validate_attributes(attributes: Mapping[str, Any], *, inbound: bool = False) -> None:
    """Check CloudEvents attributes as strings: names, presence, form and content.

    Args:
        attributes: by wire name, without the ``cloudEvents_`` prefix; unknown extensions are allowed.
        inbound: from another producer: type and source need only be what the profile asks of anyone.

    Raises:
        InvalidInput: as in :func:`validate`.
    """
    errors: Errors = {}
    for name, value in attributes.items():
        _check_attribute(errors, name, value, inbound)
    for name in ("id", "source", "type") if inbound else sorted(_REQUIRED | {"time", "feitdatum", "sequence"}):
        if name not in attributes:
            _add(errors, name, "is required")
    if attributes.get("specversion") != SPECVERSION:
        _add(errors, "specversion", f"must be {SPECVERSION}")
    _check_sequence_texts(errors, attributes)
    _check_day_texts(errors, attributes)
    _raise(errors)


def check_size(attributes: Mapping[str, str], body: bytes) -> None:
    """Check that attributes (as headers) and body together stay within :data:`MAX_BYTES`.

    Raises:
        InvalidInput: it is too large (status 413); a document goes by reference, not inside the event.
    """
    size = len(body) + sum(len(name) + len(value.encode()) + _HEADER_OVERHEAD for name, value in attributes.items())
    if size > MAX_BYTES:
        detail = (
            f"the event takes {size} bytes; at most {MAX_BYTES} are forwarded everywhere. Refer to a document instead"
        )
        error = InvalidInput(detail, errors={"body": [f"must be smaller: {size} of {MAX_BYTES} bytes"]})
        error.status = 413
        raise error


@dataclass(frozen=True, slots=True)
class Source:
    """Who sends, as read from a ``source``: the kind of number (``oin``, ``kvknr``), the number, and the system."""

    kind: str
    number: str
    system: str


_LENIENT_SOURCE = re.compile(r"urn:nld:(oin|kvknr|kvk):([0-9]{8,20})(?::systeem:|[.:])([^\s:]+)", re.IGNORECASE)


def parse_source(source: str) -> Source:
    """Read the source of a foreign event, with a dot or a colon, and with a short OIN: the profile's examples differ.

    Raises:
        ValueError: it is no URN of a Dutch organisation and system.
    """
    found = _LENIENT_SOURCE.fullmatch(source)
    if found is None:
        raise ValueError(f"{source!r} is no source; expected urn:nld:oin:<OIN>:systeem:<system>")
    return Source(found[1].lower(), found[2], found[3])


def _add(errors: Errors, name: str, problem: str) -> None:
    errors.setdefault(name, []).append(problem)


def _raise(errors: Errors) -> None:
    if errors:
        told = "; ".join(f"{name} {problem}" for name, problems in errors.items() for problem in problems)
        raise InvalidInput(f"the event breaks the NL GOV profile: {told}", errors=errors)


def _check_forms(errors: Errors, values: tuple[str | None, ...]) -> None:
    for name, value in zip(_FORM_NAMES, values, strict=True):
        if value is None:
            if name in _REQUIRED:
                _add(errors, name, "is required")
        elif not _FORM_OF[name].fullmatch(value):
            _explain(errors, name, value)


def _explain(errors: Errors, name: str, value: str) -> None:
    """Say what is wrong with a value that has not its form. The value itself stays out: it may be a BSN."""
    _add(errors, name, _RIGHT[name])
    if name == "type":
        _explain_type(errors, value)
    if name == "source" and (found := re.search(r"oin:([^:]*)", value)) and not oin_ok(found[1]):
        _add(errors, name, "holds no OIN of 20 digits with a known prefix")
    if looks_like_bsn(value):
        _add(errors, name, "holds what can be read as a BSN; intermediaries log this attribute")


def _explain_type(errors: Errors, value: str) -> None:
    if not value.startswith(TYPE_PREFIX):
        _add(
            errors,
            "type",
            f"must begin with {TYPE_PREFIX}: reverse DNS of the law, without the name of an organisation",
        )
    versions = re.findall(r"v[0-9][0-9.]*", value)
    if len(versions) > 1 or any("." in version for version in versions):
        _add(errors, "type", "has more than one version number; a version is one number after v")
    if value != value.lower():
        _add(errors, "type", "has capitals; it is lower case with dashes")


def _check_texts(errors: Errors, values: tuple[str | None, ...]) -> None:
    """Search all free texts at once; only when something is found, say where."""
    joined = "|".join([value for value in values if value and not is_uuid(value)])
    if joined.isprintable() and not looks_like_bsn(joined):
        return
    for name, value in zip(_TEXTS, values, strict=True):
        if value:
            _check_text(errors, name, value)


def _check_text(errors: Errors, name: str, value: str) -> None:
    if _CONTROL.search(value):
        _add(errors, name, "holds a control character")
    if looks_like_bsn(value) and not is_uuid(value):
        _add(errors, name, "holds what can be read as a BSN; intermediaries log this attribute")


def _check_sequence(errors: Errors, sequence: int) -> None:
    if type(sequence) is not int or not 1 <= sequence <= MAX_SEQUENCE:
        _add(errors, "sequence", f"must be a whole number from 1 to {MAX_SEQUENCE}, numbered per stream")


def _check_days(errors: Errors, time: datetime, feitdatum: date) -> None:
    if time.utcoffset() is None:
        _add(errors, "time", "must have a time zone")
    elif feitdatum > time.date() and feitdatum > _day_of(time):
        _add(errors, "feitdatum", "lies after the day on which it was logged; a fact has happened")
    if time.utcoffset():
        _add(errors, "time", "must be in UTC")


def _day_of(time: datetime) -> date:
    return time.astimezone(AMSTERDAM).date()


_OWN_CHECK = {"specversion", "sequence", "sequencetype", "time", "feitdatum", "recordedtime", "geimporteerd"}


def _check_attribute(errors: Errors, name: str, value: Any, inbound: bool) -> None:
    if not _ATTRIBUTE_NAME.fullmatch(name) or name == "data":
        _add(errors, name, "is no attribute name: a-z and 0-9, at most 20, not 'data'")
    if not isinstance(value, str) or not value:
        _add(errors, name, "must be a text that is not empty; leave out what is absent")
        return
    if name in _OWN_CHECK:
        return
    if inbound and name in ("source", "type"):
        _check_foreign(errors, name, value)
    elif name in _FORM_OF and not inbound:
        if not _FORM_OF[name].fullmatch(value):
            _explain(errors, name, value)
    else:
        _check_text(errors, name, value)


_REVERSE_DNS = re.compile(r"[a-z]{2,}(?:\.[A-Za-z0-9_-]+){2,}")


def _check_foreign(errors: Errors, name: str, value: str) -> None:
    if name == "type":
        if not _REVERSE_DNS.fullmatch(value) or re.search(r"\.v[0-9]+\.[0-9]", value):
            _add(errors, name, "must be reverse DNS with at most one version number")
        _check_text(errors, name, value)
        return
    try:
        number = parse_source(value).number
    except ValueError:
        _add(errors, name, "must be a URN of a Dutch organisation and system")
        number = ""
    _check_text(errors, name, value.replace(number, "") if number else value)


def _check_sequence_texts(errors: Errors, attributes: Mapping[str, Any]) -> None:
    given = attributes.get("sequence")
    if ("sequence" in attributes) != ("sequencetype" in attributes):
        _add(errors, "sequencetype", "goes with sequence: both or neither")
    if "sequencetype" in attributes and attributes["sequencetype"] != "Integer":
        _add(errors, "sequencetype", "must be Integer")
    if isinstance(given, str):
        number = int(given) if re.fullmatch(r"[1-9][0-9]{0,9}", given) else 0
        _check_sequence(errors, number)


def _check_day_texts(errors: Errors, attributes: Mapping[str, Any]) -> None:
    time = _parsed(errors, attributes, "time", datetime.fromisoformat)
    day = _parsed(errors, attributes, "feitdatum", date.fromisoformat)
    if time is not None and time.utcoffset() is None:
        _add(errors, "time", "must have a time zone")
    elif time is not None and day is not None and day > _day_of(time):
        _add(errors, "feitdatum", "lies after the day on which it was logged; a fact has happened")
    if time is not None and time.utcoffset() not in (None, timedelta(0)) and "sequence" in attributes:
        _add(errors, "time", "must be in UTC")


def _parsed(errors: Errors, attributes: Mapping[str, Any], name: str, parse: Callable[[str], Any]) -> Any:
    value = attributes.get(name)
    if not isinstance(value, str) or not value:
        return None
    try:
        return parse(value)
    except ValueError:
        _add(errors, name, "must be ISO 8601")
        return None
