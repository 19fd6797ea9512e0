"""Logs: one line per message on standard error, JSON or for the eye, with nothing of anybody in them.

=====================  ==================================  ======================================================
variable               default                             meaning
=====================  ==================================  ======================================================
CASUSLOG_LOG           console on a terminal, else json    ``json`` or ``console``
CASUSLOG_LOG_LEVEL     info                                from which level our own messages are shown
=====================  ==================================  ======================================================

The text of an exception, and what a library formats into its message, may hold what somebody sent: a name, a BSN, the
parameters of a statement. So of an exception only kind and place are logged, and of a library's message only its own
words. What can be read as a BSN is left out wherever it stands.
"""

from __future__ import annotations

import logging
import os
import re
import sys
import threading
from collections.abc import Iterator, Mapping
from types import TracebackType
from typing import Any, TextIO

import structlog
from structlog.typing import EventDict, Processor, WrappedLogger

from casuslog.identifiers import bsn_ok

FORMS = ("json", "console")
LEVELS = ("debug", "info", "warning", "error")
OUR_OWN = ("casuslog", "services", "deploy")
"""Packages whose messages are made with care; every other logger is a library's."""

_NO_NEWS = (
    ("nameko.containers", "(expected) error handling worker"),
    ("amqp", "Received method %s during closing channel"),
)
"""Warnings of libraries about what goes as it should: which logger, and how the line begins."""

WITHHELD = "(weggelaten)"
_UUID = re.compile(r"([0-9a-fA-F]{8}(?:-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12})")
_NINE_DIGITS = re.compile(r"(?<!\d)\d{9}(?!\d)")
_PLACES = 3
"""Innermost places of an exception that are shown."""

ExcInfo = tuple[type[BaseException], BaseException, TracebackType | None]

_log = structlog.get_logger("casuslog.logs")


def configure(
    *, form: str | None = None, level: str | None = None, stream: TextIO | None = None, catch: bool = False
) -> None:
    """Send what structlog and the standard library log to ``stream`` (standard error), in one form.

    Args:
        form: ``json`` or ``console``; by default what the environment says.
        level: from which level our own messages are shown; libraries show from ``warning`` on.
        stream: where to.
        catch: also log, without its text, what nobody caught in a thread or greenthread; for whoever owns the process.

    Raises:
        ValueError: the environment asks for a form or level that does not exist.
    """
    target = stream or sys.stderr
    chosen = form or _chosen("CASUSLOG_LOG", FORMS, "console" if target.isatty() else "json")
    shown = level or _chosen("CASUSLOG_LOG_LEVEL", LEVELS, "info")
    handler = logging.StreamHandler(target)
    handler.setFormatter(_formatter(chosen, colours=target.isatty()))
    handler.addFilter(_is_news)
    root = logging.getLogger()
    root.handlers = [handler]
    root.setLevel(logging.WARNING)
    for name in OUR_OWN:
        logging.getLogger(name).setLevel(shown.upper())
    structlog.configure(
        processors=[
            structlog.stdlib.filter_by_level,
            structlog.stdlib.PositionalArgumentsFormatter(),
            *_told_by_all(),
            structlog.stdlib.ProcessorFormatter.wrap_for_formatter,
        ],
        logger_factory=structlog.stdlib.LoggerFactory(),
        wrapper_class=structlog.stdlib.BoundLogger,
        cache_logger_on_first_use=False,
    )
    if catch:
        _catch_what_nobody_caught()


def told(error: BaseException) -> list[str]:
    """Kind and place of an exception and of what caused it, outermost first; never its text."""
    return [f"{type(one).__name__} in {_places(one.__traceback__)}" for one in _chain(error)]


def _chosen(variable: str, allowed: tuple[str, ...], default: str) -> str:
    given = os.environ.get(variable, "").strip().lower() or default
    if given not in allowed:
        raise ValueError(f"{variable} is {given!r}; give one of {', '.join(allowed)}")
    return given


def _formatter(form: str, *, colours: bool) -> logging.Formatter:
    renderer: Processor = (
        structlog.processors.JSONRenderer(ensure_ascii=False, default=lambda value: type(value).__name__)
        if form == "json"
        else structlog.dev.ConsoleRenderer(colors=colours)
    )
    return _Formatter(
        foreign_pre_chain=_told_by_all(),
        processors=[structlog.stdlib.ProcessorFormatter.remove_processors_meta, _in_order, renderer],
    )


def _told_by_all() -> list[Processor]:
    return [
        structlog.contextvars.merge_contextvars,
        structlog.stdlib.add_logger_name,
        structlog.stdlib.add_log_level,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
        _kinds_only,
        _without_bsn,
    ]


def _is_news(record: logging.LogRecord) -> bool:
    """Whether a line of a library tells something: a refusal is an answer, and a channel that closes is closing."""
    words = str(record.msg)
    return not any(record.name.startswith(name) and words.startswith(start) for name, start in _NO_NEWS)


class _Formatter(structlog.stdlib.ProcessorFormatter):
    """Takes the values out of what a library logged."""

    def format(self, record: logging.LogRecord) -> str:
        return super().format(record if isinstance(record.msg, Mapping) else _bared(record))


def _bared(record: logging.LogRecord) -> logging.LogRecord:
    bared = logging.makeLogRecord(record.__dict__)
    bared.args = _shown(record.args, ours=record.name.partition(".")[0] in OUR_OWN)
    if isinstance(record.msg, BaseException):
        bared.msg = type(record.msg).__name__
    try:
        bared.msg, bared.args = bared.getMessage(), ()
    except (TypeError, ValueError):
        # It wanted a number where a value was withheld; logging itself would print all the arguments now.
        bared.args = ()
    return bared


def _shown(args: Any, *, ours: bool) -> Any:
    if isinstance(args, Mapping):
        return {name: _value(value, ours=ours) for name, value in args.items()}
    return tuple(_value(value, ours=ours) for value in args or ())


def _value(value: Any, *, ours: bool) -> Any:
    if isinstance(value, BaseException):
        return type(value).__name__
    if ours or value is None or isinstance(value, int | float):
        return value
    if type(value).__module__ == "nameko.containers":
        return str(value)  # which method of which service; not its arguments
    return WITHHELD


def _kinds_only(_: WrappedLogger, __: str, event: EventDict) -> EventDict:
    """Kind and place in the place of the exception; no stack."""
    event.pop("stack_info", None)
    error = _raised(event.pop("exc_info", None))
    if error is not None:
        event["fout"] = told(error)
    return {name: type(value).__name__ if isinstance(value, BaseException) else value for name, value in event.items()}


def _raised(exc_info: Any) -> BaseException | None:
    if isinstance(exc_info, BaseException):
        return exc_info
    if isinstance(exc_info, tuple):
        found: BaseException | None = exc_info[1]
        return found
    return sys.exc_info()[1] if exc_info else None


def _without_bsn(_: WrappedLogger, __: str, event: EventDict) -> EventDict:
    """The last guard: our own messages hold no BSN, but somebody may have put one in a path or a reference."""
    return {name: value if name.startswith("_") else _scrubbed(value) for name, value in event.items()}


def _scrubbed(value: Any) -> Any:
    if isinstance(value, str):
        parts = _UUID.split(value)
        # The odd parts are UUIDs: digits in there mean nothing, and they are what one searches a log for.
        return "".join(part if n % 2 else _NINE_DIGITS.sub(_unless_bsn, part) for n, part in enumerate(parts))
    if isinstance(value, bool | None):
        return value
    if isinstance(value, int):
        return WITHHELD if bsn_ok(str(value)) else value
    if isinstance(value, Mapping):
        return {name: _scrubbed(one) for name, one in value.items()}
    if isinstance(value, list | tuple | set | frozenset):
        return [_scrubbed(one) for one in value]
    return value


def _in_order(_: WrappedLogger, __: str, event: EventDict) -> EventDict:
    """When, how grave, who, what; then the rest: lines that begin alike are read faster."""
    first = {name: event.pop(name) for name in ("timestamp", "level", "logger", "event") if name in event}
    return {**first, **event}


def _unless_bsn(found: re.Match[str]) -> str:
    return WITHHELD if bsn_ok(found.group()) else found.group()


def _chain(error: BaseException) -> Iterator[BaseException]:
    seen: set[int] = set()
    one: BaseException | None = error
    while one is not None and id(one) not in seen:
        yield one
        seen.add(id(one))
        one = one.__cause__ or (None if one.__suppress_context__ else one.__context__)


def _places(trace: TracebackType | None) -> str:
    places = []
    while trace is not None:
        code = trace.tb_frame.f_code
        places.append(f"{code.co_filename.rpartition('/')[2]}:{trace.tb_lineno} {code.co_name}")
        trace = trace.tb_next
    return " < ".join(reversed(places[-_PLACES:])) or "?"


def _catch_what_nobody_caught() -> None:
    """eventlet and threading print a whole traceback, text included; here it becomes a line as any other."""
    threading.excepthook = lambda told_: _uncaught(told_.exc_value)
    from eventlet import hubs

    hub = hubs.get_hub()
    hub.squelch_timer_exception = lambda _, exc_info: _uncaught(exc_info[1])
    hub.squelch_generic_exception = lambda exc_info: _uncaught(exc_info[1])

    def squelch(fileno: int, exc_info: ExcInfo) -> None:
        _uncaught(exc_info[1])
        hub.remove_descriptor(fileno)

    hub.squelch_exception = squelch


def _uncaught(error: BaseException | None) -> None:
    if error is not None and not isinstance(error, SystemExit):
        _log.error("fout die niemand opving", exc_info=error)


__all__ = ["configure", "told"]
