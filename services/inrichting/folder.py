"""A folder of inrichtingen as what the service establishes: every version in order, and the verbanden."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from services.inrichting.beleid import Beleid
from services.inrichting.compileren import compile_beleid
from services.inrichting.inrichting import SamenwerkingsverbandVastgesteld, rollen
from services.inrichting.model import Verband, load_folder, load_verbanden


def beleiden(folder: Path | str) -> Iterator[Beleid]:
    """The beleid of every version of every gemeente in a folder, each gemeente oldest version first.

    Raises:
        InvalidInput: a file breaks a rule; nothing of the folder is yielded then.
    """
    documenten, verbanden = load_folder(folder), load_verbanden(folder)
    for document in documenten:
        for nummer in range(1, len(document.versies) + 1):
            yield compile_beleid(document, verbanden, nummer)


def verbanden(folder: Path | str) -> Iterator[tuple[str, SamenwerkingsverbandVastgesteld]]:
    """Each verband of a folder as the fact to establish, with the gemeentecode of who owns its stream."""
    for verband in load_verbanden(folder):
        yield verband.eigenaar, als_feit(verband)


def als_feit(verband: Verband) -> SamenwerkingsverbandVastgesteld:
    """A verband as read from its file, as the fact that establishes it."""
    return SamenwerkingsverbandVastgesteld(
        verband=verband.id,
        naam=verband.naam,
        leden=tuple(sorted(verband.leden)),
        overige_leden=verband.overige_leden,
        themas=verband.themas,
        rollen=tuple(rollen(verband.rollen)),
        geldig_vanaf=verband.geldig_vanaf,
        geldig_tot=verband.geldig_tot,
    )
