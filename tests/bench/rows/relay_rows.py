"""From store to log: ours beside nameko's dispatcher, and beside kombu that has its messages in memory already."""

from __future__ import annotations

import statistics
from collections.abc import Sequence
from contextlib import ExitStack

from tests.bench import peers_nameko, relaying
from tests.bench.frame import Bench, Result, Row, rate, ratios
from tests.bench.material import Material

OURS, NAMEKO, KOMBU = "relay", "nameko EventDispatcher", "bare pipelined kombu"
NAME = "relay, confirmed, stream + 5 quorum queues"


def measure(bench: Bench) -> Sequence[Result]:
    """Each side publishes to a stream and five quorum queues in a vhost of its own, emptied before its turn."""
    count, few = bench.some(6_000, 500), bench.some(900, 50)
    with ExitStack() as closing:
        url = bench.postgres.create_database()
        store = Material.make().store(url)
        relaying.logged(store, count)
        store.close()
        vhosts = {name: bench.rabbit.create_vhost() for name in (OURS, NAMEKO, KOMBU)}
        for vhost in vhosts.values():
            closing.callback(bench.rabbit.drop_vhost, vhost)
            relaying.empty(vhost)
        ours = closing.enter_context(relaying.relay(vhosts[OURS], url))
        kombu = closing.enter_context(relaying.bare_kombu(vhosts[KOMBU], url))
        nameko = closing.enter_context(peers_nameko.dispatcher(vhosts[NAMEKO]))

        used: dict[str, list[float]] = {OURS: [], KOMBU: []}

        def relayed() -> float:
            relaying.empty(vhosts[OURS])
            told = ours.ask("pass_on", count=count)
            used[OURS].append(1e6 * told["cpu"] / count)
            return count / float(told["seconds"])

        def published() -> float:
            relaying.empty(vhosts[KOMBU])
            told = kombu.ask("publish")
            used[KOMBU].append(1e6 * told["cpu"] / count)
            return count / float(told["seconds"])

        def dispatched() -> float:
            relaying.empty(vhosts[NAMEKO], peers_nameko.EXCHANGE)
            return few / float(nameko.ask("dispatch", count=few, size=1000)["seconds"])

        rates = bench.alternate({OURS: relayed, NAMEKO: dispatched, KOMBU: published})
    mine, bare = (f"{statistics.median(used[name]):.0f} us of processor each" for name in (OURS, KOMBU))
    about = f"read from PostgreSQL, sent with its envelope as headers, confirmed, its position kept; {mine}"
    return [
        _result(rates, NAMEKO, 5.0, None, "JSON of the same size, one confirm each, from memory", about),
        _result(rates, KOMBU, 0.7, 0.85, f"same bodies, headers and window, from memory; {bare}", about),
    ]


def _result(rates: dict[str, list[float]], peer: str, must: float, aim: float | None, peers: str, about: str) -> Result:
    note = f"ours {rate(rates[OURS])} ({about}), peer {rate(rates[peer])} ({peers})"
    rounds = ratios(rates, OURS, peer)
    mine = statistics.median(rates[OURS])
    return Result(name=f"{NAME}: {peer}", peer=peer, rounds=rounds, must=must, aim=aim, rate=mine, note=note)


ROWS = [Row("relay", "from store to broker, each event confirmed", measure)]
