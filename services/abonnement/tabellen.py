"""The tables of the service abonnement: who subscribes, and which number each delivery has.

No content stands here, only references into the shelf of kept events (ciphertext): destroying a key needs no search.
"""

from sqlalchemy import JSON, Boolean, Column, Date, Index, Integer, MetaData, String, Table, UniqueConstraint

metadata = MetaData()

WACHT, GELEVERD, INGEHOUDEN, INGETROKKEN = "wacht", "geleverd", "ingehouden", "ingetrokken"

abonnementen = Table(
    "abonnementen",
    metadata,
    Column("id", String(36), primary_key=True),
    Column("gemeente", String(4), nullable=False),
    Column("versie", Integer, nullable=False),
    Column("laatste", Integer, nullable=False),
)
"""``gemeente`` grants, in version ``versie`` of the stream; ``laatste`` is the last number that was given."""

leveringen = Table(
    "leveringen",
    metadata,
    Column("abonnement", String(36), primary_key=True),
    Column("nummer", Integer, primary_key=True),
    Column("gemeente", String(4), nullable=False),
    Column("bron", String(32), nullable=False),
    Column("stroom", String(32), nullable=False),
    Column("subject", String(36), nullable=False),
    Column("sequence", Integer, nullable=False),
    Column("event_id", String(36), nullable=False),
    Column("staat", String(12), nullable=False),
    Column("tijd", String(32), nullable=True),
    UniqueConstraint("abonnement", "event_id"),
    Index("leveringen_per_staat", "staat", "abonnement", "nummer"),
    Index("leveringen_per_casus", "subject", "abonnement"),
)
"""``staat``: wacht, geleverd, ingehouden, or ingetrokken (it was delivered, and the right to it ended); ``tijd``: when
the broker confirmed it."""

deelnames = Table(
    "deelnames",
    metadata,
    Column("verband", String(80), primary_key=True),
    Column("gemeente", String(4), primary_key=True),
    Column("vanaf", Date, primary_key=True),
    Column("tot", Date, nullable=True),
    Column("themas", JSON, nullable=False),
    Column("centrum", Boolean, nullable=False),
)
"""Who takes part in a samenwerkingsverband, until (not including) ``tot``."""

intrekkingen = Table("intrekkingen", metadata, Column("abonnement", String(36), primary_key=True))
"""Whose queue must be taken back, because a right ended while something may lie in it."""

getoond = Table(
    "getoond",
    metadata,
    Column("abonnement", String(36), primary_key=True),
    Column("nummer", Integer, primary_key=True),
    Column("trap", Integer, nullable=False),
    Column("velden", JSON(none_as_null=True), nullable=True),
)
"""How much of an event went out under each of the last numbers (:mod:`.getoond`)."""

haperingen = Table(
    "haperingen",
    metadata,
    Column("abonnement", String(36), primary_key=True),
    Column("pogingen", Integer, nullable=False),
    Column("volgende", String(32), nullable=False),
    Column("reden", String(64), nullable=False),
)
"""Whose queue could not be served the last time: how often in a row, when it is tried again, and the kind of error."""
