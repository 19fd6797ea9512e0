"""How long after its commit an event reaches the handler of another service, at 500 events a second."""

from __future__ import annotations

import statistics
from collections.abc import Sequence
from contextlib import ExitStack

from casuslog.privacy import RootKey
from tests.bench import latency, peers_nameko, relaying
from tests.bench.child import Child
from tests.bench.frame import Bench, Result, Row

PER_SECOND = 500.0
NAME = "latency commit -> handler, 500 events/s"


def measure(bench: Bench) -> Sequence[Result]:
    """Writer, relay and follower as processes of their own, and nameko's dispatcher and handler, in turn."""
    seconds = 1.0 if bench.quick else 5.0
    ours: list[list[float]] = []
    whole: list[float] = []
    theirs: list[list[float]] = []
    late: list[float] = []
    with ExitStack() as closing:
        url, keys_url, root = bench.postgres.create_database(), bench.postgres.create_database(), RootKey.generate()
        vhosts = [bench.rabbit.create_vhost() for _ in range(2)]
        for vhost in vhosts:
            closing.callback(bench.rabbit.drop_vhost, vhost)
        writer = closing.enter_context(latency.writer(url, keys_url, root))
        follower = closing.enter_context(latency.follower(vhosts[0], url, keys_url, root))
        relay = closing.enter_context(relaying.relay(vhosts[0], url, ()))
        dispatcher = closing.enter_context(peers_nameko.dispatcher(vhosts[1]))
        handler = closing.enter_context(peers_nameko.handler(vhosts[1], peers_nameko.STAMP))
        relay.ask("follow")
        commit_to_handler(writer, follower, 1.0)  # connections, statements and keys are there from here on
        for number in range(1 if bench.quick else bench.rounds):
            taken, with_append, latest = commit_to_handler(writer, follower, seconds)
            ours.append(taken)
            whole += with_append
            late.append(latest)
            theirs.append(dispatch_to_handler(dispatcher, handler, seconds))
            bench.tell(f"    round {number + 1}: ours {told(ours[-1])}, nameko {told(theirs[-1])}")
        used = relay.ask("rest")
    core = 100 * used["cpu"] / used["seconds"]
    note = (
        "from when the writer knows of its commit to the call of the method, over PostgreSQL, relay and RabbitMQ; "
        f"with the append itself in it {told(whole)}; "
        f"the relay used {core:.0f} % of a core, the writer was {1000 * max(late):.0f} ms late at most; beside it "
        f"nameko's dispatch -> handler, which promises none of this: {told([x for part in theirs for x in part])}"
    )
    return [
        _result("p50", [percentile(part, 50) for part in ours], 15.0, 5.0, note),
        _result("p99", [percentile(part, 99) for part in ours], 50.0, 20.0, note),
    ]


def commit_to_handler(writer: Child, follower: Child, seconds: float) -> tuple[list[float], list[float], float]:
    """Latencies in milliseconds of every event that was written, from its commit and from before its append; and how
    late the writer was at most, in seconds.
    """
    written = writer.ask("write", per_second=PER_SECOND, seconds=seconds)
    events = written["events"]
    heard = dict(follower.ask("heard", count=len(events)))
    missing = {one for one, _, _ in events} - heard.keys()
    assert not missing, f"{len(missing)} of {len(events)} events did not arrive"
    from_commit = [1000 * (heard[one] - committed) for one, _, committed in events]
    return from_commit, [1000 * (heard[one] - began) for one, began, _ in events], float(written["late"])


def dispatch_to_handler(dispatcher: Child, handler: Child, seconds: float) -> list[float]:
    """Latencies in milliseconds."""
    handler.ask("listen")
    dispatcher.ask("pace", per_second=PER_SECOND, seconds=seconds)
    return [1000 * one for one in handler.ask("heard", count=int(PER_SECOND * seconds))]


def percentile(values: Sequence[float], part: int) -> float:
    """The value below which so many percent lie."""
    return statistics.quantiles(values, n=100)[part - 1]


def told(values: Sequence[float]) -> str:
    """Median and 99th percentile as a reader sees them."""
    return f"p50 {percentile(values, 50):.1f} ms, p99 {percentile(values, 99):.1f} ms"


def _result(which: str, rounds: list[float], must: float, aim: float, note: str) -> Result:
    name = f"{NAME}: {which}"
    return Result(name=name, peer="bound", rounds=rounds, must=must, aim=aim, unit="ms", lower=True, note=note)


ROWS = [Row("latency", "commit -> handler at 500 events a second", measure)]
