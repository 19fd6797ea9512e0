"""Logs: what happened and where, and nothing of anybody."""

import io
import json
import logging
import threading
from collections.abc import Callable, Iterator
from decimal import Decimal
from typing import Any

import eventlet
import pytest
import requests
import structlog
from nameko.containers import ServiceContainer
from sqlalchemy import Column, MetaData, Table, Text, create_engine, insert
from werkzeug.wrappers import Request, Response

from casuslog.hosting import logs
from casuslog.http import http, json_body
from casuslog.testing.instances import free_port

BSN = "999990342"
NAAM = "Wiarda-Terpstra"


@pytest.fixture
def told() -> Iterator[Callable[[], str]]:
    """All that is logged from here on, at every level of every library."""
    root, stream = logging.getLogger(), io.StringIO()
    handlers, level = root.handlers, root.level
    hook = threading.excepthook
    logs.configure(form="json", level="debug", stream=stream, catch=True)
    root.setLevel(logging.DEBUG)
    yield stream.getvalue
    root.handlers = handlers
    root.setLevel(level)
    threading.excepthook = hook
    hub = eventlet.hubs.get_hub()
    for name in ("squelch_timer_exception", "squelch_generic_exception", "squelch_exception"):
        delattr(hub, name)
    for name in logs.OUR_OWN:
        logging.getLogger(name).setLevel(logging.NOTSET)
    structlog.reset_defaults()


def lines(text: str) -> list[dict[str, Any]]:
    return [json.loads(line) for line in text.splitlines()]


class Balie:
    """A service whose commands fail in the ways that tell most."""

    name = "balie"

    @http("POST", "/opdrachten/stuk")
    def stuk(self, request: Request) -> Response:
        raise ValueError(f"kan {json_body(request)} niet verwerken")

    @http("POST", "/opdrachten/database")
    def database(self, request: Request) -> Response:
        body = json_body(request)
        people = Table("mensen", MetaData(), Column("bsn", Text, primary_key=True), Column("naam", Text))
        engine = create_engine("sqlite://", hide_parameters=True)
        people.metadata.create_all(engine)
        with engine.begin() as conn:
            for _ in range(2):
                conn.execute(insert(people).values(bsn=body["bsn"], naam=body["naam"]))
        raise AssertionError("the second row is refused")


@pytest.fixture
def url() -> Iterator[str]:
    port = free_port()
    container = ServiceContainer(Balie, config={"WEB_SERVER_ADDRESS": f"127.0.0.1:{port}"})
    container.start()
    yield f"http://127.0.0.1:{port}"
    container.stop()


@pytest.mark.parametrize("opdracht", ["stuk", "database"])
def test_a_failing_command_leaves_neither_bsn_nor_name_in_any_log(
    told: Callable[[], str], capfd: pytest.CaptureFixture[str], url: str, opdracht: str
) -> None:
    """A command that fails with a BSN and a name in its body is logged by kind and place alone, by every library."""
    answer = requests.post(f"{url}/opdrachten/{opdracht}", json={"bsn": BSN, "naam": NAAM}, timeout=10)
    printed = capfd.readouterr()
    everything = told() + printed.out + printed.err
    assert answer.status_code == 500
    assert BSN not in everything
    assert NAAM not in everything
    assert BSN not in answer.text
    assert NAAM not in answer.text
    kind = {"stuk": "ValueError", "database": "IntegrityError"}[opdracht]
    ours = [line for line in lines(told()) if line["logger"] == "casuslog.http"]
    assert [line["soort"] for line in ours] == [kind]
    nameko = [line for line in lines(told()) if line["logger"] == "nameko.containers" and line["level"] == "error"]
    assert nameko[0]["fout"][0].startswith(f"{kind} in ")
    assert f"[balie.{opdracht}]" in nameko[0]["event"]


def test_what_nobody_caught_in_a_thread_is_a_line_without_its_text(
    told: Callable[[], str], capfd: pytest.CaptureFixture[str]
) -> None:
    """A greenthread that dies shows its kind of error in the log, and no traceback with text on standard error."""

    def dies() -> None:
        raise KeyError(NAAM)

    thread = threading.Thread(target=dies)
    thread.start()
    thread.join()
    eventlet.spawn_n(dies)
    eventlet.sleep(0.01)
    eventlet.spawn(dies)
    eventlet.sleep(0.01)
    printed = capfd.readouterr()
    assert NAAM not in told() + printed.out + printed.err
    caught = [line for line in lines(told()) if line["logger"] == "casuslog.logs"]
    assert len(caught) >= 2
    assert all(line["fout"][0].startswith("KeyError in test_logs.py") for line in caught)


def test_what_a_library_formats_into_its_message_is_withheld(told: Callable[[], str]) -> None:
    """Of a library's message its own words and numbers remain, also when its own formatting fails."""
    library = logging.getLogger("kombu.iets")
    library.warning("refused %r after %d attempts: %s", {"naam": NAAM}, 3, ValueError(NAAM))
    library.warning("rate %.2f", Decimal("1.5"))
    library.error(ValueError(NAAM))
    told_by = [line["event"] for line in lines(told())]
    assert told_by == ["refused '(weggelaten)' after 3 attempts: ValueError", "rate %.2f", "ValueError"]


def test_our_own_message_keeps_its_values_and_loses_a_bsn(told: Callable[[], str]) -> None:
    """Ids, counts and cursors stay; what can be read as a BSN goes, wherever it stands, and a UUID is not that."""
    casus = "01900000-0000-7000-8000-999990342000"
    structlog.get_logger("casuslog.proef").info(
        "bewaard", casus=casus, bsn=int(BSN), pad=[f"/casussen/{BSN}/x"], aantal=123456780, cursor="1.0.4"
    )
    logging.getLogger("casuslog.consume").warning("%s: lane %s parked", "pgb", casus)
    first, second = lines(told())
    assert first["casus"] == casus
    assert first["bsn"] == logs.WITHHELD
    assert first["pad"] == [f"/casussen/{logs.WITHHELD}/x"]
    assert (first["aantal"], first["cursor"]) == (123456780, "1.0.4")
    assert second["event"] == f"pgb: lane {casus} parked"


def test_a_cause_is_named_before_what_hid_it() -> None:
    """The chain of causes is told in order, each with its own place."""

    def inner() -> None:
        raise KeyError(NAAM)

    def outer() -> None:
        try:
            inner()
        except KeyError as error:
            raise RuntimeError(NAAM) from error

    with pytest.raises(RuntimeError) as caught:
        outer()
    told_ = logs.told(caught.value)
    assert [one.partition(" in ")[0] for one in told_] == ["RuntimeError", "KeyError"]
    assert "inner" in told_[1]
    assert NAAM not in "".join(told_)


def test_an_unknown_form_or_level_is_named_with_what_would_be_right(monkeypatch: pytest.MonkeyPatch) -> None:
    """A wrong environment variable stops the start with its name and the values that there are."""
    monkeypatch.setenv("CASUSLOG_LOG", "xml")
    with pytest.raises(ValueError, match=r"CASUSLOG_LOG is 'xml'; give one of json, console"):
        logs.configure(stream=io.StringIO())


@pytest.mark.parametrize(
    ("logger", "line"),
    [
        ("nameko.containers", "(expected) error handling worker %s: %s"),
        ("amqp", "Received method %s during closing channel %s. This method will be ignored"),
    ],
)
def test_a_library_that_warns_of_what_goes_as_it_should_is_not_heard(told, logger, line):
    """A refusal is an answer; other warnings of the same library are heard."""
    logging.getLogger(logger).warning(line, 1, 2)
    logging.getLogger(logger).warning("something is wrong")
    assert [one["event"] for one in lines(told())] == ["something is wrong"]
