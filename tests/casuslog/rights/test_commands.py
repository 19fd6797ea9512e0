"""Which role may give which command: the table as data, and what a role outside it is told."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date

import pytest

from casuslog.access import NoInvolvement
from casuslog.caller import Caller
from casuslog.codes import codes
from casuslog.commands import CommandType
from casuslog.errors import Forbidden
from casuslog.identifiers import new_id
from casuslog.rights.commands import ROL_NIET_BEVOEGD, command_rights, parse
from casuslog.settings import service_class, service_names
from casuslog.testing.platform import Platform
from casuslog.vernietigen.bewaring import OPSCHORTERS
from services.abonnement.afscherming import BEVOEGD
from services.inrichting.codes import ROLLEN
from services.pgb.pgb import ROLLEN_VAN_HET_COLLEGE
from services.pgb.signaal import GEVERS

OPSTERLAND = "0086"
RIGHTS = command_rights()
COMMANDS: list[tuple[str, CommandType]] = [(s, one) for s in service_names() for one in service_class(s).commands]
ROLES = tuple(codes("rol").codes)
DECIDERS = ("neem-besluit", "maak-besluit-bekend", "verstrek-opdracht", "toets-pgb-voorwaarden", "beslis-declaratie")


def caller(rol: str, id_: str = "x1") -> Caller:
    """Somebody of this role, for Opsterland."""
    return Caller(rol, None if rol in RIGHTS.namens else OPSTERLAND, id_, (OPSTERLAND,))


def test_the_table_and_the_services_name_the_same_commands() -> None:
    """A command that the table leaves out is for nobody, and one that no service takes is a slip of the pen."""
    taken = {(service, one.name) for service, one in COMMANDS}
    listed = {(service, name) for service, rows in RIGHTS.by_service.items() for name in rows}
    assert taken == listed


def test_every_role_is_a_role() -> None:
    """A code of the list, or a role that an inrichting can give the mandate."""
    named = {rol for rows in RIGHTS.by_service.values() for right in rows.values() for rol in right.rollen}
    assert named <= {*ROLES, *ROLLEN}
    assert RIGHTS.namens <= {*ROLES}


@pytest.mark.parametrize(("service", "command"), [(s, one.name) for s, one in COMMANDS])
def test_every_cell_of_role_and_command(service: str, command: str) -> None:
    """A role of the table passes; any other is told who may, under which rule, by a code that is stable."""
    right = RIGHTS.by_service[service][command]
    assert right.rollen
    assert right.grondslag
    for rol in (*ROLES, "onbekend", ""):
        if rol in right.rollen:
            RIGHTS.require(service, command, rol)
            continue
        with pytest.raises(Forbidden) as refused:
            RIGHTS.require(service, command, rol)
        problem = refused.value.problem()
        assert problem["status"] == 403
        assert (problem["rol"], problem["opdracht"], problem["rollen"]) == (rol, command, list(right.rollen))
        assert rol.replace("_", " ") in problem["detail"]
        assert command in problem["detail"]
        assert right.rollen[0].replace("_", " ") in problem["wat_zou_mogen"]
        assert problem["grondslag"] == right.grondslag


@pytest.mark.parametrize("rol", ["kcc", "toezichthouder", "inkoper", "inwoner", "mantelzorger", "beheerder"])
def test_who_neither_decides_nor_buys_nor_pays(rol: str) -> None:
    """The KCC, the toezichthouder, the inkoper, the inwoner and who runs the machine decide nothing (design 9)."""
    named = {name: right for rows in RIGHTS.by_service.values() for name, right in rows.items()}
    assert [name for name in DECIDERS if rol in named[name].rollen] == []


def test_toezicht_is_the_toezichthouder_s_alone() -> None:
    """He does nothing in a casus, and nobody else does anything in a dossier but the aanbieder who must report."""
    for service, rows in RIGHTS.by_service.items():
        for name, right in rows.items():
            if service in ("melding", "onderzoek", "beschikking", "pgb"):
                assert "toezichthouder" not in right.rollen, name
    of_toezicht = {name: right.rollen for name, right in RIGHTS.by_service["toezicht"].items()}
    assert of_toezicht.pop("meld-calamiteit") == ("aanbieder",)
    assert set(of_toezicht.values()) == {("toezichthouder",)}


def test_the_table_is_no_narrower_than_the_rules() -> None:
    """Where a decision names roles itself the table lets them all through, so that the rule has the last word."""
    pgb, historie = RIGHTS.by_service["pgb"], RIGHTS.by_service["historie"]
    assert set(pgb["toets-pgb-voorwaarden"].rollen) == {*ROLLEN_VAN_HET_COLLEGE}
    assert set(pgb["keur-zorgovereenkomst-goed"].rollen) == {*ROLLEN_VAN_HET_COLLEGE, "svb"}
    assert set(pgb["geef-signaal-aan-toezicht"].rollen) == {*GEVERS}
    assert set(historie["schort-vernietiging-op"].rollen) == {*OPSCHORTERS}
    assert set(RIGHTS.by_service["abonnement"]["scherm-casus-af"].rollen) == {*BEVOEGD}
    assert {*ROLLEN} <= set(RIGHTS.by_service["beschikking"]["neem-besluit"].rollen)


def test_a_service_that_the_table_does_not_name_has_rules_of_its_own() -> None:
    """What is built on casuslog elsewhere is not ruled by this table; a forgotten command is shut."""
    RIGHTS.require("parkeren", "geef-vergunning", "kcc")
    with pytest.raises(Forbidden):
        RIGHTS.require("melding", "vergeten-opdracht", "wijkteam")


@pytest.mark.parametrize(
    "row", [{"rollen": ["kcc"]}, {"rollen": [], "grondslag": "g"}, {"rollen": ["kcc"], "grond": 1}]
)
def test_a_line_that_breaks_the_form_is_refused(row: dict[str, object]) -> None:
    """Without roles or ground, or with a key that nobody reads, the service does not start on it."""
    with pytest.raises(ValueError, match="melding, x"):
        parse({"groepen": {}, "namens": [], "opdrachten": {"melding": {"x": row}}})


@pytest.fixture(scope="module")
def platform() -> Iterator[Platform]:
    with Platform(date(2017, 2, 15)) as running:
        yield running


def test_the_kcc_gives_no_beschikking(platform: Platform) -> None:
    """In its own gemeente too: nothing changes, and it is told who may."""
    casus = platform.command("melding", "registreer-melding", caller("kcc"), gemeente=OPSTERLAND).casus
    platform.settle()
    before = len(platform.events())
    with pytest.raises(Forbidden) as refused:
        platform.command("beschikking", "neem-besluit", caller("kcc"), gemeente=OPSTERLAND, casus=casus)
    assert refused.value.reason == ROL_NIET_BEVOEGD
    platform.settle()
    assert len(platform.events()) == before


def test_a_refusal_of_a_subscription_by_role_is_recorded(platform: Platform) -> None:
    """As every refusal there: who asked what, and why not."""
    with pytest.raises(Forbidden, match="kcc"):
        platform.command(
            "abonnement",
            "ken-abonnement-toe",
            caller("kcc"),
            gemeente=OPSTERLAND,
            houdersoort="agb",
            houder="98765401",
            rol="aanbieder",
        )
    platform.settle()
    told = platform.events("abonnement")[-1]
    assert (told.envelope.name, told["reden"]) == ("abonnement-geweigerd", "niet_bevoegd")


def test_a_mantelzorger_acts_only_where_he_is_known(platform: Platform) -> None:
    """He may withdraw what he reported himself; of another's casus he does not even learn that it exists."""
    ours = platform.command("melding", "registreer-melding", caller("mantelzorger", "m1"), gemeente=OPSTERLAND).casus
    other = platform.command("melding", "registreer-melding", caller("kcc"), gemeente=OPSTERLAND).casus
    platform.settle()
    with pytest.raises(NoInvolvement):
        platform.command("melding", "trek-melding-in", caller("mantelzorger", "m1"), gemeente=OPSTERLAND, casus=other)
    with pytest.raises(NoInvolvement):
        platform.command(
            "melding", "trek-melding-in", caller("mantelzorger", "m1"), gemeente=OPSTERLAND, casus=new_id()
        )
    platform.command("melding", "trek-melding-in", caller("mantelzorger", "m1"), gemeente=OPSTERLAND, casus=ours)
    # Knowing the casus opens no command of another role.
    with pytest.raises(Forbidden):
        platform.command("melding", "bevestig-melding", caller("mantelzorger", "m1"), gemeente=OPSTERLAND, casus=ours)
