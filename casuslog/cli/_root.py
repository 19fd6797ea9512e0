"""The root of the command line: what every command shares, and how an error reads."""

from __future__ import annotations

from importlib.metadata import version
from typing import IO, Any

import click
import requests
from sqlalchemy.exc import SQLAlchemyError

from casuslog.cli import (
    backup,
    config,
    docs,
    era,
    export,
    parked,
    rebuild,
    schema,
    start,
    status,
    tail,
    timeline,
    token,
    verify,
    vernietig,
    versies,
    verwerkingen,
    wacht,
    webhooks,
)
from casuslog.cli._installation import Installation
from casuslog.errors import CasuslogError
from casuslog.hosting import logs


class Failure(click.ClickException):
    """An error as one readable line on standard error; exit status 1."""

    def show(self, file: IO[Any] | None = None) -> None:
        """Print it."""
        click.echo("casuslog: " + "; ".join(self.message.splitlines()), file=file, err=file is None)


class Misused(Failure):
    """The command was given wrongly; exit status 2."""

    exit_code = 2

    def __init__(self, error: click.UsageError) -> None:
        path = error.ctx.command_path if error.ctx else "casuslog"
        super().__init__(f"{error.format_message()} (zie `{path} --help`)")


class Readable(click.Group):
    """A group whose commands never end in a stack trace: that is for the log, and may hold what nobody should read."""

    def invoke(self, ctx: click.Context) -> Any:
        """Run the command."""
        try:
            return super().invoke(ctx)
        except CasuslogError as error:
            raise Failure(_with_remedy(error)) from error
        except (SQLAlchemyError, requests.RequestException) as error:
            raise Failure(f"Geen antwoord van database of dienst ({type(error).__name__}).") from error
        except click.exceptions.NoArgsIsHelpError:
            raise
        except click.UsageError as error:
            raise Misused(error) from error
        except (click.ClickException, click.exceptions.Exit, click.Abort, BrokenPipeError):
            # Of the last, whoever read us has read enough; click knows how to end then.
            raise
        except Exception as error:
            raise Failure(f"Onverwachte fout: {logs.told(error)[0]}") from error


def _with_remedy(error: CasuslogError) -> str:
    told = getattr(error, "body", error.members)
    remedy = told.get("wat_zou_mogen")
    return f"{error.detail} {remedy}" if remedy else error.detail


@click.group(cls=Readable, context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 110})
@click.version_option(version("casuslog"), prog_name="casuslog")
@click.pass_context
def cli(ctx: click.Context) -> None:
    """Casuslog: de gedeelde, aantoonbare geschiedenis van een casus, als één log van gebeurtenissen.

    Zonder omgevingsvariabelen draait alles in één proces op SQLite; met CASUSLOG_AMQP_URL en CASUSLOG_DATABASE_URL
    draait elke dienst als eigen proces op RabbitMQ en PostgreSQL.
    """
    # An environment that is wrong can be looked at all the same.
    if ctx.obj is None and ctx.invoked_subcommand != "config":
        serving = ctx.invoked_subcommand == "start"
        if serving:
            start.refuse_what_is_wrong()
        ctx.obj = Installation.from_env()
        _log(serving=serving)


def _log(*, serving: bool) -> None:
    try:
        logs.configure(level=None if serving else "warning", catch=serving)
    except ValueError as error:
        raise click.UsageError(str(error)) from None


for command in (
    start.start,
    status.status,
    parked.parked,
    parked.replay_lane,
    timeline.timeline,
    tail.tail,
    verify.verify,
    rebuild.rebuild,
    token.token,
    export.export,
    vernietig.vernietig,
    verwerkingen.verwerkingen,
    schema.schema,
    webhooks.webhooks,
    versies.versies,
    webhooks.brieven,
    webhooks.foutmeldingen,
    docs.docs,
    config.config,
    backup.backup,
    era.era,
    wacht.wacht,
):
    cli.add_command(command)
