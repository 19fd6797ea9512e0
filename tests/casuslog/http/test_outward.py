"""Calls that go out never go inwards, whatever an address says and wherever its name points a moment later."""

from __future__ import annotations

import datetime
import socket
import ssl
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID
from hypothesis import given
from hypothesis import strategies as st

from casuslog.errors import Unavailable
from casuslog.http.outward import AddressRefused, Line, Outward, TooSlow

INWARD = [
    "127.0.0.1",
    "10.1.2.3",
    "172.16.0.1",
    "192.168.1.1",
    "169.254.169.254",
    "100.100.100.200",
    "168.63.129.16",
    "0.0.0.0",
    "224.0.0.1",
    "255.255.255.255",
    "::1",
    "::",
    "fe80::1",
    "fe80::1%eth0",
    "fd00:ec2::254",
    "::ffff:10.0.0.1",
    "::ffff:169.254.169.254",
    "::7f00:1",
    "64:ff9b::a9fe:a9fe",
    "64:ff9b:1::1",
    "2002:7f00:1::",
    "ff02::1",
]


class Handler(BaseHTTPRequestHandler):
    """Says where it was asked to come from; redirects on ``/elders``, drips on ``/druppel``."""

    protocol_version = "HTTP/1.1"

    def do_POST(self) -> None:
        self.rfile.read(int(self.headers.get("Content-Length") or 0))
        if self.path == "/druppel":
            self.wfile.write(b"HTTP/1.1 200 OK\r\n")
            with_pauses(self.wfile)
            return
        self.send_response(302 if self.path == "/elders" else 200)
        self.send_header("Location", "http://127.0.0.1:1/binnen")
        self.send_header("X-Host", self.headers["Host"])
        lang = b"x" * 1_000_000 if self.path == "/lang" else b"ja"
        self.send_header("Content-Length", str(len(lang)))
        self.end_headers()
        self.wfile.write(lang)

    def log_message(self, *_: object) -> None:
        """Say nothing."""


def with_pauses(out) -> None:
    for _ in range(100):
        try:
            out.write(b"X-Traag: ja\r\n")
            out.flush()
        except OSError:
            return
        time.sleep(0.1)


@contextmanager
def serving(context: ssl.SSLContext | None = None) -> Iterator[int]:
    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads, server.block_on_close = True, False
    if context is not None:
        server.socket = context.wrap_socket(server.socket, server_side=True)
    thread = threading.Thread(target=lambda: server.serve_forever(poll_interval=0.02))
    thread.start()
    yield server.server_address[1]
    server.shutdown()
    server.server_close()
    thread.join()


def pointing(*addresses: str, port: int = 443) -> Outward:
    """A name that has these addresses."""
    return Outward(resolve=lambda *_, **__: [(socket.AF_INET, socket.SOCK_STREAM, 6, "", (a, port)) for a in addresses])


@pytest.mark.parametrize("address", INWARD)
def test_an_address_inside_is_never_reached(address):
    """Private, loopback, link-local, metadata, multicast, and the same in the clothes of IPv6."""
    assert Outward().may_reach(address) is False


@pytest.mark.parametrize("address", ["8.8.8.8", "145.10.0.1", "2001:4860:4860::8888", "64:ff9b::808:808"])
def test_an_address_on_the_internet_is(address):
    """Also by way of NAT64."""
    assert Outward().may_reach(address) is True


def test_development_reaches_this_machine_and_no_other_inside():
    """Loopback is for who tries it out; the network of the house is not."""
    development = Outward(development=True)
    assert development.may_reach("127.0.0.1")
    assert not development.may_reach("10.0.0.1")
    assert not development.may_reach("169.254.169.254")


@pytest.mark.parametrize(
    ("url", "reason"),
    [
        ("http://voorbeeld.nl/", "geen_https"),
        ("https://a:b@voorbeeld.nl/", "adres_met_gegevens"),
        ("https://@voorbeeld.nl/", "adres_met_gegevens"),
        ("https://0x7f.1/", "adres_niet_openbaar"),
        ("https://017700000001/", "adres_niet_openbaar"),
        ("https://[::ffff:7f00:1]/", "adres_niet_openbaar"),
        ("https://127.0.0.1./", "adres_niet_openbaar"),
        ("https:///pad", "adres_onjuist"),
        ("https://voorbeeld.nl:99999/", "adres_onjuist"),
        ("https://voorbeeld.nl/ spatie", "adres_onjuist"),
        ("https://voorbeeld.nl/\r\nX: y", "adres_onjuist"),
        ("https://voorbeeld.nl/" + "a" * 2000, "adres_onjuist"),
        ("gopher://voorbeeld.nl/", "adres_onjuist"),
        ("https://[::1", "adres_onjuist"),
        ("", "adres_onjuist"),
    ],
)
def test_what_an_address_says_of_itself_is_refused_with_its_reason(url, reason):
    """Before anything is called."""
    with pytest.raises(AddressRefused) as refused:
        Outward().check(url)
    assert refused.value.reason == reason


@given(st.text(max_size=60))
def test_no_text_brings_the_check_down(text):
    """It is an address, or refused: nothing else is raised."""
    for url in (text, f"https://{text}", f"https://voorbeeld.nl/{text}"):
        try:
            target = Outward().check(url)
        except AddressRefused:
            continue
        assert target.secure
        assert "\n" not in target.path


def test_one_address_inside_is_enough_to_refuse():
    """A name with a public and a private address could be reached at either."""
    with pytest.raises(AddressRefused):
        pointing("8.8.8.8", "10.0.0.1").open(Outward().check("https://voorbeeld.nl/"))


def test_the_connection_goes_to_the_very_address_that_was_judged():
    """A name that pointed outwards when it was judged, and inwards a moment later, gains nothing: it is asked once."""
    asked = []

    def rebinding(host: str, port: int, **_: object) -> list:
        asked.append(host)
        address = "192.0.2.1" if len(asked) == 1 else "127.0.0.1"
        return [(socket.AF_INET, socket.SOCK_STREAM, 6, "", (address, port))]

    with serving() as port:
        outward = Outward(development=True, resolve=rebinding)
        with pytest.raises(AddressRefused):
            outward.open(outward.check(f"http://voorbeeld.nl:{port}/"))
    assert asked == ["voorbeeld.nl"]


def test_each_new_connection_is_judged_anew():
    """The first call reached this machine, as development may; a name that points elsewhere inside stops the next."""
    addresses = ["127.0.0.1"]
    with serving() as port:
        outward = Outward(
            development=True,
            resolve=lambda *_, **__: [(socket.AF_INET, socket.SOCK_STREAM, 6, "", (addresses[0], port))],
        )
        with Line(outward, outward.check(f"http://voorbeeld.nl:{port}/")) as line:
            assert line.call("POST", {}, b"").status == 200
            line.close()
            addresses[0] = "10.0.0.1"
            with pytest.raises(AddressRefused):
                line.call("POST", {}, b"")


def test_a_redirect_is_an_answer_and_is_not_followed():
    """It could lead inside."""
    with serving() as port:
        outward = Outward(development=True)
        with Line(outward, outward.check(f"http://127.0.0.1:{port}/elders")) as line:
            answer = line.call("POST", {}, b"")
        assert (answer.status, answer.headers["location"]) == (302, "http://127.0.0.1:1/binnen")
        assert answer.headers["x-host"] == f"127.0.0.1:{port}"


def test_a_long_answer_is_not_read_and_the_line_serves_on():
    """A megabyte of answer costs us sixteen kilobytes."""
    with serving() as port:
        outward = Outward(development=True)
        with Line(outward, outward.check(f"http://127.0.0.1:{port}/lang")) as line:
            assert [line.call("POST", {}, b"x").status for _ in range(3)] == [200, 200, 200]


def test_who_answers_a_line_at_a_time_is_given_up_in_time():
    """A timeout per read would never come."""
    with serving() as port:
        outward = Outward(development=True, seconds=0.4)
        with Line(outward, outward.check(f"http://127.0.0.1:{port}/druppel")) as line, pytest.raises(TooSlow):
            line.call("POST", {}, b"")


def test_nobody_there_and_no_such_name_can_be_tried_again():
    """They say nothing of the address."""
    outward = Outward(development=True)
    with Line(outward, outward.check("http://127.0.0.1:9/")) as line, pytest.raises(Unavailable):
        line.call("POST", {}, b"")

    def unknown(*_: object, **__: object) -> list:
        raise socket.gaierror(-2, "unknown")

    with pytest.raises(Unavailable):
        Outward(resolve=unknown).open(Outward().check("https://voorbeeld.nl/"))


def test_a_certificate_has_to_be_that_of_the_name(tmp_path: Path):
    """TLS is verified against the name, also where the connection goes to an address."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "ontvanger.test")])
    now = datetime.datetime.now(datetime.UTC)
    certificate = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(1)
        .not_valid_before(now - datetime.timedelta(days=1))
        .not_valid_after(now + datetime.timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([x509.DNSName("ontvanger.test")]), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(key, hashes.SHA256())
    )
    pem = certificate.public_bytes(serialization.Encoding.PEM)
    file = tmp_path / "server.pem"
    plain = serialization.NoEncryption()
    file.write_bytes(key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, plain) + pem)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(file)
    trust = ssl.create_default_context(cadata=pem.decode())
    with serving(context) as port:

        def here(*_: object, **__: object) -> list:
            return [(socket.AF_INET, socket.SOCK_STREAM, 6, "", ("127.0.0.1", port))]

        outward = Outward(development=True, resolve=here, trust=trust)
        with Line(outward, outward.check(f"https://ontvanger.test:{port}/")) as line:
            assert line.call("POST", {}, b"").status == 200
        with Line(outward, outward.check(f"https://anders.test:{port}/")) as line, pytest.raises(Unavailable):
            line.call("POST", {}, b"")
        untrusting = Outward(development=True, resolve=here)
        with Line(untrusting, outward.check(f"https://ontvanger.test:{port}/")) as line, pytest.raises(Unavailable):
            line.call("POST", {}, b"")
