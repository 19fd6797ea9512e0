"""Who may still be read: keys per person and phase, encrypted blocks, and *vernietigd* once a key is gone."""

from casuslog.privacy._blocks import NONCE_SIZE, Cipher, associated_data, place_of, seal, unseal
from casuslog.privacy._erasing import KeyInfo
from casuslog.privacy._keystore import CACHE_SECONDS, KeyStore
from casuslog.privacy._root import RootKey
from casuslog.privacy._tables import metadata

__all__ = [
    "CACHE_SECONDS",
    "NONCE_SIZE",
    "Cipher",
    "KeyInfo",
    "KeyStore",
    "RootKey",
    "associated_data",
    "metadata",
    "place_of",
    "seal",
    "unseal",
]
