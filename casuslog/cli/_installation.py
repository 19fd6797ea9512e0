"""The installation that a command works on: its settings, and its API as its beheerder."""

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING

import click

from casuslog.caller import Caller, DevelopmentIssuer
from casuslog.clock import Clock, clock_from
from casuslog.codes import codes
from casuslog.codes import gemeente as gemeente_of
from casuslog.settings import Settings, service_names

if TYPE_CHECKING:
    from casuslog.http.client import ApiClient

SECRET = "token.secret"  # noqa: S105  # the name of its file
TOKEN = "CASUSLOG_TOKEN"  # noqa: S105  # the name of a variable
"""A token for the command line, where development tokens do not hold."""
TERMINAL_ID = "casuslog-opdrachtregel"
"""Who calls, in the log of whoever is called: the command line."""


@dataclass
class Installation:
    """What the environment says, and what follows from it when it is asked for."""

    settings: Settings

    @classmethod
    def from_env(cls) -> Installation:
        """The installation of this environment.

        Raises:
            click.UsageError: a variable has no meaning; the message names it.
        """
        try:
            return cls(Settings.from_env())
        except ValueError as error:
            raise click.UsageError(str(error)) from None

    @cached_property
    def issuer(self) -> DevelopmentIssuer:
        """Signs development tokens with the secret of this installation."""
        self.settings.data.mkdir(parents=True, exist_ok=True)
        return DevelopmentIssuer.from_file(self.settings.data / SECRET)

    @cached_property
    def client(self) -> ApiClient:
        """Calls the services over HTTP."""
        from casuslog.http.client import ApiClient

        return ApiClient(self.settings, self.issuer, token=os.environ.get(TOKEN, ""))

    @cached_property
    def clock(self) -> Clock:
        """The clock of the installation."""
        return clock_from(self.settings.clock)

    def beheerder(self, gemeenten: Sequence[str] = ()) -> Caller:
        """The beheerder for these gemeenten, or for all that the list knows."""
        return Caller("beheerder", None, TERMINAL_ID, gemeentecodes(gemeenten))


def gemeentecodes(given: Sequence[str]) -> tuple[str, ...]:
    """CBS codes of gemeenten that were given as code or key; of all gemeenten when none was.

    Raises:
        InvalidInput: the list of gemeenten does not know one.
    """
    return tuple(gemeente_of(one).code for one in given) or tuple(codes("gemeente").codes)


def organisation(given: str | None) -> str | None:
    """An organisation as the log knows it: digits (gemeentecode, OIN, AGB) as they are, else the code of a gemeente.

    Raises:
        InvalidInput: neither digits nor the key of a gemeente.
    """
    return given if given is None or given.isdigit() else gemeente_of(given).code


def chosen_services(service: str | None) -> list[str]:
    """The named service, or all of them.

    Raises:
        click.BadParameter: there is no such service.
    """
    names = service_names()
    if service is None:
        return names
    if service not in names:
        raise click.BadParameter(f"er is geen dienst {service!r}; er zijn {', '.join(names)}")
    return [service]


pass_installation = click.make_pass_decorator(Installation)
