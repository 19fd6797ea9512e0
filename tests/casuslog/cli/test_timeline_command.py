"""``casuslog timeline``: one casus, as one role may see it, in columns."""

from collections.abc import Callable

from click.testing import Result

from casuslog.cli.timeline import gemeentenamen, render
from casuslog.errors import NotFound
from tests.casuslog.cli.conftest import BenchClient

ROWS = [
    {
        "datum": "2017-02-15", "service": "melding", "gebeurtenis": "MeldingGeregistreerd", "gemeente": "0086",
        "rol": "inwoner", "organisatie": None, "grondslag": "Wmo 2015 art. 2.3.2 lid 1", "inrichting": "opsterland@2",
    },
    {
        "datum": "2017-04-11", "service": "beschikking", "gebeurtenis": "BesluitGenomen", "gemeente": "0080",
        "rol": "centrumgemeente", "organisatie": "0080", "grondslag": "Wmo 2015 art. 2.3.5", "inrichting": None,
    },
    {"datum": "2017-05-01", "service": "beschikking", "gebeurtenis": "LeveringGestart", "gemeente": "0080"},
]  # fmt: skip


def test_a_timeline_reads_in_columns() -> None:
    """Date, service, event, who and under which rule line up; what the reader may not see is a dash."""
    assert render(ROWS, gemeentenamen()).splitlines() == [
        "datum       service      gebeurtenis           wie                           regel",
        "----------  -----------  --------------------  ----------------------------  "
        "----------------------------------------",
        "2017-02-15  melding      MeldingGeregistreerd  inwoner                       "
        "Wmo 2015 art. 2.3.2 lid 1 [opsterland@2]",
        "2017-04-11  beschikking  BesluitGenomen        centrumgemeente (Leeuwarden)  Wmo 2015 art. 2.3.5",
        "2017-05-01  beschikking  LeveringGestart       -                             -",
    ]


def test_an_unknown_organisation_shows_as_it_is() -> None:
    """Without a name for it the code of an organisation is what there is to show."""
    assert "centrumgemeente (0080)" in render(ROWS)


def test_the_command_asks_as_the_role_that_was_named(run: Callable[..., Result], client: BenchClient) -> None:
    """The reader is who the options say: role, organisation and gemeenten go into the token; the day is asked for."""
    client.answers["/casussen/c-1/tijdlijn?op=2017-04-13"] = {"tijdlijn": ROWS[:1]}
    words = ["--als", "wijkteam", "--gemeente", "opsterland", "--organisatie", "0086", "--op", "2017-04-13"]
    result = run("timeline", "c-1", *words)
    assert "MeldingGeregistreerd" in result.stdout
    service, _, caller = client.asked[-1]
    assert service == "historie"
    assert caller is not None
    assert (caller.rol, caller.organisatie, caller.gemeenten) == ("wijkteam", "0086", ("0086",))


def test_a_casus_that_this_reader_may_not_know_is_one_line(run: Callable[..., Result], client: BenchClient) -> None:
    """Absent and secret look the same, on standard error."""
    client.answers["/casussen/c-1/tijdlijn"] = NotFound("Deze casus bestaat niet.")
    result = run("timeline", "c-1")
    assert (result.exit_code, result.stdout, result.stderr) == (1, "", "casuslog: Deze casus bestaat niet.\n")
