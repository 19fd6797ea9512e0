"""The read models of one gemeente a second time, beside the live ones, and what differs between the two.

The second ones are temporary tables with the names of the live ones. On both databases a name without a schema means
the temporary table first, so the projection that writes the live tables writes these, unchanged. Nobody else sees
them, they hold up nobody, and they are gone with their connection.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Self

from sqlalchemy import (
    Column,
    ColumnElement,
    Connection,
    Engine,
    Integer,
    MetaData,
    Select,
    Subquery,
    Table,
    Text,
    and_,
    delete,
    except_,
    func,
    insert,
    literal_column,
    or_,
    select,
    union_all,
)
from sqlalchemy.schema import CreateTable

from casuslog.envelope import Envelope
from casuslog.readmodels._copy import can_copy
from casuslog.readmodels._upsert import COPIES, upsert_many
from casuslog.readmodels.tables import metadata, policies
from casuslog.store.tables import inbox

ONLY_FROM: Mapping[str, str] = {policies.name: "inrichting"}
"""The one service whose events fill a table that is not kept per casus."""

MISSING, EXTRA, OTHER = "ontbreekt", "te veel", "anders"
_SHOWN = ("bron", "stroom", "subject", "sequence", "als", "versie")
"""What is told of a row: where it belongs, nothing of what it holds."""

_COMPARING = "; ".join(
    f"SET LOCAL {name} = {value}"
    for name, value in {
        "statement_timeout": "0",
        # Nobody has counted the rows of a temporary table: left to itself the server would sort both sides, on disk.
        "work_mem": "'64MB'",
        "enable_mergejoin": "off",
        "enable_nestloop": "off",
        "jit": "off",
    }.items()
)
"""How a comparison is done on PostgreSQL: by a hash of the keys."""

_KEEPING = "SET idle_session_timeout = 0; SET temp_buffers = '128MB'"
"""Its tables go with its session, and what is projected may be long in coming. They stay in memory: beyond 8 MB the
server would write them to disk, and read them again to compare."""

_own = MetaData()
_reached = Table(
    "herbouw_bereikt",
    _own,
    Column("source", Text, primary_key=True),
    Column("stroom", Text, primary_key=True),
    Column("subject", Text, primary_key=True),
    Column("sequence", Integer, nullable=False),
)
_chosen = Table("herbouw_gekozen", _own, Column("subject", Text, primary_key=True))


@dataclass(frozen=True, slots=True)
class Difference:
    """One row of the live tables that is not as the log says."""

    table: str
    kind: str
    """:data:`MISSING` (the live table lacks it), :data:`EXTRA` (no event made it) or :data:`OTHER` (it holds something
    else)."""
    key: Mapping[str, Any]

    def __str__(self) -> str:
        shown = " ".join(f"{name}={self.key[name]}" for name in _SHOWN if name in self.key)
        return f"{self.kind} in {self.table}: {shown}"


@dataclass(slots=True)
class Comparison:
    """What was compared so far."""

    rows: int = 0
    """Rebuilt rows that were held against the live ones."""
    differences: list[Difference] = field(default_factory=list)
    moving: frozenset[str] = frozenset()
    """Subjects that are not compared: there the live tables have seen other events than the rebuilt ones."""
    unlike: frozenset[str] = frozenset()
    """Tables that are not compared, for the same reason."""


class Beside:
    """The second read models of one gemeente, on a connection of their own. Use it as a context manager.

    Args:
        engine: of the database with the live tables.
        consumer: the service whose tables they are, under which name it keeps its inbox.
        gemeente: code of the gemeente.
    """

    def __init__(self, engine: Engine, consumer: str, gemeente: str) -> None:
        self._engine = engine
        self._consumer = consumer
        self._gemeente = gemeente
        self._moved: dict[tuple[str, str, str], int] = {}
        self._comparison: Comparison | None = None

    def __enter__(self) -> Self:
        options = {} if self._engine.dialect.name == "sqlite" else {"isolation_level": "REPEATABLE READ"}
        self.conn: Connection = self._engine.connect().execution_options(**options)
        self.conn.execution_options(**{COPIES: can_copy(self.conn)})
        with self.conn.begin():
            if self._engine.dialect.name == "postgresql":
                self.conn.exec_driver_sql(_KEEPING)
            for table in (*metadata.sorted_tables, *_own.sorted_tables):
                self.conn.execute(CreateTable(_temporary(table)))
            self._live_schema = self._schema()
        return self

    def __exit__(self, *_: object) -> None:
        # Temporary tables live as long as the connection: it does not go back to the pool.
        self.conn.invalidate()
        self.conn.close()

    def follow(self, projected: Iterable[tuple[str, Envelope]]) -> None:
        """Note that these events have been projected, each with the service in whose log it stands."""
        for source, e in projected:
            self._moved[source, e.stroom, e.subject] = e.sequence

    def compare(self, sources: Sequence[str]) -> Comparison:
        """Hold the rebuilt rows against the live ones, in one snapshot.

        Each casus is compared only where both have seen the same events of each of its streams. A further call compares
        what the one before could not.
        """
        with self.conn.begin():
            if self._engine.dialect.name == "postgresql":
                self.conn.exec_driver_sql(_COMPARING)
            self._write_reached()
            moving = self._moving(sources)
            subjects = frozenset(subject for _, subject in moving)
            known, first = self._comparison or Comparison(), self._comparison is None
            self._choose(subjects if first else known.moving - subjects)
            unlike = frozenset(
                name for name, source in ONLY_FROM.items() if any(source == moved for moved, _ in moving)
            )
            for table in metadata.sorted_tables:
                self._compare_table(table, known, first=first, skip=unlike)
            known.moving = subjects if first else known.moving & subjects
            known.unlike = unlike
            self._comparison = known
        return known

    def _compare_table(self, table: Table, known: Comparison, *, first: bool, skip: frozenset[str]) -> None:
        per_casus = "subject" in table.c
        if not per_casus and (table.name in skip or (not first and table.name not in known.unlike)):
            return
        rebuilt, live = self._at(table, self._temporary_schema), self._at(table, self._live_schema)
        ours, theirs = (self._rows(side, first=first).subquery() for side in (rebuilt, live))
        known.rows += self.conn.execute(select(func.count()).select_from(ours)).scalar_one()
        known.differences += _differences(table, self.conn.execute(_apart(table, ours, theirs)))

    def _rows(self, side: Table, *, first: bool) -> Select[Any]:
        return select(*side.columns).where(side.c.gemeente == self._gemeente, *self._compared(side, first=first))

    def _compared(self, side: Table, *, first: bool) -> list[ColumnElement[bool]]:
        if "subject" not in side.c:
            return []
        chosen = select(_chosen.c.subject)
        return [side.c.subject.not_in(chosen) if first else side.c.subject.in_(chosen)]

    def _moving(self, sources: Sequence[str]) -> set[tuple[str, str]]:
        """Source and subject of the streams of which the two have not seen the same events."""
        live = self._at(inbox, self._live_schema)
        columns = (live.c.source, live.c.stroom, live.c.subject, live.c.sequence)
        of_live = select(*columns).where(
            live.c.consumer == self._consumer, live.c.gemeente == self._gemeente, live.c.source.in_(sources)
        )
        of_rebuilt = select(*_reached.columns)
        apart = union_all(
            select(except_(of_live, of_rebuilt).subquery()), select(except_(of_rebuilt, of_live).subquery())
        ).subquery()
        rows = self.conn.execute(select(apart.c.source, apart.c.subject).distinct())
        return {(row.source, row.subject) for row in rows}

    def _write_reached(self) -> None:
        rows = [
            {"source": source, "stroom": stroom, "subject": subject, "sequence": sequence}
            for (source, stroom, subject), sequence in self._moved.items()
        ]
        upsert_many(self.conn, _reached, rows)
        self._moved.clear()

    def _choose(self, subjects: frozenset[str]) -> None:
        self.conn.execute(delete(_chosen))
        if subjects:
            self.conn.execute(insert(_chosen), [{"subject": subject} for subject in subjects])

    def _schema(self) -> str:
        if self._engine.dialect.name == "sqlite":
            return "main"
        return str(self.conn.execute(select(literal_column("current_schema()"))).scalar_one())

    @property
    def _temporary_schema(self) -> str:
        return "temp" if self._engine.dialect.name == "sqlite" else "pg_temp"

    @staticmethod
    def _at(table: Table, schema: str) -> Table:
        return table.to_metadata(MetaData(), schema=schema)


def _temporary(table: Table) -> Table:
    columns = [Column(c.name, c.type, primary_key=c.primary_key, nullable=c.nullable) for c in table.columns]
    return Table(table.name, MetaData(), *columns, prefixes=["TEMPORARY"])


def _apart(table: Table, ours: Subquery, theirs: Subquery) -> Select[Any]:
    """The keys of rows that are not the same on both sides, each with whether ours and theirs lack it.

    One join by key: each side is read once, and only rows with the same key are held against each other.
    """
    keys = [column.name for column in table.primary_key]
    rest = [column.name for column in table.columns if not column.primary_key]
    here, there = ours.c, theirs.c
    extra, missing = here[keys[0]].is_(None), there[keys[0]].is_(None)
    both = ours.join(theirs, and_(*(here[name] == there[name] for name in keys)), full=True)
    shown: list[ColumnElement[Any]] = [extra, missing, *(func.coalesce(here[name], there[name]) for name in keys)]
    other = (here[name].is_distinct_from(there[name]) for name in rest)
    return select(*shown).select_from(both).where(or_(extra, missing, *other))


def _differences(table: Table, rows: Iterable[Any]) -> Iterator[Difference]:
    """What :func:`_apart` found, kind by kind."""
    names = [column.name for column in table.primary_key]
    found: dict[str, list[tuple[Any, ...]]] = {MISSING: [], EXTRA: [], OTHER: []}
    for extra, missing, *key in rows:
        found[EXTRA if extra else MISSING if missing else OTHER].append(tuple(key))
    for kind, keys in found.items():
        for key in sorted(keys):
            yield Difference(table.name, kind, dict(zip(names, key, strict=True)))
