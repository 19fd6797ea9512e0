"""``casuslog parked``: what stands still and why, and letting it go on."""

from collections.abc import Callable
from datetime import timedelta

import pytest
from click.testing import Result

from casuslog.consume import timers
from casuslog.consume.failures import Policy
from casuslog.envelope import Stream
from casuslog.identifiers import new_id
from tests.casuslog.consume.world import GEMEENTE, log
from tests.casuslog.hosting.bench import Bench

Run = Callable[..., Result]
GEHEIM = "Wiarda-Terpstra"


@pytest.fixture
def casus(bench: Bench) -> str:
    """A casus whose second of three events could not be handled by ``volger``."""
    casus = new_id()
    stored = log(bench.world.stores["bron"], casus, 3)
    bench.world.errors[str(stored[1].envelope.position)] = ValueError(GEHEIM)
    bench.deliver()
    return casus


def test_nothing_parked_is_said_so(run: Run) -> None:
    """An empty list is a sentence, not an empty table."""
    assert run("parked", "list").stdout == "Er is niets geparkeerd.\n"


def test_a_parked_lane_is_listed_and_shown_with_its_reason(run: Run, casus: str) -> None:
    """Which casus stands still, why, and what waits behind it; nothing of its content."""
    listed, shown = run("parked", "list"), run("parked", "show", "volger", casus)
    assert casus in listed.stdout
    assert "Niet verwerkt: een fout in de verwerking (ValueError)." in listed.stdout
    states = [line.split()[4] for line in shown.stdout.splitlines()[2:]]
    assert states == ["geparkeerd", "wacht"]
    assert GEHEIM not in listed.output + shown.output


@pytest.mark.parametrize("command", [("replay",), ("parked", "replay")])
def test_a_replay_after_a_repair_frees_the_lane(run: Run, bench: Bench, casus: str, command: tuple[str, ...]) -> None:
    """Before the repair a replay tells why and fails; after it the whole lane takes effect, in order."""
    before = run(*command, "volger", casus)
    assert (before.exit_code, before.stdout) == (
        1,
        "0 verwerkt, 2 nog geparkeerd: Niet verwerkt na 2 pogingen: een fout in de verwerking (ValueError).\n",
    )
    bench.world.errors.clear()
    after = run(*command, "volger", casus)
    assert (after.exit_code, after.stdout) == (0, "2 verwerkt; de baan is vrij.\n")
    assert len(bench.world.effects()) == 3


def test_a_parked_term_is_planned_anew_by_its_key(run: Run, bench: Bench) -> None:
    """A term has slashes in its key; listed, shown and replayed it is the same as a lane."""
    volger, stream = bench.world.volger, Stream(GEMEENTE, "onderzoek", new_id())
    due = bench.world.clock.now().date() - timedelta(days=3)
    key = volger.run_transaction(lambda tx: timers.schedule(tx.conn, "onderzoekstermijn", stream, due))

    def fails(*_: object) -> None:
        raise ValueError(GEHEIM)

    timers.TimerLoop(volger, bench.world.clock, fails, policy=Policy(faults=1)).step()
    assert key in run("parked", "list", "--service", "volger").stdout
    assert "onderzoekstermijn" in run("parked", "show", "volger", key).stdout
    assert run("parked", "replay", "volger", key).stdout == "De termijn is opnieuw gepland.\n"
    assert run("parked", "list").stdout == "Er is niets geparkeerd.\n"


def test_a_lane_that_is_not_parked_is_one_line_on_standard_error(run: Run) -> None:
    """What is not there is an error of one line, and the exit status says so."""
    result = run("parked", "show", "volger", "nergens")
    assert (result.exit_code, result.stdout) == (1, "")
    assert result.stderr == "casuslog: Baan nergens is niet geparkeerd.\n"
