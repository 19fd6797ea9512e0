"""Terms of a hosted service fire as workers of the container, each with its effect in one transaction."""

from __future__ import annotations

from datetime import date
from types import SimpleNamespace

from nameko.containers import ServiceContainer
from sqlalchemy import insert

from casuslog.broker import twin
from casuslog.consume import timers
from casuslog.envelope import Stream
from casuslog.hosting.entrypoint import PLATFORM_KEY
from casuslog.hosting.timers import on_timer
from casuslog.identifiers import new_id
from tests.casuslog.consume.brokers import until
from tests.casuslog.consume.world import GEMEENTE, World, ledger


class TermijnService:
    name = "volger"

    @on_timer
    def verstreken(self, timer: timers.Timer, tx) -> None:
        tx.conn.execute(insert(ledger).values(consumer="timer", position=f"{timer.name} {timer.due_on}"))


def test_an_overdue_term_fires_once_at_start_dated_on_its_due_date(world: World) -> None:
    """What ran out while the service was away fires when it starts, once, also over a second start."""
    timers.prepare(world.volger)
    stream = Stream(GEMEENTE, "onderzoek", new_id())
    world.volger.run_transaction(lambda tx: timers.schedule(tx.conn, "termijn", stream, date(2026, 3, 31)))
    world.clock.set(date(2026, 5, 1))
    twin.install()
    platform = SimpleNamespace(clock=world.clock, store_for=world.stores.__getitem__)
    for _ in range(2):
        container = ServiceContainer(TermijnService, {"AMQP_URI": "tweeling://", PLATFORM_KEY: platform})
        container.start()
        until(lambda: world.effects() == ["termijn 2026-03-31"])
        container.stop()
    assert world.effects() == ["termijn 2026-03-31"]
