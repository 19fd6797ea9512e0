"""Verwerkingen: every read of personal data as a record, in the words of the Logboek Dataverwerkingen.

A record says who, in which role, for which purpose, of which part, when and whether it was allowed. Of whom it is about
it holds a pseudonym under a key of its own: with the key it is found per casus, without it never again.
"""

from casuslog.verwerkingen.activiteiten import activiteit_van, over_iemand
from casuslog.verwerkingen.logboek import Verwerking, leg_vast, van, wis_verlopen
from casuslog.verwerkingen.tabel import metadata

__all__ = ["Verwerking", "activiteit_van", "leg_vast", "metadata", "over_iemand", "van", "wis_verlopen"]
