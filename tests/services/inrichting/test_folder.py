"""What a start of the service establishes from a folder."""

from __future__ import annotations

from datetime import date
from functools import reduce
from pathlib import Path

import pytest

from services.inrichting.folder import beleiden, verbanden
from services.inrichting.inrichting import Samenwerkingsverband, evolve_verband, leden_op, stel_verband_vast

FOLDER = Path(__file__).resolve().parents[3] / "deploy" / "inrichtingen"


def test_every_version_comes_in_the_order_in_which_it_is_established() -> None:
    """Twenty versions of nineteen gemeenten, those of Den Haag oldest first."""
    versies = [beleid["kop"]["inrichtingversie"] for beleid in beleiden(FOLDER)]

    assert len(versies) == 20
    assert versies.index("den-haag@1") + 1 == versies.index("den-haag@2")


def test_every_verband_of_the_folder_can_be_established() -> None:
    """The owner is a member, and the members of beschermd wonen are the sixteen Frisian gemeenten."""
    leden = {}
    for eigenaar, feit in verbanden(FOLDER):
        state = reduce(
            evolve_verband, stel_verband_vast(Samenwerkingsverband(), feit, date(2017, 1, 2)), Samenwerkingsverband()
        )
        leden[feit.verband] = leden_op(state, date(2017, 6, 1))
        assert eigenaar in leden[feit.verband]

    assert len(leden["beschermd_wonen_fryslan"]) == 16
    assert leden["noordwest_fryslan"] == ("0072", "0093", "0096")


@pytest.mark.parametrize("naam", ["ameland_schiermonnikoog_ddfk", "loket_haarlem"])
def test_members_that_are_no_gemeente_stand_apart(naam: str) -> None:
    """An organisation, or a group that the source does not write out, has no gemeentecode and gets none."""
    feit = next(feit for _, feit in verbanden(FOLDER) if feit.verband == naam)

    assert feit.overige_leden
    assert all(len(lid) == 4 and lid.isdigit() for lid in feit.leden)
