"""Whose tokens hold here: the issuers that an installation trusts, each for its own gemeenten, roles and life.

Without a file of issuers there is only the development issuer, which says loudly what it is. With one
(``CASUSLOG_UITGEVERS``) the development issuer is off::

    uitgevers:
      - iss: https://inloggen.opsterland.example
        jwks: https://inloggen.opsterland.example/.well-known/jwks.json   # or a path to a file
        doelgroep: casuslog          # what must stand in aud
        gemeenten: ['0086']          # for which it may speak; leave out for all
        rollen: [wijkteam, kcc]      # which it may give; leave out for all
        hooguit_minuten: 60          # longer-lived tokens are refused
      - iss: casuslog-portaal
        geheim: CASUSLOG_PORTAAL_GEHEIM   # name of the environment variable with a shared secret (HS256)

A token carries ``sub`` (a pseudonym), ``rollen`` (or ``rol``), ``organisatie``, ``gemeenten``, ``doelbinding``, ``iat``
and ``exp``. With several roles the caller names one per request (header ``Casuslog-Rol``).
"""

from casuslog.tokens._buckets import Buckets
from casuslog.tokens._config import load_issuers
from casuslog.tokens._gate import Gate
from casuslog.tokens._issuer import TrustedIssuer
from casuslog.tokens._keys import KeySet, KeySource, SharedSecret
from casuslog.tokens._refusals import REASONS, RefusedSignIns
from casuslog.tokens._tally import NOBODY, Refusals, Tally, Whose
from casuslog.tokens._tokens import Tokens

__all__ = [
    "NOBODY",
    "REASONS",
    "Buckets",
    "Gate",
    "KeySet",
    "KeySource",
    "Refusals",
    "RefusedSignIns",
    "SharedSecret",
    "Tally",
    "Tokens",
    "TrustedIssuer",
    "Whose",
    "load_issuers",
]
