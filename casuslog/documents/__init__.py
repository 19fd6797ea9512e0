"""What integrators read, made from what runs: a page per event type, who may receive what, and AsyncAPI 3.

Nothing in here is written by hand: schemas, code lists, the matrix of rights and the corpus say it all, and
:func:`check` fails where a document differs from them.
"""

from casuslog.documents._files import asyncapi_document, check, documents, event_pages, write
from casuslog.documents._openapi import openapi
from casuslog.documents._states import command_document

__all__ = ["asyncapi_document", "check", "command_document", "documents", "event_pages", "openapi", "write"]
