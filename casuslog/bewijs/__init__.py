"""Bewijs: seals, the export of a casus, and proving it offline. See docs/vernietigen.md."""

from casuslog.bewijs.bestand import bewaar_heel
from casuslog.bewijs.zegel import OpenbareSleutel, Zegel, canoniek, vingerafdruk

__all__ = ["OpenbareSleutel", "Zegel", "bewaar_heel", "canoniek", "vingerafdruk"]
