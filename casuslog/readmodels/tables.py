"""The tables of the read models that every service has."""

from sqlalchemy import Column, Date, Index, Integer, LargeBinary, MetaData, String, Table, Text

metadata = MetaData()

known_events = Table(
    "bekend",
    metadata,
    Column("gemeente", String(4), primary_key=True),
    Column("bron", String(32), primary_key=True),
    Column("stroom", String(32), primary_key=True),
    Column("subject", String(36), primary_key=True),
    Column("sequence", Integer, primary_key=True),
    Column("type", String(120), nullable=False),
    Column("tijd", String(32), nullable=False),
    Column("envelope", Text, nullable=False),
    Column("body", LargeBinary, nullable=False),
    Index("bekend_per_casus", "subject", "tijd"),
)

involvements = Table(
    "betrokken",
    metadata,
    Column("gemeente", String(4), primary_key=True),
    Column("subject", String(36), primary_key=True),
    Column("organisatie", String(64), primary_key=True),
    Column("als", String(40), primary_key=True),
    Column("thema", String(60), primary_key=True),
    Column("vanaf", Date, nullable=False),
    Column("tot", Date, nullable=True),
    Index("betrokken_per_casus", "subject"),
)

melding_days = Table(
    "meldingsdagen",
    metadata,
    Column("gemeente", String(4), primary_key=True),
    Column("subject", String(36), primary_key=True),
    Column("gemeld_op", Date, nullable=False),
)

foutmeldingen = Table(
    "foutmeldingen",
    metadata,
    Column("id", String(36), primary_key=True),
    Column("gemeente", String(4), nullable=False),
    Column("stroom", String(32), nullable=False),
    Column("gebeurtenis", String(36), nullable=False),
    Column("regel", String(40), nullable=False),
    Column("veld", String(60), nullable=True),
    Column("organisatie", String(64), nullable=True),
    Column("rol", String(40), nullable=False),
    Column("op", Date, nullable=False),
    Index("foutmeldingen_per_gemeente", "gemeente", "id"),
)
"""What receivers said is wrong with events of this service: codes and ids, nothing personal."""

bsn_pointers = Table(
    "zoekwijzers",
    metadata,
    Column("gemeente", String(4), primary_key=True),
    Column("bron", String(32), primary_key=True),
    Column("subject", String(36), primary_key=True),
    Column("sequence", Integer, primary_key=True),
    Column("wijzer", LargeBinary, nullable=False, comment="HMAC of a BSN under a key of the gemeente"),
    Index("zoekwijzers_op_wijzer", "gemeente", "wijzer"),
)

policies = Table(
    "inrichtingen",
    metadata,
    Column("gemeente", String(4), primary_key=True),
    Column("versie", Integer, primary_key=True),
    Column("sleutel", String(60), nullable=False),
    Column("geldig_vanaf", Date, nullable=False),
    Column("beleid", Text, nullable=False),
)
