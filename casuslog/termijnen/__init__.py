"""Statutory terms as calculations that explain themselves. Pure: no clock, no store; whoever calls brings the days."""

from casuslog.termijnen.kalender import KALENDER, eerste_werkdag, vrije_dag
from casuslog.termijnen.opschorting import Opschorting
from casuslog.termijnen.termijn import (
    Termijn,
    bereken,
    besluit,
    bezwaar,
    dagen_tussen,
    onderzoek,
    persoonlijk_plan,
    weken_tussen,
)
from casuslog.termijnen.toerekening import Vertraging, dagen_per_partij, toerekening

__all__ = [
    "KALENDER",
    "Opschorting",
    "Termijn",
    "Vertraging",
    "bereken",
    "besluit",
    "bezwaar",
    "dagen_per_partij",
    "dagen_tussen",
    "eerste_werkdag",
    "onderzoek",
    "persoonlijk_plan",
    "toerekening",
    "vrije_dag",
    "weken_tussen",
]
