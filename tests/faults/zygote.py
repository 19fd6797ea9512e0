"""A process that has imported everything and does nothing but fork: a restart then costs tenths of a second.

A Python process of the platform takes two to three seconds to import what it needs, and a fault run restarts hundreds.
What runs in the fork is the same code with the same environment as ``casuslog start <name>``. Orders come as JSON lines
on standard input; when that closes, everything that was forked is killed.
"""

from __future__ import annotations

from casuslog.hosting.patch import patch

patch()

import gc  # noqa: E402  # the patch comes before every other import
import importlib  # noqa: E402
import json  # noqa: E402
import os  # noqa: E402
import signal  # noqa: E402
import sys  # noqa: E402
import traceback  # noqa: E402
from typing import Any  # noqa: E402

from eventlet import hubs  # noqa: E402

from casuslog import failpoints  # noqa: E402
from casuslog.codes import oin_of, schemas_folder  # noqa: E402
from casuslog.hosting import host, logs  # noqa: E402
from casuslog.hosting.supervisor import SUPERVISOR  # noqa: E402
from casuslog.rights.matrix import matrix  # noqa: E402
from casuslog.schema import SchemaRegistry  # noqa: E402
from casuslog.settings import Settings, service_class, service_names  # noqa: E402

_statuses: dict[int, int] = {}


def main() -> None:
    """Fork as asked until nobody asks any more."""
    for name in service_names():
        service_class(name)
    for name in ("sqlalchemy.dialects.postgresql.psycopg2", "tests.faults.subscriber"):
        importlib.import_module(name)
    _read_ahead()
    gc.collect()
    gc.freeze()
    children: set[int] = set()
    print(json.dumps({"ready": os.getpid()}), flush=True)  # the owner waits for this line
    try:
        for line in sys.stdin:
            print(json.dumps(_answer(json.loads(line), children)), flush=True)  # likewise
    finally:
        # Also when the owner was killed between its order and our answer: nobody else knows of them.
        for pid in children:
            if _status(pid) is None:
                os.kill(pid, signal.SIGKILL)


def _answer(asked: dict[str, Any], children: set[int]) -> dict[str, Any]:
    if "status" in asked:
        return {"status": _status(asked["status"])}
    pid = os.fork()
    if pid == 0:
        _become(asked)
    children.add(pid)
    return {"pid": pid}


def _read_ahead() -> None:
    """Read what every process reads from files that do not change meanwhile, and share it with all of them."""
    oin_of("0086")
    matrix()
    registry = SchemaRegistry.load(schemas_folder())
    SchemaRegistry.load = lambda *_: registry  # type: ignore[method-assign,assignment]  # it is never changed once read


def _status(pid: int) -> int | None:
    """How a child ended: its exit status, or minus the signal that killed it; ``None`` while it lives."""
    if pid not in _statuses:
        ended, raw = os.waitpid(pid, os.WNOHANG)
        if ended == 0:
            return None
        _statuses[pid] = os.waitstatus_to_exitcode(raw)
    return _statuses[pid]


def _become(asked: dict[str, Any]) -> None:
    status = 1
    try:
        _take_on(asked)
        for name in asked["variants"]:
            _called(name)()
        if asked["entry"]:
            _called(asked["entry"])(*asked["arguments"])
        else:
            host.run(Settings.from_env(), asked["services"], asked["relays"])
        status = 0
    except BaseException:  # whatever it is: the child ends here, and its log says why
        traceback.print_exc()
    finally:
        sys.stderr.flush()
        os._exit(status)


def _take_on(asked: dict[str, Any]) -> None:
    """Environment, log and session of its own, as a process that was started afresh has them."""
    os.setsid()
    # Importing made a hub: its epoll would be one and the same for all forks, each woken by the sockets of the others.
    hubs.use_hub()
    os.environ.clear()
    os.environ.update(asked["env"])
    os.environ[SUPERVISOR] = str(os.getppid())
    nothing = os.open(os.devnull, os.O_RDWR)
    log = os.open(asked["log"], os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
    for descriptor, target in ((nothing, 0), (log, 1), (log, 2)):
        os.dup2(descriptor, target)
    logs.configure(form="json", catch=True)
    failpoints.arm(os.environ)


def _called(name: str) -> Any:
    module, _, function = name.partition(":")
    return getattr(importlib.import_module(module), function)


if __name__ == "__main__":
    main()
