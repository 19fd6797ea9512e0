"""What nobody foresaw: our log says which error and where, the caller gets a number to ask about."""

from __future__ import annotations

import secrets

import structlog

from casuslog.errors import CasuslogError

_log = structlog.get_logger("casuslog.http")


def unforeseen(error: BaseException, entrypoint: str) -> CasuslogError:
    """The answer to an unforeseen error, after it was logged under the same trace id.

    The text of the error may hold what was sent: only its kind and place go to the log, and nothing of it goes out.
    """
    trace = secrets.token_hex(16)
    _log.error("onverwachte fout", entrypoint=entrypoint, soort=type(error).__name__, plaats=_where(error), trace=trace)
    return CasuslogError("Er ging bij ons iets mis. De fout staat in ons logboek, onder dit nummer.", trace=trace)


def _where(error: BaseException) -> str:
    trace = error.__traceback__
    while trace is not None and trace.tb_next is not None:
        trace = trace.tb_next
    return "" if trace is None else f"{trace.tb_frame.f_code.co_filename.rpartition('/')[2]}:{trace.tb_lineno}"
