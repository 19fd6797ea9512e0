"""What integrators read, made from what runs: a page per event type, who may receive what, and AsyncAPI 3.

Nothing in here is written by hand: schemas, code lists, the matrix of rights and the corpus say it all, and
:func:`check` fails where a document differs from them.
"""

from casuslog.documents._files import check, documents, write
from casuslog.documents._openapi import openapi

__all__ = ["check", "documents", "openapi", "write"]
