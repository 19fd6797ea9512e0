"""What a run that was broken off leaves behind for the next."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from deploy.demo.stand import Stand
from deploy.demo.vertaling import Spel
from deploy.demo.zaken import lees

PARTIJEN, ZAKEN = lees()


def test_a_case_goes_on_after_its_last_finished_step_with_the_ids_that_it_gave(tmp_path: Path) -> None:
    """A next run finds casus, signal and dossier, and the number of the step; of another case nothing."""
    spel = replace(Spel(ZAKEN[1], PARTIJEN), casus="c", signaal="s", dossier="d")
    Stand(tmp_path / "stand").bewaar(spel, 17)
    assert Stand(tmp_path / "stand").van(Spel(ZAKEN[1], PARTIJEN)) == (spel, 17)
    assert Stand(tmp_path / "stand").van(Spel(ZAKEN[0], PARTIJEN)) == (Spel(ZAKEN[0], PARTIJEN), 0)


def test_finished_cases_come_last(tmp_path: Path) -> None:
    """They are only read, and on no earlier day than their own; the others go on where the clock stands."""
    stand = Stand(tmp_path / "stand")
    assert stand.onafgemaakt_eerst(ZAKEN) == ZAKEN
    stand.bewaar(Spel(ZAKEN[0], PARTIJEN), ZAKEN[0].stappen[-1].nummer)
    stand.bewaar(Spel(ZAKEN[1], PARTIJEN), 3)
    assert stand.onafgemaakt_eerst(ZAKEN) == [ZAKEN[1], ZAKEN[2], ZAKEN[0]]
