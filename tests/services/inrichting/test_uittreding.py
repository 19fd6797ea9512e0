"""A gemeente leaves a verband: recorded by who keeps it, and what it received as a member stops."""

from collections.abc import Iterator
from datetime import date

import pytest

from casuslog.caller import Caller
from casuslog.codes import oin_of
from casuslog.errors import CasuslogError, Refused
from casuslog.testing.platform import Platform
from services.inrichting.inrichting import verband_id

VERBAND = verband_id("ooststellingwerf_opsterland_weststellingwerf")
OPSTERLAND, OOSTSTELLINGWERF = "0086", "0085"
BEHEERDER = Caller("beheerder", OPSTERLAND, "b-1", (OPSTERLAND,))


@pytest.fixture(scope="module")
def platform() -> Iterator[Platform]:
    """All services in one process."""
    with Platform(date(2017, 3, 1)) as made:
        yield made


def eigenaar(platform: Platform) -> Caller:
    """A beheerder of the gemeente that keeps the verband."""
    code = next(e.envelope.gemeente for e in platform.events("inrichting") if e.envelope.subject == VERBAND)
    return Caller("beheerder", code, f"b-{code}", (code,))


def vraag(platform: Platform) -> str:
    """Opsterland subscribes to what the verband shares of Ooststellingwerf."""
    return platform.command(
        "abonnement",
        "ken-abonnement-toe",
        BEHEERDER,
        gemeente=OPSTERLAND,
        houdersoort="oin",
        houder=oin_of(OPSTERLAND),
        rol="partnergemeente",
        gemeenten=[OOSTSTELLINGWERF],
        themas=["inkoop"],
        doelbinding="inkoop",
    ).casus


def test_who_left_can_no_longer_subscribe(platform: Platform) -> None:
    """Before it left a subscription is granted, after it none; the refusal says that nothing is shared."""
    platform.settle()
    assert vraag(platform)
    keeper = eigenaar(platform)
    body = {"gemeente": keeper.organisatie, "samenwerkingsverband": VERBAND, "lid": OOSTSTELLINGWERF}
    platform.command("inrichting", "registreer-uittreding", keeper, **body)
    platform.settle()
    with pytest.raises(Refused) as gevangen:
        vraag(platform)
    assert gevangen.value.reason in ("geen_gezamenlijk_verband", "thema_niet_in_verband")
    again = platform.command("inrichting", "registreer-uittreding", keeper, **body)
    assert again.gebeurtenissen == ()


@pytest.mark.parametrize(
    ("rol", "lid"), [("consulent", OOSTSTELLINGWERF), ("beheerder", "0518")], ids=["another role", "no member"]
)
def test_what_may_not_is_refused(platform: Platform, rol: str, lid: str) -> None:
    """Only a beheerder or the college of who keeps it, and only of a member."""
    keeper = eigenaar(platform)
    caller = Caller(rol, keeper.organisatie, "x", keeper.gemeenten)
    with pytest.raises(CasuslogError):
        platform.command(
            "inrichting",
            "registreer-uittreding",
            caller,
            gemeente=keeper.organisatie,
            samenwerkingsverband=VERBAND,
            lid=lid,
        )
