"""A parent that outlives nobody: it runs one server and ends it as soon as whoever asked for it is gone.

Run as a script: ``python -I keeper.py <directory> <account or -> <command> ...``. It prints the process id of the
server and reads its standard input. When that input ends, however the asking process died (also by SIGKILL), the
server's group is ended and the directory removed. When the server ends by itself, so does the keeper, with its status.

Standard library only, and nothing of casuslog: it must start fast and run in a patched or broken environment.
"""

from __future__ import annotations

import contextlib
import os
import shutil
import signal
import subprocess
import sys
import threading

GRACE_SECONDS = 3.0

_owner_gone = threading.Event()


def main(directory: str, account: str, *command: str) -> None:
    """Run ``command`` as ``account`` (``-``: as ourselves) until it ends or the owner of standard input is gone."""
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, signal.SIG_IGN)
    server = _start(directory, account, command)
    os.write(1, f"{server.pid}\n".encode())
    threading.Thread(target=_follow, args=(server,), daemon=True).start()
    while os.read(0, 16):
        pass
    _owner_gone.set()
    _end(server)
    _unmount(directory)
    shutil.rmtree(directory, ignore_errors=True)
    os._exit(0)


def _start(directory: str, account: str, command: tuple[str, ...]) -> subprocess.Popen[bytes]:
    own = account == "-"
    return subprocess.Popen(  # noqa: S603  # the command comes from our own instances module
        command,
        cwd=directory,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        start_new_session=True,
        preexec_fn=_default_signals,
        user=None if own else account,
        group=None if own else account,
        extra_groups=None if own else (),
    )


def _default_signals() -> None:
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, signal.SIG_DFL)


def _follow(server: subprocess.Popen[bytes]) -> None:
    status = server.wait()
    _signal_group(server, signal.SIGKILL)
    if not _owner_gone.is_set():
        os._exit(status if status >= 0 else 128 - status)


def _end(server: subprocess.Popen[bytes]) -> None:
    # On SIGQUIT both PostgreSQL and the Erlang VM stop at once; PostgreSQL also gives its shared memory back.
    _signal_group(server, signal.SIGQUIT)
    with contextlib.suppress(subprocess.TimeoutExpired):
        server.wait(GRACE_SECONDS)
    _signal_group(server, signal.SIGKILL)
    server.wait()


def _unmount(directory: str) -> None:
    points: list[str] = []
    with contextlib.suppress(OSError), open("/proc/self/mounts") as mounts:
        points = [line.split()[1] for line in mounts]
    for point in points:
        if point.startswith(f"{directory}/"):
            subprocess.run(["umount", "-l", point], check=False)  # noqa: S603, S607  # our own words


def _signal_group(server: subprocess.Popen[bytes], number: signal.Signals) -> None:
    with contextlib.suppress(ProcessLookupError):
        os.killpg(server.pid, number)


if __name__ == "__main__":
    main(*sys.argv[1:])
