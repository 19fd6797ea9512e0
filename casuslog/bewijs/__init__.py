"""Bewijs: seals, the export of a casus, and proving it offline. See docs/vernietigen.md."""

from casuslog.bewijs.zegel import OpenbareSleutel, Zegel, canoniek, vingerafdruk

__all__ = ["OpenbareSleutel", "Zegel", "canoniek", "vingerafdruk"]
