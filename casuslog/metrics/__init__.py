"""What Prometheus reads: which figures there are, what counts while work is done, and the text of ``GET /metrics``.

Nothing here says whom or what a casus is about: labels are names of services, commands, channels and states, each from
a list that is fixed when the product is made. A gemeente is no label: with hundreds of them and dozens of commands the
series would outgrow what they are for, and how often a small gemeente does something says too much about few people.
"""

from casuslog.metrics._catalogue import CATALOGUE, Kind, Metric, table
from casuslog.metrics._commands import UNKNOWN, CommandMeter, outcome_of
from casuslog.metrics._deliveries import DELIVERIES, DeliveryCounts
from casuslog.metrics._exposition import Figure, Figures, exposition, registry_of_process

__all__ = [
    "CATALOGUE",
    "DELIVERIES",
    "UNKNOWN",
    "CommandMeter",
    "DeliveryCounts",
    "Figure",
    "Figures",
    "Kind",
    "Metric",
    "exposition",
    "outcome_of",
    "registry_of_process",
    "table",
]
