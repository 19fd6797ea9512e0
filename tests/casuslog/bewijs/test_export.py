"""``casuslog export`` and ``casuslog verify FILE``: what stands in the file, and that every change of it is found."""

from __future__ import annotations

import base64
import copy
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result

from casuslog.bewijs import OpenbareSleutel, Zegel
from casuslog.bewijs.toets import lees, toets
from casuslog.cli._installation import Installation
from casuslog.cli._root import cli
from casuslog.settings import Settings
from tests.casuslog.vernietigen.conftest import HARLINGEN, NA_DE_TERMIJN, Zaak2


@pytest.fixture(scope="module")
def uitdraai(zaak2: Zaak2, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Case 2 exported, in a folder of its own with the public key beside it."""
    path = tmp_path_factory.mktemp("uitdraai") / "zaak.json"
    made = zaak2.run("export", zaak2.casus, "--gemeente", HARLINGEN, "--uit", str(path))
    assert made.exit_code == 0, made.output
    return path


def offline(path: Path, *words: str) -> Result:
    """``casuslog verify`` somewhere else: another machine, without this installation."""
    elsewhere = Installation(Settings.from_env({"CASUSLOG_DATA": str(path.parent / "leeg")}))
    return CliRunner().invoke(cli, ["verify", str(path), *words], obj=elsewhere)


def test_the_file_holds_all_that_is_stored_in_clear(zaak2: Zaak2, uitdraai: Path) -> None:
    """Every event of every stream of the casus, with its personal data, its bytes and its hash."""
    held = lees(uitdraai.read_bytes())
    logged = zaak2.platform.events(casus=zaak2.casus)
    events = [one for stroom in held["stromen"] for one in stroom["gebeurtenissen"]]
    assert len(events) == len(logged) > 30
    assert {one["hash"] for one in events} == {event.stored.hash.hex() for event in logged if event.stored}
    assert {stroom["dienst"] for stroom in held["stromen"]} == {"melding", "onderzoek", "beschikking", "pgb"}
    melding = next(one for one in events if "melding-geregistreerd" in one["envelop"])
    assert melding["inhoud"]["bsn"] == "999900006"
    assert uitdraai.stat().st_mode & 0o077 == 0


def test_it_is_proven_with_the_file_and_the_public_key_alone(uitdraai: Path) -> None:
    """On another machine, with an empty data folder: whole. Nothing is made there."""
    found = offline(uitdraai, "--sleutel", str(uitdraai.with_name(f"{HARLINGEN}.pub")))
    assert found.exit_code == 0, found.output
    assert "heel" in found.output
    assert not (uitdraai.parent / "leeg").exists()


def test_another_key_proves_nothing(uitdraai: Path, tmp_path: Path) -> None:
    """With the public key of somebody else, or of another gemeente, it is refused; without one it is asked for."""
    for gemeente in (HARLINGEN, "0080"):
        Zegel.van(tmp_path / gemeente, gemeente)
        found = offline(uitdraai, "--sleutel", str(tmp_path / gemeente / "zegels" / f"{gemeente}.pub"))
        assert found.exit_code == 1
        assert "niet door haar ondertekend" in found.output
    assert offline(uitdraai).exit_code == 2


def _keys(uitdraai: Path) -> list[OpenbareSleutel]:
    return [OpenbareSleutel.uit_pem(uitdraai.with_name(f"{HARLINGEN}.pub").read_bytes())]


def _stroom(export: dict[str, Any]) -> list[Any]:
    found: list[Any] = next(s for s in export["stromen"] if s["dienst"] == "beschikking")["gebeurtenissen"]
    return found


def _byte(export: dict[str, Any]) -> None:
    body = bytearray(base64.b64decode(_stroom(export)[2]["body"]))
    body[-1] ^= 1
    _stroom(export)[2]["body"] = base64.b64encode(body).decode()


def _weg(export: dict[str, Any]) -> None:
    del _stroom(export)[2]


def _laatste_weg(export: dict[str, Any]) -> None:
    del _stroom(export)[-1]


def _gewisseld(export: dict[str, Any]) -> None:
    rows = _stroom(export)
    rows[2], rows[3] = rows[3], rows[2]


def _stroom_weg(export: dict[str, Any]) -> None:
    del export["stromen"][0]


def _envelop(export: dict[str, Any]) -> None:
    one = _stroom(export)[1]
    one["envelop"] = one["envelop"].replace('"actorrol":"', '"actorrol":"x')


def _leesbaar(export: dict[str, Any]) -> None:
    _stroom(export)[0]["inhoud"]["leveringsvorm_gewenst"] = "natura"


def _verstrekking(export: dict[str, Any]) -> None:
    export["verstrekkingen"].append({"abonnement": "verzonnen"})


@pytest.mark.parametrize(
    ("change", "word"),
    [
        (_byte, "envelop of inhoud is niet wat is vastgelegd"),
        (_weg, "op plaats 3 staat gebeurtenis 4"),
        (_laatste_weg, "eindigt niet bij de ondertekende kop"),
        (_gewisseld, "verwijst niet naar de gebeurtenis ervoor"),
        (_stroom_weg, "de stroom ontbreekt"),
        (_envelop, "envelop of inhoud is niet wat is vastgelegd"),
        (_leesbaar, "niet zoals gemeente 0072 het verzegelde"),
        (_verstrekking, "niet zoals gemeente 0072 het verzegelde"),
    ],
)
def test_every_change_is_found(uitdraai: Path, change: Callable[[dict[str, Any]], None], word: str) -> None:
    """A byte, an event left out, the last one too, an order, a stream, an envelope, the clear text, a disclosure."""
    held = copy.deepcopy(lees(uitdraai.read_bytes()))
    assert toets(held, _keys(uitdraai)).heel
    change(held)
    found = toets(held, _keys(uitdraai))
    assert any(word in fout for fout in found.fouten), found.fouten


def test_who_changes_an_event_cannot_seal_it_anew(uitdraai: Path) -> None:
    """Hashes made to fit again, and sealed with another key of the forger: the key that was given says no."""
    held = copy.deepcopy(lees(uitdraai.read_bytes()))
    del held["stromen"][0]
    for kop in held["koppen"]:
        kop["stromen"] = kop["stromen"][1:]
    found = toets(held, _keys(uitdraai))
    assert any("niet door haar ondertekend" in fout for fout in found.fouten)


@pytest.mark.parametrize("inhoud", [b"", b"{", b"[]", b'{"formaat":"casuslog-export/1"}', b"\xff\xfe"])
def test_what_is_no_export_is_said_to_be_none(tmp_path: Path, uitdraai: Path, inhoud: bytes) -> None:
    """A broken file gives a line and exit status 1, never a stack trace."""
    path = tmp_path / "stuk.json"
    path.write_bytes(inhoud)
    found = offline(path, "--sleutel", str(uitdraai.with_name(f"{HARLINGEN}.pub")))
    assert found.exit_code == 1
    assert isinstance(found.exception, SystemExit)
    assert "bestand" in found.output


def test_who_may_not_export_is_refused(zaak2: Zaak2, tmp_path: Path) -> None:
    """A wijkteam does not export; nor does anybody what his gemeente has nothing of."""
    path = tmp_path / "zaak.json"
    asked = ("export", zaak2.casus, "--uit", str(path))
    assert (
        "draait van deze gemeente geen casus uit" in zaak2.run(*asked, "--gemeente", "0072", "--rol", "wijkteam").output
    )
    assert "niets" in zaak2.run(*asked, "--gemeente", "leeuwarden").output
    assert not path.exists()


def test_after_forgetting_the_chain_is_proven_to_the_same_head(zaak2: Zaak2, uitdraai: Path, tmp_path: Path) -> None:
    """Of a destroyed casus the export holds *vernietigd* and the certificate, and is proven as before."""
    before = {s["dienst"]: s["gebeurtenissen"][-1]["hash"] for s in lees(uitdraai.read_bytes())["stromen"]}
    zaak2.laat_het_zijn(NA_DE_TERMIJN)
    assert zaak2.vernietig().exit_code == 0
    zaak2.platform.settle()
    path = tmp_path / "na.json"
    assert zaak2.run("export", zaak2.casus, "--gemeente", HARLINGEN, "--uit", str(path)).exit_code == 0
    assert "999900006" not in path.read_text(encoding="utf-8")
    assert offline(path, "--sleutel", str(tmp_path / f"{HARLINGEN}.pub")).exit_code == 0
    held = json.loads(path.read_text(encoding="utf-8"))
    after = {s["dienst"]: s["gebeurtenissen"][-1]["hash"] for s in held["stromen"] if s["stroom"] != "bewaring"}
    assert before.items() <= after.items()
    assert held["verklaringen"][0]["grond"] == "bewaartermijn_verstreken"
    melding = next(s for s in held["stromen"] if s["stroom"] == "melding")["gebeurtenissen"][0]
    assert melding["inhoud"]["bsn"] == {"vernietigd": True}
    assert offline(uitdraai, "--sleutel", str(uitdraai.with_name(f"{HARLINGEN}.pub"))).exit_code == 0
