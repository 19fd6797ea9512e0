"""Bodies at the edge: read directly where they are right, and what comes of them is what marshmallow makes of them."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from importlib.metadata import entry_points
from typing import Any

import pytest
from marshmallow import Schema, ValidationError

from casuslog.edge import CommandSchema, Strict
from casuslog.envelope import Actor
from casuslog.settings import ENTRY_POINTS

_OTHERS: tuple[Any, ...] = (
    *(None, "", "  ", "x" * 40, "0086", "2015-13-01", "2015-12-01", "2.5", 0, -1, 2**40, 1.5, True),
    *([], ["x"], [{}], {}, {"x": 1}),
)


def _schemas(of: type[Strict] = Strict) -> Iterator[Any]:
    """Every command and question of every service whose schema is one of these, with a body right in some state."""
    for point in entry_points(group=ENTRY_POINTS):
        service = point.load()
        told = {name: body for one in service.toestanden for name, body in one.voorbeelden.items()}
        bodies = {name: body for name, body in told.items() if not callable(body)}
        for kind in (*service.commands, *service.questions):
            body = {"op": "2017-02-15", **bodies.get(kind.name, {})}
            if isinstance(kind.schema, of):
                yield pytest.param(kind.schema, body, id=f"{service.name}-{kind.name}")


def _outcome(load: Any, body: Any) -> Any:
    try:
        return load(body)
    except ValidationError as error:
        return error.messages


def _bodies(schema: Strict, body: dict[str, Any]) -> Iterator[Any]:
    """The body, and all that differ from it in one field: left out, of another kind, or not known."""
    yield from (body, {}, [], None, {**body, "onbekend": 1}, {**body, 1: "x"})
    names = [of.data_key or name for name, of in schema.fields.items()]
    for name in names:
        yield {other: value for other, value in body.items() if other != name}
        yield from ({**body, name: value} for value in _OTHERS)


@pytest.mark.parametrize(("schema", "body"), list(_schemas()))
def test_a_body_loads_as_marshmallow_loads_it(schema: Strict, body: dict[str, Any]) -> None:
    """Right or wrong in any one field: the same command, or the same words about the same fields."""
    for tried in _bodies(schema, body):
        assert _outcome(schema.load, tried) == _outcome(lambda one: Schema.load(schema, one), tried)


@pytest.mark.parametrize(("schema", "body"), list(_schemas(CommandSchema)))
def test_a_command_is_what_its_body_loads_as_by_who_calls(schema: CommandSchema, body: dict[str, Any]) -> None:
    """Also where a schema makes its command in a way of its own: nothing of it is passed by."""
    door = Actor("wijkteam", "0086", "w1")
    for tried in _bodies(schema, body):
        asked = _outcome(lambda one: replace(Schema.load(schema, one), door=door), tried)
        assert _outcome(lambda one: schema.command(one, door), tried) == asked


def test_most_commands_are_read_directly() -> None:
    """Only a schema that judges several fields together takes the longer way; otherwise nothing would be gained."""
    read = [param.values[0] for param in _schemas()]
    assert sum(schema._direct is not None for schema in read) > 0.8 * len(read)
