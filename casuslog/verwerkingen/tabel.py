"""The table of processing records that each service keeps in its own database."""

from __future__ import annotations

from sqlalchemy import Column, Index, Integer, MetaData, String, Table

from casuslog.store.tables import Long, Moment

metadata = MetaData()

verwerkingen = Table(
    "verwerkingen",
    metadata,
    Column("nr", Long, primary_key=True),
    Column("trace_id", String(32), nullable=False),
    Column("span_id", String(16), nullable=False),
    Column("parent_span_id", String(16), nullable=True),
    Column("gemeente", String(4), nullable=False),
    Column("activiteit", String(200), nullable=False),
    Column("onderdeel", String(64), nullable=False),
    Column("begin", Moment, nullable=False),
    Column("einde", Moment, nullable=False),
    Column("status", String(8), nullable=False),
    Column("reden", String(64), nullable=True),
    Column("betrokkene", String(64), nullable=False),
    Column("rol", String(40), nullable=False),
    Column("organisatie", String(64), nullable=True),
    Column("lezer", String(200), nullable=False),
    Column("doelbinding", String(200), nullable=False),
    Column("aantal", Integer, nullable=False),
    Index("verwerkingen_van", "betrokkene", "begin"),
    Index("verwerkingen_gemeente", "gemeente", "begin"),
)
"""``gemeente`` answers for the processing; ``betrokkene`` is a pseudonym. No name, no BSN, no casus."""
