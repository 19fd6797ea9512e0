"""The client of a subscription, for Python. Any other language can do the same: see ``docs/integratie.md``.

::

    from casuslog.subscribing import subscribe

    with subscribe(
        "01a201e1-...",                                   # the subscription
        queue="amqps://houder:geheim@casuslog.example/",  # live
        feed="https://casuslog.example:8107",             # what the queue missed
        token=my_token,
        position="abonnement.db",
    ) as events:
        for event in events:
            print(event.nummer, event.type, event.casus, event.data)

An event is done when the loop asks for the next one: only then its number is kept and its message acknowledged. When
the loop's body raises, the same event comes again at the next start. A number that came before is skipped, a hole is
fetched from the feed, a broken connection is made again.
"""

from casuslog.subscribing.client import Hole, Subscription, subscribe
from casuslog.subscribing.feed import PullFeed, Refused
from casuslog.subscribing.received import Received

__all__ = ["Hole", "PullFeed", "Received", "Refused", "Subscription", "subscribe"]
