"""The proxy: it passes everything on, and on demand it takes everything and tells nobody."""

import contextlib
import socket
import threading
import time
from collections.abc import Callable, Iterator

import pytest

from tests.faults.proxy import Proxy


class Echo:
    """A server that says back what it hears, and knows who is still connected."""

    def __init__(self) -> None:
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port = self._listener.getsockname()[1]
        self.heard = b""
        self.connected = 0
        threading.Thread(target=self._accept, daemon=True).start()

    def _accept(self) -> None:
        while True:
            try:
                client, _ = self._listener.accept()
            except OSError:
                return
            self.connected += 1
            threading.Thread(target=self._serve, args=(client,), daemon=True).start()

    def _serve(self, client: socket.socket) -> None:
        while data := client.recv(65536):
            self.heard += data
            client.sendall(data)
        client.close()
        self.connected -= 1

    def close(self) -> None:
        with contextlib.suppress(OSError):
            self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()


@pytest.fixture
def echo() -> Iterator[Echo]:
    server = Echo()
    yield server
    server.close()


@pytest.fixture
def proxy(echo: Echo) -> Iterator[Proxy]:
    with Proxy(echo.port) as made:
        yield made


def connect(proxy: Proxy) -> socket.socket:
    return socket.create_connection(("127.0.0.1", proxy.port), timeout=5)


def said_back(client: socket.socket, said: bytes) -> bytes:
    client.sendall(said)
    heard = b""
    while len(heard) < len(said):
        heard += client.recv(65536)
    return heard


def eventually(holds: Callable[[], bool], seconds: float = 5) -> bool:
    deadline = time.monotonic() + seconds
    while not holds():
        if time.monotonic() > deadline:
            return False
        time.sleep(0.01)
    return True


def test_it_passes_on_what_is_said_in_both_directions(proxy: Proxy) -> None:
    """Untouched it is a line as any other, also for much at once, and nothing counts as struck."""
    with connect(proxy) as client:
        much = bytes(range(256)) * 8192
        client.settimeout(20)
        reader = threading.Thread(target=client.sendall, args=(much,))
        reader.start()
        heard = b""
        while len(heard) < len(much):
            heard += client.recv(65536)
        reader.join()
        assert heard == much
    assert proxy.passed == 2 * len(much)
    assert (proxy.struck, proxy.swallowed) == (0, 0)


def test_a_closed_end_closes_the_other(proxy: Proxy, echo: Echo) -> None:
    """While the line is alive the server hears that its client went."""
    with connect(proxy) as client:
        assert said_back(client, b"hier") == b"hier"
        assert echo.connected == 1
    assert eventually(lambda: echo.connected == 0)
    assert eventually(lambda: proxy.alive == 0)


def test_a_dead_line_takes_everything_and_answers_nothing(proxy: Proxy, echo: Echo) -> None:
    """Half open: the client may send and is never told that nobody hears it."""
    with connect(proxy) as client:
        said_back(client, b"voor")
        proxy.swallow()
        client.sendall(b"tijdens")
        client.settimeout(0.3)
        with pytest.raises(TimeoutError):
            client.recv(1)
        assert echo.heard == b"voor"
        assert eventually(lambda: proxy.swallowed == len(b"tijdens"))
        assert proxy.struck == 1


def test_a_dead_line_hides_that_an_end_is_gone(proxy: Proxy, echo: Echo) -> None:
    """The server keeps its half of a dead connection after the client has gone: only its heartbeat can tell."""
    client = connect(proxy)
    said_back(client, b"x")
    proxy.swallow()
    client.close()
    time.sleep(0.3)
    assert echo.connected == 1
    assert proxy.dead == 1


def test_after_the_outage_only_new_connections_pass(proxy: Proxy, echo: Echo) -> None:
    """The network is whole again and has forgotten every connection of before and during the outage."""
    with connect(proxy) as before:
        said_back(before, b"a")
        proxy.swallow()
        with connect(proxy) as during:
            during.sendall(b"b")
            proxy.restore()
            with connect(proxy) as after:
                assert said_back(after, b"c") == b"c"
            before.sendall(b"d")
            for old in (before, during):
                old.settimeout(0.2)
                with pytest.raises(TimeoutError):
                    old.recv(1)
    assert echo.heard == b"ac"
    assert proxy.struck == 1


def test_cutting_ends_every_connection_at_once(proxy: Proxy, echo: Echo) -> None:
    """Both ends hear of a cut line, and may connect again."""
    with connect(proxy) as client:
        said_back(client, b"x")
        proxy.cut()
        assert client.recv(1) == b""
    assert eventually(lambda: echo.connected == 0)
    with connect(proxy) as again:
        assert said_back(again, b"y") == b"y"


def test_a_server_that_is_away_is_away_through_the_proxy(proxy: Proxy, echo: Echo) -> None:
    """Nobody at the other side: the client's connection ends at once instead of hanging."""
    echo.close()
    with connect(proxy) as client:
        assert client.recv(1) == b""
