"""A process of its own that does what it is asked: one side of a benchmark, so that no side weighs on another."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Callable, Mapping
from types import TracebackType
from typing import Any, Self

Orders = Mapping[str, Callable[..., Any]]


class Child:
    """Runs ``python -m <module> <arguments as JSON>`` and asks it for work.

    Raises:
        ChildFailed: the process ended, or what was asked failed; the text says why.
    """

    def __init__(self, module: str, **arguments: Any) -> None:
        self._module = module
        command = [sys.executable, "-W", "ignore", "-m", module, json.dumps(arguments)]
        self._process = subprocess.Popen(  # our own modules
            command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
        )
        self._answer()

    @property
    def pid(self) -> int:
        return self._process.pid

    def ask(self, order: str, **given: Any) -> Any:
        """Let it do something and give what it answers."""
        self.begin(order, **given)
        return self._answer()

    def begin(self, order: str, **given: Any) -> None:
        """Let it begin with something; :meth:`finish` waits for it."""
        assert self._process.stdin is not None
        self._process.stdin.write(json.dumps([order, given]) + "\n")
        self._process.stdin.flush()

    def finish(self) -> Any:
        """What the order that was begun gave."""
        return self._answer()

    def close(self) -> None:
        """Let it end; it gets ten seconds."""
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._process.stdin.close()
        try:
            self._process.wait(10)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()
        self._process.stdout.close()

    def _answer(self) -> Any:
        assert self._process.stdout is not None
        line = self._process.stdout.readline()
        if not line:
            raise ChildFailed(f"{self._module} ended with status {self._process.wait()}")
        error, answer = json.loads(line)
        if error:
            raise ChildFailed(f"{self._module}: {error}")
        return answer

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, value: BaseException | None, at: TracebackType | None) -> None:
        self.close()


class ChildFailed(Exception):
    """A side could not do what it was asked; the benchmark has no figure."""


_answers = sys.stdout
"""Where answers go. Whatever else is printed, by whomever, goes to standard error."""


def arguments() -> dict[str, Any]:
    """What this process was started with. Standard output is for answers from here on."""
    sys.stdout = sys.stderr
    given: dict[str, Any] = json.loads(sys.argv[1])
    return given


def serve(orders: Orders, *, read: Callable[[], str] = sys.stdin.readline) -> None:
    """Say that this process is ready, then do what is asked until nobody asks any more.

    Args:
        orders: by name; each gets what was given as keywords, and gives what JSON can hold.
        read: reads a line; under eventlet one that does not hold up the others.
    """
    _say(None, "ready")
    while line := read():
        order, given = json.loads(line)
        try:
            answer = orders[order](**given)
        except Exception as error:  # it is told to whoever asked
            _say(f"{order}: {type(error).__name__}: {error}", None)
        else:
            _say(None, answer)


def _say(error: str | None, answer: Any) -> None:
    print(json.dumps([error, answer]), file=_answers, flush=True)
