"""The aggregate beschikking, from the aanvraag to the start of the levering.

Read on in this order: ``staat`` (state and fold), ``aanvraag`` (the aanvraag and its two weeks), ``besluit`` (who
decides what, and the bekendmaking), ``levering`` (opdracht and start). The events stand in ``gebeurtenissen``, the
commands in ``opdrachten``; ``bevoegdheid`` and ``inhoud`` are what a besluit looks at.
"""

from services.beschikking.aanvraag import (
    ontvang_aanvraag,
    ontvang_aanvulling,
    termijn_verstreken,
    trek_aanvraag_in,
    vraag_aanvulling,
)
from services.beschikking.besluit import beschikkingnummer, maak_besluit_bekend, neem_besluit
from services.beschikking.levering import leg_uitwerking_vast, meld_start_levering, verstrek_opdracht
from services.beschikking.staat import BESCHIKKING, Beschikking, evolve

__all__ = [
    "BESCHIKKING",
    "Beschikking",
    "beschikkingnummer",
    "evolve",
    "leg_uitwerking_vast",
    "maak_besluit_bekend",
    "meld_start_levering",
    "neem_besluit",
    "ontvang_aanvraag",
    "ontvang_aanvulling",
    "termijn_verstreken",
    "trek_aanvraag_in",
    "verstrek_opdracht",
    "vraag_aanvulling",
]
