"""What every service keeps of others, in its own database: foreign events, who is involved, which inrichting holds.

Nothing here holds personal data in the clear: events are kept as the ciphertext that the log carried, so that
destroying their keys makes these copies unreadable too.
"""

from casuslog.readmodels.involvement import InvolvementRegister
from casuslog.readmodels.keeping import keep, note, note_rows, rows_beside
from casuslog.readmodels.known import KnownEvents
from casuslog.readmodels.melding import MeldingDays
from casuslog.readmodels.policy import Policies, Policy, under
from casuslog.readmodels.tables import metadata

__all__ = [
    "InvolvementRegister",
    "KnownEvents",
    "MeldingDays",
    "Policies",
    "Policy",
    "keep",
    "metadata",
    "note",
    "note_rows",
    "rows_beside",
    "under",
]
