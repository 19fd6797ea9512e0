"""The body of a command or question, read and checked: whose act, about what, on which day."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import date
from typing import Any, Protocol

from marshmallow import Schema, ValidationError

from casuslog.caller import Caller
from casuslog.codes import gemeente as gemeente_of
from casuslog.edge import CommandSchema
from casuslog.envelope import Actor
from casuslog.errors import InvalidInput
from casuslog.identifiers import is_uuid, new_id

CASUS = "casus"
_in_order = json.JSONEncoder(sort_keys=True).encode


class Asking(Protocol):
    """What can be asked: a command or a question."""

    @property
    def name(self) -> str:
        """Its name, also a part of what an idempotency key stands for."""

    @property
    def schema(self) -> Schema:
        """What its own fields are."""

    @property
    def subject_field(self) -> str:
        """The field of the body that names what it is about: ``casus``, or that of a subject of its own."""

    @property
    def begins(self) -> bool:
        """Whether what it is about may be left out, and is then made."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """The body of a command or question, read and checked."""

    gemeente: str
    subject: str
    concerns: str
    """The casus or other subject whose involvement opens the way: the subject itself, once there is one."""
    op: date
    externereferentie: str | None
    command: Any
    unheard_of: bool
    """Its subject was made here and now: nobody can have said anything of it."""
    digest: bytes
    """Of name and body as they came: a repeat on another day, when ``op`` would be filled in otherwise, is the same."""

    @classmethod
    def read(cls, body: Mapping[str, Any], kind: Asking, caller: Caller, day: date) -> Asked:
        """Read a body; ``op`` is ``day`` where it is left out.

        Raises:
            InvalidInput: a field breaks a rule, or the fact lies in the future.
        """
        rest = dict(body)
        digest = hashlib.sha256(_in_order([kind.name, rest]).encode()).digest()
        gemeente = _gemeente(rest.pop("gemeente", None))
        casus = _id(rest.pop(CASUS, None), CASUS, required=kind.subject_field == CASUS and not kind.begins)
        subject = casus
        if kind.subject_field != CASUS:
            subject = _id(rest.pop(kind.subject_field, None), kind.subject_field, required=not kind.begins)
        reference = _reference(rest.pop("externereferentie", None))
        rest.setdefault("op", day.isoformat())
        command = _loaded(kind, rest, caller.actor)
        if command.op > day:
            raise InvalidInput(
                f"Een feit kan niet in de toekomst liggen: op is {command.op}, vandaag is {day}.",
                errors={"op": [f"hooguit {day.isoformat()}"]},
            )
        made = subject or new_id()
        return cls(
            gemeente=gemeente,
            subject=made,
            concerns=subject or casus or made,
            unheard_of=subject is None and casus is None,
            op=command.op,
            externereferentie=reference,
            command=command,
            digest=digest,
        )


def _loaded(kind: Asking, body: dict[str, Any], door: Actor) -> Any:
    try:
        if isinstance(kind.schema, CommandSchema):
            return kind.schema.command(body, door)
        return replace(kind.schema.load(body), door=door)
    except ValidationError as error:
        wrong: Any = error.messages
        raise InvalidInput(f"Opdracht {kind.name} is niet uitgevoerd: {_first(wrong)}", errors=wrong) from None


def _reference(value: Any) -> str | None:
    if value is None or isinstance(value, str):
        return value
    raise InvalidInput(
        "Een externereferentie is een tekst: uw eigen kenmerk, zonder persoonsgegevens.",
        errors={"externereferentie": ["een tekst"]},
    )


def _gemeente(value: Any) -> str:
    if not isinstance(value, str) or not value:
        raise InvalidInput(
            "Noem de gemeente wier college deze handeling verricht.",
            errors={"gemeente": ["verplicht: code of sleutel"]},
        )
    return gemeente_of(value).code


def _id(value: Any, field: str, *, required: bool) -> str | None:
    if value is None and not required:
        return None
    if not isinstance(value, str) or not is_uuid(value):
        told = "verplicht: een UUID" if required else "een UUID, of leeg"
        raise InvalidInput(f"Noem {field} bij haar id.", errors={field: [f"{told}, in kleine letters"]})
    return value


def _first(messages: Any) -> str:
    while isinstance(messages, dict) and messages:
        name, messages = next(iter(messages.items()))
        if isinstance(messages, list):
            return f"{name}: {messages[0]}"
    return str(messages)
