"""schemathesis on the OpenAPI document that each service serves: whatever is sent, none fails or gives no reason."""

from __future__ import annotations

import contextlib
import time
from collections import Counter
from collections.abc import Iterator
from datetime import date
from typing import Any

import pytest
import requests
import schemathesis
from hypothesis import HealthCheck, Phase, given, seed, settings
from hypothesis import strategies as st
from hypothesis.errors import Unsatisfiable
from schemathesis.generation import GenerationMode

from casuslog.caller import Caller
from casuslog.http._json import HEADERS
from casuslog.settings import service_names
from casuslog.testing.platform import Platform

SEED = 20170215
EXAMPLES = 4
"""Per operation and mode: valid by the document, and not."""
BOUND_SECONDS = 60.0
OPSTERLAND = "0086"
ROLES = ("wijkteam", "consulent", "college", "backoffice", "toezichthouder", "beheerder", "kcc", "aanbieder", "inwoner")


@pytest.fixture(scope="module")
def platform() -> Iterator[Platform]:
    """One platform, with a casus in each stage that a first call may meet."""
    with Platform(date(2017, 2, 15), env={"CASUSLOG_TEMPO": "0", "CASUSLOG_AANMELDFOUTEN": "0"}) as running:
        yield running


@pytest.fixture(scope="module")
def casus(platform: Platform) -> str:
    """A casus of Opsterland that every service has heard of."""
    team = Caller("wijkteam", OPSTERLAND, "team-1", (OPSTERLAND,))
    found = platform.command("melding", "registreer-melding", team, gemeente="opsterland").casus
    platform.settle()
    return found


class Fuzz:
    """Sends what schemathesis makes of one document, and counts what came back."""

    def __init__(self, platform: Platform, service: str, casus: str) -> None:
        self.url = platform.settings.http_url(service)
        self.session = requests.Session()
        self.casus = casus
        issue = platform.host.platform.issuer.issue
        self.tokens = [
            issue(Caller(rol, None if rol == "inwoner" else OPSTERLAND, f"{rol}-1", (OPSTERLAND,))) for rol in ROLES
        ]
        self.statuses: Counter[int] = Counter()
        self.faults: list[str] = []

    def all_operations(self) -> None:
        """Every operation of the served document, in both modes."""
        schema = schemathesis.openapi.from_dict(self.session.get(f"{self.url}/openapi.json").json())
        for found in schema.get_all_operations():
            operation = found.ok()
            for mode in (GenerationMode.POSITIVE, GenerationMode.NEGATIVE):
                self.one(operation, mode)

    def one(self, operation: Any, mode: GenerationMode) -> None:
        """One operation, ``EXAMPLES`` times."""

        @seed(SEED)
        @settings(
            max_examples=EXAMPLES,
            deadline=None,
            database=None,
            phases=[Phase.generate],
            suppress_health_check=list(HealthCheck),
        )
        @given(
            case=operation.as_strategy(generation_mode=mode), token=st.sampled_from(self.tokens), known=st.booleans()
        )
        def sent(case: Any, token: str, known: bool) -> None:
            self.send(case, token, known)

        # An operation without parameters has no call that does not fit.
        with contextlib.suppress(Unsatisfiable):
            sent()

    def send(self, case: Any, token: str, known: bool) -> None:
        """One call; ``known``: about a casus and a gemeente that there are, where the body names any."""
        if known and isinstance(case.body, dict) and "gemeente" in case.body:
            case.body |= {"gemeente": OPSTERLAND} | ({"casus": self.casus} if "casus" in case.body else {})
        if "seconden" in (case.query or {}):
            case.query["seconden"] = "0"
        answer = case.call(base_url=self.url, session=self.session, headers={"Authorization": f"Bearer {token}"})
        self.statuses[answer.status_code] += 1
        self.judge(case, answer)

    def judge(self, case: Any, answer: Any) -> None:
        """No server error (504 is the answer of a wait that was not fulfilled), and a refusal is a problem detail."""
        told = f"{case.method} {case.formatted_path} {case.body!r}: {answer.status_code} {answer.text[:300]}"
        if answer.status_code >= 500 and answer.status_code != 504:
            self.faults.append(told)
        kind = answer.headers.get("content-type", [""])[0]
        if 400 <= answer.status_code < 500 and kind != "application/problem+json":
            self.faults.append(f"no problem detail ({kind}): {told}")
        if any(answer.headers.get(name.lower()) != [value] for name, value in HEADERS.items()):
            self.faults.append(f"headers: {told}")


@pytest.mark.timeout(600)
def test_no_service_fails_whatever_is_sent(platform: Platform, casus: str) -> None:
    """Every operation of every service, with bodies that fit the document and bodies that do not: no server error."""
    began, sent, faults = time.process_time(), Counter[int](), []
    for service in service_names():
        fuzz = Fuzz(platform, service, casus)
        fuzz.all_operations()
        sent += fuzz.statuses
        faults += fuzz.faults
    took = time.process_time() - began
    print(f"schemathesis: {sum(sent.values())} calls in {took:.0f} s of processor time: {dict(sorted(sent.items()))}")
    assert not faults, f"{len(faults)} of {sum(sent.values())}:\n" + "\n".join(sorted(set(faults))[:30])
    assert took < BOUND_SECONDS
    assert sent[200] > 50
    assert sum(sent.values()) > 700
