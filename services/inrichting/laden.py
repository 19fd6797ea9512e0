"""Establish what a folder of inrichtingen holds, through the store of the service."""

from __future__ import annotations

from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from casuslog.appending import append
from casuslog.clock import today
from casuslog.envelope import Stream
from casuslog.identifiers import new_id
from casuslog.recorded import Aggregate, Context
from casuslog.store import Transaction
from services.inrichting.beleid import Beleid
from services.inrichting.commands import VERBAND
from services.inrichting.folder import beleiden, verbanden
from services.inrichting.inrichting import (
    INRICHTING,
    SAMENWERKINGSVERBAND,
    Inrichting,
    SamenwerkingsverbandVastgesteld,
    evolve,
    inrichting_id,
    stel_inrichting_vast,
    stel_verband_vast,
    verband_id,
)

if TYPE_CHECKING:
    from casuslog.hosting.provider import ServiceLog

_INRICHTING = Aggregate(INRICHTING, Inrichting(), evolve)


def stel_alles_vast(log: ServiceLog, folder: Path) -> int:
    """Establish every inrichting and verband of a folder; what is known already yields nothing.

    Returns:
        How many events were appended.

    Raises:
        InvalidInput: a file breaks a rule; nothing is established then.
        Refused: a file rewrites what was established before.
    """
    alle_beleiden, alle_verbanden = list(beleiden(folder)), list(verbanden(folder))
    opdracht = new_id()
    context = Context(actor=log.system, correlationid=opdracht, causationid=opdracht)
    aantal = 0
    for beleid in alle_beleiden:
        aantal += log.store.run_transaction(partial(_inrichting, log, context, beleid))
    for eigenaar, verband in alle_verbanden:
        aantal += log.store.run_transaction(partial(_verband, log, context, eigenaar, verband))
    return aantal


def _inrichting(log: ServiceLog, context: Context, beleid: Beleid, tx: Transaction) -> int:
    stream = Stream(beleid["kop"]["gemeente"], INRICHTING, inrichting_id(beleid["kop"]["sleutel"]))
    state, version = tx.load(_INRICHTING, stream)
    return len(append(tx, stream, version, stel_inrichting_vast(state, beleid, today(log.platform.clock)), context))


def _verband(
    log: ServiceLog, context: Context, eigenaar: str, verband: SamenwerkingsverbandVastgesteld, tx: Transaction
) -> int:
    stream = Stream(eigenaar, SAMENWERKINGSVERBAND, verband_id(verband.verband))
    state, version = tx.load(VERBAND, stream)
    return len(append(tx, stream, version, stel_verband_vast(state, verband, today(log.platform.clock)), context))
