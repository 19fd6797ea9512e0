"""The commands on keeping a casus, for the service that keeps the case history. They load from JSON at the edge."""

from __future__ import annotations

from casuslog.commands import CommandType, by_itself
from casuslog.edge import Code, CodeOf, CommandSchema
from casuslog.vernietigen import bewaring as b


class _SchortVernietigingOp(CommandSchema):
    into = b.SchortVernietigingOp
    soort = CodeOf("opschorting_vernietiging", required=True)
    kenmerk = Code(required=True)


class _HefOpschortingOp(CommandSchema):
    into = b.HefOpschortingOp
    soort = CodeOf("opschorting_vernietiging", required=True)
    kenmerk = Code(required=True)


OPDRACHTEN = (
    CommandType(
        name="schort-vernietiging-op",
        schema=_SchortVernietigingOp(),
        aggregate=b.BEWAARSTAAT,
        decide=by_itself(b.schort_op),
        by_policy=False,
    ),
    CommandType(
        name="hef-opschorting-op",
        schema=_HefOpschortingOp(),
        aggregate=b.BEWAARSTAAT,
        decide=by_itself(b.hef_op),
        by_policy=False,
    ),
)
"""Hold up the destruction of a casus, and end that."""
