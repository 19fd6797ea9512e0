"""Errors as RabbitMQ answers them: a code and a text that close the channel, or the whole connection."""

from __future__ import annotations


class ChannelFault(Exception):
    """Closes the channel."""

    def __init__(self, code: int, text: str) -> None:
        super().__init__(text)
        self.code = code
        self.text = text


class ConnectionFault(ChannelFault):
    """Closes the connection."""


def not_found(what: str) -> ChannelFault:
    return ChannelFault(404, f"NOT_FOUND - no {what}")


def refused(text: str) -> ChannelFault:
    return ChannelFault(403, f"ACCESS_REFUSED - {text}")


def precondition(text: str) -> ChannelFault:
    return ChannelFault(406, f"PRECONDITION_FAILED - {text}")


def locked(queue: str) -> ChannelFault:
    return ChannelFault(405, f"RESOURCE_LOCKED - cannot obtain exclusive access to locked {queue}")


def not_implemented(text: str) -> ConnectionFault:
    return ConnectionFault(540, f"NOT_IMPLEMENTED - {text}")
