"""Work that runs in a nameko worker: the whole transaction inside it, with the service's dependencies at hand."""

from __future__ import annotations

import functools
import inspect
from collections.abc import Callable
from typing import Any, TypeVar

from eventlet import corolocal
from eventlet.event import Event
from nameko.extensions import Entrypoint

from casuslog import tracing

F = TypeVar("F", bound=Callable[..., Any])


class _Here(corolocal.local):  # type: ignore[misc]  # eventlet ships no types
    """The service instance of the worker that runs here; each greenthread has its own."""

    service: Any = None


_here = _Here()


class _Job:
    """What a hosted method gets from nameko in the place of its arguments: the work to do in this worker."""

    def __init__(self, work: Callable[[], None]) -> None:
        self._work = work
        self.error: BaseException | None = None

    def run(self, service: Any) -> None:
        _here.service = service
        try:
            self._work()
        except Exception as error:
            # Not raised here: nameko would log its text, and that may hold values of an event.
            self.error = error
        finally:
            _here.service = None


def hosted(method: F) -> F:
    """Let nameko call ``method`` with a job, and everybody else as it is."""
    if getattr(method, "casuslog_hosted", False):
        return method

    @functools.wraps(method)
    def call(self: Any, *args: Any, **kwargs: Any) -> Any:
        if len(args) == 1 and isinstance(args[0], _Job):
            return args[0].run(self)
        return method(self, *args, **kwargs)

    call.casuslog_hosted = True  # type: ignore[attr-defined]  # a mark of our own
    call.__signature__ = inspect.signature(method)  # type: ignore[attr-defined]  # what a reader of the method sees
    return call  # type: ignore[return-value]  # the same call as before


def call_here(method_name: str, *args: Any) -> None:
    """Call a method of the service instance of this worker."""
    getattr(_here.service, method_name)(*args)


def take_effect(method_name: str, told: Any, tx: Any) -> None:
    """Call a method of the service instance of this worker for an event, or a list of them, within their traces."""
    if not tracing.active():
        call_here(method_name, told, tx)
        return
    events = told if isinstance(told, list) else [told]
    with tracing.effect(_here.service.name, method_name, [event.envelope for event in events]):
        call_here(method_name, told, tx)


def in_worker(entrypoint: Entrypoint, work: Callable[[], None]) -> None:
    """Do ``work`` in a worker of the entrypoint's container, and raise what it raises."""
    if _here.service is not None:
        work()
        return
    job, done = _Job(work), Event()

    def ended(_: Any, result: Any, exc_info: Any) -> tuple[Any, Any]:
        done.send(exc_info)
        if job.error is not None:
            # The dependencies of the worker learn that it failed.
            return None, (type(job.error), job.error, job.error.__traceback__)
        return result, exc_info

    entrypoint.container.spawn_worker(entrypoint, (job,), {}, handle_result=ended)
    exc_info = done.wait()
    if exc_info is not None:
        raise exc_info[1]
    if job.error is not None:
        raise job.error


__all__ = ["call_here", "hosted", "in_worker", "take_effect"]
