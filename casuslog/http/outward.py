"""Calls from us to an address that somebody else named, such as a webhook: never inwards, never for long.

An address is judged twice: as it is written (:meth:`Outward.check`), and at every connection against the addresses that
its name has at that moment. The connection is made to the very address that was judged, so that a name that points
elsewhere a moment later (DNS rebinding) gains nothing. Redirects are not followed and no proxy is asked.
"""

from __future__ import annotations

import http.client
import ipaddress
import socket
import ssl
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Self
from urllib.parse import urlsplit

import eventlet

from casuslog.errors import CasuslogError, Unavailable

SECONDS = 10.0
"""For one call, from resolving the name to the end of the answer."""
LONGEST_ANSWER = 16 * 1024
"""Bytes of an answer that are read; of a longer one the connection is closed."""
LONGEST_URL = 2000

NO_URL, NO_HTTPS, CREDENTIALS, INWARD = "adres_onjuist", "geen_https", "adres_met_gegevens", "adres_niet_openbaar"
_TOLD = {
    NO_URL: "dit is geen volledig adres; schrijf https://<naam>/<pad>, zonder fragment",
    NO_HTTPS: "het adres begint niet met https://",
    CREDENTIALS: "in het adres staan een gebruikersnaam of wachtwoord",
    INWARD: "het adres wijst niet naar het openbare internet",
}
# Metadata services of clouds that answer on an address that is public in form.
_METADATA = frozenset({ipaddress.ip_address("168.63.129.16")})
_NAT64 = ipaddress.ip_network("64:ff9b::/96")
_UNICAST = ipaddress.ip_network("2000::/3")
"""What of IPv6 has been given out; the rest is local, reserved, or another way to write an IPv4 address."""

IPAddress = ipaddress.IPv4Address | ipaddress.IPv6Address
Resolve = Callable[..., Sequence[Any]]


class AddressRefused(CasuslogError):
    """An address that is never called; ``reason`` is one of the codes of this module."""

    status = 422

    def __init__(self, reason: str) -> None:
        super().__init__(f"Dit adres wordt niet aangeroepen: {_TOLD[reason]}.", reden=reason)
        self.reason = reason

    @property
    def code(self) -> str:  # type: ignore[override]  # the reason is the code
        return self.reason


class TooSlow(Unavailable):
    """The other side did not answer in time."""

    code = "ontvanger_te_traag"


@dataclass(frozen=True, slots=True)
class Target:
    """An address, taken apart."""

    secure: bool
    host: str
    port: int
    path: str

    @property
    def authority(self) -> str:
        """As the ``Host`` header has it: without the port where it is the usual one."""
        host = f"[{self.host}]" if ":" in self.host else self.host
        return host if self.port == (443 if self.secure else 80) else f"{host}:{self.port}"


@dataclass(frozen=True, slots=True)
class Answered:
    """What the other side answered: status and headers (names in lower case). Its body concerns nobody."""

    status: int
    headers: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class Outward:
    """How calls go out.

    Args:
        development: plain http is allowed, and so is this machine itself (loopback); for an embedded installation only.
        seconds: for one call.
        resolve: as ``socket.getaddrinfo``.
        trust: whose certificates hold; those of the machine by default.
    """

    development: bool = False
    seconds: float = SECONDS
    resolve: Resolve = socket.getaddrinfo
    trust: ssl.SSLContext | None = None

    def check(self, url: str) -> Target:
        """Take an address apart.

        Raises:
            AddressRefused: its form is wrong, or it says by itself that it points inwards.
        """
        parts, port = _split(url)
        if parts.scheme not in ("https", "http"):
            raise AddressRefused(NO_URL)
        if parts.scheme == "http" and not self.development:
            raise AddressRefused(NO_HTTPS)
        if parts.username is not None or parts.password is not None:
            raise AddressRefused(CREDENTIALS)
        host = _ascii(parts.hostname)
        if (literal := _literal(host)) is not None and not self.may_reach(literal):
            raise AddressRefused(INWARD)
        path = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
        return Target(parts.scheme == "https", host, port or (443 if parts.scheme == "https" else 80), path)

    def may_reach(self, address: str) -> bool:
        """Whether a connection to this IP address may be made: it is on the public internet, in whatever clothes."""
        found = _plain(ipaddress.ip_address(address.partition("%")[0]))
        if self.development and found.is_loopback:
            return True
        if isinstance(found, ipaddress.IPv6Address) and found not in _UNICAST:
            return False
        return found.is_global and not found.is_multicast and found not in _METADATA

    def open(self, target: Target) -> socket.socket:
        """A connection to a target, to an address that was judged just now.

        Raises:
            AddressRefused: one of the addresses of its name points inwards.
            Unavailable: it has no address, or none that answers.
        """
        try:
            found = self.resolve(target.host, target.port, type=socket.SOCK_STREAM)
        except OSError:
            raise Unavailable("De naam van de ontvanger is niet te vinden.") from None
        if not all(self.may_reach(str(sockaddr[0])) for *_, sockaddr in found):
            raise AddressRefused(INWARD)
        for family, kind, protocol, _, sockaddr in found:
            connected = self._connected(socket.socket(family, kind, protocol), sockaddr)
            if connected is not None:
                return self._secured(connected, target) if target.secure else connected
        raise Unavailable("De ontvanger neemt geen verbinding aan.")

    def _connected(self, made: socket.socket, sockaddr: Any) -> socket.socket | None:
        try:
            made.settimeout(self.seconds)
            made.connect(sockaddr)
            if self.may_reach(str(made.getpeername()[0])):
                return made
        except OSError:
            made.close()
            return None
        made.close()
        raise AddressRefused(INWARD)

    def _secured(self, made: socket.socket, target: Target) -> socket.socket:
        trust = self.trust or ssl.create_default_context()
        try:
            return trust.wrap_socket(made, server_hostname=target.host)
        except OSError as error:
            made.close()
            raise Unavailable(f"De ontvanger is niet veilig te bereiken ({type(error).__name__}).") from None


class Line:
    """A connection to one target, kept for the calls of one turn."""

    def __init__(self, outward: Outward, target: Target) -> None:
        self.target = target
        self._outward = outward
        self._connection = _Connection(outward, target)

    def call(self, method: str, headers: Mapping[str, str], body: bytes = b"") -> Answered:
        """One call.

        Raises:
            AddressRefused: the name points inwards by now.
            Unavailable: no answer, or none in time (:class:`TooSlow`); it may have arrived all the same.
        """
        try:
            # A timeout of the socket is per read: who answers a byte at a time would never run into it.
            with eventlet.Timeout(self._outward.seconds, TooSlow("De ontvanger antwoordt niet op tijd.")):
                return self._called(method, headers, body)
        except (OSError, http.client.HTTPException) as error:
            self.close()
            raise Unavailable(f"De ontvanger antwoordt niet ({type(error).__name__}).") from None
        except CasuslogError:
            self.close()
            raise

    def close(self) -> None:
        """Let go of the connection; a next call makes another."""
        self._connection.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def _called(self, method: str, headers: Mapping[str, str], body: bytes) -> Answered:
        self._connection.request(method, self.target.path, body=body, headers=dict(headers))
        answer = self._connection.getresponse()
        told = {name.lower(): value for name, value in answer.getheaders()}
        answer.read(LONGEST_ANSWER)
        if not answer.isclosed():
            self._connection.close()
        return Answered(answer.status, told)


class _Connection(http.client.HTTPConnection):
    def __init__(self, outward: Outward, target: Target) -> None:
        super().__init__(target.host, target.port)
        # What http.client would write by itself holds the port 443 of a secure target too.
        self._outward, self._target = outward, target

    def connect(self) -> None:
        self.sock = self._outward.open(self._target)

    def putrequest(self, method: str, url: str, *_: Any, **__: Any) -> None:
        super().putrequest(method, url, skip_host=True, skip_accept_encoding=True)
        self.putheader("Host", self._target.authority)


def _split(url: str) -> tuple[Any, int | None]:
    try:
        parts = urlsplit(url)
        port, host = parts.port, parts.hostname
    except ValueError:
        raise AddressRefused(NO_URL) from None
    plain = url.isascii() and url.isprintable() and " " not in url
    if not plain or not host or parts.fragment or len(url) > LONGEST_URL:
        raise AddressRefused(NO_URL)
    return parts, port


def _ascii(host: str) -> str:
    try:
        return host.rstrip(".").encode("idna").decode("ascii")
    except UnicodeError:
        raise AddressRefused(NO_URL) from None


def _literal(host: str) -> str | None:
    """The IP address that a host is, also in the old forms (``0x7f.1``, ``2130706433``) that a resolver takes."""
    try:
        return str(ipaddress.ip_address(host))
    except ValueError:
        pass
    try:
        return socket.inet_ntoa(socket.inet_aton(host))
    except OSError:
        return None


def _plain(address: IPAddress) -> IPAddress:
    """The IPv4 address inside an IPv6 one, where there is one: a tunnel leads to the same place."""
    if isinstance(address, ipaddress.IPv4Address):
        return address
    inside = address.ipv4_mapped or address.sixtofour
    if inside is None and address in _NAT64:
        inside = ipaddress.IPv4Address(int(address) & 0xFFFFFFFF)
    return inside or address
