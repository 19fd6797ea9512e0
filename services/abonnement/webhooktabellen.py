"""The tables of webhooks and dead letters: how far each is, and when it is tried again. No content stands here."""

from sqlalchemy import Column, Index, Integer, String, Table

from services.abonnement.tabellen import metadata

webhooks = Table(
    "webhooks",
    metadata,
    Column("abonnement", String(36), primary_key=True),
    Column("gemeente", String(4), nullable=False),
    Column("versie", Integer, nullable=False),
    Column("toestand", String(16), nullable=False),
    Column("positie", Integer, nullable=False),
    Column("pogingen", Integer, nullable=False),
    Column("eerste_mislukking", String(32), nullable=True),
    Column("volgende_poging", String(32), nullable=True),
    Column("laatste_fout", String(32), nullable=True),
    Column("laatst_bezorgd", String(32), nullable=True),
    Index("webhooks_per_toestand", "toestand", "volgende_poging"),
)
"""``versie`` of its stream; ``positie``: the last number that was accepted (or became a dead letter)."""

DOOD, HERHALEN, HERHAALD = "dood", "herhalen", "herhaald"

dode_brieven = Table(
    "dode_brieven",
    metadata,
    Column("abonnement", String(36), primary_key=True),
    Column("nummer", Integer, primary_key=True),
    Column("gemeente", String(4), nullable=False),
    Column("event_id", String(36), nullable=False),
    Column("kanaal", String(16), nullable=False),
    Column("reden", String(32), nullable=False),
    Column("status", Integer, nullable=True),
    Column("sinds", String(32), nullable=False),
    Column("staat", String(12), nullable=False),
    Column("keren", Integer, nullable=False),
    Index("dode_brieven_per_staat", "staat", "abonnement", "nummer"),
)
"""``gemeente`` grants the subscription; ``kanaal``: webhook or houder (its holder said so); ``keren``: how often."""
