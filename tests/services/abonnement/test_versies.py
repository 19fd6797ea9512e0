"""A version that ends says so in time, and who still reads it is known."""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import Any

import pytest
import yaml
from werkzeug.test import EnvironBuilder
from werkzeug.wrappers import Request

from casuslog.codes import schemas_folder
from casuslog.documents import _files
from casuslog.errors import Forbidden, SchemaError
from casuslog.schema.corpus import specimens
from casuslog.schema.uitfasering import uitfaseringen
from tests.services.abonnement.wereld import BEHEERDER, OIN_OPSTERLAND, WIJKTEAM, Wereld

NUMMERS = {name: [one.number for one in found] for name, found in specimens(schemas_folder()).items()}
EINDE = {"type": "melding-geregistreerd", "versie": 1, "aangekondigd": "2026-01-05", "tot": "2026-09-30"}


def folder(tmp_path: Path, *versies: dict[str, Any]) -> Path:
    """The published schemas, with these versions ending."""
    made = Path(shutil.copytree(schemas_folder(), tmp_path / "schemas"))
    text = yaml.safe_dump({"naam": "uitfasering", "kortste_dagen": 180, "versies": list(versies)})
    # As YAML has them: dates without quotes.
    (made / "uitfasering.yaml").write_text(text.replace("'", ""))
    return made


def gevraagd(wereld: Wereld, query: str = "", caller: Any = BEHEERDER) -> Any:
    headers = {"Authorization": f"Bearer {wereld.issuer.issue(caller)}"}
    request = Request(EnvironBuilder(query_string=query, headers=headers).get_environ())
    return json.loads(wereld.service.http_versies(request).get_data())["typen"]


def test_the_published_file_ends_nothing_too_soon():
    """What stands in schemas/uitfasering.yaml is right, whatever it will hold."""
    uitfaseringen(schemas_folder(), NUMMERS)


@pytest.mark.parametrize(
    ("wrong", "told"),
    [
        ({"versie": 99}, "which there is not"),
        ({"type": "iets-anders"}, "which there is not"),
        ({"tot": "2026-03-01"}, "within 180 days"),
        ({"opvolger": "melding-geregistreerd.v2"}, "followed|follows"),
    ],
)
def test_an_end_that_nobody_could_keep_up_with_is_refused(tmp_path: Path, wrong: dict[str, Any], told: str):
    """A version that there is not, too short a time, a successor that there is not."""
    with pytest.raises(SchemaError, match=told):
        uitfaseringen(folder(tmp_path, {**EINDE, **wrong}), NUMMERS)


def test_the_page_of_an_event_says_until_when(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    """Beside the version that ends; the others say nothing."""
    monkeypatch.setattr(_files, "schemas_folder", lambda: made)
    made = folder(tmp_path, EINDE)
    [event] = [one for one in _files.described() if one.name == "melding-geregistreerd"]
    page = _files._pages.event_page(event, _files.matrix())
    assert "2026-09-30 (announced 2026-01-05)" in page
    assert page.count("announced") == 1


def test_who_was_last_sent_a_version_is_known_by_holder_and_day(
    wereld: Wereld, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    """Of the queue; who only selects the type stands beside it; another gemeente and an empty number do not count."""
    made = folder(tmp_path, EINDE)
    monkeypatch.setattr("services.abonnement.typendienst.schemas_folder", lambda: made)
    leest, kiest = wereld.ken_toe(), wereld.ken_toe(gebeurtenistypen=["MeldingGeregistreerd"])
    wereld.melding()
    wereld.beeindig(kiest)
    assert len(wereld.geleverd(leest)) == 1
    [one] = gevraagd(wereld, "type=melding-geregistreerd")
    actueel = one["versies"][-1]
    assert actueel["actueel"] is True
    dag = wereld.clock.now().date().isoformat()
    assert actueel["lezers"] == [{"abonnement": leest, "houder": OIN_OPSTERLAND, "kanaal": "queue", "laatst": dag}]
    assert (one["versies"][0]["tot"], set(one["kiest"])) == ("2026-09-30", {leest, kiest})
    assert len(gevraagd(wereld)) == len(NUMMERS)
    elders = type(BEHEERDER)("beheerder", "0080", "b-2", ("0080",))
    assert gevraagd(wereld, "type=melding-geregistreerd", elders)[0]["versies"][-1]["lezers"] == []
    with pytest.raises(Forbidden):
        gevraagd(wereld, caller=WIJKTEAM)
