"""Who may see what: a pure function over recorded involvement and a matrix that is data (``schemas/rechten.yaml``).

Who may do what is data too (``schemas/opdrachten.yaml``): :mod:`casuslog.rights.commands`.
"""

from casuslog.rights.events import BetrokkenheidVastgelegd, ToestemmingGegeven
from casuslog.rights.involvement import Consent, Involvement, Involvements
from casuslog.rights.matrix import Level, Matrix, matrix
from casuslog.rights.sight import Reader, Sight, may_know_casus_exists, sight

__all__ = [
    "BetrokkenheidVastgelegd",
    "Consent",
    "Involvement",
    "Involvements",
    "Level",
    "Matrix",
    "Reader",
    "Sight",
    "ToestemmingGegeven",
    "matrix",
    "may_know_casus_exists",
    "sight",
]
