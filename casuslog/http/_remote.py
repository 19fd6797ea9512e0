"""Where a call comes from."""

from __future__ import annotations

from collections.abc import Collection

from werkzeug.wrappers import Request


def remote_of(request: Request, proxies: Collection[str]) -> str | None:
    """The address that asks; behind one of these proxies the last one that the proxy names.

    The header of anybody else does not count: it may hold anything.
    """
    remote: str | None = request.remote_addr
    if remote in proxies:
        named: str = request.headers.get("X-Forwarded-For", "").rpartition(",")[2].strip()
        return named or remote
    return remote
